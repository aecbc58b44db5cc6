//! The feed of what happens in one engine.
//!
//! Everyone who listens has a queue of its own; whoever falls behind loses the oldest events and
//! never slows traffic down. Requests are by far the most of it, so they are told only while
//! somebody wants to hear of them.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use malai_api::Event;
use tokio::sync::broadcast::{
    self,
    error::{RecvError, TryRecvError},
};

/// Events kept for a listener that is slow; beyond it the oldest are lost.
const FEED_CAPACITY: usize = 1024;

/// A cheap handle to the feed.
#[derive(Debug, Clone)]
pub struct EventFeed {
    sender: broadcast::Sender<Event>,
    /// How many listen to requests, too.
    watchers: Arc<AtomicUsize>,
}

/// Hears events, in order.
#[derive(Debug)]
pub struct Events {
    receiver: broadcast::Receiver<Event>,
    _watcher: Option<Watcher>,
}

#[derive(Debug)]
struct Watcher(Arc<AtomicUsize>);

impl Default for EventFeed {
    fn default() -> Self {
        let (sender, _) = broadcast::channel(FEED_CAPACITY);
        Self {
            sender,
            watchers: Arc::default(),
        }
    }
}

impl EventFeed {
    /// Tells every listener; `event` is only made when somebody listens.
    pub fn send(&self, event: impl FnOnce() -> Event) {
        if self.sender.receiver_count() > 0
            && let Err(error) = self.sender.send(event())
        {
            tracing::trace!(%error, "nobody listens to this event");
        }
    }

    /// Whether anybody wants to hear of requests: what they are told is not gathered otherwise.
    #[must_use]
    pub fn wants_requests(&self) -> bool {
        self.watchers.load(Ordering::Relaxed) > 0
    }

    /// Hears everything from here on.
    #[must_use]
    pub fn subscribe(&self) -> Events {
        self.watchers.fetch_add(1, Ordering::Relaxed);
        let watcher = Watcher(Arc::clone(&self.watchers));
        Events {
            receiver: self.sender.subscribe(),
            _watcher: Some(watcher),
        }
    }

    /// Hears everything from here on, requests only while somebody else wants them.
    #[must_use]
    pub fn subscribe_to_changes(&self) -> Events {
        Events {
            receiver: self.sender.subscribe(),
            _watcher: None,
        }
    }
}

impl Events {
    /// The next event. Cancel safe.
    ///
    /// # Errors
    /// When some were lost to slowness, or the engine has ended.
    pub async fn recv(&mut self) -> Result<Event, RecvError> {
        self.receiver.recv().await
    }

    /// The next event if it is there already.
    ///
    /// # Errors
    /// When there is none, some were lost, or the engine has ended.
    pub fn try_recv(&mut self) -> Result<Event, TryRecvError> {
        self.receiver.try_recv()
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
