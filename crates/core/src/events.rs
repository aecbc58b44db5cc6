//! The feed of what happens in one engine.
//!
//! Everyone who listens has a queue of its own; whoever falls behind loses the oldest events and
//! never slows traffic down.

use malai_api::Event;
use tokio::sync::broadcast;

/// Events kept for a listener that is slow; beyond it the oldest are lost.
const FEED_CAPACITY: usize = 1024;

/// A cheap handle to the feed.
#[derive(Debug, Clone)]
pub struct EventFeed(broadcast::Sender<Event>);

impl Default for EventFeed {
    fn default() -> Self {
        Self(broadcast::channel(FEED_CAPACITY).0)
    }
}

impl EventFeed {
    /// Tells every listener; `event` is only made when somebody listens.
    pub fn send(&self, event: impl FnOnce() -> Event) {
        if self.is_heard()
            && let Err(error) = self.0.send(event())
        {
            tracing::trace!(%error, "nobody listens to this event");
        }
    }

    /// Whether anybody listens: what is costly to tell need not be gathered otherwise.
    #[must_use]
    pub fn is_heard(&self) -> bool {
        self.0.receiver_count() > 0
    }

    /// Hears everything from here on.
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<Event> {
        self.0.subscribe()
    }
}
