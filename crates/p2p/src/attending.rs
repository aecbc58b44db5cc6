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
    silent: watch::Sender<bool>,
    /// Streams that were opened in another one may lead nowhere.
    epoch: AtomicU64,
}

/// Somebody waits for a peer, until this is dropped: its connection is looked at closely.
#[derive(Debug)]
pub struct Attending {
    node: Arc<Inner>,
    peer: PublicKey,
    attended: Arc<Attended>,
}

impl Attended {
    pub(crate) fn is_unused(&self) -> bool {
        self.count.load(Ordering::SeqCst) == 0
    }

    /// The peer has another connection to use; the one before `was_alive` as far as is known.
    pub(crate) fn renewed(&self, was_alive: bool) {
        if was_alive {
            self.epoch.fetch_add(1, Ordering::Relaxed);
        }
        self.tell_silent(false);
        self.wake.send_replace(());
    }

    /// Resolves when the peer is not silent, or no longer. Cancel safe.
    pub(crate) async fn heard(&self) {
        self.until(false).await;
    }

    /// Resolves when the peer has fallen silent, and has another connection since. Cancel safe.
    async fn replaced(&self) {
        // Who begins while it is silent waits for another connection anyway.
        self.until(false).await;
        loop {
            self.until(true).await;
            let epoch = self.epoch();
            self.until(false).await;
            if self.epoch() != epoch {
                return;
            }
        }
    }

    async fn until(&self, silent: bool) {
        let mut known = self.silent.subscribe();
        // The sender is in `self`, so there is always a next value.
        if known.wait_for(|now| *now == silent).await.is_err() {
            std::future::pending().await
        }
    }

    /// Wakes whoever looks seldom.
    pub(crate) fn wakes(&self) -> watch::Receiver<()> {
        self.wake.subscribe()
    }

    /// Whoever looks at the peer's connection may look seldom from here on, and wants to be woken.
    pub(crate) fn rest(&self) {
        self.resting.store(true, Ordering::SeqCst);
    }

    fn begin(&self) {
        self.count.fetch_add(1, Ordering::SeqCst);
        if self.resting.swap(false, Ordering::SeqCst) {
            self.wake.send_replace(());
        }
    }

    pub(crate) fn tell_silent(&self, silent: bool) {
        let replace = |before: &mut bool| std::mem::replace(before, silent) != silent;
        if self.silent.send_if_modified(replace) && silent {
            self.epoch.fetch_add(1, Ordering::Relaxed);
        }
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
        attended.begin();
        Attending {
            node: Arc::clone(&self.0),
            peer,
            attended,
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
    /// Resolves when the connection to the peer is found to be silent. Cancel safe.
    pub async fn silent(&self) {
        self.attended.until(true).await;
    }

    /// Resolves when the connection to the peer has fallen silent, and another one has taken its
    /// place: what went over the silent one may never be answered. Cancel safe.
    pub async fn replaced(&self) {
        self.attended.replaced().await;
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
    use std::pin::pin;

    use futures_util::FutureExt as _;

    use super::*;

    #[test]
    fn only_another_connection_replaces_a_silent_one() {
        let attended = Attended::default();
        let mut replaced = pin!(attended.replaced());
        let mut is_over = || replaced.as_mut().now_or_never().is_some();
        assert!(!is_over());
        attended.renewed(true);
        assert!(!is_over(), "nobody was silent");
        attended.tell_silent(true);
        assert!(!is_over());
        attended.tell_silent(false);
        assert!(!is_over(), "the same one answers again");
        attended.tell_silent(true);
        assert!(!is_over());
        attended.renewed(true);
        assert!(is_over());

        attended.tell_silent(true);
        let mut replaced = pin!(attended.replaced());
        let mut is_over = || replaced.as_mut().now_or_never().is_some();
        assert!(!is_over());
        attended.renewed(true);
        assert!(!is_over(), "it began while nobody answered");
    }
}
