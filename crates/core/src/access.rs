//! Who was let in beyond what `malai.toml` says: by the owner, or by an invite.
//!
//! An invite is a secret in a link. The first time that somebody uses it, a grant pins the key that
//! did; from then on the key is what counts, and the secret is not looked at.
//! Pure: the time is an argument, and reading and writing the file is `file`'s.
//! Whether a peer may use a service is still policy's decision alone, to which grants are a rule
//! like any other. What belongs to a temporary share ends with just that share, and is never
//! written down.

mod door;
mod file;
mod pin;
mod secret;
mod state;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use fastn_p2p::PublicKey;

use self::door::{Door, Grant, Invite, Through};
pub use self::{
    file::{AccessFile, AccessFileError, Kept},
    pin::{Pin, PinError, Shown},
    secret::{InviteId, Secret, SecretHash},
    state::{AccessState, Grants, OpenInvites},
};
use crate::clock::Timestamp;

/// Open invites of one service with an end, by use or by time: more than anybody hands out at once.
const MAX_INVITES_PER_SERVICE: usize = 64;
/// Links of one service that everybody may use. One is made in each run of an engine in which
/// somebody asks, so the oldest gives way; whom it has let in stays.
const MAX_STANDING_PER_SERVICE: usize = 16;
/// Open invites in all.
const MAX_INVITES: usize = 1024;
/// Keys let in to one service: a link that has got about does not fill the disk.
const MAX_GUESTS_PER_SERVICE: usize = 256;
/// Keys let in, in all services together.
const MAX_GUESTS: usize = 4096;

/// One share: a later one of the same name is another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ShareId {
    /// The service's name.
    pub service: String,
    /// Which temporary share; `None` for the one in `malai.toml`.
    pub generation: Option<u64>,
}

/// What an invite allows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Terms {
    /// Only the first who uses it is let in.
    pub once: bool,
    /// When it ends, and whatever it granted with it.
    pub until: Option<Timestamp>,
    /// What has to be said with the secret.
    pub pin: Option<Pin>,
}

/// For how long the owner lets somebody in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stay {
    /// Until the peer's connection ends; never written down.
    Connection,
    /// Until this moment.
    Until(Timestamp),
    /// Until it is taken back.
    Always,
}

/// Why there is no new invite.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AccessError {
    /// The service has as many as it can have.
    #[error(
        "`{0}` has {MAX_INVITES_PER_SERVICE} links that nobody has used yet; give those out first, \
         or wait until some have ended"
    )]
    ServiceFull(String),
    /// There are as many as there can be.
    #[error("there are {MAX_INVITES} links that nobody has used yet; give those out first")]
    Full,
    /// As many were let in to the service as it can have.
    #[error("`{0}` has as many guests as it can have; name people in its `allow` instead")]
    TooManyGuests(String),
}

/// Everybody's invites and grants.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Access(BTreeMap<ShareId, Door>);

impl ShareId {
    /// The share that `malai.toml` keeps.
    pub fn kept(service: impl Into<String>) -> Self {
        Self {
            service: service.into(),
            generation: None,
        }
    }

    /// A share that ends with whoever asked for it.
    pub fn temporary(service: impl Into<String>, generation: u64) -> Self {
        Self {
            service: service.into(),
            generation: Some(generation),
        }
    }
}

impl Access {
    /// Whoever uses `secret` from here on is let in to `share`, by these terms.
    ///
    /// # Errors
    /// [`AccessError`] when there are too many.
    pub fn invite(
        &mut self,
        share: &ShareId,
        secret: &Secret,
        terms: Terms,
        now: Timestamp,
    ) -> Result<(), AccessError> {
        let in_all: usize = self.0.values().map(|door| door.open(now).count()).sum();
        if in_all >= MAX_INVITES {
            return Err(AccessError::Full);
        }
        let door = self.0.entry(share.clone()).or_default();
        let invite = Invite {
            hash: secret.hash(),
            made: now,
            once: terms.once,
            until: terms.until,
            pin: terms.pin.map(|pin| pin.hash_with(secret.expose())),
            wrong_pins: 0,
            used_by: None,
        };
        if invite.is_standing() {
            door.make_room_for_standing();
            door.standing = Some(secret.clone());
        } else if door.open(now).filter(|it| !it.is_standing()).count() >= MAX_INVITES_PER_SERVICE {
            return Err(AccessError::ServiceFull(share.service.clone()));
        }
        door.invites.push(invite);
        Ok(())
    }

