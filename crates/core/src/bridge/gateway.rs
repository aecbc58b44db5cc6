//! One listener for every service of every peer, told apart by name.
//!
//! `<service>.<peer>.localhost` and `<peer>.localhost`, where a peer is a pet name or an id52; the
//! legacy tool's `<id52>.localhost` is among them. Browsers resolve `*.localhost` to loopback by
//! themselves (RFC 6761, section 6.3).

use std::{
    collections::HashMap,
    pin::pin,
    sync::{Arc, Mutex, PoisonError},
};

use fastn_p2p::Waiting;
use http::{Request, Response};
use malai_api::Protocol;

use super::{
    Bridges,
    hosts::{self, Hosts},
    http_bridge::HttpBridge,
    members::Members,
};
use crate::{
    config::{BridgeConfig, BridgeTarget, PeerName},
    http::{self as proxy, ProxyBody, ProxyError},
    meter::Meter,
    shutdown::Shutdown,
};

/// Ways remembered; when there are more, all are forgotten and made again as they are asked for.
const MAX_WAYS: usize = 256;

/// The listener that routes by name.
#[derive(Debug)]
pub(super) struct Gateway {
    bridges: Bridges,
    shutdown: Shutdown,
    meter: Meter,
    ways: Mutex<HashMap<(PeerName, String), Arc<HttpBridge>>>,
}

impl Gateway {
    pub(super) fn new(bridges: Bridges, shutdown: Shutdown) -> Self {
        Self {
            shutdown,
            meter: bridges.0.gateway_meter.clone(),
            bridges,
            ways: Mutex::default(),
        }
    }

    pub(super) async fn answer(
        self: Arc<Self>,
        request: Box<Request<ProxyBody>>,
    ) -> Response<ProxyBody> {
        let named = Hosts::local()
            .check(&request)
            .and_then(|()| hosts::host_of(&request).ok_or_else(hosts::misdirected))
            .and_then(|host| target(&host));
        match named {
            Ok(target) => {
                let way = self.way(target);
                pin!(way.answer(request, Ok(()), &self.shutdown)).await
            }
            Err(error) => proxy::respond(&error, proxy::prefers_json(request.headers())),
        }
    }

    fn way(&self, target: BridgeTarget) -> Arc<HttpBridge> {
        let mut ways = self.ways.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (target.peer.clone(), target.service.clone());
        if !ways.contains_key(&key) && ways.len() >= MAX_WAYS {
            ways.clear();
        }
        let way = ways.entry(key).or_insert_with(|| {
            let inner = &self.bridges.0;
            let config = BridgeConfig::new(Protocol::Http, target);
            let way = HttpBridge::new(
                Arc::new(Members::new(&inner.peers, &config)),
                &config,
                self.meter.clone(),
                &Waiting::default(),
                &inner.connections,
                inner.events.clone(),
            );
            Arc::new(way.with_traces(inner.traces.clone()))
        });
        Arc::clone(way)
    }
}

/// What `host` means: `[service.]peer.localhost`.
fn target(host: &str) -> Result<BridgeTarget, ProxyError> {
    let name = host.strip_suffix(".localhost").ok_or_else(no_name)?;
    let (service, peer) = name.rsplit_once('.').unwrap_or(("", name));
    if peer.is_empty() || service.contains('.') {
        return Err(no_name());
    }
    let peer = match peer.parse() {
        Ok(key) => PeerName::Key(key),
        Err(_) => PeerName::Pet(peer.to_owned()),
    };
    Ok(BridgeTarget {
        peer,
        service: service.to_owned(),
        addresses: Vec::new(),
        relay: None,
        invite: None,
    })
}

fn no_name() -> ProxyError {
    ProxyError::client(
        "no-service-named",
        http::StatusCode::NOT_FOUND,
        "This port leads to many services. Name one: <service>.<peer>.localhost, where <peer> is a \
         pet name or an id52.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_peer_and_service_from_the_name() {
        let shop = target("shop.alice.localhost").unwrap();
        assert_eq!(
            (shop.peer, shop.service.as_str()),
            (PeerName::Pet("alice".into()), "shop")
        );
        let key = fastn_p2p::SecretKey::from_bytes([7; 32]).public();
        let legacy = target(&format!("{key}.localhost")).unwrap();
        assert_eq!(
            (legacy.peer, legacy.service.as_str()),
            (PeerName::Key(key), "")
        );
        assert!(target("localhost").is_err());
        assert!(target("a.b.c.localhost").is_err());
    }
}
