//! Tells a peer which services it may use: those, and no word about any other.

use std::{sync::Arc, time::Duration};

use fastn_p2p::{MAX_HEADER_BYTES, PublicKey, RejectCode, Rejection};
use futures_util::{StreamExt, stream};
use tokio::time::{Instant, timeout_at};

use super::{Expose, service::Service};
use crate::wire::{Offer, Offered, Open};

/// Services in one list: a name takes at most 120 bytes of it, and a response has 64 KiB.
const MAX_OFFERED: usize = 512;

/// Upstreams that are looked at together, so that a long list does not take many sockets.
const LOOKS_AT_ONCE: usize = 16;

/// How long all looks may take; what was not seen by then is not told.
const LOOK_TIMEOUT: Duration = Duration::from_secs(2);

/// What `peer` may use; whoever may use nothing was refused before.
pub(super) async fn offer(
    expose: Expose,
    peer: PublicKey,
    _open: Open,
) -> Result<Offer, Rejection> {
    let found = expose.visible_to(&peer);
    if found.is_empty() {
        // The permission went away in the meantime.
        return Err(denied());
    }
    let deadline = Instant::now() + LOOK_TIMEOUT;
    let looks = stream::iter(found).map(|(mut offered, service)| async move {
        offered.up = timeout_at(deadline, service.is_up()).await.ok();
        offered
    });
    let services: Vec<Offered> = looks.buffered(LOOKS_AT_ONCE).collect().await;
    Ok(shortened(Offer { services }, MAX_HEADER_BYTES))
}

impl Expose {
    fn visible_to(&self, peer: &PublicKey) -> Vec<(Offered, Arc<Service>)> {
        let table = self.0.table.load();
        let names = table.policy.visible(peer, self.0.clock.now());
        let offered = names.iter().filter_map(|name| {
            let service = table.services.get(*name)?;
            let offered = Offered {
                name: (*name).to_owned(),
                protocol: service.protocol(),
                description: table.descriptions.get(*name).cloned(),
                up: None,
            };
            Some((offered, Arc::clone(service)))
        });
        offered.take(MAX_OFFERED).collect()
    }
}

/// The same without those descriptions for which `room` bytes are too few: every service is in it.
fn shortened(mut offer: Offer, room: usize) -> Offer {
    let services = offer.services.iter_mut();
    let descriptions: Vec<_> = services.map(|it| it.description.take()).collect();
    let mut left = room.saturating_sub(length_of(&offer));
    for (service, description) in offer.services.iter_mut().zip(descriptions) {
        let bare = length_of(&*service);
        service.description = description;
        let more = length_of(&*service) - bare;
        if more > left {
            service.description = None;
        } else {
            left -= more;
        }
    }
    offer
}

fn length_of(it: &impl serde::Serialize) -> usize {
    // Strings and booleans always have a form in JSON.
    serde_json::to_string(it).map_or(0, |text| text.len())
}

/// The one answer to everybody who may not.
pub(super) fn denied() -> Rejection {
    Rejection::new(RejectCode::Unauthorized, "no such service for you")
}

#[cfg(test)]
mod tests {
    use malai_api::Protocol;

    use super::*;

    fn offers(count: usize, description: &str) -> Offer {
        let offered = |number| Offered {
            name: format!("{number:063}"),
            protocol: Protocol::Http,
            description: Some(description.to_owned()),
            up: Some(false),
        };
        Offer {
            services: (0..count).map(offered).collect(),
        }
    }

    #[test]
    fn the_longest_list_fits_and_has_every_service() {
        for description in ["\"".repeat(200), "\u{1f6d2}".repeat(200)] {
            let offer = shortened(offers(MAX_OFFERED, &description), MAX_HEADER_BYTES);
            assert_eq!(offer.services.len(), MAX_OFFERED);
            assert!(length_of(&offer) <= MAX_HEADER_BYTES);
            let mut services = offer.services.iter();
            assert!(services.any(|it| it.description.is_some()));
        }
    }

    #[test]
    fn a_short_list_is_told_whole() {
        let offer = offers(20, &"a".repeat(200));
        assert_eq!(shortened(offer.clone(), MAX_HEADER_BYTES), offer);
    }
}