    /// The secret that everybody may use for `share`, when one was made in this run.
    #[must_use]
    pub fn standing(&self, share: &ShareId) -> Option<&Secret> {
        self.0.get(share)?.standing.as_ref()
    }

    /// Takes an invite back; whom it has let in stays.
    pub fn withdraw(&mut self, share: &ShareId, secret: &Secret) {
        if let Some(door) = self.0.get_mut(share) {
            door.invites.retain(|invite| invite.hash != secret.hash());
            if door.standing.as_ref() == Some(secret) {
                door.standing = None;
            }
        }
    }

    /// Lets `peer` in to `share` if what it has `shown` is an invite which still can; tells whether
    /// it is in. An invite for which too many wrong PINs were told ends.
    pub fn redeem(
        &mut self,
        share: &ShareId,
        shown: &Shown,
        peer: &PublicKey,
        now: Timestamp,
    ) -> bool {
        let in_all: usize = self.0.values().map(|door| door.grants.len()).sum();
        let Some(door) = self.0.get_mut(share) else {
            return false;
        };
        if door.grants.get(peer).is_some_and(|it| it.holds(now)) {
            return true;
        }
        if door.is_full() || in_all >= MAX_GUESTS {
            return false;
        }
        let mut invites = door.invites.iter_mut();
        let Some(invite) = invites.find(|it| it.hash == shown.secret && it.is_open(now)) else {
            return false;
        };
        if !invite.takes_pin(shown) {
            return false;
        }
        if invite.once {
            invite.used_by = Some(*peer);
        }
        let grant = Grant {
            since: now,
            until: invite.until,
            once: false,
            through: Through::Invite(shown.secret.id()),
        };
        door.grants.insert(*peer, grant);
        true
    }

    /// Lets `peer` in to `share`, as its owner says; in place of what let it in before.
    ///
    /// # Errors
    /// [`AccessError::TooManyGuests`].
    pub fn admit(
        &mut self,
        share: &ShareId,
        peer: &PublicKey,
        stay: Stay,
        now: Timestamp,
    ) -> Result<(), AccessError> {
        let in_all: usize = self.0.values().map(|door| door.grants.len()).sum();
        let door = self.0.entry(share.clone()).or_default();
        if !door.grants.contains_key(peer) && (door.is_full() || in_all >= MAX_GUESTS) {
            return Err(AccessError::TooManyGuests(share.service.clone()));
        }
        let grant = Grant {
            since: now,
            until: match stay {
                Stay::Until(until) => Some(until),
                Stay::Connection | Stay::Always => None,
            },
            once: stay == Stay::Connection,
            through: Through::Owner,
        };
        door.grants.insert(*peer, grant);
        Ok(())
    }

    /// Lets `peer` in to `share` no more; tells whether it was.
    pub fn expel(&mut self, share: &ShareId, peer: &PublicKey) -> bool {
        let door = self.0.get_mut(share);
        door.is_some_and(|door| door.grants.remove(peer).is_some())
    }

    /// Ends what was for a connection only, where `is_connected` is false; tells whether there was
    /// any.
    pub fn end_visits(&mut self, is_connected: impl Fn(&PublicKey) -> bool) -> bool {
        let mut ended = false;
        for door in self.0.values_mut() {
            door.grants.retain(|peer, grant| {
                let stays = !grant.once || is_connected(peer);
                ended |= !stays;
                stays
            });
        }
        ended
    }

    /// Takes back the invites for which `is_meant` is true, and what they have granted; tells how
    /// many of both.
    pub fn revoke(&mut self, is_meant: impl Fn(&ShareId, InviteId) -> bool) -> (usize, usize) {
        let (mut invites, mut guests) = (0, 0);
        for (share, door) in &mut self.0 {
            let mut taken = Vec::new();
            door.invites.retain(|invite| {
                let is_meant = is_meant(share, invite.hash.id());
                taken.extend(is_meant.then(|| invite.hash.id()));
                !is_meant
            });
            door.standing = door
                .standing
                .take()
                .filter(|it| !taken.contains(&it.hash().id()));
            let before = door.grants.len();
            door.grants.retain(|_, grant| match grant.through {
                Through::Invite(id) => !taken.contains(&id),
                Through::Owner => true,
            });
            invites += taken.len();
            guests += before - door.grants.len();
        }
        (invites, guests)
    }

