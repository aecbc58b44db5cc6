//! A new key for this identity, and new keys of peers: both change what is kept, so both are the
//! keeper's.

use std::{
    collections::BTreeSet,
    time::{SystemTime, UNIX_EPOCH},
};

use fastn_p2p::PublicKey;
use malai_api::{Event, Failure, Response, codes};
use tokio::{sync::watch, task::spawn_blocking};
use tracing::{debug, warn};

use super::{keeper::Keeper, telling::Owed};
use crate::{
    causes::causes,
    config::{BridgeConfig, Config, Member, PeerName},
    home::Home,
    identity::IdentityError,
    rotation::{
        self, Chain, Move, RotationError, RotationFile, Rotations, move_bridge, move_service,
    },
};

/// Statements that hold and wait until `malai.toml` can be changed; the oldest give way.
const MAX_WAITING: usize = 64;

/// What is known of new keys, and where it is kept.
#[derive(Debug)]
pub(super) struct Rotating {
    pub(super) known: Rotations,
    /// `None` when nothing can be kept.
    file: Option<RotationFile>,
    /// What could not be followed yet.
    waiting: Vec<Chain>,
    owed: watch::Sender<Owed>,
    /// What was wrong with the file, until it is told.
    pub(super) unreadable: Option<Failure>,
}

impl Rotating {
    /// Reads what is kept in `home`.
    pub(super) async fn open(home: Option<Home>) -> Self {
        let mut rotating = Self {
            known: Rotations::default(),
            file: None,
            waiting: Vec::new(),
            owed: watch::Sender::default(),
            unreadable: None,
        };
        let Some(file) = home.as_ref().map(RotationFile::of) else {
            return rotating;
        };
        let reader = file.clone();
        match spawn_blocking(move || reader.load()).await {
            Ok(Ok(known)) => (rotating.known, rotating.file) = (known, Some(file)),
            Ok(Err(error)) => {
                rotating.unreadable = Some(Failure::new(error.code(), causes(&error)));
            }
            Err(error) => warn!(%error, "what is known of new keys cannot be read"),
        }
        rotating
    }

    /// Who is to hear of our keys, as it changes.
    pub(super) fn owed(&self) -> watch::Receiver<Owed> {
        self.owed.subscribe()
    }

    async fn save(&self) {
        let Some(file) = self.file.clone() else {
            return;
        };
        let known = self.known.clone();
        match spawn_blocking(move || file.save(&known)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => warn!(error = causes(&error), "new keys cannot be remembered"),
            Err(error) => warn!(%error, "new keys cannot be remembered"),
        }
    }
}

impl Keeper {
    pub(super) async fn rotate(&mut self, forget_old: bool) -> Result<Response, Failure> {
        self.refuse_in_memory()?;
        if self.imported.is_some() {
            let message = "this identity has another key already; start malai anew to use it first";
            return Err(Failure::new(codes::RESTART_NEEDED, message));
        }
        if let Some(failure) = &self.rotating.unreadable {
            return Err(failure.clone());
        }
        let (home, secret) = (&self.parts.home, &self.parts.secret);
        let rotated = rotation::rotate(home, &mut self.rotating.known, secret, forget_old, now());
        let identity = rotated.await.map_err(|error| failed(&error))?;
        self.imported = Some(identity.public());
        self.tell_restart_needed("the new key is used once malai is started again");
        Ok(Response::Rotated {
            former: self.parts.node.id().to_string(),
            id52: identity.public().to_string(),
            notice: identity.notice().map(str::to_owned),
        })
    }

    /// Follows a peer to its new key, when it is one that is known by an old one.
    pub(super) async fn follow(&mut self, said: Chain) {
        if *said.new_key() == self.parts.node.id() {
            return;
        }
        let Some(wanted) = Move::of(&self.layers.file, &said) else {
            return debug!("a statement about a key says nothing new, or nothing to be heeded");
        };
        let (chain, name) = (wanted.chain.clone(), wanted.name.clone());
        let mut is_known = !wanted.is_empty();
        if is_known && let Err(failure) = self.edit(move |editor| wanted.write(editor)).await {
            let message = format!("a peer has a new key, which cannot be written down: {failure}");
            self.error(&failure.code, &message);
            self.wait_to_follow(said);
            return;
        }
        for service in self.layers.services.values_mut() {
            is_known |= move_service(&mut service.config, &chain);
        }
        for bridge in self.layers.bridges.values_mut() {
            is_known |= move_bridge(&mut bridge.config, &chain);
        }
        let (is_old, new) = (|key: &PublicKey| chain.replaces(key), *chain.new_key());
        is_known |= self.guests.access.move_key(is_old, new);
        if !is_known {
            return debug!("a statement about a key that nobody here knows");
        }
        self.lead_bridges_to(&chain).await;
        self.apply("a peer has a new key").await;
        self.remember(&chain).await;
        self.parts.events.send(|| Event::Rotated {
            peer: new.to_string(),
            former: chain
                .former()
                .next_back()
                .map(ToString::to_string)
                .unwrap_or_default(),
            name,
        });
    }

