//! Peers on the same local network that want to be seen.
//!
//! What is heard there anybody could have said: a key is proven when it is connected to, and a name
//! is only ever a suggestion.

use malai_api::{NearbyPeer, Response};

use super::Look;
use crate::{config::check_pet_name, engine::peering::free_pet_name};

impl Look {
    /// The neighbours there are at this moment.
    pub(in crate::engine) fn nearby(&self) -> Response {
        let config = self.effective.load();
        let neighbours = self.node.neighbours().borrow().clone();
        let peers = neighbours.into_iter().map(|(key, said)| {
            let name = config.pet_name(&key).map(str::to_owned);
            let suggested = said.filter(|said| name.is_none() && check_pet_name(said).is_ok());
            NearbyPeer {
                id52: key.to_string(),
                suggested_name: suggested.and_then(|said| free_pet_name(&config, &said)),
                name,
            }
        });
        Response::Nearby {
            peers: peers.collect(),
        }
    }
}
