//! Who waits for a peer, and hears when it falls silent.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
};

use tokio::sync::watch;

use crate::{Node, PublicKey, node::Inner};

/// What waits for one peer, and whether the peer is silent.
#[derive(Debug, Default)]
pub(crate) struct Attended {
    count: AtomicUsize,
    /// Whether a vigil looks seldom, and wants to be woken.
    resting: AtomicBool,
    wake: watch::Sender<()>,
    standing: watch::Sender<Standing>,
    /// Streams that were opened in another one may lead nowhere.
    epoch: AtomicU64,
}

/// How it stands with a peer.
#[derive(Debug, Default, Clone, Copy)]
struct Standing {
    is_silent: bool,
    /// The number of its newest connection, from 1 on.
    newest: u64,
    /// Nothing is answered on the connections up to this number, and there is a newer one.
    lost: u64,
}

/// Somebody waits for a peer, until this is dropped: its connection is looked at closely.
#[derive(Debug)]
pub struct Attending {
    node: Arc<Inner>,
    peer: PublicKey,
    attended: Arc<Attended>,
    /// The number of the connection that it waits on.
    connection: u64,
    /// The epoch in which it began.
    epoch: u64,
}

impl Attended {
    pub(crate) fn is_unused(&self) -> bool {
        self.count.load(Ordering::SeqCst) == 0
    }

    /// The peer has another connection to use, and this is its number; the one before `was_alive`
    /// as far as is known.
    pub(crate) fn renewed(&self, was_alive: bool) -> u64 {
        if was_alive {
            self.epoch.fetch_add(1, Ordering::Relaxed);
        }
        let mut number = 0;
        self.standing.send_modify(|standing| {
            if standing.is_silent {
                standing.lost = standing.newest;
            }
            standing.is_silent = false;
            standing.newest += 1;
            number = standing.newest;
        });
        self.wake.send_replace(());
        number
    }

    /// The newest connection has ended.
    pub(crate) fn ended(&self) {
        self.tell_silent(false);
        self.wake.send_replace(());
    }

    pub(crate) fn tell_silent(&self, is_silent: bool) {
        let replace = |standing: &mut Standing| {
            std::mem::replace(&mut standing.is_silent, is_silent) != is_silent
        };
        if self.standing.send_if_modified(replace) && is_silent {
            self.epoch.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Nothing is answered on the connection of this number, nor on those before it, while there is
    /// a newer one.
    pub(crate) fn tell_lost(&self, number: u64) {
        self.standing.send_if_modified(|standing| {
            let is_news = standing.lost < number;
            standing.lost = standing.lost.max(number);
            is_news
        });
    }

    /// Resolves when the peer is not silent, or no longer. Cancel safe.
    pub(crate) async fn heard(&self) {
        self.until(|standing| !standing.is_silent).await;
    }

    async fn until(&self, holds: impl FnMut(&Standing) -> bool) {
        let mut known = self.standing.subscribe();
        // The sender is in `self`, so there is always a next value.
        if known.wait_for(holds).await.is_err() {
            std::future::pending().await
        }
    }

    /// Wakes whoever looks seldom.
    pub(crate) fn wakes(&self) -> watch::Receiver<()> {
        self.wake.subscribe()
    }

    /// Whoever looks at the peer's connection looks seldom from here on, and wants to be woken.
    /// Tells whether nobody waits for the peer already.
    pub(crate) fn rest(&self) -> bool {
        self.resting.store(true, Ordering::SeqCst);
        self.is_unused()
    }

    /// The number of the connection that is used by whoever begins now: the newest one, or the next
    /// one where that is silent or there was none.
    fn begin(&self) -> u64 {
        self.count.fetch_add(1, Ordering::SeqCst);
        if self.resting.swap(false, Ordering::SeqCst) {
            self.wake.send_replace(());
        }
        let standing = *self.standing.borrow();
        (standing.newest + u64::from(standing.is_silent)).max(1)
    }

    pub(crate) fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::Relaxed)
    }
}