    /// Tries once more what could not be written down; the file has changed.
    pub(super) async fn follow_waiting(&mut self) {
        for chain in std::mem::take(&mut self.rotating.waiting) {
            self.follow(chain).await;
        }
    }

    /// A peer has heard of all our keys.
    pub(super) async fn delivered(&mut self, peer: PublicKey) {
        let known = self.known_keys(&self.layers.effective());
        self.rotating.known.delivered(peer, &known);
        self.rotating.save().await;
        self.tell_owed(&self.layers.effective());
    }

    /// Says who is to hear of our keys, now that `config` holds.
    pub(super) fn tell_owed(&self, config: &Config) {
        let statements = self.rotating.known.leading_to(&self.parts.node.id());
        let mut owed = Owed::default();
        if !statements.is_empty() {
            owed.statements = statements.to_vec();
            owed.peers = self.known_keys(config);
            owed.peers
                .retain(|peer| !self.rotating.known.is_delivered(peer));
        }
        self.rotating.owed.send_if_modified(|known| {
            let differs = *known != owed;
            *known = owed;
            differs
        });
    }

    fn wait_to_follow(&mut self, said: Chain) {
        let waiting = &mut self.rotating.waiting;
        waiting.retain(|other| other.new_key() != said.new_key());
        if waiting.len() >= MAX_WAITING {
            waiting.remove(0);
        }
        waiting.push(said);
    }

    async fn remember(&mut self, chain: &Chain) {
        // The future is nothing that a peer could know.
        let since = chain.since().min(now());
        let peers = &self.layers.file.peers;
        let has_name = |key: &PublicKey| peers.values().any(|peer| peer.id == *key);
        self.rotating.known.heard(*chain.new_key(), since, has_name);
        self.rotating.save().await;
    }

    /// Lets open bridges lead to the new key at once, at the port they have.
    async fn lead_bridges_to(&mut self, chain: &Chain) {
        let config = self.layers.effective();
        self.parts.peers.apply(&config);
        for (name, bridge) in config.bridges.iter().filter(|(_, bridge)| bridge.active) {
            if leads_to(&config, bridge, chain.new_key()) {
                self.reopen_bridge(name, bridge, &config).await;
            }
        }
    }

    /// Everybody whom this engine knows: by name, by what it lets them use, or by what it uses of
    /// theirs. Nobody else is told: that two keys are one person is nothing for strangers.
    fn known_keys(&self, config: &Config) -> BTreeSet<PublicKey> {
        let key = |member: &Member| match member {
            Member::Key(key) => Some(*key),
            Member::Peer(_) | Member::Group(_) | Member::Anyone => None,
        };
        let services = config.services.values().flat_map(|it| &it.allow);
        let groups = config.groups.values().flat_map(|it| &it.members);
        let bridges = config.bridges.values().flat_map(|it| &it.to);
        let bridged = bridges.filter_map(|target| match &target.peer {
            PeerName::Key(key) => Some(*key),
            PeerName::Pet(_) | PeerName::Domain(_) => None,
        });
        let mut known: BTreeSet<PublicKey> = config.peers.values().map(|peer| peer.id).collect();
        known.extend(services.chain(groups).filter_map(key));
        known.extend(bridged);
        known.extend(self.guests.access.all_guests());
        known.remove(&self.parts.node.id());
        known
    }
}

fn leads_to(config: &Config, bridge: &BridgeConfig, key: &PublicKey) -> bool {
    bridge.to.iter().any(|target| match &target.peer {
        PeerName::Key(it) => it == key,
        PeerName::Pet(name) => config.peers.get(name).is_some_and(|peer| peer.id == *key),
        PeerName::Domain(_) => false,
    })
}

/// Seconds since 1970.
#[expect(
    clippy::disallowed_methods,
    reason = "when a key is made or heard of is the moment in which that happens"
)]
pub(super) fn now() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.map_or(0, |now| now.as_secs())
}

pub(super) fn failed(error: &RotationError) -> Failure {
    Failure::new(error.code(), causes(error))
}

/// There is nothing to give a new key.
pub(super) fn no_identity() -> Failure {
    let error = IdentityError::NoIdentity;
    Failure::new(error.code(), error.to_string())
}
