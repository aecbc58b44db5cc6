//! Whether anything takes connections where traffic is to go; each is closed again at once.

use std::time::Duration;

use tokio::{net::TcpStream, time::timeout};

use crate::config::{Place, UpstreamAddress};

/// How long an address may take to answer.
const PROBE_TIMEOUT: Duration = Duration::from_millis(300);

/// Upstreams that are asked; the rest is taken on trust.
pub(crate) const MOST_PROBED: usize = 4;

/// Whether one of `upstream` answers.
pub(crate) async fn answers(upstream: &[UpstreamAddress]) -> bool {
    for address in upstream.iter().take(MOST_PROBED) {
        if takes(&address.place).await {
            return true;
        }
    }
    false
}

/// Whether something takes connections there.
pub(crate) async fn takes(place: &Place) -> bool {
    matches!(timeout(PROBE_TIMEOUT, connects(place)).await, Ok(true))
}

async fn connects(place: &Place) -> bool {
    match place {
        Place::Tcp { host, port } => TcpStream::connect((host.as_str(), *port)).await.is_ok(),
        #[cfg(unix)]
        Place::Unix(path) => tokio::net::UnixStream::connect(path).await.is_ok(),
        #[cfg(not(unix))]
        Place::Unix(_) => false,
    }
}
