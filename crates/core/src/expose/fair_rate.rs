//! So many requests a second of all peers together, of which each active one gets its part; pure,
//! the time is an argument.
//!
//! One bucket for all, and for each peer one that fills with its part of the rate. Who is within
//! its part is refused last: the others are refused as soon as the last quarter of the bucket is
//! reached.

use std::{collections::HashMap, time::Duration};

use fastn_p2p::PublicKey;
use tokio::time::Instant;

/// The part of the bucket that is kept for those who are within their part.
const KEPT: f64 = 0.25;
/// Who has asked for nothing for so long has no part.
const ACTIVE: Duration = Duration::from_secs(2);
/// Peers with a part at a time. With more, all begin anew.
const MAX_PEERS: usize = 4096;

/// The bucket of all, and each one's part.
#[derive(Debug)]
pub(super) struct FairRate {
    per_second: f64,
    burst: f64,
    all: Bucket,
    peers: HashMap<PublicKey, Bucket>,
    looked: Instant,
}

#[derive(Debug, Clone, Copy)]
struct Bucket {
    tokens: f64,
    at: Instant,
}

impl Bucket {
    fn fill(&mut self, now: Instant, rate: f64, most: f64) {
        let passed = now.saturating_duration_since(self.at).as_secs_f64();
        self.tokens = most.min(self.tokens + passed * rate);
        self.at = self.at.max(now);
    }
}

impl FairRate {
    /// `per_second` requests of all, and `burst` at once; a second's worth when missing.
    pub(super) fn new(per_second: u32, burst: Option<u32>, now: Instant) -> Self {
        let burst = f64::from(burst.unwrap_or(per_second).max(1));
        Self {
            per_second: f64::from(per_second),
            burst,
            all: Bucket {
                tokens: burst,
                at: now,
            },
            peers: HashMap::new(),
            looked: now,
        }
    }

    /// Takes one request of `peer` at `now`.
    ///
    /// # Errors
    /// How long it should wait.
    pub(super) fn take(&mut self, peer: &PublicKey, now: Instant) -> Result<(), Duration> {
        self.forget_idle(peer, now);
        let kept = self.burst * KEPT;
        let active = f64::from(u32::try_from(self.peers.len().max(1)).unwrap_or(u32::MAX));
        let active = if self.peers.contains_key(peer) {
            active
        } else {
            active + 1.0
        };
        let (rate, most) = (self.per_second / active, (kept / active).max(1.0));
        self.all.fill(now, self.per_second, self.burst);
        let part = self.peers.entry(*peer).or_insert(Bucket {
            tokens: most,
            at: now,
        });
        part.fill(now, rate, most);
        let is_within = part.tokens >= 1.0;
        let least = if is_within { 1.0 } else { 1.0 + kept };
        if self.all.tokens < least {
            let missing = (least - self.all.tokens) / self.per_second;
            let of_part = (1.0 - part.tokens) / rate;
            return Err(Duration::from_secs_f64(missing.min(of_part).max(0.001)));
        }
        if is_within {
            part.tokens -= 1.0;
        }
        self.all.tokens -= 1.0;
        Ok(())
    }

    fn forget_idle(&mut self, peer: &PublicKey, now: Instant) {
        let is_new = self.peers.len() >= MAX_PEERS && !self.peers.contains_key(peer);
        if !is_new && now.saturating_duration_since(self.looked) < ACTIVE / 2 {
            return;
        }
        self.looked = now;
        let is_active = |it: &Bucket| now.saturating_duration_since(it.at) < ACTIVE;
        self.peers.retain(|_, it| is_active(it));
        if self.peers.len() >= MAX_PEERS {
            self.peers.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use fastn_p2p::SecretKey;
    use proptest::{collection, prelude::*};

    use super::*;

    fn key(number: u8) -> PublicKey {
        SecretKey::from_bytes([number; 32]).public()
    }

    /// What each of some peers gets in ten seconds that ask so often a second.
    fn served(rate: u32, asks: &[u64]) -> Vec<u64> {
        let start = Instant::now();
        let mut fair = FairRate::new(rate, None, start);
        let mut served = vec![0; asks.len()];
        for millisecond in 0..10_000_u64 {
            let now = start + Duration::from_millis(millisecond);
            for ((number, count), got) in (0..).zip(asks).zip(&mut served) {
                let before = millisecond * count / 1000;
                for _ in before..(millisecond + 1) * count / 1000 {
                    *got += u64::from(fair.take(&key(number), now).is_ok());
                }
            }
        }
        served
    }

    #[test]
    fn who_asks_little_is_served_while_another_floods() {
        let got = served(100, &[5000, 20, 20]);
        assert!(got[1] >= 198 && got[2] >= 198, "{got:?}");
        assert!(got[0] >= 550, "what is left over is used: {got:?}");
        assert!(got.iter().sum::<u64>() <= 1101, "{got:?}");
    }

    #[test]
    fn who_floods_gets_no_more_than_another_who_does() {
        let got = served(100, &[5000, 500, 500, 500]);
        let (least, most) = (got[1..].iter().min().unwrap(), got.iter().max().unwrap());
        assert!(*least >= 180 && *most <= 420, "{got:?}");
    }

    #[test]
    fn one_alone_has_all_but_the_part_of_the_next() {
        let (now, mut passed) = (Instant::now(), 0);
        let mut fair = FairRate::new(100, Some(40), now);
        while fair.take(&key(0), now).is_ok() {
            passed += 1;
        }
        assert!((30..=39).contains(&passed), "{passed}");
        assert!(fair.take(&key(1), now).is_ok());
        let wait = fair.take(&key(0), now).unwrap_err();
        assert!(wait <= Duration::from_secs(1), "{wait:?}");
    }

    #[test]
    fn a_rate_of_one_is_one() {
        let start = Instant::now();
        let mut fair = FairRate::new(1, None, start);
        assert!(fair.take(&key(0), start).is_ok());
        assert!(fair.take(&key(0), start).is_err());
        assert!(fair.take(&key(0), start + Duration::from_secs(3)).is_ok());
    }

    #[test]
    fn a_flood_of_keys_takes_no_more_memory() {
        let now = Instant::now();
        let mut fair = FairRate::new(1_000_000, None, now);
        for number in 0..2 * MAX_PEERS {
            let mut seed = [3; 32];
            seed[..8].copy_from_slice(&number.to_le_bytes()[..8]);
            let taken = fair.take(&SecretKey::from_bytes(seed).public(), now);
            assert!(taken.is_ok() || number >= 1000, "a million are allowed");
            assert!(fair.peers.len() <= MAX_PEERS);
        }
    }

    proptest! {
        #[test]
        fn never_more_than_burst_and_rate_allow(
            rate in 1..200_u32,
            burst in 1..200_u32,
            steps in collection::vec((0..50_u64, 0..5_u8), 1..400),
        ) {
            let start = Instant::now();
            let mut fair = FairRate::new(rate, Some(burst), start);
            let (mut now, mut passed) = (start, 0_u32);
            for (step, peer) in steps {
                now += Duration::from_millis(step);
                passed += u32::from(fair.take(&key(peer), now).is_ok());
                let most = f64::from(burst) + (now - start).as_secs_f64() * f64::from(rate);
                prop_assert!(f64::from(passed) <= most + 1e-6);
            }
        }
    }
}
