//! Traces of requests, from the client through both ends to the service.

use anyhow::{Context, Result};
use e2e::{
    Collector, Home, OFFLINE, Origin, Pair, attribute,
    client::{self, Reply},
    wait_until,
};
use hyper::{Request, StatusCode};
use serde_json::Value;

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CLIENT: &str = "00f067aa0ba902b7";

/// A pair whose ends both send traces to `collector`.
async fn traced(collector: &Collector, sample: f64, upstream: &str) -> Result<Pair> {
    let home = || Home::with_config(&format!("{OFFLINE}{}", collector.config(sample)));
    Pair::between(home()?, home()?, upstream, &[]).await
}

/// Asks for what came in, with these headers.
async fn echo(pair: &Pair, headers: &[(&str, &str)]) -> Result<Reply> {
    let mut request = Request::get(pair.url("/echo/here?token=secret"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    client::send(request.body(client::empty())?).await
}

/// What came in under this name, at the service.
fn came(reply: &Reply, name: &str) -> Result<Vec<String>> {
    let echoed = reply.json()?;
    let headers = echoed["headers"].as_array().context("no headers")?;
    let named = headers.iter().filter(|pair| pair[0] == name);
    let values = named.map(|pair| pair[1].as_str().unwrap_or_default().to_owned());
    Ok(values.collect())
}

/// The one span of this side and kind (2 is a server's, 3 a client's).
fn the<'a>(spans: &'a [Value], side: &str, kind: u64) -> Result<&'a Value> {
    let server = |span: &&Value| span["kind"] == 2 && attribute(span, "malai.side") == side;
    let server = spans.iter().find(server).context("no server's span")?;
    let inside = |span: &&Value| span["kind"] == 3 && span["parentSpanId"] == server["spanId"];
    match kind {
        2 => Ok(server),
        _ => spans.iter().find(inside).context("no client's span"),
    }
}

#[tokio::test]
async fn one_trace_goes_from_the_client_through_both_ends_to_the_service() -> Result<()> {
    let (origin, collector) = (Origin::start().await?, Collector::start().await?);
    // Nobody begins a trace but the client.
    let pair = traced(&collector, 0.0, &origin.address().to_string()).await?;
    let parent = format!("00-{TRACE}-{CLIENT}-01");
    let reply = echo(&pair, &[("traceparent", &parent), ("tracestate", "a=1")]).await?;
    assert_eq!(reply.status, StatusCode::OK, "{reply:?}");
    let spans = collector.spans(4).await?;
    assert_eq!(spans.len(), 4, "{spans:#?}");
    assert!(spans.iter().all(|span| span["traceId"] == TRACE));
    let (bridge, asks) = (the(&spans, "bridge", 2)?, the(&spans, "bridge", 3)?);
    let (share, calls) = (the(&spans, "share", 2)?, the(&spans, "share", 3)?);
    assert_eq!(bridge["parentSpanId"], CLIENT);
    assert_eq!(share["parentSpanId"], asks["spanId"]);
    let calling = calls["spanId"].as_str().context("no id")?;
    let sent = format!("00-{TRACE}-{calling}-01");
    assert_eq!(came(&reply, "traceparent")?, [sent]);
    assert_eq!(came(&reply, "tracestate")?, ["a=1"]);
    for span in [bridge, share] {
        assert_eq!(span["name"], "GET");
        assert_eq!(attribute(span, "url.path"), "/echo/here");
        assert_eq!(attribute(span, "http.response.status_code"), "200");
        assert_eq!(attribute(span, "malai.service"), "shop");
        assert_eq!(attribute(span, "error.type"), "");
    }
    assert_eq!(attribute(share, "malai.peer"), pair.bridge_id[..7]);
    assert_eq!(attribute(bridge, "malai.peer"), pair.share_id[..7]);
    let port = origin.address().port().to_string();
    assert_eq!(attribute(calls, "server.port"), port);
    let text = serde_json::to_string(&spans)?;
    for secret in ["token", "secret", &pair.share_id, &pair.bridge_id] {
        assert!(!text.contains(secret), "{secret}: {text}");
    }
    Ok(())
}

