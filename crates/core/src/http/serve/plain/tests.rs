use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use http::{HeaderValue, StatusCode, header::CONTENT_LENGTH};
use memchr::memmem;
use tokio::{
    io::{AsyncReadExt as _, DuplexStream, duplex},
    sync::Notify,
};

use super::*;
use crate::http::serve::serve;

const GET: &str = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const CLOSING: &str = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
/// Long enough for whatever must not happen.
const LONG: Duration = Duration::from_secs(5);

fn heads() -> Heads {
    Heads {
        size: 8 * 1024,
        time: Duration::from_secs(1),
    }
}

/// Answers with the path that was asked for.
async fn path(request: Box<Request<ProxyBody>>) -> Response<ProxyBody> {
    let path = request.uri().path().to_owned();
    Response::new(ProxyBody::full(path.into()))
}

/// Everything that is answered to `pieces`, and whether hyper had to go on.
async fn asked(pieces: &[&str]) -> (String, bool) {
    let (mut client, server) = duplex(64);
    let shutdown = Shutdown::default();
    let served = async {
        let left = Plain::new(server, heads()).serve(&shutdown, &path).await;
        left.is_some()
    };
    let (mut reader, mut writer) = tokio::io::split(&mut client);
    let asked = async {
        for piece in pieces {
            // Nobody reads on where the rest is hyper's.
            if writer.write_all(piece.as_bytes()).await.is_err() {
                return;
            }
            tokio::task::yield_now().await;
        }
        writer.shutdown().await.unwrap();
    };
    let mut answers = String::new();
    let read = reader.read_to_string(&mut answers);
    let (is_hypers, (), read) = tokio::join!(served, asked, read);
    read.unwrap();
    (answers, is_hypers)
}

fn bodies(answers: &str) -> Vec<&str> {
    let parts = answers.split("\r\n\r\n").skip(1);
    parts
        .map(|part| part.split("HTTP/1.1 ").next().unwrap_or_default())
        .collect()
}

#[tokio::test]
async fn one_request_after_another_is_answered() {
    let all = format!(
        "\r\n{}\r\n\r\n{}",
        GET.replace("/ ", "/one "),
        CLOSING.replace("/ ", "/two ")
    );
    for size in [1, 2, 3, 7, 1000] {
        let pieces: Vec<&str> = all
            .as_bytes()
            .chunks(size)
            .map(|it| str::from_utf8(it).unwrap())
            .collect();
        let (answers, is_hypers) = asked(&pieces).await;
        assert!(!is_hypers);
        assert_eq!(bodies(&answers), ["/one", "/two"], "in pieces of {size}");
        assert_eq!(answers.matches("connection: close").count(), 1, "{answers}");
        assert_eq!(
            answers.matches("content-length: 4\r\n").count(),
            2,
            "{answers}"
        );
        assert_eq!(answers.matches("\r\ndate: ").count(), 2, "{answers}");
    }
}

#[tokio::test]
async fn what_wants_more_is_hypers() {
    let with = |line: &str| GET.replace("\r\n\r\n", &format!("\r\n{line}\r\n\r\n"));
    for head in [
        &with("Content-Length: 1"),
        &with("Transfer-Encoding: chunked"),
        &with("Expect: 100-continue"),
        &with("Upgrade: websocket"),
        &with("TE: trailers"),
        &with("Host: b"),
        &with("a b: c"),
        &with(" folded"),
        &with(&format!("a: {}", "b".repeat(9000))),
        "GET / HTTP/1.0\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\nHost: a\n\n",
        "CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "GET ",
    ] {
        let (answers, is_hypers) = asked(&[GET, head, GET]).await;
        assert!(is_hypers, "{head}");
        assert_eq!(bodies(&answers), ["/"], "{head}");
    }
}

#[tokio::test]
async fn hyper_goes_on_with_all_that_was_read() {
    let (mut client, server) = duplex(4096);
    let shutdown = Shutdown::default();
    let post = "POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc";
    let asked = async {
        client
            .write_all(format!("{GET}{post}{CLOSING}").as_bytes())
            .await
            .unwrap();
        let mut answers = String::new();
        client.read_to_string(&mut answers).await.unwrap();
        answers
    };
    let ((), answers) = tokio::join!(serve(server, heads(), &shutdown, path), asked);
    assert_eq!(bodies(&answers), ["/", "/body", "/"]);
}

#[tokio::test]
async fn http2_begins_a_connection_or_is_none() {
    const HTTP2: &str = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    for (before, is_http2) in [("", true), ("\r\n", false), (GET, false)] {
        let (mut client, server) = duplex(4096);
        let shutdown = Shutdown::default();
        let asked = async {
            let asked = format!("{before}{HTTP2}");
            client.write_all(asked.as_bytes()).await.unwrap();
            client.shutdown().await.unwrap();
            let mut answers = Vec::new();
            client.read_to_end(&mut answers).await.unwrap();
            answers
        };
        let ((), answers) = tokio::join!(serve(server, heads(), &shutdown, path), asked);
        let refused = memmem::find(&answers, b"HTTP/1.1 400 ").is_some();
        assert_eq!(refused, !is_http2, "{before}: {}", answers.escape_ascii());
    }
}

async fn read_all(client: &mut DuplexStream) -> String {
    let mut text = String::new();
    client.read_to_string(&mut text).await.unwrap();
    text
}

