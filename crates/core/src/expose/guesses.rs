//! How many secrets of invites somebody has tried that are none; pure, the time is an argument.
//!
//! Secrets are far too long to be found by trying, so this only keeps the noise down. A link that
//! has ended is shown again and again by a bridge that still has it, and counts once.

use std::{collections::HashMap, time::Duration};

use fastn_p2p::PublicKey;

use crate::{access::SecretHash, clock::Timestamp};

/// Wrong secrets, each another one, after which further ones are not looked at.
const MAX_WRONG: usize = 8;
/// For how long.
const FORGOTTEN: Duration = Duration::from_mins(10);
/// Peers whose guesses are counted; with more all are forgotten.
const MAX_PEERS: usize = 1024;

/// Wrong secrets, by peer.
#[derive(Debug, Default)]
pub(super) struct Guesses(HashMap<PublicKey, Tried>);

#[derive(Debug)]
struct Tried {
    since: Timestamp,
    wrong: Vec<SecretHash>,
}

impl Guesses {
    /// Whether what `peer` shows is to be looked at.
    pub(super) fn may_try(&self, peer: &PublicKey, now: Timestamp) -> bool {
        let tried = self.0.get(peer);
        tried.is_none_or(|it| it.wrong.len() < MAX_WRONG || now >= it.since.after(FORGOTTEN))
    }

    /// `peer` has shown a wrong one; tells whether it is not looked at any more from here on.
    pub(super) fn wrong(&mut self, peer: &PublicKey, hash: SecretHash, now: Timestamp) -> bool {
        if self.0.len() >= MAX_PEERS && !self.0.contains_key(peer) {
            self.0.clear();
        }
        let new = || Tried {
            since: now,
            wrong: Vec::new(),
        };
        let tried = self.0.entry(*peer).or_insert_with(new);
        if now >= tried.since.after(FORGOTTEN) {
            *tried = new();
        }
        if tried.wrong.contains(&hash) {
            return false;
        }
        tried.wrong.push(hash);
        tried.wrong.len() == MAX_WRONG
    }
}

#[cfg(test)]
mod tests {
    use fastn_p2p::SecretKey;

    use super::*;

    #[test]
    fn who_guesses_is_not_heard_for_a_while_and_who_repeats_is() {
        let (peer, other) = ([1; 32], [2; 32]);
        let [peer, other] = [peer, other].map(|seed| SecretKey::from_bytes(seed).public());
        let mut guesses = Guesses::default();
        let start = Timestamp::from_millis(1000);
        for _ in 0..100 {
            assert!(!guesses.wrong(&peer, SecretHash::of("old"), start));
        }
        assert!(guesses.may_try(&peer, start));
        let stopped = (1..MAX_WRONG)
            .filter(|number| guesses.wrong(&peer, SecretHash::of(&number.to_string()), start));
        assert_eq!(stopped.count(), 1);
        assert!(!guesses.may_try(&peer, start));
        assert!(guesses.may_try(&other, start));
        let later = start.after(FORGOTTEN);
        assert!(guesses.may_try(&peer, later));
        assert!(!guesses.wrong(&peer, SecretHash::of("new"), later));
        assert!(guesses.may_try(&peer, later));
    }
}
