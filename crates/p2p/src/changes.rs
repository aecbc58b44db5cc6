//! When the network may be another one: an interface came or went, or the machine slept.
//!
//! Whoever waits for something then looks at once instead of when its own pause is over.

use std::{
    sync::{Arc, atomic::Ordering},
    time::{Duration, SystemTime},
};

use futures_util::{Stream, StreamExt, stream};
use iroh::Watcher as _;
use tokio::time::{Instant, sleep};

use crate::node::Inner;

/// How often the clocks are held against each other.
const CLOCK_LOOK: Duration = Duration::from_secs(1);
/// How far apart they may run from one look to the next.
const CLOCK_JUMP: Duration = Duration::from_secs(3);

/// Tells of changes until the node closes.
pub(crate) async fn follow(node: Arc<Inner>) {
    let monitor = netwatch::netmon::Monitor::new().await;
    let monitor = monitor.inspect_err(|error| {
        tracing::debug!(%error, "changes of the network are heard of through iroh alone");
    });
    let mut interfaces = changes_of(monitor.as_ref().ok());
    let mut clocks = Clocks::read();
    loop {
        tokio::select! {
            biased;
            () = node.closing.cancelled() => return,
            // iroh hears of it by itself.
            Some(is_there) = interfaces.next() => {
                tracing::debug!(is_there, "the network has changed");
                node.has_network.store(is_there, Ordering::Relaxed);
            }
            () = sleep(CLOCK_LOOK) => {
                let before = std::mem::replace(&mut clocks, Clocks::read());
                if !clocks.have_jumped(&before) {
                    continue;
                }
                tracing::debug!("the clock has jumped, or this machine slept");
                if let Some(endpoint) = node.endpoint() {
                    endpoint.network_change().await;
                }
            }
        }
        node.changes.send_replace(());
    }
}

/// Whether there is a network beyond this machine, now and whenever an interface changes.
fn changes_of(
    monitor: Option<&netwatch::netmon::Monitor>,
) -> impl Stream<Item = bool> + Unpin + use<> {
    match monitor {
        Some(monitor) => {
            let states = monitor.interface_state().stream();
            states.map(|state| state.have_v4 || state.have_v6).boxed()
        }
        None => stream::pending().boxed(),
    }
}

/// Both clocks at one moment: one stands still while the machine sleeps, or both are late.
#[derive(Debug, Clone, Copy)]
struct Clocks {
    running: Instant,
    day: SystemTime,
}

impl Clocks {
    #[expect(
        clippy::disallowed_methods,
        reason = "it is compared with itself only, to see that it jumped"
    )]
    fn read() -> Self {
        Self {
            running: Instant::now(),
            day: SystemTime::now(),
        }
    }

    fn have_jumped(&self, before: &Self) -> bool {
        let running = self.running - before.running;
        let day = self.day.duration_since(before.day);
        let is_apart = day.map_or(true, |day| day.abs_diff(running) > CLOCK_JUMP);
        is_apart || running > CLOCK_LOOK + CLOCK_JUMP
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sleep_and_a_clock_that_was_set_are_noticed() {
        let before = Clocks::read();
        let after = |running: u64, day: i64| {
            let shift = Duration::from_secs(day.unsigned_abs());
            let day = if day < 0 {
                before.day - shift
            } else {
                before.day + shift
            };
            let running = before.running + Duration::from_secs(running);
            Clocks { running, day }.have_jumped(&before)
        };
        assert!(!after(1, 1));
        assert!(!after(2, 1));
        assert!(after(1, 600));
        assert!(after(600, 600));
        assert!(after(1, -172_800));
    }
}
