//! How fast bytes go to each peer of a service, and come from it.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use fastn_p2p::{PublicKey, Throttle};

/// The bandwidth of each peer, both ways; clones share it.
#[derive(Debug, Clone, Default)]
pub(super) struct Throttles(Arc<Mutex<OfPeers>>);

#[derive(Debug, Default)]
struct OfPeers {
    bytes_per_second: Option<u64>,
    /// Only of those with streams, beyond what the next one forgets.
    by_peer: HashMap<PublicKey, (Throttle, Throttle)>,
}

impl Throttles {
    /// Another bandwidth, also for streams that are open.
    pub(super) fn set(&self, bytes_per_second: Option<u64>) {
        let mut of_peers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        of_peers.bytes_per_second = bytes_per_second;
        for (up, down) in of_peers.by_peer.values() {
            up.set(bytes_per_second);
            down.set(bytes_per_second);
        }
    }

    pub(super) fn of(&self, peer: PublicKey) -> (Throttle, Throttle) {
        let mut of_peers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let limit = of_peers.bytes_per_second;
        if !of_peers.by_peer.contains_key(&peer) {
            let is_used = |(up, down): &(Throttle, Throttle)| up.is_used() || down.is_used();
            of_peers.by_peer.retain(|_, both| is_used(both));
        }
        let new = || (Throttle::new(limit), Throttle::new(limit));
        of_peers.by_peer.entry(peer).or_insert_with(new).clone()
    }
}
