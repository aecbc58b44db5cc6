//! How long a request waits for the head of its answer, so that nothing waits without an end.

use std::{
    sync::{Arc, OnceLock, atomic::AtomicU64},
    time::Duration,
};

use tokio::{
    sync::oneshot,
    time::{Instant, sleep, sleep_until},
};

use crate::{
    config::TimeoutsConfig,
    http::{ProxyBody, ProxyError, while_moving},
};

/// Waits for the answer to a request, for as long as is allowed.
#[derive(Debug)]
pub(super) struct Patience {
    timeouts: TimeoutsConfig,
    began: Instant,
    /// Ends when the body is done with: from then on the answer's head is awaited.
    body: oneshot::Receiver<()>,
    progress: Arc<AtomicU64>,
}

/// What shows on a request's body how much of it is taken.
#[derive(Debug)]
pub(super) struct Watch {
    lives: oneshot::Sender<()>,
    progress: Arc<AtomicU64>,
}

/// When the whole request was sent, once it was.
pub(super) type SentAt = OnceLock<Instant>;

/// What took too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Late {
    /// The head of the answer, after the whole request was sent.
    Head(Duration),
    /// Anything of the request that the backend would have taken.
    Taking(Duration),
    /// All of it; and whether the whole request was sent by then.
    Total(Duration, bool),
}

impl Watch {
    pub(super) fn on(self, body: ProxyBody) -> ProxyBody {
        body.telling_its_end(self.lives)
            .showing_progress(self.progress)
    }
}

impl Patience {
    /// For a request that began at `began`, with what its body is to be watched by.
    pub(super) fn new(timeouts: TimeoutsConfig, began: Instant) -> (Self, Watch) {
        let (lives, body) = oneshot::channel();
        let progress = Arc::new(AtomicU64::new(0));
        let watch = Watch {
            lives,
            progress: Arc::clone(&progress),
        };
        let patience = Self {
            timeouts,
            began,
            body,
            progress,
        };
        (patience, watch)
    }

    /// Waits until it is too late. Notes in `sent_at` when the whole request was sent.
    pub(super) async fn over(self, sent_at: &SentAt) -> Late {
        let (total, began, idle) = (self.timeouts.total, self.began, self.timeouts.idle);
        let late = async {
            if !while_moving(self.body, &self.progress, idle).await {
                return Late::Taking(idle);
            }
            sent_at.get_or_init(Instant::now);
            sleep(self.timeouts.response_header).await;
            Late::Head(self.timeouts.response_header)
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
    /// Whether it is the backend that took too long, and not the client.
    pub(super) fn is_the_backends(self) -> bool {
        !matches!(self, Self::Total(_, false))
    }

    /// What is answered.
    pub(super) fn error(self) -> ProxyError {
        ProxyError::upstream_slow(match self {
            Self::Head(after) => {
                format!("The service did not begin to answer within {after:?}.")
            }
            Self::Taking(after) => {
                format!("The service took nothing more of the request for {after:?}.")
            }
            Self::Total(after, _) => {
                format!(
                    "There was no answer within {after:?}, which is all that a request may take."
                )
            }
        })
    }
}
