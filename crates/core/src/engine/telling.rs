//! Tells those who know this identity by an old key which one it has now, until each has heard.
//!
//! A peer is dialled again and again, with pauses that grow, and told at once when it is connected
//! anyway. After so many tries it is left alone until it is connected or malai starts anew.

use std::{
    collections::{BTreeMap, BTreeSet},
    pin::pin,
    time::Duration,
};

use fastn_p2p::{CallError, Node, Path, PathEvent, PublicKey, RejectCode, call};
use futures_util::{StreamExt, stream::FuturesUnordered};
use tokio::{
    sync::{broadcast::error::RecvError, mpsc, watch},
    time::Instant,
};
use tracing::debug;

use super::keeper::{Command, at};
use crate::{
    rotation::Statement,
    shutdown::Shutdown,
    wire::{Noted, Rotation, Said},
};

/// Peers that are dialled at the same time.
const AT_ONCE: usize = 8;
/// The pause after the first try; doubled after each up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// The longest pause between two tries of one peer.
const LONGEST_PAUSE: Duration = Duration::from_secs(15 * 60);
/// Tries of one peer that never answers: some four hours.
const MOST_TRIES: u32 = 24;

/// What is to be told, and to whom.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Owed {
    pub(super) statements: Vec<Statement>,
    pub(super) peers: BTreeSet<PublicKey>,
}

/// Tells, for as long as the engine runs.
#[derive(Debug)]
pub(super) struct Telling {
    pub(super) node: Node,
    pub(super) owed: watch::Receiver<Owed>,
    /// Weak, since an engine that nobody asks any more may end.
    pub(super) keeper: mpsc::WeakSender<Command>,
}

/// One peer that has not heard.
#[derive(Debug, Clone, Copy)]
struct Peer {
    next: Instant,
    pause: Duration,
    tries: u32,
    is_asked: bool,
}

impl Telling {
    /// Runs until the engine drains.
    pub(super) async fn run(self, shutdown: Shutdown) {
        tokio::select! {
            biased;
            () = shutdown.draining() => {}
            () = self.tell() => {}
        }
    }

    async fn tell(mut self) {
        let mut paths = self.node.paths();
        let mut peers: BTreeMap<PublicKey, Peer> = BTreeMap::new();
        let mut asking = pin!(FuturesUnordered::new());
        self.owed.mark_changed();
        loop {
            let due = due(&peers).filter(|_| asking.len() < AT_ONCE);
            // Every branch is cancel safe: nothing is taken that is not heeded.
            tokio::select! {
                biased;
                changed = self.owed.changed() => {
                    if changed.is_err() {
                        return;
                    }
                    update(&mut peers, &self.owed.borrow_and_update().peers);
                }
                Some((peer, outcome)) = asking.next(), if !asking.is_empty() => {
                    if heard(&mut peers, peer, &outcome) && !self.delivered(peer).await {
                        return;
                    }
                }
                event = paths.recv() => match event {
                    Ok(event) => seen(&mut peers, event),
                    Err(RecvError::Lagged(missed)) => debug!(missed, "some paths were not heard of"),
                    Err(RecvError::Closed) => return,
                },
                () = at(due.map(|(_, next)| next)) => {
                    if let Some((key, _)) = due && let Some(peer) = peers.get_mut(&key) {
                        peer.is_asked = true;
                        peer.tries += 1;
                        let statements = self.owed.borrow().statements.clone();
                        asking.push(ask(self.node.clone(), key, statements));
                    }
                }
            }
        }
    }

    /// Whether there is still somebody to tell it to.
    async fn delivered(&self, peer: PublicKey) -> bool {
        let Some(keeper) = self.keeper.upgrade() else {
            return false;
        };
        keeper.send(Command::Delivered(peer)).await.is_ok()
    }
}

async fn ask(
    node: Node,
    peer: PublicKey,
    statements: Vec<Statement>,
) -> (PublicKey, Result<Noted, CallError>) {
    (
        peer,
        call(&node, peer, Rotation, &Said { statements }).await,
    )
}

