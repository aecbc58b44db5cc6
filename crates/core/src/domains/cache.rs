//! Answers that are not asked for again before their time is over; pure.
//!
//! What is over is kept on, as the last that was heard, until its place is needed.

use std::{collections::HashMap, time::Duration};

use tokio::time::Instant;

use super::answer::Answer;

/// However short a record's TTL is, it is not asked for again before this.
pub(super) const SHORTEST: Duration = Duration::from_secs(10);

/// However long it is, it is asked for again after this.
pub(super) const LONGEST: Duration = Duration::from_hours(24);

/// For how long there being no key, or no one key, is believed: somebody may be setting it up.
const NO_KEY: Duration = Duration::from_secs(30);

/// Domains remembered; with more, those whose time is over first are forgotten.
const MAX_ENTRIES: usize = 1024;

/// The last answers.
#[derive(Debug, Default)]
pub(super) struct Cache(HashMap<String, Entry>);

#[derive(Debug)]
struct Entry {
    answer: Answer,
    until: Instant,
}

impl Cache {
    /// The answer for `domain` while its time is not over.
    pub(super) fn fresh(&self, domain: &str, now: Instant) -> Option<&Answer> {
        let entry = self.0.get(domain)?;
        (now < entry.until).then_some(&entry.answer)
    }

    /// The last answer for `domain`, however old.
    pub(super) fn last(&self, domain: &str) -> Option<&Answer> {
        self.0.get(domain).map(|entry| &entry.answer)
    }

    /// Remembers an answer whose records may be kept for `ttl`.
    pub(super) fn put(&mut self, domain: &str, answer: Answer, ttl: Duration, now: Instant) {
        if !self.0.contains_key(domain) && self.0.len() >= MAX_ENTRIES {
            let first = self.0.iter().min_by_key(|(_, entry)| entry.until);
            if let Some(first) = first.map(|(domain, _)| domain.clone()) {
                self.0.remove(&first);
            }
        }
        let time = match answer {
            Answer::Key(_) => ttl.clamp(SHORTEST, LONGEST),
            Answer::Nobody | Answer::Several(_) => NO_KEY,
            Answer::Failed(_) => SHORTEST,
        };
        let until = now + time;
        self.0.insert(domain.to_owned(), Entry { answer, until });
    }

    /// Forgets everything: somebody else is asked from here on.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}

#[cfg(test)]
mod tests {
    use fastn_p2p::SecretKey;
    use proptest::prelude::*;

    use super::*;
    use crate::domains::{Spot, answer::Named};

    fn named(seed: u8) -> Answer {
        Answer::Key(Named {
            key: SecretKey::from_bytes([seed; 32]).public(),
            secure: false,
            spot: Spot::Label,
        })
    }

    #[test]
    fn an_answer_is_fresh_for_its_ttl_and_the_last_one_for_longer() {
        let (mut cache, now) = (Cache::default(), Instant::now());
        cache.put("a.b", named(1), Duration::from_mins(1), now);
        let end = now + Duration::from_mins(1);
        assert!(cache.fresh("a.b", end - Duration::from_millis(1)).is_some());
        assert!(cache.fresh("a.b", end).is_none());
        assert_eq!(cache.last("a.b"), Some(&named(1)));
        assert_eq!(cache.last("b.a"), None);
        cache.clear();
        assert_eq!(cache.last("a.b"), None);
    }

    #[test]
    fn what_ends_first_makes_room() {
        let (mut cache, now) = (Cache::default(), Instant::now());
        for number in 0..MAX_ENTRIES {
            let ttl = SHORTEST + Duration::from_secs(number as u64);
            cache.put(&format!("{number}.b"), named(1), ttl, now);
        }
        cache.put("new.b", named(2), LONGEST, now);
        assert_eq!(cache.0.len(), MAX_ENTRIES);
        assert_eq!(cache.last("0.b"), None);
        assert!(cache.last("1.b").is_some() && cache.last("new.b").is_some());
    }

    proptest! {
        #[test]
        fn every_answer_is_believed_within_the_bounds(secs in any::<u32>(), kind in 0..4) {
            let (mut cache, now) = (Cache::default(), Instant::now());
            let answer = match kind {
                0 => named(1),
                1 => Answer::Nobody,
                2 => Answer::Several(Vec::new()),
                _ => Answer::Failed("why".to_owned()),
            };
            cache.put("a.b", answer, Duration::from_secs(u64::from(secs)), now);
            let before = now + SHORTEST - Duration::from_millis(1);
            prop_assert!(cache.fresh("a.b", before).is_some());
            prop_assert!(cache.fresh("a.b", now + LONGEST).is_none());
        }
    }
}
