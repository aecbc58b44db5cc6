//! Which headers pass, which are set, and which are not believed.

use anyhow::{Context, Result};
use e2e::{Origin, Pair, RawOrigin, client, read_head};
use hyper::{HeaderMap, Request, body::Frame, header::HeaderValue};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;

/// All values of a header in what `/echo` saw.
fn values<'a>(seen: &'a Value, name: &str) -> Vec<&'a str> {
    let headers = seen["headers"].as_array().into_iter().flatten();
    headers
        .filter(|pair| pair[0] == name)
        .filter_map(|pair| pair[1].as_str())
        .collect()
}

/// What the service sees of a request with these headers.
async fn seen_with(pair: &Pair, headers: &[(&str, &str)]) -> Result<Value> {
    let mut request = Request::get(pair.url("/echo"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    client::send(request.body(client::empty())?).await?.json()
}

#[tokio::test]
async fn hop_by_hop_headers_of_a_request_stop_at_the_bridge() -> Result<()> {
    let origin = Origin::start().await?;
    let pair = Pair::http(origin.address()).await?;
    let sent = [
        ("connection", "keep-alive, x-mine"),
        ("x-mine", "for the bridge alone"),
        ("keep-alive", "timeout=5"),
        ("proxy-connection", "keep-alive"),
        ("proxy-authorization", "Basic c2VjcmV0"),
        ("x-yours", "for the service"),
    ];
    let seen = seen_with(&pair, &sent).await?;
    for gone in [
        "x-mine",
        "keep-alive",
        "proxy-connection",
        "proxy-authorization",
    ] {
        assert_eq!(values(&seen, gone), Vec::<&str>::new(), "{gone}: {seen}");
    }
    assert_eq!(values(&seen, "x-yours"), ["for the service"]);
    assert_eq!(values(&seen, "via"), Vec::<&str>::new());
    Ok(())
}

#[tokio::test]
async fn hop_by_hop_headers_of_an_answer_stop_at_the_share() -> Result<()> {
    let origin = RawOrigin::start(|mut stream, _| async move {
        read_head(&mut stream).await?;
        let answer = "HTTP/1.1 200 OK\r\nConnection: keep-alive, x-inner\r\nX-Inner: 1\r\n\
                      Keep-Alive: timeout=5\r\nProxy-Authenticate: Basic\r\nX-Outer: 2\r\n\
                      Content-Length: 2\r\n\r\nok";
        stream.write_all(answer.as_bytes()).await?;
        read_head(&mut stream).await.map(drop).or(Ok(()))
    })
    .await?;
    let pair = Pair::http(origin.address()).await?;
    let reply = client::get(&pair.url("/")).await?;
    assert_eq!(reply.text(), "ok");
    assert_eq!(reply.header("x-outer"), "2");
    for gone in ["x-inner", "keep-alive", "proxy-authenticate"] {
        assert_eq!(reply.header(gone), "", "{gone}: {reply:?}");
    }
    Ok(())
}

#[tokio::test]
async fn the_service_learns_who_asks_and_nobody_can_pretend() -> Result<()> {
    let origin = Origin::start().await?;
    let pair = Pair::http(origin.address()).await?;
    let forged = [
        (
            "malai-peer",
            "t956oov2jh90lfnla1th6bm5v6aketlenqv7n4i23rl6i526q8m0",
        ),
        ("malai-peer-name", "boss"),
        ("Malai-Peer", "again"),
        ("malai_peer", "underscored"),
        ("malai_peer-name", "underscored"),
        ("malai-peer_name", "underscored"),
        ("x-forwarded-for", "6.6.6.6"),
        ("x-forwarded-host", "evil.example"),
        ("x-forwarded-proto", "gopher"),
        ("forwarded", "for=6.6.6.6"),
        (
            "connection",
            "malai-peer, malai-peer-name, x-forwarded-host",
        ),
    ];
    let seen = seen_with(&pair, &forged).await?;
    assert_eq!(values(&seen, "malai-peer"), [pair.bridge_id.as_str()]);
    assert_eq!(values(&seen, "malai-peer-name"), Vec::<&str>::new());
    assert_eq!(values(&seen, "x-forwarded-proto"), ["http"]);
    assert_eq!(values(&seen, "x-forwarded-host"), [pair.local.to_string()]);
    let all = seen["headers"].to_string();
    for lie in ["6.6.6.6", "evil.example", "boss", "gopher", "underscored"] {
        assert!(!all.contains(lie), "{lie}: {all}");
    }
    Ok(())
}

#[tokio::test]
async fn nobody_can_pretend_in_trailers_either() -> Result<()> {
    let origin = Origin::start().await?;
    let pair = Pair::http(origin.address()).await?;
    let forged = [
        "malai-peer",
        "malai-peer-name",
        "malai_peer",
        "malai_peer_name",
    ];
    let mut trailers = HeaderMap::new();
    for name in forged {
        trailers.insert(name, HeaderValue::from_static("boss"));
    }
    trailers.insert("x-check", HeaderValue::from_static("7"));
    let (frames, body) = client::streamed();
    frames.send(Ok(Frame::data("body".into()))).await?;
    frames.send(Ok(Frame::trailers(trailers))).await?;
    drop(frames);
    let named = format!("x-check, {}", forged.join(", "));
    let request = Request::post(pair.url("/echo")).header("trailer", named);
    let seen = client::send(request.body(body)?).await?.json()?;
    assert_eq!(seen["trailers"], json!([["x-check", "7"]]));
    assert_eq!(values(&seen, "malai-peer"), [pair.bridge_id.as_str()]);
    Ok(())
}

#[tokio::test]
async fn the_service_learns_the_pet_name() -> Result<()> {
    let origin = Origin::start().await?;
    let pair = Pair::configured(origin.address(), "").await?;
    let config = pair.share_home.config()?;
    let named = format!("{config}\n[peer.alice]\nid = \"{}\"\n", pair.bridge_id);
    pair.share_home.configure(&named)?;
    e2e::wait_until("the pet name", || async {
        let seen = seen_with(&pair, &[]).await?;
        Ok(values(&seen, "malai-peer-name") == ["alice"])
    })
    .await
}

#[tokio::test]
async fn the_service_sees_its_own_host_unless_told_otherwise() -> Result<()> {
    let origin = Origin::start().await?;
    let own = origin.address().to_string();
    for (keys, expected) in [
        ("", Some(own.as_str())),
        ("host = \"keep\"", None),
        ("host = \"shop.test:8080\"", Some("shop.test:8080")),
    ] {
        let pair = Pair::configured(&own, keys).await?;
        let here = pair.local.to_string();
        let seen = seen_with(&pair, &[]).await?;
        let host = values(&seen, "host");
        assert_eq!(host, [expected.unwrap_or(&here)], "with `{keys}`");
    }
    Ok(())
}

#[tokio::test]
async fn what_a_service_says_of_malai_is_not_believed() -> Result<()> {
    let origin = RawOrigin::start(|mut stream, _| async move {
        read_head(&mut stream).await?;
        let answer = "HTTP/1.1 200 OK\r\nmalai-error: peer-offline\r\nContent-Length: 0\r\n\r\n";
        stream.write_all(answer.as_bytes()).await?;
        read_head(&mut stream).await.map(drop).or(Ok(()))
    })
    .await?;
    let pair = Pair::http(origin.address()).await?;
    let reply = client::get(&pair.url("/")).await?;
    assert_eq!(reply.header("malai-error"), "", "{reply:?}");
    Ok(())
}

#[tokio::test]
async fn cookies_and_repeated_headers_keep_their_order() -> Result<()> {
    let origin = RawOrigin::start(|mut stream, _| async move {
        read_head(&mut stream).await?;
        let answer = "HTTP/1.1 200 OK\r\nSet-Cookie: a=1; Path=/\r\nSet-Cookie: b=2; Secure\r\n\
                      Content-Length: 0\r\n\r\n";
        stream.write_all(answer.as_bytes()).await?;
        read_head(&mut stream).await.map(drop).or(Ok(()))
    })
    .await?;
    let pair = Pair::http(origin.address()).await?;
    let reply = client::get(&pair.url("/")).await?;
    let cookies: Vec<_> = reply.headers.get_all("set-cookie").iter().collect();
    assert_eq!(cookies, ["a=1; Path=/", "b=2; Secure"]);
    reply.headers.get("content-length").context("no length")?;
    Ok(())
}
