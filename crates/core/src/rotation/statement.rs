//! The statement that one key has taken the place of another, signed by both. Pure.
//!
//! The old key's signature says that it is given up for the new one, the new key's that it is not
//! somebody else's. What is signed names both, in their roles, and begins with words that nothing
//! else of malai begins with.

use std::collections::BTreeSet;

use fastn_p2p::{PublicKey, SecretKey, Signature};
use serde::{Deserialize, Serialize};

/// Statements that are kept and sent: a peer that has missed more is a stranger.
pub const MAX_STATEMENTS: usize = 8;

/// What every signed message begins with.
const DOMAIN: &[u8] = b"malai rotation v1";

/// One key has taken the place of another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statement {
    old: PublicKey,
    new: PublicKey,
    /// Seconds since 1970, as its author says.
    time: u64,
    old_signature: Signature,
    new_signature: Signature,
}

/// Statements that hold, each about the key that the one before has made known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain(Vec<Statement>);

impl Statement {
    /// Says that `new` has taken the place of `old`.
    #[must_use]
    pub fn new(old: &SecretKey, new: &SecretKey, time: u64) -> Self {
        let (old_key, new_key) = (old.public(), new.public());
        let message = message(&old_key, &new_key, time);
        Self {
            old: old_key,
            new: new_key,
            time,
            old_signature: old.sign(&message),
            new_signature: new.sign(&message),
        }
    }

    /// The key that is given up.
    #[must_use]
    pub fn old(&self) -> &PublicKey {
        &self.old
    }

    /// The key in its place.
    #[must_use]
    pub fn new_key(&self) -> &PublicKey {
        &self.new
    }

    /// Whether both keys have signed it.
    #[must_use]
    pub fn holds(&self) -> bool {
        let message = message(&self.old, &self.new, self.time);
        self.old != self.new
            && self.old.verify(&message, &self.old_signature)
            && self.new.verify(&message, &self.new_signature)
    }
}

impl Chain {
    /// What `sender`, whom QUIC has authenticated, has said; `None` when anything about it is wrong:
    /// a signature, a gap, a circle, or that it is about somebody else.
    #[must_use]
    pub fn check(statements: Vec<Statement>, sender: &PublicKey) -> Option<Self> {
        if statements.len() > MAX_STATEMENTS || statements.last()?.new != *sender {
            return None;
        }
        let linked = statements.windows(2).all(|pair| match pair {
            [one, next] => one.new == next.old,
            _ => true,
        });
        let mut keys: BTreeSet<PublicKey> = statements.iter().map(|it| it.old).collect();
        keys.insert(*sender);
        let no_circle = keys.len() == statements.len() + 1;
        // Signatures last: they are what takes time.
        let holds = linked && no_circle && statements.iter().all(Statement::holds);
        holds.then_some(Self(statements))
    }

    /// The key there is now.
    ///
    /// There is a statement always; without one it would be nobody's.
    #[must_use]
    #[expect(
        clippy::expect_used,
        reason = "`check` takes no chain without a statement"
    )]
    pub fn new_key(&self) -> &PublicKey {
        &self.0.last().expect("a chain has a statement").new
    }

    /// The keys that were given up, oldest first.
    pub fn former(&self) -> impl DoubleEndedIterator<Item = &PublicKey> {
        self.0.iter().map(|statement| &statement.old)
    }

    /// Since when there is the new key, as its owner says.
    #[must_use]
    pub fn since(&self) -> u64 {
        self.0.last().map_or(0, |statement| statement.time)
    }

    /// Whether `key` was given up.
    #[must_use]
    pub fn replaces(&self, key: &PublicKey) -> bool {
        self.former().any(|former| former == key)
    }

    /// The same without what it says about these keys and, with them, about those before.
    #[must_use]
    pub(super) fn without(&self, known: impl Fn(&PublicKey) -> bool) -> Option<Self> {
        let after_known = self.0.iter().rposition(|it| known(&it.old));
        let rest = self.0.get(after_known.map_or(0, |at| at + 1)..)?;
        (!rest.is_empty()).then(|| Self(rest.to_vec()))
    }
}

