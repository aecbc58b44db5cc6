//! Whose bytes go first where many streams share a connection.
//!
//! QUIC alone sends a packet of each stream in turn, so that all of them trickle: whoever receives
//! them reads and writes many small pieces. Here a stream goes on until it has had its turn and
//! then waits for the turns of the others, who come in the order of their last one. A stream that
//! has little to say is thus ahead of those that say much.

use std::sync::{
    Arc,
    atomic::{AtomicI32, Ordering::Relaxed},
};

/// Bytes of a turn. Eight downloads keep a new stream waiting for so much of each of them at most,
/// which is an eighth of a second at 1 MB/s. Measured: 128 KiB were no faster.
const TURN_BYTES: usize = 16 * 1024;

/// The turns of one connection.
#[derive(Debug, Default)]
pub(crate) struct Turns {
    /// How many there were. After 2³¹ of them, 35 TB, they no longer differ, and QUIC's own order
    /// is left.
    latest: AtomicI32,
}

/// Where one stream stands among the others of its connection.
#[derive(Debug)]
pub(crate) struct Turn {
    turns: Arc<Turns>,
    at: i32,
    /// Of this turn.
    bytes: usize,
}

impl Turn {
    /// That of a new stream, which comes after all that wait.
    pub(crate) fn new(turns: &Arc<Turns>) -> Self {
        Self {
            turns: Arc::clone(turns),
            at: turns.latest.load(Relaxed),
            bytes: 0,
        }
    }

    /// What QUIC is to be told: streams with more of it go first, and equal ones in turn.
    pub(crate) fn priority(&self) -> i32 {
        -self.at
    }

    /// So much was handed to QUIC; tells whether its turn is over and its priority another one.
    pub(crate) fn is_over(&mut self, written: usize) -> bool {
        self.bytes += written;
        if self.bytes < TURN_BYTES {
            return false;
        }
        self.bytes = 0;
        let next = |latest: i32| Some(latest.saturating_add(1));
        let latest = self.turns.latest.fetch_update(Relaxed, Relaxed, next);
        self.at = latest.unwrap_or_else(|latest| latest).saturating_add(1);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_had_its_turn_comes_after_all_others() {
        let turns = Arc::new(Turns::default());
        let (mut first, mut second) = (Turn::new(&turns), Turn::new(&turns));
        assert_eq!(first.priority(), second.priority());
        assert!(!first.is_over(TURN_BYTES - 1));
        assert!(first.is_over(1));
        assert!(first.priority() < second.priority());
        assert!(second.is_over(10 * TURN_BYTES));
        assert!(second.priority() < first.priority());
        let third = Turn::new(&turns);
        assert!(third.priority() < first.priority());
        assert_eq!(third.priority(), second.priority());
    }

    #[test]
    fn one_that_says_little_stays_ahead() {
        let turns = Arc::new(Turns::default());
        let (mut small, mut large) = (Turn::new(&turns), Turn::new(&turns));
        for _ in 0..10 {
            assert!(large.is_over(TURN_BYTES));
            assert!(!small.is_over(1000));
            assert!(large.priority() < small.priority());
        }
    }

    #[test]
    fn turns_end_where_they_can_no_longer_be_counted() {
        let turns = Arc::new(Turns {
            latest: AtomicI32::new(i32::MAX - 1),
        });
        let (mut first, mut second) = (Turn::new(&turns), Turn::new(&turns));
        assert!(first.is_over(TURN_BYTES) && second.is_over(TURN_BYTES));
        assert_eq!(
            (first.priority(), second.priority()),
            (-i32::MAX, -i32::MAX)
        );
    }
}
