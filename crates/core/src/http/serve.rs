//! HTTP towards a client: a browser at the bridge, the bridge's stream at the share.

use std::{convert::Infallible, future::Future, pin::pin, time::Duration};

use http::{Request, Response};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto,
};
use tokio::io::{AsyncRead, AsyncWrite};

use super::{
    ProxyBody,
    framing::Checked,
    pool::{HTTP2_CONNECTION_WINDOW, HTTP2_STREAM_WINDOW},
};
use crate::shutdown::Shutdown;

/// For the head of a request, and between two of them: longer than any pool of ours keeps an unused
/// connection, so that the client side is the one that closes.
const HEAD_TIMEOUT: Duration = Duration::from_secs(90);
/// The longest head a client may send.
const MAX_HEAD_BYTES: usize = 64 * 1024;
/// How often an HTTP/2 client is asked whether it is still there; hyper gives it 20 s to answer.
const HTTP2_PING: Duration = Duration::from_secs(20);
/// Requests of one HTTP/2 connection at once.
const HTTP2_STREAMS: u32 = 256;

/// Serves one connection until it ends, or until what is in flight has ended when `shutdown`
/// drains.
pub(crate) async fn serve<T, F, R>(io: T, shutdown: &Shutdown, answer: F)
where
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    F: Fn(Request<Incoming>) -> R,
    R: Future<Output = Response<ProxyBody>> + Send + 'static,
{
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(MAX_HEAD_BYTES)
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(Some(HTTP2_PING))
        .initial_stream_window_size(HTTP2_STREAM_WINDOW)
        .initial_connection_window_size(HTTP2_CONNECTION_WINDOW)
        .max_concurrent_streams(HTTP2_STREAMS);
    let service = service_fn(|request| {
        // Boxed: hyper moves it several times, and it is some kilobytes long.
        let answer = Box::pin(answer(request));
        async move { Ok::<_, Infallible>(answer.await) }
    });
    let connection = builder
        .serve_connection_with_upgrades(TokioIo::new(Checked::new(io, HEAD_TIMEOUT)), service);
    let mut connection = pin!(connection);
    let served = tokio::select! {
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
