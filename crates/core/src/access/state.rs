//! What holds at one moment, to be read by many: grants for policy, and the invites that could
//! still let somebody in.
//!
//! With it a wrong guess is told from a right one without asking anybody.

use std::collections::BTreeMap;

use fastn_p2p::PublicKey;

use super::{SecretHash, ShareId};
use crate::clock::Timestamp;

/// What invites and grants mean for the services that are shared now; nothing at all by default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AccessState {
    /// Who was let in.
    pub grants: Grants,
    /// What lets in.
    pub invites: OpenInvites,
}

/// The keys that were let in, by service, each with its end.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Grants(BTreeMap<String, BTreeMap<PublicKey, Option<Timestamp>>>);

/// The invites that can still let somebody in, by service.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OpenInvites(BTreeMap<String, (ShareId, Vec<Open>)>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Open {
    hash: SecretHash,
    until: Option<Timestamp>,
}

impl Grants {
    /// Lets `peer` in to `service`, up to but not at `until`.
    pub fn add(&mut self, service: &str, peer: PublicKey, until: Option<Timestamp>) {
        let keys = self.0.entry(service.to_owned()).or_default();
        keys.insert(peer, until);
    }

    /// Who was let in to `service`, and until when.
    pub fn of(&self, service: &str) -> impl Iterator<Item = (PublicKey, Option<Timestamp>)> {
        let keys = self.0.get(service).into_iter().flatten();
        keys.map(|(peer, until)| (*peer, *until))
    }
}

impl OpenInvites {
    pub(super) fn add(&mut self, share: &ShareId, hash: SecretHash, until: Option<Timestamp>) {
        let new = || (share.clone(), Vec::new());
        let (_, open) = self.0.entry(share.service.clone()).or_insert_with(new);
        open.push(Open { hash, until });
    }

    /// The share that `hash` lets in to under the name of `service`, when there is one.
    #[must_use]
    pub fn find(&self, service: &str, hash: &SecretHash, now: Timestamp) -> Option<&ShareId> {
        let (share, open) = self.0.get(service)?;
        let is_it = |it: &Open| it.hash == *hash && it.until.is_none_or(|until| now < until);
        open.iter().any(is_it).then_some(share)
    }
}
