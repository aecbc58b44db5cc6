//! How long to wait before the next try.

use std::time::Duration;

/// Before the first try again: most reasons are over soon, or not at all.
const FIRST: Duration = Duration::from_secs(1);

/// Between all later ones: often enough that a repaired file is taken up while one looks on.
const LONGEST: Duration = Duration::from_secs(15);

/// Doubles from try to try.
#[derive(Debug, Default)]
pub(super) struct Backoff {
    tries: u32,
}

impl Backoff {
    /// The pause before the next try.
    pub(super) fn next(&mut self) -> Duration {
        let pause = FIRST.saturating_mul(1 << self.tries.min(5));
        self.tries = self.tries.saturating_add(1);
        pause.min(LONGEST)
    }

    /// It worked; the next trouble is another one.
    pub(super) fn reset(&mut self) {
        self.tries = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_longer_up_to_a_bound_and_begins_anew() {
        let mut backoff = Backoff::default();
        let pauses: Vec<u64> = (0..7).map(|_| backoff.next().as_secs()).collect();
        assert_eq!(pauses, [1, 2, 4, 8, 15, 15, 15]);
        backoff.reset();
        assert_eq!(backoff.next(), FIRST);
    }
}