fn message(old: &PublicKey, new: &PublicKey, time: u64) -> Vec<u8> {
    [DOMAIN, old.as_bytes(), new.as_bytes(), &time.to_be_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key(seed: u8) -> SecretKey {
        SecretKey::from_bytes([seed; 32])
    }

    /// Key 0 becomes 1, 1 becomes 2 and so on.
    fn chain(length: u8) -> Vec<Statement> {
        let one = |seed| Statement::new(&key(seed), &key(seed + 1), u64::from(seed));
        (0..length).map(one).collect()
    }

    fn check(statements: &[Statement], sender: u8) -> Option<Chain> {
        Chain::check(statements.to_vec(), &key(sender).public())
    }

    #[test]
    fn the_signed_message_is_as_documented() {
        let (old, new) = (key(1).public(), key(2).public());
        let message = message(&old, &new, 0x0102);
        assert_eq!(message.len(), 17 + 32 + 32 + 8);
        assert!(message.starts_with(b"malai rotation v1"));
        assert_eq!(message[17..49], *old.as_bytes());
        assert_eq!(message[49..81], *new.as_bytes());
        assert_eq!(message[81..], [0, 0, 0, 0, 0, 0, 1, 2]);
    }

    #[test]
    fn a_chain_leads_from_its_first_key_to_its_sender() {
        for length in 1..=8 {
            let chain = check(&chain(length), length).unwrap();
            assert_eq!(*chain.new_key(), key(length).public());
            assert_eq!(chain.since(), u64::from(length) - 1);
            let former: Vec<_> = (0..length).map(|seed| key(seed).public()).collect();
            assert_eq!(chain.former().copied().collect::<Vec<_>>(), former);
        }
    }

    #[test]
    fn nobody_says_it_for_another() {
        let said = chain(1);
        for sender in [0, 2, 3] {
            assert_eq!(check(&said, sender), None, "{sender}");
        }
        let text = serde_json::to_string(&said[0]).unwrap();
        let swapped = text.replace("\"old", "\"x").replace("\"new", "\"old");
        let swapped: Statement = serde_json::from_str(&swapped.replace("\"x", "\"new")).unwrap();
        assert_eq!(swapped.old, said[0].new, "{swapped:?}");
        assert_eq!(check(&[swapped], 0), None, "the other way round");
    }

    #[test]
    fn gaps_circles_and_nothing_are_no_chain() {
        assert_eq!(check(&[], 0), None);
        assert_eq!(check(&chain(9), 9), None, "too long");
        let mut gap = chain(3);
        gap.remove(1);
        assert_eq!(check(&gap, 3), None);
        let mut circle = chain(2);
        circle.push(Statement::new(&key(2), &key(0), 9));
        assert_eq!(check(&circle, 0), None);
        assert_eq!(check(&[Statement::new(&key(1), &key(1), 9)], 1), None);
    }

    #[test]
    fn one_wrong_signature_spoils_all() {
        for at in 0..3 {
            let mut said = chain(3);
            said[at].old_signature = said[at].new_signature;
            assert_eq!(check(&said, 3), None, "{at}");
            let mut said = chain(3);
            said[at].new_signature = said[at].old_signature;
            assert_eq!(check(&said, 3), None, "{at}");
            let mut said = chain(3);
            said[at].time += 1;
            assert_eq!(check(&said, 3), None, "{at}");
        }
    }

    #[test]
    fn what_is_known_already_is_left_out_with_all_before_it() {
        let whole = check(&chain(4), 4).unwrap();
        let without = |seeds: &[u8]| {
            let known: Vec<_> = seeds.iter().map(|seed| key(*seed).public()).collect();
            let rest = whole.without(|key| known.contains(key));
            rest.map(|rest| rest.former().count())
        };
        assert_eq!(without(&[]), Some(4));
        assert_eq!(without(&[0]), Some(3));
        assert_eq!(without(&[2]), Some(1));
        assert_eq!(without(&[0, 3]), None);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_and_holds(old in any::<[u8; 32]>(), new in any::<[u8; 32]>(), time in any::<u64>()) {
            let (old, new) = (SecretKey::from_bytes(old), SecretKey::from_bytes(new));
            let said = Statement::new(&old, &new, time);
            let text = serde_json::to_string(&said).unwrap();
            let read: Statement = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(read.holds(), old.public() != new.public());
            prop_assert_eq!(read, said);
        }

        #[test]
        fn no_text_is_taken_for_a_statement_that_holds(text in ".{0,200}") {
            if let Ok(read) = serde_json::from_str::<Statement>(&text) {
                prop_assert!(!read.holds());
            }
        }

        #[test]
        fn a_changed_bit_never_holds(bit in 0..1024_usize) {
            let said = Statement::new(&key(1), &key(2), 3);
            let mut text = serde_json::to_value(&said).unwrap();
            let name = if bit < 512 { "old_signature" } else { "new_signature" };
            let hex = text[name].as_str().unwrap().to_owned();
            let mut bytes = data_encoding::HEXLOWER.decode(hex.as_bytes()).unwrap();
            bytes[bit % 512 / 8] ^= 1 << (bit % 8);
            text[name] = data_encoding::HEXLOWER.encode(&bytes).into();
            let changed: Statement = serde_json::from_value(text).unwrap();
            prop_assert!(!changed.holds());
        }
    }
}
