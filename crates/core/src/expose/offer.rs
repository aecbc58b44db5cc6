//! Tells a peer which services it may use: those, and no word about any other.

use fastn_p2p::{PublicKey, RejectCode, Rejection};

use super::Expose;
use crate::wire::{Offer, Offered, Open};

/// Services in one list: a name takes at most 100 bytes of it, and a response has 64 KiB.
const MAX_OFFERED: usize = 512;

/// What `peer` may use; whoever may use nothing was refused before.
pub(super) async fn offer(
    expose: Expose,
    peer: PublicKey,
    _open: Open,
) -> Result<Offer, Rejection> {
    std::future::ready(expose.offer_for(&peer)).await
}

impl Expose {
    fn offer_for(&self, peer: &PublicKey) -> Result<Offer, Rejection> {
        let table = self.0.table.load();
        let names = table.policy.visible(peer, self.0.clock.now());
        let offered = names.iter().filter_map(|name| {
            let service = table.services.get(*name)?;
            Some(Offered {
                name: (*name).to_owned(),
                protocol: service.protocol(),
            })
        });
        let services: Vec<Offered> = offered.take(MAX_OFFERED).collect();
        if services.is_empty() {
            // The permission went away in the meantime.
            return Err(denied());
        }
        Ok(Offer { services })
    }
}

/// The one answer to everybody who may not.
pub(super) fn denied() -> Rejection {
    Rejection::new(RejectCode::Unauthorized, "no such service for you")
}
