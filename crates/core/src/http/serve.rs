//! HTTP towards a client: a browser at the bridge, the bridge's stream at the share.

mod answered;
mod asked;
mod exchange;
mod plain;
mod resting;

use std::{convert::Infallible, future::Future, time::Duration};

use http::{Request, Response};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto,
};
use tokio::io::{AsyncRead, AsyncWrite};

use self::plain::Plain;
pub(crate) use self::resting::serve_resting;
use super::{
    ProxyBody,
    framing::Checked,
    sender::{HTTP2_CONNECTION_WINDOW, HTTP2_STREAM_WINDOW},
};
use crate::shutdown::Shutdown;

/// Before the first request, and between two of them: longer than any pool of ours keeps an unused
/// connection, so that the client side is the one that closes.
const IDLE: Duration = Duration::from_secs(90);
/// How long nothing happens before a connection rests: long enough that a busy one never does.
const REST_AFTER: Duration = Duration::from_millis(100);
/// How often an HTTP/2 client is asked whether it is still there; hyper gives it 20 s to answer.
const HTTP2_PING: Duration = Duration::from_secs(20);
/// Requests of one HTTP/2 connection at once.
const HTTP2_STREAMS: u32 = 256;

/// The bounds of the head of each request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Heads {
    /// Its bytes at most; more are answered 431.
    pub(crate) size: usize,
    /// From its first byte to its last; one that takes longer is answered 408.
    pub(crate) time: Duration,
}

impl Default for Heads {
    fn default() -> Self {
        Self {
            size: 64 * 1024,
            time: Duration::from_secs(30),
        }
    }
}

/// Serves one connection until it ends, or until what is in flight has ended when `shutdown`
/// drains.
pub(crate) async fn serve<T, F, R>(io: T, heads: Heads, shutdown: &Shutdown, answer: F)
where
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    F: Fn(Box<Request<ProxyBody>>) -> R,
    R: Future<Output = Response<ProxyBody>> + Send + 'static,
{
    if let Some(checked) = Plain::new(io, heads).serve(shutdown, &answer).await {
        through_hyper(checked, heads, shutdown, answer).await;
    }
}

/// The same where all of it is hyper's, to compare with.
pub(crate) async fn serve_through_hyper<T, F, R>(
    io: T,
    heads: Heads,
    shutdown: &Shutdown,
    answer: F,
) where
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    F: Fn(Box<Request<ProxyBody>>) -> R,
    R: Future<Output = Response<ProxyBody>> + Send + 'static,
{
    let checked = Checked::new(io, IDLE, heads.time);
    through_hyper(checked, heads, shutdown, answer).await;
}

/// The same through hyper, for a connection whose framing is checked.
async fn through_hyper<T, F, R>(io: T, heads: Heads, shutdown: &Shutdown, answer: F)
where
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    F: Fn(Box<Request<ProxyBody>>) -> R,
    R: Future<Output = Response<ProxyBody>> + Send + 'static,
{
    let service = service_fn(|request: Request<Incoming>| {
        // Boxed: hyper moves it several times, and it is some kilobytes long.
        let answer = Box::pin(answer(Box::new(request.map(ProxyBody::incoming))));
        async move { Ok::<_, Infallible>(answer.await) }
    });
    let io = TokioIo::new(io);
    // Boxed: it is some kilobytes long, too, and each future around this one would have it twice.
    let mut connection = {
        let builder = builder(heads);
        let connection = builder.serve_connection_with_upgrades(io, service);
        Box::pin(connection.into_owned())
    };
    let served = tokio::select! {
        biased;
        served = connection.as_mut() => served,
        () = shutdown.draining() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = served {
        tracing::debug!(%error, "a client's connection was cut");
    }
}

fn builder(heads: Heads) -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(IDLE)
        .max_buf_size(heads.size)
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(u32::try_from(heads.size).unwrap_or(u32::MAX))
        .keep_alive_interval(Some(HTTP2_PING))
        .initial_stream_window_size(HTTP2_STREAM_WINDOW)
        .initial_connection_window_size(HTTP2_CONNECTION_WINDOW)
        .max_concurrent_streams(HTTP2_STREAMS);
    builder
}