#[tokio::test]
async fn a_trace_that_the_bridge_begins_is_sampled_at_both_ends_or_at_none() -> Result<()> {
    let (origin, collector) = (Origin::start().await?, Collector::start().await?);
    let pair = traced(&collector, 1.0, &origin.address().to_string()).await?;
    let not = format!("00-{TRACE}-{CLIENT}-00");
    let reply = echo(&pair, &[("traceparent", &not)]).await?;
    assert_eq!(came(&reply, "traceparent")?, [not]);
    // Malformed, as a stranger may write it: it goes no further, and a trace of ours begins.
    let wrong = format!("00-{}-{CLIENT}-01", TRACE.to_uppercase());
    let reply = echo(&pair, &[("traceparent", &wrong), ("tracestate", "a=1")]).await?;
    let spans = collector.spans(4).await?;
    let bridge = the(&spans, "bridge", 2)?;
    assert_eq!(bridge["parentSpanId"], Value::Null);
    assert!(
        spans
            .iter()
            .all(|span| span["traceId"] == bridge["traceId"])
    );
    let sent = came(&reply, "traceparent")?;
    let trace = bridge["traceId"].as_str().context("no id")?;
    assert!(sent.len() == 1 && sent[0].starts_with(&format!("00-{trace}-")));
    assert_eq!(came(&reply, "tracestate")?.len(), 0);
    assert_eq!(spans.len(), 4, "nothing of the one that was not wanted");
    Ok(())
}

#[tokio::test]
async fn without_traces_the_headers_pass_as_they_are() -> Result<()> {
    let origin = Origin::start().await?;
    let pair = Pair::http(origin.address()).await?;
    for parent in [format!("00-{TRACE}-{CLIENT}-01"), "anything".to_owned()] {
        let reply = echo(&pair, &[("traceparent", &parent), ("tracestate", "==")]).await?;
        assert_eq!(came(&reply, "traceparent")?, [parent]);
        assert_eq!(came(&reply, "tracestate")?, ["=="]);
    }
    Ok(())
}

#[tokio::test]
async fn a_websocket_and_what_breaks_off_are_traced() -> Result<()> {
    let (origin, collector) = (Origin::start().await?, Collector::start().await?);
    let pair = traced(&collector, 1.0, &origin.address().to_string()).await?;
    let socket = e2e::websocket::open(pair.local, "/websocket").await?;
    let spans = collector.spans(4).await?;
    for side in ["bridge", "share"] {
        let span = the(&spans, side, 2)?;
        assert_eq!(attribute(span, "http.response.status_code"), "101");
        assert_eq!(span["status"], serde_json::json!({}));
    }
    drop(socket);
    // Whoever asked does not wait for the end.
    let response = client::open(Request::get(pair.url("/gated")).body(client::empty())?).await?;
    drop(response);
    let spans = collector.spans(8).await?;
    for side in ["bridge", "share"] {
        let span = the(&spans[4..], side, 2)?;
        assert_eq!(attribute(span, "error.type"), "broken-off", "{span:#?}");
    }
    Ok(())
}

#[tokio::test]
async fn a_failure_is_an_error_with_our_code_where_it_happened() -> Result<()> {
    let collector = Collector::start().await?;
    let dead = e2e::dead_address().await?.to_string();
    let pair = traced(&collector, 1.0, &dead).await?;
    let reply = client::get(&pair.url("/")).await?;
    assert_eq!(reply.status, StatusCode::BAD_GATEWAY, "{reply:?}");
    let spans = collector.spans(4).await?;
    assert_eq!(
        attribute(the(&spans, "share", 2)?, "error.type"),
        "upstream-down"
    );
    assert_eq!(attribute(the(&spans, "bridge", 2)?, "error.type"), "502");
    assert!(spans.iter().all(|span| span["status"]["code"] == 2));
    Ok(())
}

#[tokio::test]
async fn a_collector_that_is_away_costs_spans_and_nothing_else() -> Result<()> {
    let (origin, dead) = (Origin::start().await?, e2e::dead_address().await?);
    let away = format!("\n[traces]\nendpoint = \"http://{dead}\"\nsample = 1.0\n");
    let home = Home::with_config(&format!("{OFFLINE}{away}"))?;
    let pair = Pair::between(Home::new()?, home, &origin.address().to_string(), &[]).await?;
    for round in 1..=2 {
        assert_eq!(echo(&pair, &[]).await?.status, StatusCode::OK);
        let lost = format!("malai_spans_lost_total {}", round * 2);
        wait_until("the loss", || async {
            let text = pair.bridge_home.run(&["metrics"]).await?.stdout;
            Ok(text.lines().any(|line| line == lost))
        })
        .await?;
    }
    let said = pair.bridge.stderr();
    assert_eq!(said.matches("traces are lost").count(), 1, "{said}");
    // Somebody listens there from now on: no restart, and no word of the old place.
    let collector = Collector::start().await?;
    pair.bridge_home
        .configure(&format!("{OFFLINE}{}", collector.config(1.0)))?;
    wait_until("spans", || async {
        echo(&pair, &[]).await?;
        Ok(pair
            .bridge_home
            .run(&["metrics"])
            .await?
            .stdout
            .lines()
            .any(|line| {
                let sent = line.strip_prefix("malai_spans_sent_total ");
                sent.is_some_and(|sent| sent != "0")
            }))
    })
    .await
}