/// Keeps those who are owed, and begins with new ones at once.
fn update(peers: &mut BTreeMap<PublicKey, Peer>, owed: &BTreeSet<PublicKey>) {
    peers.retain(|peer, _| owed.contains(peer));
    for peer in owed {
        peers.entry(*peer).or_insert_with(|| Peer {
            next: Instant::now(),
            pause: FIRST_PAUSE,
            tries: 0,
            is_asked: false,
        });
    }
}

/// A peer that is connected is asked soon, however often it was asked before.
fn seen(peers: &mut BTreeMap<PublicKey, Peer>, event: PathEvent) {
    let is_connected = matches!(event.path, Path::Direct(_) | Path::Relayed(_));
    if is_connected && let Some(peer) = peers.get_mut(&event.peer) {
        peer.next = peer.next.min(Instant::now() + FIRST_PAUSE);
        peer.tries = peer.tries.min(MOST_TRIES - 1);
    }
}

/// Takes down how it went; tells whether the peer has heard.
fn heard(
    peers: &mut BTreeMap<PublicKey, Peer>,
    key: PublicKey,
    outcome: &Result<Noted, CallError>,
) -> bool {
    let Some(peer) = peers.get_mut(&key) else {
        // Owed no more.
        return outcome.is_ok();
    };
    peer.is_asked = false;
    match outcome {
        Ok(Noted {}) => {
            peers.remove(&key);
            return true;
        }
        Err(CallError::Rejected(rejection)) if is_final(&rejection.code) => {
            // It runs a version that does not know of this: the next start may find another.
            peer.tries = MOST_TRIES;
        }
        Err(error) => debug!(peer = %key.short(), %error, "a peer has not heard of our key yet"),
    }
    peer.next = Instant::now() + peer.pause;
    peer.pause = LONGEST_PAUSE.min(peer.pause * 2);
    false
}

fn is_final(code: &RejectCode) -> bool {
    !matches!(code, RejectCode::Busy | RejectCode::ShuttingDown)
}

/// Who is to be asked next, and when.
fn due(peers: &BTreeMap<PublicKey, Peer>) -> Option<(PublicKey, Instant)> {
    let waiting = peers
        .iter()
        .filter(|(_, peer)| !peer.is_asked && peer.tries < MOST_TRIES);
    let next = waiting.min_by_key(|(_, peer)| peer.next);
    next.map(|(key, peer)| (*key, peer.next))
}

#[cfg(test)]
mod tests {
    use fastn_p2p::{Rejection, SecretKey};

    use super::*;

    fn key(seed: u8) -> PublicKey {
        SecretKey::from_bytes([seed; 32]).public()
    }

    fn owing(seeds: &[u8]) -> BTreeMap<PublicKey, Peer> {
        let mut peers = BTreeMap::new();
        update(&mut peers, &seeds.iter().map(|seed| key(*seed)).collect());
        peers
    }

    fn refused(code: RejectCode) -> Result<Noted, CallError> {
        Err(CallError::Rejected(Rejection::new(code, "")))
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_never_answers_is_left_alone_in_the_end() {
        let mut peers = owing(&[1]);
        let begun = Instant::now();
        let mut tries = 0;
        while let Some((peer, next)) = due(&peers) {
            tokio::time::advance(next.duration_since(Instant::now())).await;
            peers.get_mut(&peer).unwrap().tries += 1;
            assert!(!heard(&mut peers, peer, &refused(RejectCode::Busy)));
            tries += 1;
        }
        assert_eq!(tries, MOST_TRIES);
        assert!(begun.elapsed() < Duration::from_secs(6 * 3600));
        let path = Path::Direct(Duration::from_millis(1));
        seen(&mut peers, PathEvent { peer: key(1), path });
        assert!(due(&peers).is_some(), "it has come by itself");
    }

    #[tokio::test(start_paused = true)]
    async fn who_has_heard_or_cannot_understand_is_not_asked_again() {
        let mut peers = owing(&[1, 2]);
        assert!(heard(&mut peers, key(1), &Ok(Noted {})));
        assert!(!heard(
            &mut peers,
            key(2),
            &refused(RejectCode::UnknownProtocol)
        ));
        assert_eq!(due(&peers), None);
        update(&mut peers, &BTreeSet::from([key(3)]));
        assert_eq!(due(&peers).map(|(peer, _)| peer), Some(key(3)));
    }
}
