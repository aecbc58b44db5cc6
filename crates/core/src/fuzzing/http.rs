//! Requests: where one ends must be the same to our check and to hyper behind it.

use std::{
    cell::OnceCell,
    sync::{Arc, Mutex, PoisonError},
};

use http::{Request, Response};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, duplex},
    runtime::{Builder, Runtime},
};

use crate::{
    http::{Checked, Heads, ProxyBody, messages, serve},
    shutdown::Shutdown,
};

/// Longer inputs say nothing new.
const MOST_BYTES: usize = 16 * 1024;

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
    let (mut client, server) = duplex(MOST_BYTES);
    let shutdown = Shutdown::default();
    let served = serve(
        server,
        Heads::default(),
        &shutdown,
        |request: Request<Incoming>| {
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
        },
    );
    let sent = async {
        let sent = client.write_all(bytes).await;
        let ended = client.shutdown().await;
        let mut answers = Vec::new();
        let read = client.read_to_end(&mut answers).await;
        sent.and(ended).and(read.map(drop))
    };
    // That the server closes before it has read everything is no failure.
    drop(tokio::join!(served, sent));
    let seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
    seen.clone()
}

#[expect(clippy::expect_used, reason = "without a runtime there is no fuzzing")]
fn new_runtime() -> Runtime {
    let mut builder = Builder::new_current_thread();
    builder.enable_time();
    builder.build().expect("a runtime of one thread")
}
