//! Which lines are worth recording: the same again only after a while, and of what strangers cause
//! only so much an hour.

use std::{collections::HashMap, time::Duration};

use fastn_p2p::PublicKey;
use malai_api::LogKind;

use crate::clock::Timestamp;

/// For how long the same about the same peer and service is not recorded again.
const SAME_AGAIN: Duration = Duration::from_mins(10);
/// Peers and services that are remembered for that; with more all are forgotten.
const MAX_REMEMBERED: usize = 4096;
/// Refusals and guesses recorded within [`STRANGE_TIME`].
const MAX_STRANGE: u32 = 200;
/// See [`MAX_STRANGE`].
const STRANGE_TIME: Duration = Duration::from_hours(1);

/// Remembers what was recorded.
#[derive(Debug, Default)]
pub(super) struct Throttle {
    recorded: HashMap<(LogKind, PublicKey, String), Timestamp>,
    strange: u32,
    strange_since: Timestamp,
}

impl Throttle {
    /// Whether this is to be recorded, which counts as done then.
    pub(super) fn lets_through(
        &mut self,
        what: LogKind,
        peer: &PublicKey,
        service: &str,
        now: Timestamp,
    ) -> bool {
        let is_strange = matches!(what, LogKind::Refused | LogKind::Guessed);
        if !is_strange && what != LogKind::Used {
            // Few, and each means something.
            return true;
        }
        let key = (what, *peer, service.to_owned());
        let last = self.recorded.get(&key);
        if last.is_some_and(|last| now < last.after(SAME_AGAIN)) {
            return false;
        }
        if is_strange {
            if now >= self.strange_since.after(STRANGE_TIME) {
                (self.strange, self.strange_since) = (0, now);
            }
            if self.strange >= MAX_STRANGE {
                return false;
            }
            self.strange += 1;
        }
        if self.recorded.len() >= MAX_REMEMBERED {
            self.recorded.clear();
        }
        self.recorded.insert(key, now);
        true
    }
}

#[cfg(test)]
mod tests {
    use fastn_p2p::SecretKey;

    use super::*;

    fn key(number: u32) -> PublicKey {
        let mut seed = [1; 32];
        seed[..4].copy_from_slice(&number.to_le_bytes());
        SecretKey::from_bytes(seed).public()
    }

    fn now(secs: u64) -> Timestamp {
        Timestamp::from_millis(secs * 1000)
    }

    #[test]
    fn the_same_is_recorded_again_after_a_while() {
        let mut throttle = Throttle::default();
        let mut used =
            |service: &str, secs| throttle.lets_through(LogKind::Used, &key(0), service, now(secs));
        assert!(used("shop", 0));
        assert!(!used("shop", 599));
        assert!(used("blog", 599));
        assert!(used("shop", 600));
    }

    #[test]
    fn strangers_cannot_fill_the_record_and_hide_nothing_else() {
        let mut throttle = Throttle::default();
        let mut recorded = 0;
        for number in 0..10_000 {
            let through = throttle.lets_through(LogKind::Refused, &key(number), "x", now(1));
            recorded += u32::from(through);
        }
        assert_eq!(recorded, MAX_STRANGE);
        assert!(throttle.lets_through(LogKind::Used, &key(1), "shop", now(1)));
        assert!(throttle.lets_through(LogKind::Admitted, &key(1), "shop", now(1)));
        assert!(throttle.lets_through(LogKind::Refused, &key(99_999), "x", now(3601)));
    }
}
