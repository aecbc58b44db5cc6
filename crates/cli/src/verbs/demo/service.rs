//! The sample service of the demo: it greets whoever asks.

use std::{convert::Infallible, net::SocketAddr};

use anyhow::Context as _;
use bytes::Bytes;
use http_body_util::Full;
use hyper::{Request, Response, body::Incoming, header, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use malai_core::shutdown::Shutdown;
use tokio::net::{TcpListener, TcpStream};

/// What it says.
pub(super) const GREETING: &str = "Hello from the other side.\n";

/// Starts it on a free port of this machine.
pub(super) async fn start(shutdown: &Shutdown) -> anyhow::Result<SocketAddr> {
    let listener = TcpListener::bind(("127.0.0.1", 0))
        .await
        .context("cannot listen on a port of 127.0.0.1")?;
    let address = listener.local_addr()?;
    let part = shutdown.clone();
    shutdown.spawn(async move {
        loop {
            let stream = tokio::select! {
                biased;
                () = part.draining() => return,
                accepted = listener.accept() => match accepted {
                    Ok((stream, _)) => stream,
                    Err(error) => {
                        tracing::warn!(%error, "the sample service has ended");
                        return;
                    }
                },
            };
            part.spawn(serve(stream, part.clone()));
        }
    });
    Ok(address)
}

async fn serve(stream: TcpStream, shutdown: Shutdown) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "the sample service answers a little slower");
    }
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(stream), service_fn(greet));
    tokio::select! {
        biased;
        () = shutdown.draining() => {}
        served = connection => if let Err(error) = served {
            tracing::debug!(%error, "a connection of the sample service ended");
        },
    }
}

async fn greet(_request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let mut response = Response::new(Full::new(Bytes::from_static(GREETING.as_bytes())));
    let plain = header::HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, plain);
    Ok(response)
}
