//! Who is who, and the way to each: names to keys, keys to the one live connection.

mod naming;
mod opening;
mod seen;

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use arc_swap::ArcSwap;
use fastn_p2p::{AddressHints, Node, Path, PublicKey};
use malai_api::{Event, PeerState};
use tokio::{
    sync::{broadcast::error::RecvError, watch},
    task::spawn_blocking,
    time::{Instant, sleep_until},
};

pub(crate) use self::naming::Naming;
use self::seen::Seen;
use crate::{config::Config, domains::Domains, events::EventFeed, shutdown::Shutdown};

/// Peers without a pet name that are remembered while they are connected.
const MAX_STRANGERS: usize = 1024;
/// How long changes of who was seen when gather before they are written.
const SAVE_AFTER: Duration = Duration::from_secs(5);
/// Keys of our own checks that nobody is told of; a check takes seconds, so these are the latest.
const MAX_OVERLOOKED: usize = 32;

/// Who is who; clones share it.
#[derive(Debug, Clone)]
pub struct Peers(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    node: Node,
    names: ArcSwap<BTreeMap<String, PublicKey>>,
    domains: Domains,
    connected: Mutex<BTreeSet<PublicKey>>,
    seen: Seen,
    overlooked: Mutex<VecDeque<PublicKey>>,
    /// Told when a peer has gone.
    gone: watch::Sender<()>,
}

/// What is known of a peer at one moment.
#[derive(Debug, Clone)]
pub struct PeerReport {
    /// Who.
    pub key: PublicKey,
    /// How it is reached.
    pub state: PeerState,
    /// Round-trip time, while there is a connection.
    pub rtt: Option<Duration>,
}

impl Peers {
    /// Begins to tell `events` how peers are reached, and to keep in the file `seen` when those
    /// with a pet name were last connected.
    #[must_use]
    pub fn new(
        node: Node,
        seen: Option<PathBuf>,
        domains: Domains,
        shutdown: &Shutdown,
        events: EventFeed,
    ) -> Self {
        let inner = Inner {
            node,
            names: ArcSwap::default(),
            domains,
            connected: Mutex::new(BTreeSet::new()),
            seen: Seen::load(seen),
            overlooked: Mutex::default(),
            gone: watch::Sender::default(),
        };
        let peers = Self(Arc::new(inner));
        shutdown.spawn(peers.clone().follow_paths(shutdown.clone(), events));
        peers
    }

    /// Takes over pet names, where peers are known to be, and who is asked for domains.
    pub fn apply(&self, config: &Config) {
        self.0.domains.apply(&config.domains);
        let names = config
            .peers
            .iter()
            .map(|(name, peer)| (name.clone(), peer.id))
            .collect();
        self.0.names.store(Arc::new(names));
        for peer in config.peers.values() {
            let hints = AddressHints {
                addresses: peer.addresses.clone(),
                relay: peer.relay.clone(),
            };
            self.0.node.add_hints(peer.id, &hints);
        }
    }

    /// Everyone with a pet name, and everyone connected.
    #[must_use]
    pub fn states(&self) -> Vec<PeerReport> {
        let mut keys = self
            .0
            .connected
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        keys.extend(self.0.names.load().values());
        keys.into_iter()
            .map(|key| {
                let (state, rtt) = state_of(self.0.node.path(&key));
                PeerReport { key, state, rtt }
            })
            .collect()
    }

    /// When `peer` was last connected, in seconds since 1970; of one that is, since when it is.
    pub(crate) fn last_seen(&self, peer: &PublicKey) -> Option<u64> {
        self.0.seen.at(peer)
    }

    /// Since when `peer` is known: when it was first connected, in seconds since 1970.
    pub(crate) fn first_seen(&self, peer: &PublicKey) -> Option<u64> {
        self.0.seen.first(peer)
    }

    /// Changes whenever a connection to a peer has ended.
    pub(crate) fn gone(&self) -> watch::Receiver<()> {
        self.0.gone.subscribe()
    }

