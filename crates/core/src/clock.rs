//! The time of day, for permissions that end by themselves.
//!
//! A clock that is set back does not bring back what was over: while an engine runs, its time
//! advances at least as much as really passes, and it begins where the one before it was.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde::{Deserialize, Serialize};
use tokio::time::Instant;

/// A moment, in milliseconds since 1970.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Timestamp(u64);

/// Tells the time; clones tell the same.
#[derive(Clone)]
pub struct Clock {
    started: SystemTime,
    running: Instant,
    /// What it was at least when this one started, by all that has been said since.
    floor: Arc<AtomicU64>,
}

impl Timestamp {
    /// The moment that many milliseconds after the beginning of 1970.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// Whole seconds since 1970.
    #[must_use]
    pub const fn as_secs(self) -> u64 {
        self.0 / 1000
    }

    /// The moment `length` after this one; one that is too far away stays the last there is.
    #[must_use]
    pub fn after(self, length: Duration) -> Self {
        Self(self.0.saturating_add(millis_of(length)))
    }

    /// How long it is from `earlier` to this moment; nothing when it is not earlier.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }
}

impl Clock {
    /// A clock that begins with what the system says.
    #[must_use]
    pub fn start() -> Self {
        Self {
            started: system_time(),
            running: Instant::now(),
            floor: Arc::default(),
        }
    }

    /// It was `moment` at least when this clock started, as was once written down.
    pub fn was_after(&self, moment: Timestamp) {
        self.floor.fetch_max(moment.0, Ordering::Relaxed);
    }

    /// The time, never earlier than what it said before.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        // Sleep of the machine is not counted by the one, and being set back only by the other.
        let running = self.running.elapsed();
        let counted = self.started + running;
        let since_1970 = counted.max(system_time()).duration_since(UNIX_EPOCH);
        let system = Timestamp(millis_of(since_1970.unwrap_or_default()));
        let floor = Timestamp(self.floor.load(Ordering::Relaxed)).after(running);
        let now = system.max(floor);
        // Ahead and back again: what was over by then stays over.
        self.was_after(Timestamp(now.0.saturating_sub(millis_of(running))));
        now
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Clock").field(&self.now()).finish()
    }
}

fn millis_of(length: Duration) -> u64 {
    u64::try_from(length.as_millis()).unwrap_or(u64::MAX)
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is where the time comes from that everybody else takes as an argument"
)]
fn system_time() -> SystemTime {
    SystemTime::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn goes_on_when_the_system_clock_stands_still() {
        let clock = Clock::start();
        let before = clock.now();
        // Only the runtime's time moves; to the system's clock nothing has happened.
        tokio::time::advance(Duration::from_secs(3600)).await;
        // Between the two readings at its start some of a millisecond has passed.
        assert!(clock.now().since(before) >= Duration::from_secs(3599));
    }

    #[tokio::test(start_paused = true)]
    async fn a_clock_set_back_between_two_runs_goes_on_from_where_it_was() {
        let clock = Clock::start();
        let tomorrow = clock.now().after(Duration::from_hours(24));
        clock.was_after(tomorrow);
        assert!(clock.now() >= tomorrow);
        tokio::time::advance(Duration::from_secs(60)).await;
        assert!(clock.now() >= tomorrow.after(Duration::from_secs(60)));
        clock.was_after(Timestamp::default());
        assert!(clock.now() >= tomorrow);
    }

    #[test]
    fn a_moment_too_far_away_is_the_last() {
        let last = Timestamp::from_millis(u64::MAX);
        assert_eq!(Timestamp::default().after(Duration::MAX), last);
        assert_eq!(Timestamp::default().since(last), Duration::ZERO);
    }
}
