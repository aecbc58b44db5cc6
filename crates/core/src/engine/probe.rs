//! Whether anything answers where a share's traffic is to go.
//!
//! Only for a friendly word to whoever shares; a service may well be started later.
//! And where a bare port is meant: many dev servers listen on `localhost` as the system resolves it
//! first, which is `::1` alone.

pub(super) use crate::upstream::answers;
use crate::{
    config::{Place, UpstreamAddress},
    upstream::{MOST_PROBED, takes},
};

/// Whether one of `upstream` answers; what cannot be read answers nothing.
pub(super) async fn any(upstream: &[String]) -> bool {
    let read = |text: &String| text.parse::<UpstreamAddress>().ok();
    let upstream: Vec<_> = upstream.iter().filter_map(read).collect();
    answers(&upstream).await
}

/// Says `localhost:PORT` or `[::1]:PORT` in place of a bare port that is not answered on
/// 127.0.0.1, which it would mean, but there.
pub(super) async fn settle(upstream: &mut [String]) {
    for text in upstream.iter_mut().take(MOST_PROBED) {
        let Ok(port) = text.parse::<u16>() else {
            continue;
        };
        let at = |host: &str| Place::Tcp {
            host: host.to_owned(),
            port,
        };
        if takes(&at("127.0.0.1")).await || !takes(&at("::1")).await {
            continue;
        }
        // The name goes on to work when the server listens on 127.0.0.1 the next time.
        let place = if takes(&at("localhost")).await {
            at("localhost")
        } else {
            at("::1")
        };
        *text = place.to_string();
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

    #[tokio::test]
    async fn a_bare_port_that_answers_on_v6_alone_is_meant_there() {
        let Ok(listener) = std::net::TcpListener::bind("[::1]:0") else {
            // A machine without IPv6 has no such servers.
            return;
        };
        let port = listener.local_addr().unwrap().port().to_string();
        let explicit = format!("127.0.0.1:{port}");
        let mut upstream = [port.clone(), explicit.clone()];
        settle(&mut upstream).await;
        assert!(any(&upstream[..1]).await, "{upstream:?}");
        assert_eq!(upstream[1], explicit);
        drop(listener);
        let mut upstream = [port.clone()];
        settle(&mut upstream).await;
        assert_eq!(upstream, [port]);
    }
}