    /// Lets in the key `new` where those for which `is_old` were let in, and them no more; tells
    /// whether there was one.
    pub fn move_key(&mut self, is_old: impl Fn(&PublicKey) -> bool, new: PublicKey) -> bool {
        let mut is_changed = false;
        for door in self.0.values_mut() {
            let old: Vec<PublicKey> = door
                .grants
                .keys()
                .filter(|it| is_old(it))
                .copied()
                .collect();
            for key in old {
                if let Some(grant) = door.grants.remove(&key) {
                    door.grants.entry(new).or_insert(grant);
                    is_changed = true;
                }
            }
            let used = door.invites.iter_mut().map(|invite| &mut invite.used_by);
            for used_by in used.flatten().filter(|key| is_old(key)) {
                *used_by = new;
            }
        }
        is_changed
    }

    /// Those whom invites have let in to anything.
    pub fn all_guests(&self) -> impl Iterator<Item = PublicKey> {
        let doors = self.0.values();
        doors.flat_map(|door| door.grants.keys().copied())
    }

    /// Forgets all invites and grants of `share`.
    pub fn close(&mut self, share: &ShareId) {
        self.0.remove(share);
    }

    /// Forgets what is over: shares for which `is_there` is false, and what has ended by `now`.
    pub fn retain(&mut self, now: Timestamp, is_there: impl Fn(&ShareId) -> bool) {
        self.0.retain(|share, door| {
            door.grants.retain(|_, grant| grant.holds(now));
            let grants = &door.grants;
            door.invites.retain(|invite| match &invite.used_by {
                // Kept for as long as what came of it.
                Some(peer) => grants.contains_key(peer),
                None => invite.is_open(now),
            });
            is_there(share) && !(door.invites.is_empty() && door.grants.is_empty())
        });
    }

    /// When the next invite or grant ends by itself.
    #[must_use]
    pub fn next_end(&self) -> Option<Timestamp> {
        let ends = self.0.values().flat_map(|door| {
            let unused = door.invites.iter().filter(|it| it.used_by.is_none());
            let grants = door.grants.values().filter_map(|grant| grant.until);
            unused.filter_map(|invite| invite.until).chain(grants)
        });
        ends.min()
    }

    /// Those who were let in to `share`.
    #[must_use]
    pub fn guests(&self, share: &ShareId, now: Timestamp) -> Vec<malai_api::Guest> {
        let grants = self.0.get(share).into_iter().flat_map(|door| &door.grants);
        let holding = grants.filter(|(_, grant)| grant.holds(now));
        holding.map(|(peer, grant)| grant.shown(peer)).collect()
    }

    /// The shares to which `peer` was let in.
    pub fn shares_of(&self, peer: &PublicKey) -> impl Iterator<Item = &ShareId> {
        let doors = self.0.iter();
        let open = doors.filter(|(_, door)| door.grants.contains_key(peer));
        open.map(|(share, _)| share)
    }

    /// All invites, by service and then the earliest first.
    #[must_use]
    pub fn invites(&self, now: Timestamp) -> Vec<malai_api::InviteStatus> {
        let doors = self.0.iter();
        doors
            .flat_map(|(share, door)| door.shown(share, now))
            .collect()
    }

    /// Whether an invite can still let somebody in to `share`.
    #[must_use]
    pub fn is_open(&self, share: &ShareId, now: Timestamp) -> bool {
        let door = self.0.get(share);
        door.is_some_and(|door| !door.is_full() && door.open(now).next().is_some())
    }

    /// What holds for these shares, for policy and for whoever answers streams.
    #[must_use]
    pub fn state(&self, shares: impl IntoIterator<Item = ShareId>, now: Timestamp) -> AccessState {
        let mut state = AccessState::default();
        for share in shares {
            let Some(door) = self.0.get(&share) else {
                continue;
            };
            for (peer, grant) in &door.grants {
                state.grants.add(&share.service, *peer, grant.until);
            }
            if !door.is_full() {
                for invite in door.open(now) {
                    state.invites.add(&share, invite.hash, invite.until);
                }
            }
        }
        state
    }
}
