//! The plainest HTTP client, for the demo to ask a bridge like any program would.

use anyhow::{Context as _, bail};
use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::{Request, Uri, client::conn::http1, header};
use hyper_util::rt::TokioIo;
use malai_core::shutdown::Shutdown;
use tokio::net::TcpStream;

/// A kept connection to one place.
#[derive(Debug)]
pub(super) struct Client {
    sender: http1::SendRequest<Empty<Bytes>>,
    authority: String,
    /// Owns the connection's task.
    _shutdown: Shutdown,
}

/// Connects to where `url` leads.
pub(super) async fn connect(url: &str) -> anyhow::Result<Client> {
    let uri: Uri = url
        .parse()
        .with_context(|| format!("`{url}` is not a URL"))?;
    let authority = uri.authority().context("a URL names a host")?.to_string();
    let stream = TcpStream::connect(&authority)
        .await
        .with_context(|| format!("cannot connect to {authority}"))?;
    stream.set_nodelay(true)?;
    let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let shutdown = Shutdown::default();
    shutdown.spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "the demo's connection ended");
        }
    });
    Ok(Client {
        sender,
        authority,
        _shutdown: shutdown,
    })
}

impl Client {
    /// Fetches `/`; anything but a success is an error with what was said.
    pub(super) async fn get(&mut self) -> anyhow::Result<Bytes> {
        let request = Request::get("/")
            .header(header::HOST, &self.authority)
            .body(Empty::new())?;
        self.sender.ready().await?;
        let response = self.sender.send_request(request).await?;
        let status = response.status();
        let body = response.into_body().collect().await?.to_bytes();
        if !status.is_success() {
            bail!(
                "the bridge answered {status}: {}",
                String::from_utf8_lossy(&body)
            );
        }
        Ok(body)
    }
}
