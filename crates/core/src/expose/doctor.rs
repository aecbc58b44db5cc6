//! Tells a peer how the way between both looks from here, and sends back what it sends, for a while.
//!
//! Only who may use something is answered: a stranger is refused as by every other question. What
//! is told comes from the engine, which knows the way; how often and how much is bounded for each
//! peer and for all together.

use std::{
    collections::VecDeque,
    io,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use fastn_p2p::{PublicKey, RejectCode, Rejection, Session, reset};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    sync::{mpsc, oneshot},
    time::{Instant, timeout},
};

use super::{Expose, queue::Queue};
use crate::{
    doctor::{MOST_ECHOED, write_told},
    wire::{Open, Told},
};

/// Questions that wait for the engine.
const QUEUE: usize = 16;
/// Questions of one peer, and of all, within [`WINDOW`].
const MOST_OF_ONE: usize = 4;
const MOST_OF_ALL: usize = 16;
/// See [`MOST_OF_ONE`].
const WINDOW: Duration = Duration::from_secs(20);
/// How long the engine may take to look at itself.
const LOOK: Duration = Duration::from_secs(6);
/// How long a peer may take to send and to read.
const ECHO: Duration = Duration::from_secs(8);
/// Bytes that are read at once.
const CHUNK: usize = 16 * 1024;

/// A peer that wants to know how the way to it looks from here.
#[derive(Debug)]
pub(crate) struct Examination {
    pub(crate) peer: PublicKey,
    pub(crate) reply: oneshot::Sender<Told>,
}

/// The way to the engine, and who has asked when.
#[derive(Debug)]
pub(super) struct Examining {
    queue: Queue<Examination>,
    asked: Mutex<VecDeque<(PublicKey, Instant)>>,
}

impl Default for Examining {
    fn default() -> Self {
        Self {
            queue: Queue::new(QUEUE),
            asked: Mutex::default(),
        }
    }
}

impl Examining {
    /// Whether `peer` may ask once more at this moment; it has then.
    pub(super) fn may(&self, peer: &PublicKey) -> Result<(), Rejection> {
        let now = Instant::now();
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.retain(|(_, at)| now.duration_since(*at) < WINDOW);
        let of_one = asked.iter().filter(|(who, _)| who == peer).count();
        if asked.len() >= MOST_OF_ALL || of_one >= MOST_OF_ONE {
            return Err(Rejection::new(RejectCode::Busy, "come again later"));
        }
        asked.push_back((*peer, now));
        Ok(())
    }
}

impl Expose {
    /// Peers that want to know how the way to them looks; only the first who asks hears of them.
    pub(crate) fn examinations(&self) -> Option<mpsc::Receiver<Examination>> {
        self.0.examining.queue.take()
    }

    async fn look_at_way(&self, peer: PublicKey) -> Option<Told> {
        let (reply, told) = oneshot::channel();
        let examination = Examination { peer, reply };
        if self.0.examining.queue.sender.try_send(examination).is_err() {
            return None;
        }
        timeout(LOOK, told).await.ok()?.ok()
    }
}

/// Answers one stream.
pub(super) async fn answer(expose: Expose, mut session: Session, _open: Open) {
    let peer = session.peer();
    let Some(told) = expose.look_at_way(peer).await else {
        tracing::debug!(peer = %peer.short(), "the way to a peer was not looked at in time");
        return session.cancel(reset::ABORTED);
    };
    match timeout(ECHO, tell(&mut session, &told)).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!(%error, "a peer did not want to hear how the way is"),
        Err(_) => session.cancel(reset::ABORTED),
    }
}

async fn tell(session: &mut Session, told: &Told) -> io::Result<()> {
    write_told(session, told).await?;
    let mut chunk = vec![0; CHUNK];
    let mut left = MOST_ECHOED;
    while left > 0 {
        let read = session.read(&mut chunk).await?;
        if read == 0 {
            break;
        }
        let back = usize::try_from(left).unwrap_or(usize::MAX).min(read);
        session
            .write_all(chunk.get(..back).unwrap_or_default())
            .await?;
        left = left.saturating_sub(u64::try_from(back).unwrap_or(left));
    }
    session.shutdown().await
}

#[cfg(test)]
mod tests {
    use fastn_p2p::SecretKey;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn nobody_asks_all_the_time_and_one_leaves_room_for_others() {
        let examining = Examining::default();
        let key = |seed| SecretKey::from_bytes([seed; 32]).public();
        for _ in 0..MOST_OF_ONE {
            assert_eq!(examining.may(&key(1)), Ok(()));
        }
        let refused = examining.may(&key(1)).unwrap_err();
        assert_eq!(refused.code, RejectCode::Busy);
        assert_eq!(examining.may(&key(2)), Ok(()));
        for seed in 3..30 {
            drop(examining.may(&key(seed)));
        }
        assert!(examining.may(&key(40)).is_err(), "of all together");
        tokio::time::advance(WINDOW).await;
        assert_eq!(examining.may(&key(1)), Ok(()));
    }
}
