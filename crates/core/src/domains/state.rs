//! All that is known of domains at one moment, and how it changes; pure.

use std::collections::{BTreeMap, BTreeSet};

use fastn_p2p::PublicKey;

use super::{
    DomainError,
    answer::{Answer, Meaning, meaning},
    cache::Cache,
    file::Known,
};

/// Domains that are remembered; a further one is refused, since forgetting one would be trusting it
/// anew.
pub(super) const MAX_KNOWN: usize = 4096;

/// What is remembered and what was heard.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) known: Known,
    /// Whether the file lacks something of it.
    pub(super) is_unsaved: bool,
    pub(super) cache: Cache,
    /// Those whose remembered key was found right in this run.
    settled: BTreeSet<String>,
    /// Keys that were told of and are not followed.
    told: BTreeMap<String, PublicKey>,
    /// Those that are asked for in the background.
    pub(super) refreshing: BTreeSet<String>,
}

impl State {
    pub(super) fn new(known: Known) -> Self {
        Self {
            known,
            ..Self::default()
        }
    }

    /// What `domain` means by `answer`; a first key is remembered.
    pub(super) fn take_up(
        &mut self,
        domain: &str,
        answer: &Answer,
    ) -> Result<Meaning, DomainError> {
        let meaning = meaning(domain, self.known.get(domain).copied(), answer)?;
        if let Meaning::New(named) = meaning {
            if !self.has_room_for(domain) {
                return Err(DomainError::Full(domain.to_owned()));
            }
            self.known.insert(domain.to_owned(), named.key);
            self.is_unsaved = true;
        }
        self.settled.insert(domain.to_owned());
        Ok(meaning)
    }

    /// Remembers a key in place of another one; tells whether there was one.
    pub(super) fn accept(&mut self, domain: &str, key: PublicKey) -> Result<bool, DomainError> {
        if !self.has_room_for(domain) {
            return Err(DomainError::Full(domain.to_owned()));
        }
        self.told.remove(domain);
        self.is_unsaved = true;
        let before = self.known.insert(domain.to_owned(), key);
        Ok(before.is_some_and(|before| before != key))
    }

    /// The remembered key, when it was found right in this run and nothing has spoken against it
    /// since.
    pub(super) fn settled(&self, domain: &str) -> Option<PublicKey> {
        let known = self.known.get(domain).copied();
        known.filter(|_| self.settled.contains(domain))
    }

    /// Others are asked from here on.
    pub(super) fn begin_anew(&mut self) {
        self.cache.clear();
        self.settled.clear();
    }

    /// Heeds an answer that speaks against what is remembered. What has to be told of it is
    /// returned: once for each key that is not followed.
    pub(super) fn news(&mut self, domain: &str, answer: &Answer) -> Option<DomainError> {
        let known = self.known.get(domain).copied();
        let error = meaning(domain, known, answer).err()?;
        self.settled.remove(domain);
        let DomainError::KeyChanged { found, .. } = &error else {
            return None;
        };
        let before = self.told.insert(domain.to_owned(), *found);
        (before != Some(*found)).then_some(error)
    }

    fn has_room_for(&self, domain: &str) -> bool {
        self.known.contains_key(domain) || self.known.len() < MAX_KNOWN
    }
}
