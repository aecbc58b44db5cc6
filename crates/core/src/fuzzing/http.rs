//! Requests, and answers: where one ends must be the same to our reading and to hyper's.

use std::{
    cell::OnceCell,
    sync::{Arc, Mutex, PoisonError},
};

use http::{HeaderName, HeaderValue, Request, Response, StatusCode, header::CONNECTION};
use http_body_util::BodyExt as _;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex},
    runtime::{Builder, Runtime},
    task::yield_now,
};

use crate::{
    http::{Checked, Heads, ProxyBody, answer_in, messages, serve, serve_through_hyper},
    shutdown::Shutdown,
};

/// Longer inputs say nothing new.
const MOST_BYTES: usize = 16 * 1024;
const HEAD_END: &[u8] = b"\r\n\r\n";
/// With nothing new after so many looks there is no answer under way: all of it is in one thread.
const LOOKS: usize = 64;

thread_local! {
    static RUNTIME: OnceCell<Runtime> = const { OnceCell::new() };
}

/// A connection's bytes: hyper must see the messages that our own reading has seen, or fewer.
pub fn http(bytes: &[u8]) {
    let bytes = &bytes[..bytes.len().min(MOST_BYTES)];
    let Some((ours, _)) = messages(bytes) else {
        return;
    };
    let hypers = RUNTIME.with(|runtime| {
        let runtime = runtime.get_or_init(new_runtime);
        runtime.block_on(serve_all(bytes))
    });
    // hyper may stop early: at a method or header that is none, or where the client says it closes.
    assert!(
        ours.starts_with(&hypers),
        "hyper saw bodies of {hypers:?} bytes, and the check of {ours:?}"
    );
}

/// The same bytes in pieces, which must be read as they are in one.
pub fn http_pieces(bytes: &[u8]) {
    let [size, bytes @ ..] = bytes else {
        return;
    };
    let whole = read(&[bytes]);
    let pieces: Vec<&[u8]> = bytes.chunks(usize::from(*size).max(1)).collect();
    assert_eq!(read(&pieces), whole, "in pieces of {size}");
}

/// What a server answers: hyper must see the same answer where both see one, and the size of the
/// pieces it comes in must not matter.
pub fn http_answer(bytes: &[u8]) {
    let [size, bytes @ ..] = bytes else {
        return;
    };
    let bytes = &bytes[..bytes.len().min(MOST_BYTES)];
    let ours = answer_in([bytes]);
    let pieces = answer_in(bytes.chunks(usize::from(*size).max(1)));
    assert_eq!(pieces, ours, "in pieces of {size}");
    let Some(ours) = ours else {
        return;
    };
    let hypers = RUNTIME.with(|runtime| {
        let runtime = runtime.get_or_init(new_runtime);
        runtime.block_on(fetch(bytes))
    });
    // hyper may be stricter.
    assert!(
        hypers.is_none_or(|hypers| hypers == ours),
        "hyper sees another one than {ours:?}"
    );
}

/// A connection's bytes: the same requests must be carried out whether hyper has all of it or not.
pub fn http_request(bytes: &[u8]) {
    let bytes = &bytes[..bytes.len().min(MOST_BYTES - HEAD_END.len())];
    // A head that does not come to its end is waited for; hyper may refuse it before.
    let bytes = [bytes, HEAD_END].concat();
    RUNTIME.with(|runtime| {
        let runtime = runtime.get_or_init(new_runtime);
        let ours = runtime.block_on(answers(&bytes, false));
        let hypers = runtime.block_on(answers(&bytes, true));
        assert_eq!(ours, hypers);
    });
}

/// What hyper gets for a `GET` that is answered so, when that is whole.
async fn fetch(bytes: &[u8]) -> Option<(StatusCode, Vec<u8>)> {
    let (near, mut far) = duplex(MOST_BYTES);
    let (mut sender, connection) = http1::handshake(TokioIo::new(near)).await.ok()?;
    let asked = async {
        let request = Request::get("/").body(ProxyBody::default()).ok()?;
        let response = sender.send_request(request).await.ok()?;
        let status = response.status();
        let body = response.into_body().collect().await.ok()?;
        Some((status, body.to_bytes().to_vec()))
    };
    let answered = async {
        // Nothing is to come before it was asked for.
        let asked = far.read_u8().await;
        let answered = far.write_all(bytes).await;
        let ended = far.shutdown().await;
        asked.map(drop).and(answered).and(ended)
    };
    let (fetched, ..) = tokio::join!(asked, connection, answered);
    fetched
}

