//! How much a second each may have of something, be it requests of a peer or handshakes of an
//! address; pure, the time is an argument.
//!
//! A token bucket for each: it holds `burst` and fills at the rate, so that a page with many parts
//! loads at once and a loop does not go on.

use std::{collections::HashMap, hash::Hash, time::Duration};

use tokio::time::Instant;

/// Those that are counted at a time. With more, those that have their whole burst are forgotten,
/// which changes nothing for them.
const MAX_KEYS: usize = 4096;

/// A bucket for each.
#[derive(Debug)]
pub struct Rates<K> {
    per_second: f64,
    burst: f64,
    buckets: HashMap<K, Bucket>,
}

#[derive(Debug, Clone, Copy)]
struct Bucket {
    tokens: f64,
    at: Instant,
}

impl<K: Copy + Eq + Hash> Rates<K> {
    /// `per_second` for each, and `burst` at once; a second's worth when missing.
    #[must_use]
    pub fn new(per_second: u32, burst: Option<u32>) -> Self {
        Self {
            per_second: f64::from(per_second),
            burst: f64::from(burst.unwrap_or(per_second).max(1)),
            buckets: HashMap::new(),
        }
    }

    /// Takes one for `key` at `now`.
    ///
    /// # Errors
    /// How long it has to wait for the next.
    pub fn take(&mut self, key: &K, now: Instant) -> Result<(), Duration> {
        if self.buckets.len() >= MAX_KEYS && !self.buckets.contains_key(key) {
            self.forget_idle(now);
        }
        let full = Bucket {
            tokens: self.burst,
            at: now,
        };
        let (rate, burst) = (self.per_second, self.burst);
        let bucket = self.buckets.entry(*key).or_insert(full);
        bucket.tokens = bucket.filled(now, rate).min(burst);
        bucket.at = bucket.at.max(now);
        if bucket.tokens < 1.0 {
            return Err(Duration::from_secs_f64((1.0 - bucket.tokens) / rate));
        }
        bucket.tokens -= 1.0;
        Ok(())
    }

    fn forget_idle(&mut self, now: Instant) {
        let (rate, burst) = (self.per_second, self.burst);
        self.buckets
            .retain(|_, bucket| bucket.filled(now, rate) < burst);
        if self.buckets.len() >= MAX_KEYS {
            // So many at once are a flood of keys: each begins with a burst again.
            self.buckets.clear();
        }
    }
}

impl Bucket {
    fn filled(&self, now: Instant, rate: f64) -> f64 {
        let passed = now.saturating_duration_since(self.at);
        self.tokens + passed.as_secs_f64() * rate
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection, prelude::*};

    use super::*;

    #[test]
    fn a_burst_passes_and_then_the_rate_holds_for_each_alone() {
        let (mut rates, start) = (Rates::new(10, Some(3)), Instant::now());
        for _ in 0..3 {
            rates.take(&0, start).unwrap();
        }
        let wait = rates.take(&0, start).unwrap_err();
        assert!(wait <= Duration::from_millis(100), "{wait:?}");
        rates.take(&1, start).unwrap();
        let later = start + Duration::from_millis(100);
        rates.take(&0, later).unwrap();
        rates.take(&0, later).unwrap_err();
    }

    #[test]
    fn without_a_burst_it_is_a_seconds_worth() {
        let (mut rates, now) = (Rates::new(5, None), Instant::now());
        let passed = (0..50).filter(|_| rates.take(&0, now).is_ok()).count();
        assert_eq!(passed, 5);
    }

    #[test]
    fn a_flood_of_keys_takes_no_more_memory() {
        let (mut rates, now) = (Rates::new(1, Some(2)), Instant::now());
        for number in 0..3 * MAX_KEYS {
            rates.take(&number, now).unwrap();
            assert!(rates.buckets.len() <= MAX_KEYS);
        }
    }

    proptest! {
        #[test]
        fn never_more_than_burst_and_rate_allow(
            rate in 1..200_u32,
            burst in 1..200_u32,
            steps in collection::vec(0..50_u64, 1..300),
        ) {
            let (mut rates, start) = (Rates::new(rate, Some(burst)), Instant::now());
            let (mut now, mut passed) = (start, 0_u32);
            for step in steps {
                now += Duration::from_millis(step);
                passed += u32::from(rates.take(&0, now).is_ok());
                let most = f64::from(burst) + (now - start).as_secs_f64() * f64::from(rate);
                prop_assert!(f64::from(passed) <= most + 1e-6);
            }
        }
    }
}
