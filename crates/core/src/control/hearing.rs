//! What one listener is told: every event, and the status when it watches that, too.

use std::sync::Arc;

use malai_api::{Event, Status, codes};
use tokio::sync::broadcast::error::RecvError;

use super::Dispatch;
use crate::{events::Events, watching::StatusWatch};

/// Hears one engine.
#[derive(Debug)]
pub(super) struct Hearing {
    events: Events,
    status: Option<StatusWatch>,
    /// Events wait for the first status: it is what they are a change of.
    began: bool,
}

impl Hearing {
    /// Every event from here on.
    pub(super) fn subscribe(engine: &impl Dispatch) -> Self {
        Self {
            events: engine.events(),
            status: None,
            began: true,
        }
    }

    /// The status as it is first, then every event from here on, and the status when it changed.
    pub(super) fn watch(engine: &impl Dispatch) -> Self {
        Self {
            events: engine.events(),
            status: Some(engine.watch()),
            began: false,
        }
    }

    /// What comes next; `None` when the engine has ended. Cancel safe.
    pub(super) async fn next(&mut self) -> Option<Event> {
        loop {
            tokio::select! {
                status = next_status(&mut self.status) => {
                    self.began = true;
                    match status {
                        Some(status) => return Some(Event::Status(Box::new(Status::clone(&status)))),
                        None => self.status = None,
                    }
                }
                event = self.events.recv(), if self.began => match event {
                    Ok(event) => return Some(event),
                    Err(RecvError::Lagged(lost)) => return Some(lost_events(lost)),
                    Err(RecvError::Closed) => return None,
                },
            }
        }
    }

    /// What was already said when the engine ended.
    pub(super) fn rest(&mut self) -> Option<Event> {
        self.events.try_recv().ok()
    }
}

/// Never resolves for who does not watch. Cancel safe.
async fn next_status(status: &mut Option<StatusWatch>) -> Option<Arc<Status>> {
    match status {
        Some(status) => status.next().await,
        None => std::future::pending().await,
    }
}

fn lost_events(count: u64) -> Event {
    Event::Error {
        code: codes::EVENTS_LOST.to_owned(),
        message: format!("{count} events were lost, since they were read too slowly"),
    }
}