/// What comes out of the check of bytes that come so.
fn read(pieces: &[&[u8]]) -> Vec<u8> {
    RUNTIME.with(|runtime| {
        let runtime = runtime.get_or_init(new_runtime);
        runtime.block_on(async {
            let mut seen = Vec::new();
            let mut rest = tokio_util::io::StreamReader::new(futures_util::stream::iter(
                pieces.iter().map(|piece| Ok::<_, std::io::Error>(*piece)),
            ));
            let never = std::time::Duration::MAX;
            let mut checked = Checked::new(&mut rest, never, never);
            let limit = u64::try_from(MOST_BYTES).unwrap_or(u64::MAX);
            let read = (&mut checked).take(limit).read_to_end(&mut seen).await;
            assert!(read.is_ok(), "bytes are read");
            seen
        })
    })
}

/// The lengths of all bodies that hyper has read to their end.
async fn serve_all(bytes: &[u8]) -> Vec<u64> {
    let seen: Arc<Mutex<Vec<u64>>> = Arc::default();
    let answer = |request: Box<Request<ProxyBody>>| {
        let seen = Arc::clone(&seen);
        async move {
            if let Ok(body) = request.into_body().collect().await {
                let length = body.to_bytes().len() as u64;
                seen.lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push(length);
            }
            Response::new(ProxyBody::full("ok".into()))
        }
    };
    let shutdown = Shutdown::default();
    let (server, asked) = ask_all(bytes);
    tokio::join!(serve(server, Heads::default(), &shutdown, answer), asked);
    let seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
    seen.clone()
}

/// What was carried out of these bytes, in an order of no meaning: by us and hyper, or by hyper alone.
/// How the rest is refused differs.
async fn answers(bytes: &[u8], through_hyper: bool) -> Vec<String> {
    let shutdown = Shutdown::default();
    let (server, asked) = ask_all(bytes);
    let heads = Heads::default();
    let answered = if through_hyper {
        let served = serve_through_hyper(server, heads, &shutdown, tell);
        tokio::join!(served, asked).1
    } else {
        tokio::join!(serve(server, heads, &shutdown, tell), asked).1
    };
    let answered = String::from_utf8_lossy(&answered);
    let is_told = |line: &&str| {
        let statuses = ["HTTP/1.1 2", "HTTP/1.1 3"];
        statuses.iter().any(|status| line.starts_with(status)) || line.ends_with(')')
    };
    let lines = answered.split("\r\n").filter(is_told);
    let mut lines: Vec<_> = lines.map(str::to_owned).collect();
    lines.sort_unstable();
    lines
}

/// Answers with what was asked; what it is asked for says how.
async fn tell(request: Box<Request<ProxyBody>>) -> Response<ProxyBody> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map(|body| body.to_bytes().len()).ok();
    let (method, uri) = (parts.method, parts.uri);
    let headers = parts.headers.iter();
    let mut headers: Vec<_> = headers.filter(|header| !is_of_keeping(header)).collect();
    headers.sort_by_key(|(name, _)| name.as_str());
    let text = format!("\r\n{method} {uri} {headers:?} {body:?}\r\n");
    let status = match uri.path() {
        "/none" => StatusCode::NO_CONTENT,
        "/same" => StatusCode::NOT_MODIFIED,
        _ => StatusCode::OK,
    };
    let text = if status == StatusCode::OK {
        text
    } else {
        String::new()
    };
    let mut response = Response::new(ProxyBody::full(text.into()));
    *response.status_mut() = status;
    response
}

/// Whether it says no more than whether its connection is kept, which our own reading leaves out.
fn is_of_keeping((name, value): &(&HeaderName, &HeaderValue)) -> bool {
    let is_such = |text: &[u8]| value.as_bytes().eq_ignore_ascii_case(text);
    **name == CONNECTION && (is_such(b"keep-alive") || is_such(b"close"))
}

/// The far end of a connection over which all of `bytes` come, and what is answered to them.
fn ask_all(bytes: &[u8]) -> (DuplexStream, impl Future<Output = Vec<u8>>) {
    let (mut client, server) = duplex(MOST_BYTES);
    let asked = async move {
        let sent = client.write_all(bytes).await;
        let mut answers = Vec::new();
        // Who ends at once may be taken for gone, and is not answered.
        let mut looks = 0;
        while looks < LOOKS {
            tokio::select! {
                biased;
                read = client.read_buf(&mut answers) => match read {
                    Ok(1..) => looks = 0,
                    Ok(0) | Err(_) => break,
                },
                () = yield_now() => looks += 1,
            }
        }
        let ended = client.shutdown().await;
        let read = client.read_to_end(&mut answers).await;
        // That the server closes before it has read everything is no failure.
        drop((sent, ended, read));
        answers
    };
    (server, asked)
}

#[expect(clippy::expect_used, reason = "without a runtime there is no fuzzing")]
fn new_runtime() -> Runtime {
    let mut builder = Builder::new_current_thread();
    builder.enable_time();
    builder.build().expect("a runtime of one thread")
}
