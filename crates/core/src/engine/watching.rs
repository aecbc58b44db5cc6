//! Looks at what the engine does while somebody watches, and shows it when it has changed.
//!
//! What happened, or what the keeper changed, is looked at soon; what moves without a word, such as
//! counters and addresses, once a second. While nobody watches there is not even a timer.

use std::time::Duration;

use malai_api::{Event, Operation, PeerState, PeerStatus, Request, Response, Status};
use tokio::{
    sync::{broadcast::error::RecvError, mpsc, oneshot},
    time::{Instant, sleep_until},
};

use super::{answers::Answers, keeper::Command};
use crate::{
    control::Owner,
    events::EventFeed,
    shutdown::Shutdown,
    watching::{StatusSource, Told},
};

/// How long what happened waits for more of it, so that one change is one picture.
const SOON: Duration = Duration::from_millis(30);

/// How often numbers are looked at.
const NUMBERS: Duration = Duration::from_secs(1);

/// Looks for as long as the engine runs.
#[derive(Debug)]
pub(super) struct Looking {
    pub(super) source: StatusSource,
    /// Weak, since an engine that nobody asks any more may end.
    pub(super) keeper: mpsc::WeakSender<Command>,
    pub(super) events: EventFeed,
    /// Looked at upstreams are part of the picture.
    pub(super) answers: Answers,
    pub(super) shutdown: Shutdown,
}

impl Looking {
    /// Runs until the engine drains or nobody can watch it any more.
    pub(super) async fn run(mut self) {
        loop {
            tokio::select! {
                biased;
                () = self.shutdown.draining() => return,
                told = self.source.hinted() => if told == Told::Over { return },
            }
            if self.source.is_watched() && !self.show_while_watched().await {
                return;
            }
        }
    }

    /// Whether there may be watchers again.
    async fn show_while_watched(&mut self) -> bool {
        let mut events = self.events.subscribe_to_changes();
        let mut answers = self.answers.watch();
        let mut shown = None;
        let mut look_at = Instant::now();
        loop {
            // Every branch is cancel safe: nothing is taken that is not heeded.
            tokio::select! {
                biased;
                () = self.shutdown.draining() => return false,
                told = self.source.hinted_while_watched() => match told {
                    Told::Hint => look_at = soon(look_at),
                    Told::Unwatched => {
                        self.source.forget();
                        return true;
                    }
                    Told::Over => return false,
                },
                event = events.recv() => match event {
                    Ok(event) if !changes_something(&event) => {}
                    Ok(_) | Err(RecvError::Lagged(_)) => look_at = soon(look_at),
                    Err(RecvError::Closed) => return false,
                },
                () = answers.changed() => look_at = soon(look_at),
                () = sleep_until(look_at) => {
                    let Some(status) = self.look().await else {
                        return false;
                    };
                    look_at = Instant::now() + NUMBERS;
                    let lasting = lasting(&status);
                    if shown.as_ref() != Some(&lasting) {
                        shown = Some(lasting);
                        self.source.show(status);
                    }
                }
            }
        }
    }

    /// `None` when the engine has ended.
    async fn look(&self) -> Option<Status> {
        let (reply, response) = oneshot::channel();
        let ask = Command::Ask {
            request: Request::Status,
            owner: Owner::engine(),
            reply,
        };
        self.keeper.upgrade()?.send(ask).await.ok()?;
        match response.await {
            Ok(Response::Status(status)) => Some(*status),
            _ => None,
        }
    }
}

fn soon(look_at: Instant) -> Instant {
    look_at.min(Instant::now() + SOON)
}

/// Requests come by the thousand and move numbers alone.
fn changes_something(event: &Event) -> bool {
    !matches!(
        event,
        Event::Request { .. } | Event::Status(_) | Event::Ui { .. }
    )
}

/// A status without what the passing of time alone changes.
fn lasting(status: &Status) -> Status {
    let mut status = status.clone();
    status.uptime_secs = 0;
    (status.engine.memory_bytes, status.engine.cpu_secs) = (None, None);
    status.engine.open_files = None;
    for service in &mut status.services {
        service.ends_in_secs = service.ends_in_secs.map(|_| 0);
    }
    for bridge in &mut status.bridges {
        bridge.rtt_ms = bridge.rtt_ms.map(f64::round);
    }
    status.peers.iter_mut().for_each(stop_clock_of_peer);
    stop_clock_of(&mut status.operations);
    status
}

fn stop_clock_of_peer(peer: &mut PeerStatus) {
    peer.rtt_ms = peer.rtt_ms.map(f64::round);
    if peer.state != PeerState::Offline {
        // It is seen at this moment, and at the next.
        peer.last_seen = peer.last_seen.map(|_| 0);
    }
}

fn stop_clock_of(operation: &mut Operation) {
    operation.age_secs = 0;
    operation.children.iter_mut().for_each(stop_clock_of);
}

#[cfg(test)]
mod tests;
