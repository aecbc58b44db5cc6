//! How many requests a second each peer may make of one service; pure, the time is an argument.
//!
//! A token bucket for each peer: it holds `burst` requests and fills at the rate, so that a page
//! with many parts loads at once and a loop does not go on.

use std::{collections::HashMap, time::Duration};

use fastn_p2p::PublicKey;
use tokio::time::Instant;

/// Peers that are counted at a time. With more, those that have their whole burst are forgotten,
/// which changes nothing for them.
const MAX_PEERS: usize = 4096;

/// The buckets of one service.
#[derive(Debug)]
pub(super) struct Rates {
    per_second: f64,
    burst: f64,
    buckets: HashMap<PublicKey, Bucket>,
}

#[derive(Debug, Clone, Copy)]
struct Bucket {
    tokens: f64,
    at: Instant,
}

impl Rates {
    /// `per_second` requests for each peer, and `burst` at once; a second's worth when missing.
    pub(super) fn new(per_second: u32, burst: Option<u32>) -> Self {
        Self {
            per_second: f64::from(per_second),
            burst: f64::from(burst.unwrap_or(per_second).max(1)),
            buckets: HashMap::new(),
        }
    }

    /// Takes one request of `peer` at `now`.
    ///
    /// # Errors
    /// How long it has to wait for the next.
    pub(super) fn take(&mut self, peer: &PublicKey, now: Instant) -> Result<(), Duration> {
        if self.buckets.len() >= MAX_PEERS && !self.buckets.contains_key(peer) {
            self.forget_idle(now);
        }
        let full = Bucket {
            tokens: self.burst,
            at: now,
        };
        let (rate, burst) = (self.per_second, self.burst);
        let bucket = self.buckets.entry(*peer).or_insert(full);
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
        if self.buckets.len() >= MAX_PEERS {
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
    use fastn_p2p::SecretKey;
    use proptest::{collection, prelude::*};

    use super::*;

    fn key(number: usize) -> PublicKey {
        let mut seed = [3; 32];
        seed[..8].copy_from_slice(&number.to_le_bytes()[..8]);
        SecretKey::from_bytes(seed).public()
    }

    #[test]
    fn a_burst_passes_and_then_the_rate_holds_for_each_peer_alone() {
        let (mut rates, start) = (Rates::new(10, Some(3)), Instant::now());
        for _ in 0..3 {
            rates.take(&key(0), start).unwrap();
        }
        let wait = rates.take(&key(0), start).unwrap_err();
        assert!(wait <= Duration::from_millis(100), "{wait:?}");
        rates.take(&key(1), start).unwrap();
        let later = start + Duration::from_millis(100);
        rates.take(&key(0), later).unwrap();
        rates.take(&key(0), later).unwrap_err();
    }

    #[test]
    fn without_a_burst_it_is_a_seconds_worth() {
        let (mut rates, now) = (Rates::new(5, None), Instant::now());
        let passed = (0..50).filter(|_| rates.take(&key(0), now).is_ok()).count();
        assert_eq!(passed, 5);
    }

    #[test]
    fn a_flood_of_keys_takes_no_more_memory() {
        let (mut rates, now) = (Rates::new(1, Some(2)), Instant::now());
        for number in 0..3 * MAX_PEERS {
            rates.take(&key(number), now).unwrap();
            assert!(rates.buckets.len() <= MAX_PEERS);
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
                passed += u32::from(rates.take(&key(0), now).is_ok());
                let most = f64::from(burst) + (now - start).as_secs_f64() * f64::from(rate);
                prop_assert!(f64::from(passed) <= most + 1e-6);
            }
        }
    }
}
