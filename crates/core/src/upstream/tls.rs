//! TLS towards `https://` backends, verified as the operating system would.

use std::{io, sync::Arc};

use rustls::{ClientConfig, pki_types::ServerName};
use rustls_platform_verifier::BuilderVerifierExt;
use tokio::{net::TcpStream, sync::OnceCell};
use tokio_rustls::{TlsConnector, client::TlsStream};

/// Makes TLS connections; the system's certificates are read once, when the first is made.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tls(Arc<OnceCell<Arc<ClientConfig>>>);

impl Tls {
    /// Wraps `stream` in TLS with `host`.
    pub(crate) async fn connect(
        &self,
        host: &str,
        stream: TcpStream,
    ) -> io::Result<TlsStream<TcpStream>> {
        let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
        // Reading them takes long enough to hold every other connection up.
        let read = async || {
            tokio::task::spawn_blocking(client_config)
                .await
                .map_err(io::Error::other)?
        };
        let config = self.0.get_or_try_init(read).await?;
        TlsConnector::from(Arc::clone(config))
            .connect(name, stream)
            .await
    }
}

fn client_config() -> io::Result<Arc<ClientConfig>> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(BuilderVerifierExt::with_platform_verifier)
        .map_err(io::Error::other)?
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}
