//! Whether anything answers where a share's traffic is to go.
//!
//! Only for a friendly word to whoever shares; a service may well be started later.

use std::time::Duration;

use tokio::{net::TcpStream, time::timeout};

use crate::config::{Place, UpstreamAddress};

/// How long an address may take to answer.
const PROBE_TIMEOUT: Duration = Duration::from_millis(300);

/// Upstreams that are asked; the rest is taken on trust.
const MOST_PROBED: usize = 4;

/// Whether one of `upstream` answers; what cannot be read answers nothing.
pub(super) async fn any(upstream: &[String]) -> bool {
    for address in upstream.iter().take(MOST_PROBED) {
        if let Ok(address) = address.parse::<UpstreamAddress>()
            && matches!(
                timeout(PROBE_TIMEOUT, connects(&address.place)).await,
                Ok(true)
            )
        {
            return true;
        }
    }
    false
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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn tells_a_listening_port_from_a_dead_one() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        assert!(any(std::slice::from_ref(&address)).await);
        drop(listener);
        assert!(!any(&[address]).await);
    }
}
