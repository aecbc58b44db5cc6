//! How long a request waits for the head of its answer, so that nothing waits without an end.

use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{
    sync::oneshot,
    time::{Instant, sleep_until},
};

use super::ProxyBody;

/// How long a request may take on one side.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Times {
    /// From the whole request to the head of its answer.
    pub(crate) response_header: Duration,
    /// Without a byte either way.
    pub(crate) idle: Duration,
    /// For all of it; any time when missing.
    pub(crate) total: Option<Duration>,
}

/// Waits for the answer to a request, for as long as is allowed.
#[derive(Debug)]
pub(crate) struct Patience {
    times: Times,
    began: Instant,
    /// Nothing for an empty body.
    body: Option<Watched>,
}

#[derive(Debug)]
struct Watched {
    /// Ends when the body is done with: from then on the answer's head is awaited.
    done: oneshot::Receiver<()>,
    progress: Arc<AtomicU64>,
}

/// What shows on a request's body how much of it is taken; nothing for an empty one.
#[derive(Debug)]
pub(crate) struct Watch(Option<(oneshot::Sender<()>, Arc<AtomicU64>)>);

/// When the whole request was sent, once it was.
pub(crate) type SentAt = OnceLock<Instant>;

/// What took too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Late {
    /// The head of the answer, after the whole request was sent.
    Head(Duration),
    /// Anything of the request that the other side would have taken.
    Taking(Duration),
    /// All of it; and whether the whole request was sent by then.
    Total(Duration, bool),
}

impl Watch {
    pub(crate) fn on(self, body: ProxyBody) -> ProxyBody {
        match self.0 {
            Some((lives, progress)) => body.telling_its_end(lives).showing_progress(progress),
            None => body,
        }
    }
}

impl Patience {
    /// For a request that began at `began`, with what its body is to be watched by unless it
    /// `is_empty`.
    pub(crate) fn new(times: Times, began: Instant, is_empty: bool) -> (Self, Watch) {
        if is_empty {
            let body = None;
            return (Self { times, began, body }, Watch(None));
        }
        let (lives, done) = oneshot::channel();
        let progress = Arc::new(AtomicU64::new(0));
        let watch = Watch(Some((lives, Arc::clone(&progress))));
        let body = Some(Watched { done, progress });
        (Self { times, began, body }, watch)
    }

    /// Waits until it is too late. Notes in `sent_at` when the whole request was sent, unless its
    /// body is empty: then whoever sends it does.
    pub(crate) async fn over(self, sent_at: &SentAt) -> Late {
        let (total, began, idle) = (self.times.total, self.began, self.times.idle);
        let after = self.times.response_header;
        let late = async {
            if let Some(body) = self.body {
                if !body.while_moving(idle).await {
                    return Late::Taking(idle);
                }
                sent_at.get_or_init(Instant::now);
            }
            // Nobody is woken for a request that was sent; when the time is over, that is looked at.
            loop {
                let sent = sent_at.get().copied();
                sleep_until(sent.unwrap_or_else(Instant::now) + after).await;
                if sent.is_some() {
                    return Late::Head(after);
                }
            }
        };
        let Some(total) = total else {
            return late.await;
        };
        tokio::select! {
            biased;
            late = late => late,
            () = sleep_until(began + total) => Late::Total(total, sent_at.get().is_some()),
        }
    }
}

impl Late {
    /// Whether the other side took too long, and not the client.
    pub(crate) fn is_the_others(self) -> bool {
        !matches!(self, Self::Total(_, false))
    }
}

impl Watched {
    /// Waits until the body is done with; false when nothing of it was taken for as long as `idle`.
    async fn while_moving(mut self, idle: Duration) -> bool {
        loop {
            let before = self.progress.load(Ordering::Relaxed);
            // An error is what is awaited: the sender is dropped together with the body.
            if tokio::time::timeout(idle, &mut self.done).await.is_ok() {
                return true;
            }
            if self.progress.load(Ordering::Relaxed) == before {
                return false;
            }
        }
    }
}
