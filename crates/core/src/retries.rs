//! How many requests may be sent once more: a share of all, so that what is in trouble is not given
//! many times the work; pure but for the lock around it.
//!
//! What counts is a request that may have reached a backend or peer and goes out again, to the same
//! or to another. One of which nothing was sent goes on to the next for free: nobody has more to do
//! for it.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use crate::{breaker::Window, config::RetryConfig};

/// Requests and retries of this last time are held against each other.
const WINDOW: Duration = Duration::from_secs(10);
const WINDOW_SECS: u32 = 10;

/// What is counted in the window.
const REQUESTS: usize = 0;
const RETRIES: usize = 1;

/// The retries of one service over all of its backends, or of one bridge over all of its members.
#[derive(Debug)]
pub(crate) struct Retries(Mutex<Budget>);

#[derive(Debug)]
struct Budget {
    config: RetryConfig,
    recent: Window<2>,
}

impl Retries {
    pub(crate) fn new(config: RetryConfig) -> Self {
        Self(Mutex::new(Budget::new(config)))
    }

    /// Counts a request that has come.
    pub(crate) fn request(&self, now: Instant) {
        self.budget().request(now);
    }

    /// Takes one retry, if there is one left.
    pub(crate) fn take(&self) -> bool {
        self.budget().take(Instant::now())
    }

    fn budget(&self) -> MutexGuard<'_, Budget> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Budget {
    fn new(config: RetryConfig) -> Self {
        Self {
            config,
            recent: Window::new(WINDOW),
        }
    }

    fn request(&mut self, now: Instant) {
        self.recent.add(now, REQUESTS);
    }

    fn take(&mut self, now: Instant) -> bool {
        let [requests, retries] = self.recent.sums(now);
        let share = self.config.budget * f64::from(requests);
        let allowed = f64::from(self.config.floor * WINDOW_SECS) + share;
        let is_left = f64::from(retries) + 1.0 <= allowed;
        if is_left {
            self.recent.add(now, RETRIES);
        }
        is_left
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection, prelude::*};

    use super::*;

    #[test]
    fn a_few_a_second_are_allowed_in_any_case() {
        let (budget, floor) = (0.0, 2);
        let mut budget = Budget::new(RetryConfig { budget, floor });
        let now = Instant::now();
        let taken = (0..100).filter(|_| budget.take(now)).count();
        assert_eq!(taken, 20);
        assert!(budget.take(now + WINDOW));
    }

    #[test]
    fn with_nothing_allowed_nothing_is_sent_again() {
        let (budget, floor) = (0.0, 0);
        let mut budget = Budget::new(RetryConfig { budget, floor });
        let now = Instant::now();
        (0..100).for_each(|_| budget.request(now));
        assert!(!budget.take(now));
    }

    proptest! {
        #[test]
        fn retries_never_go_beyond_their_share(
            steps in collection::vec((any::<bool>(), 0..500_u64), 1..400),
            tenths in 0..=10_u32,
            floor in 0..3_u32,
        ) {
            let share = f64::from(tenths) / 10.0;
            let mut budget = Budget::new(RetryConfig { budget: share, floor });
            let (start, mut now) = (Instant::now(), Instant::now());
            let (mut requests, mut taken) = (0_u32, 0_u32);
            for (is_retry, later) in steps {
                now += Duration::from_millis(later);
                if is_retry {
                    taken += u32::from(budget.take(now));
                } else {
                    requests += 1;
                    budget.request(now);
                }
            }
            // Over all time: the share of all requests, and the floor of each window begun.
            let windows = (now - start).as_secs() / u64::from(WINDOW_SECS) + 2;
            let most = f64::from(requests) * share * 2.0
                + f64::from(floor * WINDOW_SECS) * windows as f64;
            prop_assert!(f64::from(taken) <= most, "{taken} of {requests}");
        }
    }
}
