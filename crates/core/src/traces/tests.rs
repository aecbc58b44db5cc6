use http::{HeaderMap, StatusCode};

use super::{
    span::{Kind, Value},
    *,
};

fn config(sample: f64) -> TracesConfig {
    TracesConfig {
        // Nobody listens there: the discard port.
        endpoint: "http://127.0.0.1:9".parse().unwrap(),
        sample,
    }
}

fn traces(sample: f64) -> (Traces, mpsc::Receiver<Span>) {
    let traces = Traces::default();
    let (spans, told) = mpsc::channel(8);
    traces.0.active.store(Some(Arc::new(Active {
        config: config(sample),
        spans,
        counts: Arc::clone(&traces.0.counts),
    })));
    (traces, told)
}

fn request(parent: &str) -> Request<()> {
    let request = Request::get("/a/b?token=secret");
    match parent {
        "" => request.body(()).unwrap(),
        parent => request.header("traceparent", parent).body(()).unwrap(),
    }
}

fn text<'a>(span: &'a Span, key: &str) -> &'a str {
    let mut all = span.attributes.iter();
    match all.find(|(its, _)| *its == key) {
        Some((_, Value::Text(text))) => text,
        _ => "",
    }
}

#[test]
fn nothing_is_touched_while_they_are_off() {
    assert!(
        Traces::default()
            .begin(Side::Bridge, &request(""))
            .is_none()
    );
}

#[test]
fn a_request_makes_a_span_inside_that_of_who_asks_and_one_for_whom_it_asks() {
    let (traces, mut told) = traces(0.0);
    let asked = request("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
    let mut traced = traces.begin(Side::Share, &asked).unwrap();
    let mut headers = asked.headers().clone();
    traced.concerns("shop", "abcdefg".to_owned());
    traced.call(&mut headers);
    traced.calls(|| "127.0.0.1:3000".to_owned());
    traced.answered(StatusCode::NOT_FOUND, None);
    drop(traced);
    let (server, client) = (told.try_recv().unwrap(), told.try_recv().unwrap());
    assert_eq!(server.trace, 0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736);
    assert_eq!(server.parent, Some(0x00f0_67aa_0ba9_02b7));
    assert_eq!(
        (client.trace, client.parent),
        (server.trace, Some(server.span))
    );
    assert_eq!((server.kind, client.kind), (Kind::Server, Kind::Client));
    assert!(server.began <= client.began && client.began <= client.ended);
    // Not found is the client's error.
    assert!(!server.is_error && client.is_error);
    assert_eq!(text(&server, "url.path"), "/a/b");
    assert_eq!(text(&server, "malai.peer"), "abcdefg");
    assert_eq!(text(&client, "server.address"), "127.0.0.1");
    let secret = format!("{server:?}{client:?}");
    assert!(!secret.contains("token") && !secret.contains("secret"));
    let sent = Context::read(&headers).unwrap();
    assert_eq!(
        (sent.trace, sent.span, sent.sampled),
        (client.trace, client.span, true)
    );
}

#[test]
fn who_asks_decides_whether_it_is_traced() {
    let (traces, mut told) = traces(1.0);
    let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00";
    let asked = request(parent);
    let mut headers = asked.headers().clone();
    let mut traced = traces.begin(Side::Bridge, &asked).unwrap();
    traced.call(&mut headers);
    traced.answered(StatusCode::OK, None);
    drop(traced);
    assert_eq!(headers["traceparent"], parent);
    assert!(told.try_recv().is_err());
}

#[test]
fn what_is_malformed_begins_another_trace_and_goes_no_further() {
    let (traces, mut told) = traces(1.0);
    let asked = request("00-4bf92f3577b34da6a3ce929d0e0e4736-nothex-01");
    let mut headers = asked.headers().clone();
    headers.insert("tracestate", "a=1".parse().unwrap());
    let mut traced = traces.begin(Side::Share, &asked).unwrap();
    traced.call(&mut headers);
    traced.broke_off();
    drop(traced);
    assert!(!headers.contains_key("tracestate"));
    let span = told.try_recv().unwrap();
    assert_eq!(span.parent, None);
    assert_eq!(Context::read(&headers).unwrap().trace, span.trace);
    assert_eq!(text(&span, "error.type"), "broken-off");
}

#[test]
fn who_is_not_sampled_tells_it_to_the_next() {
    let (traces, mut told) = traces(0.0);
    let mut headers = HeaderMap::new();
    let mut traced = traces.begin(Side::Bridge, &request("")).unwrap();
    traced.call(&mut headers);
    drop(traced);
    assert!(!Context::read(&headers).unwrap().sampled);
    assert!(told.try_recv().is_err());
}

#[test]
fn so_many_are_sampled_as_wanted() {
    let sampled = |part| {
        (0..4000)
            .filter(|_| is_sampled(rand::random(), part))
            .count()
    };
    assert_eq!((sampled(0.0), sampled(1.0)), (0, 4000));
    assert!((200..600).contains(&sampled(0.1)));
}

#[test]
fn what_finds_no_room_is_counted() {
    let (traces, _told) = traces(1.0);
    for _ in 0..10 {
        drop(traces.begin(Side::Bridge, &request("")));
    }
    assert_eq!(traces.counts(), [0, 2]);
}

#[tokio::test]
async fn what_no_collector_takes_is_counted_and_holds_nothing_up() {
    let tasks = Shutdown::default();
    let traces = Traces::new(tasks.clone());
    traces.apply(Some(&config(1.0)), "me");
    drop(traces.begin(Side::Bridge, &request("")));
    traces.apply(None, "me");
    assert!(traces.begin(Side::Bridge, &request("")).is_none());
    tasks.drain(std::time::Duration::from_secs(30)).await;
    assert_eq!(traces.counts(), [0, 1]);
}
