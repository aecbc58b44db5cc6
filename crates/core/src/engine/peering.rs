//! Requests about pet names: `malai.toml` is where they live.

use fastn_p2p::PublicKey;
use malai_api::{Failure, PeerStatus, Response, codes};

use super::{bridging::free_name, keeper::Keeper, sharing::argument};
use crate::config::{self, PeerConfig, check_pet_name};

impl Keeper {
    /// Everybody with a pet name.
    pub(super) fn pet_names(&self) -> Vec<PeerStatus> {
        let named = |peer: &PeerStatus| peer.name.is_some();
        self.peer_statuses().into_iter().filter(named).collect()
    }

    pub(super) async fn peer_add(&mut self, name: String, id52: &str) -> Result<Response, Failure> {
        let peer = new_peer(&self.layers.file, &name, id52)?;
        if let Some(peer) = peer {
            self.edit(move |editor| editor.put_peer(&name, &peer))
                .await?;
            self.apply("").await;
        }
        Ok(Response::Done)
    }

    pub(super) async fn peer_remove(&mut self, name: String) -> Result<Response, Failure> {
        check_peer_known(&self.layers.file, &name)?;
        self.edit(move |editor| {
            editor.remove_peer(&name);
        })
        .await?;
        self.apply("a peer was removed").await;
        Ok(Response::Done)
    }
}

/// The name, or with a number what is free of it.
pub(super) fn free_pet_name(config: &config::Config, name: &str) -> Option<String> {
    let is_free = |name: &str| !config.peers.contains_key(name) && check_pet_name(name).is_ok();
    free_name(name, is_free)
}

/// The peer to add, or `None` when it is there just so; a name is never given a second key, since
/// what `alice` may do would then be another's.
pub(super) fn new_peer(
    config: &config::Config,
    name: &str,
    id52: &str,
) -> Result<Option<PeerConfig>, Failure> {
    check_pet_name(name).map_err(|error| Failure::new(codes::NAME_INVALID, error.to_string()))?;
    let id = argument::<PublicKey>(id52)?;
    match config.peers.get(name) {
        Some(peer) if peer.id == id => Ok(None),
        Some(_) => {
            let message = format!(
                "`{name}` is another peer already; choose another name, or remove that one with \
                 `malai peer rm {name}`"
            );
            Err(Failure::new(codes::NAME_TAKEN, message))
        }
        None => Ok(Some(PeerConfig {
            id,
            addresses: Vec::new(),
            relay: None,
            former: Vec::new(),
        })),
    }
}

/// Whether there is such a pet name.
pub(super) fn check_peer_known(config: &config::Config, name: &str) -> Result<(), Failure> {
    if config.peers.contains_key(name) {
        return Ok(());
    }
    let message = format!("nobody is called `{name}`; `malai peers` shows everybody");
    Err(Failure::new(codes::NAME_UNKNOWN, message))
}