#[tokio::test(start_paused = true)]
async fn a_head_that_is_too_slow_is_told_so() {
    let (mut client, server) = duplex(4096);
    let shutdown = Shutdown::default();
    let asked = async {
        client.write_all(b"GET / HT").await.unwrap();
        read_all(&mut client).await
    };
    let begun = Instant::now();
    let ((), answers) = tokio::join!(serve(server, heads(), &shutdown, path), asked);
    assert!(answers.starts_with("HTTP/1.1 408 "), "{answers}");
    assert_eq!(begun.elapsed().as_secs(), heads().time.as_secs());
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_says_nothing_ends() {
    for asked_before in ["", GET] {
        let (mut client, server) = duplex(4096);
        let shutdown = Shutdown::default();
        let asked = async {
            client.write_all(asked_before.as_bytes()).await.unwrap();
            read_all(&mut client).await
        };
        let begun = Instant::now();
        let ((), _) = tokio::join!(serve(server, heads(), &shutdown, path), asked);
        assert_eq!(begun.elapsed().as_secs(), IDLE.as_secs(), "{asked_before}");
    }
}

/// Counts how often it is dropped.
struct Dropped(Arc<AtomicUsize>);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.fetch_add(1, Relaxed);
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_goes_on_for_a_client_that_is_gone() {
    let (mut client, server) = duplex(4096);
    let (shutdown, dropped, begun) = (Shutdown::default(), Arc::default(), Arc::new(Notify::new()));
    let answer = |_| {
        let (held, begun) = (Dropped(Arc::clone(&dropped)), Arc::clone(&begun));
        async move {
            begun.notify_one();
            std::future::pending::<()>().await;
            drop(held);
            Response::new(ProxyBody::default())
        }
    };
    let gone = async {
        // What is asked ahead does not hide that it goes.
        client.write_all(GET.as_bytes()).await.unwrap();
        begun.notified().await;
        drop(client);
    };
    let both = async { tokio::join!(serve(server, heads(), &shutdown, answer), gone) };
    tokio::time::timeout(LONG, both).await.unwrap();
    assert_eq!(dropped.load(Relaxed), 1);
}

#[tokio::test(start_paused = true)]
async fn draining_ends_what_waits_and_what_is_answered() {
    let (mut client, server) = duplex(4096);
    let shutdown = Shutdown::default();
    shutdown.drain(Duration::ZERO).await;
    let ((), answers) = tokio::join!(
        serve(server, heads(), &shutdown, path),
        read_all(&mut client)
    );
    assert_eq!(answers, "");

    let (mut client, server) = duplex(4096);
    let shutdown = Shutdown::default();
    let answer = |request| {
        let draining = shutdown.clone();
        async move {
            draining.drain(Duration::ZERO).await;
            path(request).await
        }
    };
    let asked = async {
        client.write_all(GET.as_bytes()).await.unwrap();
        read_all(&mut client).await
    };
    let ((), answers) = tokio::join!(serve(server, heads(), &shutdown, answer), asked);
    assert!(answers.contains("\r\nconnection: close\r\n"), "{answers}");
    assert_eq!(bodies(&answers), ["/"]);
}

/// What goes out for `response` to a request with this method.
async fn written(method: Method, response: Response<ProxyBody>) -> (io::Result<bool>, String) {
    let (mut client, server) = duplex(64);
    let writing = async {
        let mut plain = Plain::new(server, heads());
        plain.write(&method, response, false).await
    };
    tokio::join!(writing, read_all(&mut client))
}

#[tokio::test]
async fn the_head_says_how_long_the_body_is() {
    let respond = |status: StatusCode, length: Option<&'static str>, body: &'static str| {
        let mut response = Response::new(ProxyBody::full(body.into()));
        *response.status_mut() = status;
        if let Some(length) = length {
            response
                .headers_mut()
                .append(CONTENT_LENGTH, HeaderValue::from_static(length));
        }
        response
    };
    let (ok, none, same) = (
        StatusCode::OK,
        StatusCode::NO_CONTENT,
        StatusCode::NOT_MODIFIED,
    );
    for (method, response, length, body) in [
        (Method::GET, respond(ok, None, "abc"), Some("3"), "abc"),
        (Method::GET, respond(ok, Some("3"), "abc"), Some("3"), "abc"),
        (Method::GET, respond(ok, Some("7"), "abc"), Some("3"), "abc"),
        (Method::GET, respond(ok, None, ""), Some("0"), ""),
        (Method::HEAD, respond(ok, Some("9"), ""), Some("9"), ""),
        (Method::HEAD, respond(ok, None, "abc"), Some("3"), ""),
        (Method::GET, respond(none, Some("3"), "abc"), None, ""),
        (Method::GET, respond(same, Some("9"), ""), Some("9"), ""),
    ] {
        let told = format!("{method} {response:?}");
        let (outcome, answer) = written(method, response).await;
        outcome.unwrap();
        let found = answer
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "));
        assert_eq!(found, length, "{told}");
        assert_eq!(bodies(&answer), [body], "{told}");
    }
}

#[test]
fn a_body_is_framed_as_its_head_says() {
    let mut out = Vec::new();
    let mut framed = Framed::Length(3);
    assert_eq!(framed.begin(2, &mut out).unwrap(), b"");
    assert!(framed.end(&mut out).is_err(), "one is missing");
    assert!(framed.begin(2, &mut out).is_err(), "there is one too many");
    assert_eq!(framed.begin(1, &mut out).unwrap(), b"");
    framed.end(&mut out).unwrap();
    assert!(out.is_empty());

    let mut framed = Framed::Chunked;
    assert_eq!(framed.begin(26, &mut out).unwrap(), b"\r\n");
    framed.end(&mut out).unwrap();
    assert_eq!(out, b"1a\r\n0\r\n\r\n");
}
