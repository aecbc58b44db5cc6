use http::HeaderValue;
use tokio::io::{AsyncReadExt as _, DuplexStream, duplex};

use super::*;

fn get() -> Request<ProxyBody> {
    let mut request = Request::new(ProxyBody::default());
    let host = HeaderValue::from_static("localhost");
    request.headers_mut().insert(http::header::HOST, host);
    request
}

/// Reads one head at the far end and answers so.
async fn answer(far: &mut DuplexStream, answer: &str) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(far.read_u8().await.unwrap());
    }
    far.write_all(answer.as_bytes()).await.unwrap();
    String::from_utf8(head).unwrap()
}

async fn body(plain: &mut Plain, mut rest: Rest) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let next = std::future::poll_fn(|context| plain.poll_frame(&mut rest, context));
        match next.await {
            Some(frame) => body.extend(frame?.into_data().unwrap_or_default()),
            None => return Ok(body),
        }
    }
}

#[tokio::test]
async fn one_request_after_another_goes_over_it() {
    let (near, mut far) = duplex(64);
    let mut plain = Plain::new(near);
    let long = "x".repeat(5000);
    for (told, expected) in [
        ("content-length: 2\r\n\r\nab".to_owned(), "ab"),
        (
            "transfer-encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n".to_owned(),
            "a",
        ),
        (format!("content-length: 5000\r\n\r\n{long}"), &long),
        ("content-length: 0\r\n\r\n".to_owned(), ""),
    ] {
        assert!(plain.is_ready());
        let answered = format!("HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\n{told}");
        let request = get();
        let asked = async {
            let response = plain.ask(&request).await.unwrap();
            body(&mut plain, response.into_body()).await.unwrap()
        };
        let (got, head) = tokio::join!(asked, answer(&mut far, &answered));
        assert_eq!(got, expected.as_bytes());
        assert_eq!(head, "GET / HTTP/1.1\r\nhost: localhost\r\n\r\n");
        assert!(!plain.is_ready(), "an answer is under way");
        assert!(plain.finish());
        if expected.len() > ROOM {
            assert_eq!(plain.read.capacity(), 0, "room for much is not kept");
        }
    }
    assert!(plain.read.capacity() <= ROOM, "no more is kept");
    drop(plain);
    assert_eq!(
        far.read(&mut [0]).await.unwrap(),
        0,
        "it is closed in good order"
    );
}

#[tokio::test]
async fn what_was_not_asked_for_ends_it() {
    let (near, mut far) = duplex(64);
    let mut plain = Plain::new(near);
    let request = get();
    let answered = "HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nabc";
    let (response, _) = tokio::join!(plain.ask(&request), answer(&mut far, answered));
    let rest = response.unwrap().into_body();
    assert_eq!(body(&mut plain, rest).await.unwrap(), b"a");
    assert!(!plain.finish() && !plain.is_ready());
    let (near, mut far) = duplex(64);
    let mut plain = Plain::new(near);
    far.write_all(b"HTTP/1.1 408 Too Late\r\n\r\n")
        .await
        .unwrap();
    assert!(!plain.is_ready());
    let (near, far) = duplex(64);
    let mut plain = Plain::new(near);
    drop(far);
    assert!(!plain.is_ready());
}

#[tokio::test]
async fn an_answer_that_is_cut_is_an_error() {
    for (answered, is_whole) in [
        ("HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nab", false),
        (
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n",
            false,
        ),
        ("HTTP/1.1 200 OK\r\n\r\nab", true),
    ] {
        let (near, mut far) = duplex(64);
        let mut plain = Plain::new(near);
        let request = get();
        let (response, _) = tokio::join!(plain.ask(&request), answer(&mut far, answered));
        drop(far);
        let came = body(&mut plain, response.unwrap().into_body()).await;
        assert_eq!(came.is_ok(), is_whole, "{answered}");
        assert!(
            !is_whole || !plain.finish(),
            "its end was that of the connection"
        );
    }
}

#[tokio::test]
async fn a_head_that_never_ends_is_no_answer() {
    let (near, mut far) = duplex(MAX_HEAD_BYTES);
    let mut plain = Plain::new(near);
    let request = get();
    let endless = format!(
        "HTTP/1.1 200 OK\r\n{}",
        "a: b\r\n".repeat(MAX_HEAD_BYTES / 2)
    );
    let asked = async {
        let failed = plain.ask(&request).await.unwrap_err();
        drop(plain);
        failed
    };
    let (failed, _) = tokio::join!(asked, far.write_all(endless.as_bytes()));
    assert!(failed.was_sent, "{failed:?}");
}

#[test]
fn requests_that_want_more_are_not_carried() {
    assert!(Plain::carries(&get()));
    for name in ["upgrade", "expect", "transfer-encoding"] {
        let mut request = get();
        request
            .headers_mut()
            .insert(name, HeaderValue::from_static("x"));
        assert!(!Plain::carries(&request));
    }
    let mut request = get();
    *request.version_mut() = Version::HTTP_2;
    assert!(!Plain::carries(&request));
    let request = get().map(|_| ProxyBody::full("body".into()));
    assert!(!Plain::carries(&request));
}

#[test]
fn a_request_that_could_have_a_body_says_that_it_has_none() {
    for (method, says) in [
        (Method::GET, false),
        (Method::HEAD, false),
        (Method::POST, true),
    ] {
        let mut request = get();
        *request.method_mut() = method;
        let head = String::from_utf8(head_of(&request)).unwrap();
        assert_eq!(head.contains("content-length: 0\r\n"), says, "{head}");
    }
}
