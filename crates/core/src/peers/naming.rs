//! Whom a name means, and whom one bridge leads to for as long as it is open.
//!
//! A domain may come to name another key, or several, while a bridge to it is in use: the bridge
//! then goes on with the key that it has used, which no record can take away from it.

use std::sync::atomic::{AtomicBool, Ordering};

use fastn_p2p::{AddressHints, Path, PublicKey};
use http::StatusCode;

use super::Peers;
use crate::{
    config::{BridgeTarget, PeerName},
    domains::Domains,
    http::ProxyError,
};

/// One target of a bridge.
#[derive(Debug)]
pub(crate) struct Naming {
    pub(crate) peers: Peers,
    pub(crate) target: BridgeTarget,
    /// Whether its name has meant what is remembered while the bridge was open.
    is_settled: AtomicBool,
}

impl Naming {
    /// Begins with what is known of the name already. The addresses are told here and not for each
    /// stream: iroh computes the point of a curve that the key stands for, which was four fifths of
    /// the work of opening one.
    pub(crate) fn new(peers: &Peers, target: BridgeTarget) -> Self {
        peers.tell_addresses(&target);
        let is_known = |domain: &str| peers.domains().settled(domain).is_some();
        let is_settled = domain_of(&target).is_some_and(is_known);
        Self {
            peers: peers.clone(),
            target,
            is_settled: AtomicBool::new(is_settled),
        }
    }

    /// The key to dial. Cancel safe.
    pub(crate) async fn key(&self) -> Result<PublicKey, ProxyError> {
        let error = match self.peers.key(&self.target).await {
            Ok(key) => {
                self.is_settled.store(true, Ordering::Relaxed);
                return Ok(key);
            }
            Err(error) => error,
        };
        let is_settled = self.is_settled.load(Ordering::Relaxed);
        let known = is_settled.then(|| self.known());
        known.flatten().ok_or(error)
    }

    /// Makes sure that a name by DNS is asked for again when that is due; nobody waits for it.
    pub(crate) fn refresh(&self) {
        if let Some(domain) = domain_of(&self.target) {
            self.peers.domains().refresh(domain);
        }
    }

    /// The key, as far as is known; nobody is asked.
    pub(crate) fn known(&self) -> Option<PublicKey> {
        self.peers.key_of(&self.target).ok().flatten()
    }

    /// Whether there is a connection to it that answers.
    pub(crate) fn is_connected(&self) -> bool {
        let path = self.known().map(|peer| self.peers.path(&peer));
        matches!(path, Some(Path::Direct(_) | Path::Relayed(_)))
    }

    /// Differs when streams that were opened before may lead to somebody else, or nowhere.
    pub(crate) fn generation(&self) -> u64 {
        let is_domain = domain_of(&self.target).is_some();
        let names = if is_domain {
            self.peers.domains().generation()
        } else {
            0
        };
        let epoch = self.known().map_or(0, |peer| self.peers.epoch(&peer));
        // Both only count up from 0, a few times a day.
        (names << 32).wrapping_add(epoch)
    }
}

impl Peers {
    /// What domains mean.
    pub(crate) fn domains(&self) -> &Domains {
        &self.0.domains
    }

    /// The key that `target` means; remembers the addresses that came with it, and the first key of
    /// a domain. Cancel safe.
    pub(crate) async fn resolve(&self, target: &BridgeTarget) -> Result<PublicKey, ProxyError> {
        self.tell_addresses(target);
        self.key(target).await
    }

    /// The key that `target` means; remembers the first key of a domain. Cancel safe.
    async fn key(&self, target: &BridgeTarget) -> Result<PublicKey, ProxyError> {
        if let PeerName::Domain(domain) = &target.peer {
            return Ok(self.0.domains.key(domain).await?);
        }
        let key = self.key_of(target)?;
        key.ok_or_else(|| unknown("This names nobody.".to_owned()))
    }

    /// Remembers the addresses that came with `target`, which come with a key alone.
    fn tell_addresses(&self, target: &BridgeTarget) {
        if let PeerName::Key(key) = target.peer {
            let hints = AddressHints {
                addresses: target.addresses.clone(),
                relay: target.relay.clone(),
            };
            self.0.node.add_hints(key, &hints);
        }
    }

    /// The key that `target` means as far as is known: nothing for a domain that was never used.
    pub(crate) fn key_of(&self, target: &BridgeTarget) -> Result<Option<PublicKey>, ProxyError> {
        match &target.peer {
            PeerName::Key(key) => Ok(Some(*key)),
            PeerName::Pet(name) => self.0.names.load().get(name).copied().map(Some).ok_or_else(
                || {
                    unknown(format!(
                        "There is no peer called {name}. Add it with `malai peer add {name} ID52`."
                    ))
                },
            ),
            PeerName::Domain(domain) => Ok(self.0.domains.known(domain)),
        }
    }
}

fn unknown(message: String) -> ProxyError {
    ProxyError::client("unknown-peer", StatusCode::BAD_GATEWAY, message)
}

fn domain_of(target: &BridgeTarget) -> Option<&str> {
    match &target.peer {
        PeerName::Domain(domain) => Some(domain),
        PeerName::Key(_) | PeerName::Pet(_) => None,
    }
}
