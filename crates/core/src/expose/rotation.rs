//! Hears that a peer has another key than before, and passes on what holds.
//!
//! The answer is always the same and comes before anybody looks whether the old key is known: from
//! neither the words nor the time can a stranger learn whom we know. How much is looked at is
//! bounded for all peers together, since keys cost nothing.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use fastn_p2p::{PublicKey, RejectCode, Rejection};
use tokio::{sync::mpsc, time::Instant};

use super::{Expose, queue::Queue};
use crate::{
    rotation::Chain,
    wire::{Noted, Said},
};

/// What holds and waits to be looked at; with more, peers are asked to come again.
const QUEUE: usize = 64;
/// How often signatures are checked within [`WINDOW`]: some 30 ms of work.
const MOST_CHECKED: u32 = 32;
/// See [`MOST_CHECKED`].
const WINDOW: Duration = Duration::from_secs(1);

/// The way to whoever looks after the configuration.
#[derive(Debug)]
pub(super) struct Hearing {
    queue: Queue<Chain>,
    budget: Mutex<Budget>,
}

#[derive(Debug)]
struct Budget {
    since: Instant,
    spent: u32,
}

impl Default for Hearing {
    fn default() -> Self {
        Self {
            queue: Queue::new(QUEUE),
            budget: Mutex::new(Budget {
                since: Instant::now(),
                spent: 0,
            }),
        }
    }
}

impl Hearing {
    pub(super) fn take(&self) -> Option<mpsc::Receiver<Chain>> {
        self.queue.take()
    }

    fn hear(&self, peer: &PublicKey, said: Said) -> Result<Noted, Rejection> {
        let mut budget = self.budget.lock().unwrap_or_else(PoisonError::into_inner);
        let may = budget.spend(Instant::now());
        drop(budget);
        if !may {
            return Err(busy());
        }
        match Chain::check(said.statements, peer) {
            Some(chain) => self.queue.sender.try_send(chain).map_err(|_| busy())?,
            None => tracing::debug!(peer = %peer.short(), "a statement about a key does not hold"),
        }
        Ok(Noted {})
    }
}

impl Budget {
    fn spend(&mut self, now: Instant) -> bool {
        if now.duration_since(self.since) >= WINDOW {
            (self.since, self.spent) = (now, 0);
        }
        self.spent = self.spent.saturating_add(1);
        self.spent <= MOST_CHECKED
    }
}

/// Hears `said`, which whoever it is about may say.
pub(super) async fn hear(expose: Expose, peer: PublicKey, said: Said) -> Result<Noted, Rejection> {
    std::future::ready(expose.0.hearing.hear(&peer, said)).await
}

fn busy() -> Rejection {
    Rejection::new(RejectCode::Busy, "come again later")
}

#[cfg(test)]
mod tests {
    use fastn_p2p::SecretKey;

    use super::*;
    use crate::rotation::Statement;

    fn said(new: &SecretKey) -> Said {
        let old = SecretKey::from_bytes([1; 32]);
        Said {
            statements: vec![Statement::new(&old, new, 1)],
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_does_not_hold_gets_the_same_answer_and_goes_no_further() {
        let (hearing, new) = (Hearing::default(), SecretKey::from_bytes([2; 32]));
        let stranger = SecretKey::from_bytes([3; 32]).public();
        let mut heard = hearing.take().unwrap();
        assert_eq!(hearing.hear(&stranger, said(&new)), Ok(Noted {}));
        assert!(heard.try_recv().is_err());
        assert_eq!(hearing.hear(&new.public(), said(&new)), Ok(Noted {}));
        assert_eq!(*heard.try_recv().unwrap().new_key(), new.public());
    }

    #[tokio::test(start_paused = true)]
    async fn too_much_at_once_has_to_come_again() {
        let (hearing, new) = (Hearing::default(), SecretKey::from_bytes([2; 32]));
        let stranger = SecretKey::from_bytes([3; 32]).public();
        for _ in 0..MOST_CHECKED {
            assert_eq!(hearing.hear(&stranger, said(&new)), Ok(Noted {}));
        }
        let refused = hearing.hear(&stranger, said(&new)).unwrap_err();
        assert_eq!(refused.code, RejectCode::Busy);
        tokio::time::advance(WINDOW).await;
        assert_eq!(hearing.hear(&stranger, said(&new)), Ok(Noted {}));
    }
}