impl Node {
    /// Looks closely at the connection to `peer` for as long as the result lives.
    #[must_use]
    pub fn attend(&self, peer: PublicKey) -> Attending {
        let attended = self.0.connections.attended(peer);
        let (connection, epoch) = (attended.begin(), attended.epoch());
        Attending {
            node: Arc::clone(&self.0),
            peer,
            attended,
            connection,
            epoch,
        }
    }

    /// Whether there is a connection to `peer` on which nothing is answered.
    #[must_use]
    pub fn is_silent(&self, peer: &PublicKey) -> bool {
        self.0.connections.is_silent(peer)
    }

    /// Differs when streams to `peer` that were opened before may lead nowhere: its connection has
    /// fallen silent, or another one took its place.
    #[must_use]
    pub fn epoch(&self, peer: &PublicKey) -> u64 {
        self.0.connections.epoch(peer)
    }
}

impl Attending {
    /// Whether streams to the peer that were open when this began may lead nowhere by now, as
    /// [`Node::epoch`] has it.
    #[must_use]
    pub fn is_outdated(&self) -> bool {
        self.attended.epoch() != self.epoch
    }

    /// Resolves when the connection to the peer is found to be silent, whether there is another one
    /// or not. Cancel safe.
    pub async fn silent(&self) {
        let of = self.connection;
        self.attended
            .until(|standing| standing.is_silent || standing.lost >= of)
            .await;
    }

    /// Resolves when the connection to the peer has fallen silent, and there is another one: what
    /// went over the silent one may never be answered. Cancel safe.
    pub async fn replaced(&self) {
        let of = self.connection;
        self.attended.until(|standing| standing.lost >= of).await;
    }
}

impl Drop for Attending {
    fn drop(&mut self) {
        if self.attended.count.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.node.connections.tidy(&self.peer);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether whoever began on `connection` has to leave it.
    fn is_lost(attended: &Attended, connection: u64) -> bool {
        attended.standing.borrow().lost >= connection
    }

    #[test]
    fn only_another_connection_replaces_a_silent_one() {
        let attended = Attended::default();
        let none_yet = attended.begin();
        assert!(!is_lost(&attended, none_yet));
        assert_eq!(attended.renewed(false), 1);
        let first = attended.begin();
        assert_eq!(first, 1);
        assert_eq!(attended.renewed(true), 2);
        assert!(!is_lost(&attended, first), "nobody was silent");

        let second = attended.begin();
        attended.tell_silent(true);
        assert!(!is_lost(&attended, second));
        attended.tell_silent(false);
        assert!(!is_lost(&attended, second), "the same one answers again");
        attended.tell_silent(true);
        let third = attended.begin();
        assert!(!is_lost(&attended, second));
        assert_eq!(attended.renewed(true), 3);
        assert!(is_lost(&attended, first) && is_lost(&attended, second));
        assert!(!is_lost(&attended, third), "it began while nobody answered");
    }

    #[test]
    fn what_is_lost_beside_a_newer_connection_stays_lost() {
        let attended = Attended::default();
        attended.renewed(false);
        let first = attended.begin();
        attended.renewed(true);
        let second = attended.begin();
        attended.tell_lost(1);
        assert!(is_lost(&attended, first) && !is_lost(&attended, second));
        attended.ended();
        assert!(is_lost(&attended, first) && !is_lost(&attended, second));
        assert_eq!(attended.renewed(false), 3);
        assert!(!is_lost(&attended, second));
    }

    #[test]
    fn who_begins_wakes_whoever_looks_seldom() {
        let attended = Attended::default();
        let mut wakes = attended.wakes();
        wakes.mark_unchanged();
        attended.begin();
        assert!(!wakes.has_changed().unwrap(), "nobody rests");
        assert!(!attended.rest(), "somebody waits already");
        attended.begin();
        assert!(wakes.has_changed().unwrap());
    }
}
