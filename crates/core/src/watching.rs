//! The feed of what an engine is doing: its whole status, now and whenever it changed.
//!
//! Between the engine, which looks while somebody watches, and whoever shows it. Only the newest
//! picture is kept, so a slow watcher misses steps and never the outcome; while nobody watches,
//! nothing is looked at and nothing is kept.

use std::sync::Arc;

use malai_api::Status;
use tokio::sync::{
    mpsc::{self, error::TrySendError},
    watch,
};

/// Hints that wait: one says as much as many.
const HINTS: usize = 1;

/// What watchers see at one moment.
#[derive(Debug, Clone, Default)]
enum Picture {
    /// Nobody has looked yet.
    #[default]
    None,
    Status(Arc<Status>),
    /// The engine has ended.
    Over,
}

/// A cheap handle to the feed.
#[derive(Debug, Clone)]
pub struct StatusFeed {
    picture: watch::Sender<Picture>,
    hints: mpsc::Sender<()>,
}

/// Sees the status as it changes.
#[derive(Debug)]
pub struct StatusWatch(watch::Receiver<Picture>);

/// What the end that looks is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Told {
    /// Something may have changed, or somebody began to watch.
    Hint,
    /// Nobody watches any more.
    Unwatched,
    /// Nobody can watch any more.
    Over,
}

/// The end of the feed that looks; the feed is over when it is dropped.
#[derive(Debug)]
pub(crate) struct StatusSource {
    picture: watch::Sender<Picture>,
    hints: mpsc::Receiver<()>,
}

impl StatusFeed {
    pub(crate) fn new() -> (Self, StatusSource) {
        let (picture, _) = watch::channel(Picture::None);
        let (sender, hints) = mpsc::channel(HINTS);
        let feed = Self {
            picture: picture.clone(),
            hints: sender,
        };
        (feed, StatusSource { picture, hints })
    }

    /// Sees the status as it is, and from then on whenever it has changed.
    #[must_use]
    pub fn watch(&self) -> StatusWatch {
        let mut receiver = self.picture.subscribe();
        receiver.mark_changed();
        self.hint();
        StatusWatch(receiver)
    }

    /// Says that something may have changed; costs nothing while nobody watches.
    pub(crate) fn hint(&self) {
        match self.hints.try_send(()) {
            Ok(()) | Err(TrySendError::Full(())) => {}
            Err(TrySendError::Closed(())) => tracing::trace!("nobody looks any more"),
        }
    }
}

impl StatusWatch {
    /// The status as it is at first, then each time after it has changed; `None` when the engine
    /// has ended. Cancel safe.
    pub async fn next(&mut self) -> Option<Arc<Status>> {
        loop {
            self.0.changed().await.ok()?;
            let picture = self.0.borrow_and_update().clone();
            match picture {
                Picture::None => {}
                Picture::Status(status) => return Some(status),
                Picture::Over => {
                    self.0.mark_changed();
                    return None;
                }
            }
        }
    }
}

impl StatusSource {
    /// Waits until there is something to look at; never tells that nobody watches. Cancel safe.
    pub(crate) async fn hinted(&mut self) -> Told {
        told(self.hints.recv().await)
    }

    /// Waits for a hint while somebody watches. Cancel safe.
    pub(crate) async fn hinted_while_watched(&mut self) -> Told {
        tokio::select! {
            biased;
            () = self.picture.closed() => Told::Unwatched,
            hint = self.hints.recv() => told(hint),
        }
    }

    /// Whether anybody watches.
    pub(crate) fn is_watched(&self) -> bool {
        self.picture.receiver_count() > 0
    }

    /// Shows it to everybody who watches.
    pub(crate) fn show(&self, status: Status) {
        self.picture.send_replace(Picture::Status(Arc::new(status)));
    }

    /// Keeps nothing that would be old when somebody watches again.
    pub(crate) fn forget(&self) {
        self.picture.send_replace(Picture::None);
    }
}

fn told(hint: Option<()>) -> Told {
    match hint {
        Some(()) => Told::Hint,
        None => Told::Over,
    }
}

impl Drop for StatusSource {
    fn drop(&mut self) {
        self.picture.send_replace(Picture::Over);
    }
}