    /// Tells nobody of `key`, which is ours and only tries how we can be reached.
    pub(crate) fn overlook(&self, key: PublicKey) {
        let mut overlooked = self.overlooked();
        if overlooked.len() == MAX_OVERLOOKED {
            overlooked.pop_front();
        }
        overlooked.push_back(key);
    }

    fn overlooked(&self) -> std::sync::MutexGuard<'_, VecDeque<PublicKey>> {
        self.0
            .overlooked
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    async fn follow_paths(self, shutdown: Shutdown, events: EventFeed) {
        let mut paths = self.0.node.paths();
        let mut live = BTreeSet::new();
        let mut save_at = None;
        loop {
            let event = tokio::select! {
                biased;
                () = shutdown.draining() => {
                    live.iter().for_each(|peer| self.0.seen.mark(*peer, now()));
                    if save_at.is_some() || !live.is_empty() {
                        self.save_seen().await;
                    }
                    return;
                }
                () = sleep_until(save_at.unwrap_or_else(Instant::now)), if save_at.is_some() => {
                    save_at = None;
                    self.save_seen().await;
                    continue;
                }
                event = paths.recv() => event,
            };
            let changed = match event {
                Ok(changed) => changed,
                Err(RecvError::Lagged(missed)) => {
                    tracing::debug!(missed, "some changes of paths were not heard");
                    self.0.gone.send_replace(());
                    continue;
                }
                Err(RecvError::Closed) => return,
            };
            if self.overlooked().contains(&changed.peer) {
                continue;
            }
            let (state, rtt) = state_of(changed.path);
            if self.has_ended(changed.peer, state, &mut live) && save_at.is_none() {
                save_at = Some(Instant::now() + SAVE_AFTER);
            }
            tracing::debug!(peer = %changed.peer.short(), ?state, "the way to a peer changed");
            {
                let mut connected = self
                    .0
                    .connected
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner);
                if state == PeerState::Offline {
                    connected.remove(&changed.peer);
                } else if connected.len() < MAX_STRANGERS {
                    connected.insert(changed.peer);
                }
            }
            if state == PeerState::Offline {
                self.0.gone.send_replace(());
            }
            let rtt_ms = rtt.map(|rtt| rtt.as_secs_f64() * 1000.0);
            events.send(|| Event::Peer {
                peer: changed.peer.to_string(),
                state,
                rtt_ms,
            });
        }
    }

    /// Keeps account of who is connected in `live`, and of when; tells whether a connection ended.
    fn has_ended(&self, peer: PublicKey, state: PeerState, live: &mut BTreeSet<PublicKey>) -> bool {
        let is_connected = matches!(state, PeerState::Direct | PeerState::Relayed);
        if is_connected && live.len() < MAX_STRANGERS && live.insert(peer) {
            self.0.seen.mark(peer, now());
        }
        let ended = state == PeerState::Offline && live.remove(&peer);
        if ended {
            self.0.seen.mark(peer, now());
        }
        ended
    }

    async fn save_seen(&self) {
        let named = self.0.names.load().values().copied().collect();
        let seen = self.0.seen.clone();
        if let Err(error) = spawn_blocking(move || seen.save(&named)).await {
            tracing::debug!(%error, "when peers were last seen was not kept");
        }
    }
}

/// Seconds since 1970.
#[expect(
    clippy::disallowed_methods,
    reason = "when a peer is seen is the moment in which it is heard of"
)]
fn now() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.map_or(0, |now| now.as_secs())
}

pub(crate) fn state_of(path: Path) -> (PeerState, Option<Duration>) {
    match path {
        Path::Offline => (PeerState::Offline, None),
        Path::Connecting => (PeerState::Connecting, None),
        Path::Direct(rtt) => (PeerState::Direct, Some(rtt)),
        Path::Relayed(rtt) => (PeerState::Relayed, Some(rtt)),
    }
}
