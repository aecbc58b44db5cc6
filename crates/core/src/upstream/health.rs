//! Whether a backend works, as checks and traffic tell; pure, the time is an argument.
//!
//! Some failures in a row take a backend out; then it is left alone for a while that doubles, and
//! one try, by a check or by a request, tells whether it is back. What is the client's fault never
//! counts.

use std::time::Duration;

use tokio::time::Instant;

/// How long a backend is left alone after it was first found not to work.
const FIRST_REST: Duration = Duration::from_millis(500);
/// The longest that it is left alone, so that it is back soon after its service is.
const LONGEST_REST: Duration = Duration::from_secs(10);

/// How many in a row decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Thresholds {
    /// Failures that take it out; at least 1.
    pub(crate) fall: u32,
    /// Successes that bring it back; at least 1.
    pub(crate) rise: u32,
}

/// What is known of one backend.
#[derive(Debug, Clone)]
pub(crate) struct Health {
    thresholds: Thresholds,
    /// In a row.
    failures: u32,
    /// In a row, while it is out.
    successes: u32,
    out: Option<Out>,
}

#[derive(Debug, Clone, Copy)]
struct Out {
    rest: Duration,
    /// Until then it is left alone.
    until: Instant,
    /// Whether something tries it at this moment.
    tried: bool,
}

/// Whether a backend is to be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Use {
    /// As usual.
    Yes,
    /// For one request, which tells whether it is back.
    Probe,
    /// Not now.
    No,
}

impl Health {
    pub(crate) fn new(thresholds: Thresholds) -> Self {
        Self {
            thresholds,
            failures: 0,
            successes: 0,
            out: None,
        }
    }

    /// Whether it works, as far as is known.
    pub(crate) fn is_up(&self) -> bool {
        self.out.is_none()
    }

    /// Whether it is to be used at `now`; whoever gets [`Use::Probe`] tells what came of it.
    pub(crate) fn ask(&mut self, now: Instant) -> Use {
        let Some(out) = &mut self.out else {
            return Use::Yes;
        };
        if out.tried || now < out.until {
            return Use::No;
        }
        out.tried = true;
        Use::Probe
    }

    /// It has worked; tells whether that brings it back.
    pub(crate) fn succeeded(&mut self) -> bool {
        self.failures = 0;
        let Some(out) = &mut self.out else {
            return false;
        };
        out.tried = false;
        self.successes += 1;
        let is_back = self.successes >= self.thresholds.rise;
        if is_back {
            (self.out, self.successes) = (None, 0);
        }
        is_back
    }

    /// It has failed at `now`; tells whether that takes it out.
    pub(crate) fn failed(&mut self, now: Instant) -> bool {
        self.successes = 0;
        if let Some(out) = &mut self.out {
            out.rest = (out.rest * 2).min(LONGEST_REST);
            (out.until, out.tried) = (now + out.rest, false);
            return false;
        }
        self.failures += 1;
        let is_out = self.failures >= self.thresholds.fall;
        if is_out {
            let rest = FIRST_REST;
            let until = now + rest;
            let tried = false;
            self.out = Some(Out { rest, until, tried });
        }
        is_out
    }

    /// Whoever tried it cannot tell: somebody else may try.
    pub(crate) fn untold(&mut self) {
        if let Some(out) = &mut self.out {
            out.tried = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection, prelude::*};

    use super::*;

    const THREE_TWO: Thresholds = Thresholds { fall: 3, rise: 2 };

    #[test]
    fn some_failures_in_a_row_take_it_out_and_some_successes_bring_it_back() {
        let (mut health, now) = (Health::new(THREE_TWO), Instant::now());
        assert!(!health.failed(now) && !health.failed(now));
        assert!(!health.succeeded());
        assert!(!health.failed(now) && !health.failed(now));
        assert!(health.failed(now) && !health.is_up());
        assert_eq!(health.ask(now), Use::No);
        let later = now + FIRST_REST;
        assert_eq!(health.ask(later), Use::Probe);
        assert_eq!(health.ask(later), Use::No);
        assert!(!health.succeeded());
        assert_eq!(health.ask(later), Use::Probe);
        assert!(health.succeeded() && health.is_up());
        assert_eq!(health.ask(later), Use::Yes);
    }

    #[test]
    fn it_is_left_alone_longer_each_time_up_to_a_bound() {
        let one = Thresholds { fall: 1, rise: 1 };
        let (mut health, mut now) = (Health::new(one), Instant::now());
        health.failed(now);
        let mut rests = Vec::new();
        for _ in 0..8 {
            let begun = now;
            while health.ask(now) == Use::No {
                now += Duration::from_millis(100);
            }
            rests.push(now - begun);
            health.failed(now);
        }
        assert!(rests.is_sorted(), "{rests:?}");
        assert_eq!(rests[0], FIRST_REST);
        assert_eq!(rests[7], LONGEST_REST);
    }

    #[test]
    fn a_try_that_cannot_tell_lets_another_try() {
        let one = Thresholds { fall: 1, rise: 1 };
        let (mut health, now) = (Health::new(one), Instant::now());
        health.failed(now);
        let later = now + FIRST_REST;
        assert_eq!(health.ask(later), Use::Probe);
        health.untold();
        assert_eq!(health.ask(later), Use::Probe);
    }

    proptest! {
        #[test]
        fn what_is_out_gets_one_try_at_a_time_and_recovers(
            steps in collection::vec((any::<bool>(), 0..3_000_u64), 1..200),
            fall in 1..5_u32,
            rise in 1..5_u32,
        ) {
            let (mut health, mut now) = (Health::new(Thresholds { fall, rise }), Instant::now());
            for (works, later) in steps {
                now += Duration::from_millis(later);
                let answer = health.ask(now);
                prop_assert_eq!(answer == Use::Yes, health.is_up());
                if answer == Use::Probe {
                    prop_assert_eq!(health.ask(now), Use::No);
                }
                if answer == Use::No {
                    continue;
                }
                if works {
                    health.succeeded();
                } else {
                    health.failed(now);
                }
            }
            // From whatever state: what works from here on is up again.
            for _ in 0..rise {
                now += LONGEST_REST;
                if health.ask(now) != Use::No {
                    health.succeeded();
                }
            }
            prop_assert!(health.is_up());
        }
    }
}
