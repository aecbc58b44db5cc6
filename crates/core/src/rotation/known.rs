//! What this engine knows of new keys: its own statements, who has heard them, and since when peers
//! have the key they have. Pure.

use std::collections::{BTreeMap, BTreeSet};

use fastn_p2p::PublicKey;
use serde::{Deserialize, Serialize};

use super::statement::{MAX_STATEMENTS, Statement};

/// Peers that are remembered to have heard; whoever is forgotten is told once more.
const MAX_DELIVERED: usize = 4096;
/// Peers of whom it is remembered since when they have their key.
const MAX_HEARD: usize = 4096;

/// What is known of new keys.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Rotations {
    /// Newest last.
    statements: Vec<Statement>,
    /// Who has heard all of them.
    delivered: BTreeSet<PublicKey>,
    /// Since when peers have their present key, seconds since 1970.
    heard: BTreeMap<PublicKey, u64>,
}

impl Rotations {
    /// The statements that lead to the key `own`, at most [`MAX_STATEMENTS`].
    #[must_use]
    pub fn leading_to(&self, own: &PublicKey) -> &[Statement] {
        let statements = &self.statements;
        let Some(last) = statements.iter().rposition(|it| it.new_key() == own) else {
            return &[];
        };
        let mut first = last;
        while first > 0 && statements[first - 1].new_key() == statements[first].old() {
            first -= 1;
        }
        &statements[first.max((last + 1).saturating_sub(MAX_STATEMENTS))..=last]
    }

    /// Adds the newest statement and forgets those that do not lead to it.
    pub(super) fn add(&mut self, statement: Statement) {
        self.statements = self.leading_to(statement.old()).to_vec();
        self.statements.push(statement);
        let surplus = self.statements.len().saturating_sub(MAX_STATEMENTS);
        self.statements.drain(..surplus);
        self.delivered.clear();
    }

    /// Whether `peer` has heard.
    #[must_use]
    pub fn is_delivered(&self, peer: &PublicKey) -> bool {
        self.delivered.contains(peer)
    }

    /// `peer` has heard; `known` are those who are to hear, and nobody else is remembered.
    pub fn delivered(&mut self, peer: PublicKey, known: &BTreeSet<PublicKey>) {
        self.delivered.retain(|peer| known.contains(peer));
        if self.delivered.len() < MAX_DELIVERED {
            self.delivered.insert(peer);
        }
    }

    /// Since when a peer has the key `peer`, when it had another before.
    #[must_use]
    pub fn since(&self, peer: &PublicKey) -> Option<u64> {
        self.heard.get(peer).copied()
    }

    /// A peer has the key `peer` since `time`; `is_known` tells which other ones still matter.
    pub fn heard(&mut self, peer: PublicKey, time: u64, is_known: impl Fn(&PublicKey) -> bool) {
        self.heard.retain(|peer, _| is_known(peer));
        if self.heard.len() < MAX_HEARD {
            self.heard.insert(peer, time);
        }
    }
}

#[cfg(test)]
mod tests {
    use fastn_p2p::SecretKey;

    use super::*;

    fn key(seed: u8) -> SecretKey {
        SecretKey::from_bytes([seed; 32])
    }

    fn statement(old: u8, new: u8) -> Statement {
        Statement::new(&key(old), &key(new), 1)
    }

    #[test]
    fn at_most_eight_are_kept_the_newest_last() {
        let mut rotations = Rotations::default();
        for seed in 0..12 {
            rotations.add(statement(seed, seed + 1));
        }
        let kept = rotations.leading_to(&key(12).public());
        assert_eq!(kept.len(), MAX_STATEMENTS);
        assert_eq!(*kept[0].old(), key(4).public());
        assert_eq!(rotations.leading_to(&key(3).public()), &[]);
    }

    #[test]
    fn a_key_that_never_came_is_left_out() {
        let mut rotations = Rotations::default();
        rotations.add(statement(1, 2));
        rotations.add(statement(2, 3));
        // The key 3 was never kept, so the identity has 2 still.
        assert_eq!(rotations.leading_to(&key(2).public()).len(), 1);
        rotations.add(statement(2, 4));
        let kept = rotations.leading_to(&key(4).public());
        assert_eq!(kept, [statement(1, 2), statement(2, 4)]);
    }

    #[test]
    fn a_new_statement_is_to_be_heard_by_all_again() {
        let mut rotations = Rotations::default();
        rotations.add(statement(1, 2));
        let (one, other) = (key(8).public(), key(9).public());
        rotations.delivered(one, &BTreeSet::from([one, other]));
        assert!(rotations.is_delivered(&one) && !rotations.is_delivered(&other));
        rotations.delivered(other, &BTreeSet::from([other]));
        assert!(!rotations.is_delivered(&one), "nobody to tell any more");
        rotations.add(statement(2, 3));
        assert!(!rotations.is_delivered(&other));
    }
}
