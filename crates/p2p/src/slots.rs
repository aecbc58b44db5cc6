//! Room for so much at once, shared between peers so that nobody can take all of it.
//!
//! A peer gets another place while it has fewer than three times those that are still free, a
//! *dynamic threshold* (Choudhury and Hahne, 1998). Alone it gets three quarters of them; several
//! get equal parts, and one more part is left for whoever comes next.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::PublicKey;

/// How many times the free places a peer may have.
const SHARE: usize = 3;

/// Room for so much at once; clones share it.
#[derive(Debug, Clone)]
pub struct Slots(Arc<Mutex<Shares>>);

/// One place, free again when it is dropped.
#[derive(Debug)]
pub struct Slot {
    slots: Slots,
    peer: PublicKey,
}

/// Why there is no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Full {
    /// All of them are taken.
    All,
    /// The peer has its part.
    Share,
}

impl Slots {
    /// `most` places in all, and at most `each` for one peer.
    #[must_use]
    pub fn new(most: usize, each: Option<usize>) -> Self {
        Self(Arc::new(Mutex::new(Shares::new(most, each))))
    }

    /// The same for those who come from here on.
    pub fn resize(&self, most: usize, each: Option<usize>) {
        let mut shares = self.lock();
        shares.most = most;
        shares.each = each;
    }

    /// A place for `peer`.
    ///
    /// # Errors
    /// [`Full`] when it has to do without.
    pub fn take(&self, peer: PublicKey) -> Result<Slot, Full> {
        self.lock().take(peer)?;
        Ok(Slot {
            slots: self.clone(),
            peer,
        })
    }

    fn lock(&self) -> MutexGuard<'_, Shares> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.slots.lock().give_back(&self.peer);
    }
}

/// Who has how many; pure.
#[derive(Debug)]
struct Shares {
    most: usize,
    each: Option<usize>,
    taken: usize,
    /// Only those who have any.
    by_peer: HashMap<PublicKey, usize>,
}

impl Shares {
    fn new(most: usize, each: Option<usize>) -> Self {
        Self {
            most,
            each,
            taken: 0,
            by_peer: HashMap::new(),
        }
    }

    fn take(&mut self, peer: PublicKey) -> Result<(), Full> {
        let free = self.most.saturating_sub(self.taken);
        if free == 0 {
            return Err(Full::All);
        }
        let place = self.by_peer.entry(peer);
        let has = match &place {
            Entry::Occupied(has) => *has.get(),
            Entry::Vacant(_) => 0,
        };
        let is_over = self.each.is_some_and(|each| has >= each);
        if is_over || has >= free.saturating_mul(SHARE) {
            return Err(Full::Share);
        }
        place.insert_entry(has + 1);
        self.taken += 1;
        Ok(())
    }

    fn give_back(&mut self, peer: &PublicKey) {
        let Some(has) = self.by_peer.get_mut(peer) else {
            return;
        };
        *has -= 1;
        self.taken -= 1;
        if *has == 0 {
            self.by_peer.remove(peer);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection, prelude::*};

    use super::*;
    use crate::SecretKey;

    thread_local! {
        static KEYS: Vec<PublicKey> = (0..8).map(|it| SecretKey::from_bytes([it; 32]).public()).collect();
    }

    fn key(number: u8) -> PublicKey {
        KEYS.with(|keys| keys[usize::from(number)])
    }

    fn fill(shares: &mut Shares, number: u8) -> usize {
        let mut count = 0;
        while shares.take(key(number)).is_ok() {
            count += 1;
        }
        count
    }

    #[test]
    fn one_peer_alone_leaves_a_quarter_to_others() {
        for most in [4, 100, 1024, 65_536] {
            let mut shares = Shares::new(most, None);
            let alone = fill(&mut shares, 1);
            assert_eq!(alone, most * 3 / 4, "of {most}");
            assert_eq!(shares.take(key(1)), Err(Full::Share));
            assert!(shares.take(key(2)).is_ok());
        }
        assert_eq!(fill(&mut Shares::new(1, None), 1), 1, "one place is one");
    }

    #[test]
    fn a_peer_has_no_more_than_each_may() {
        let mut shares = Shares::new(100, Some(5));
        assert_eq!(fill(&mut shares, 1), 5);
        assert_eq!(fill(&mut shares, 2), 5);
    }

    #[test]
    fn a_dropped_place_is_free_again() {
        let slots = Slots::new(1, None);
        let slot = slots.take(key(1)).unwrap();
        assert_eq!(slots.take(key(2)).unwrap_err(), Full::All);
        drop(slot);
        drop(slots.take(key(2)).unwrap());
        assert!(slots.lock().by_peer.is_empty());
        slots.resize(0, None);
        assert_eq!(slots.take(key(1)).unwrap_err(), Full::All);
    }

    #[test]
    fn peers_that_come_and_go_end_with_equal_parts() {
        // One had all it could get, and then each place that frees goes to whoever may have it.
        let mut shares = Shares::new(100, None);
        fill(&mut shares, 0);
        for round in 0..400 {
            let hog = u8::try_from(round % 4).unwrap();
            shares.give_back(&key(hog));
            // The greedy one always asks first.
            let tries = (0..4).map(|number| shares.take(key(number)));
            assert!(tries.filter(Result::is_ok).count() <= 4);
        }
        let parts: Vec<usize> = (0..4).map(|number| shares.by_peer[&key(number)]).collect();
        let (least, most) = (parts.iter().min().unwrap(), parts.iter().max().unwrap());
        assert!(most - least <= 3 && *least >= 20, "{parts:?}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn never_more_than_there_are_and_never_all_to_one(
            most in 4..200_usize,
            each in proptest::option::of(1..50_usize),
            steps in collection::vec((any::<bool>(), 0..6_u8), 1..500),
        ) {
            let mut shares = Shares::new(most, each);
            for (takes, number) in steps {
                if takes {
                    let had = shares.by_peer.contains_key(&key(number));
                    let free = most - shares.taken;
                    let outcome = shares.take(key(number));
                    // Whoever has nothing gets a place for as long as there is one.
                    prop_assert!(had || outcome.is_ok() || free == 0);
                } else {
                    shares.give_back(&key(number));
                }
                prop_assert!(shares.taken <= most);
                prop_assert_eq!(shares.taken, shares.by_peer.values().sum::<usize>());
                for count in shares.by_peer.values() {
                    prop_assert!(*count <= most * 3 / 4 + 1);
                    prop_assert!(each.is_none_or(|each| *count <= each));
                    prop_assert!(*count > 0);
                }
            }
        }
    }
}
