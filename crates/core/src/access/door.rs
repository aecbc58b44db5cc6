//! The invites and grants of one share.

use std::collections::BTreeMap;

use fastn_p2p::PublicKey;
use malai_api::{Guest, InviteStatus};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;

use super::{
    InviteId, MAX_GUESTS_PER_SERVICE, MAX_STANDING_PER_SERVICE, Secret, SecretHash, ShareId, Shown,
};
use crate::clock::Timestamp;

/// Wrong PINs for one invite, after which it ends: of a million PINs that many can be tried.
const MAX_WRONG_PINS: u8 = 5;

/// The invites and grants of one share.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Door {
    pub(super) invites: Vec<Invite>,
    pub(super) grants: BTreeMap<PublicKey, Grant>,
    /// The secret of the link that everybody may use, when it was made in this run.
    pub(super) standing: Option<Secret>,
}

/// A secret that lets somebody in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Invite {
    pub(super) hash: SecretHash,
    pub(super) made: Timestamp,
    pub(super) once: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) until: Option<Timestamp>,
    /// The hash of secret and PIN together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) pin: Option<SecretHash>,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(super) wrong_pins: u8,
    /// Who has used up one that is for once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) used_by: Option<PublicKey>,
}

/// A key that was let in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Grant {
    pub(super) since: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) until: Option<Timestamp>,
    /// Whether it ends with the key's connection; such a one is never written down.
    #[serde(skip)]
    pub(super) once: bool,
    pub(super) through: Through,
}

/// What let a key in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Through {
    Invite(InviteId),
    Owner,
}

impl Door {
    pub(super) fn open(&self, now: Timestamp) -> impl Iterator<Item = &Invite> {
        self.invites
            .iter()
            .filter(move |invite| invite.is_open(now))
    }

    pub(super) fn is_full(&self) -> bool {
        self.grants.len() >= MAX_GUESTS_PER_SERVICE
    }

    /// The oldest comes first, since new ones are added at the end.
    pub(super) fn make_room_for_standing(&mut self) {
        let standing = self.invites.iter().filter(|it| it.is_standing()).count();
        if standing >= MAX_STANDING_PER_SERVICE
            && let Some(oldest) = self.invites.iter().position(Invite::is_standing)
        {
            self.invites.remove(oldest);
        }
    }

    /// Its invites, for people.
    pub(super) fn shown(
        &self,
        share: &ShareId,
        now: Timestamp,
    ) -> impl Iterator<Item = InviteStatus> {
        self.invites.iter().map(move |invite| {
            let id = invite.hash.id();
            let guests = self.grants.iter();
            let guests = guests.filter(|(_, grant)| grant.through == Through::Invite(id));
            InviteStatus {
                id: id.to_string(),
                service: share.service.clone(),
                made: invite.made.as_secs(),
                once: invite.once,
                pin: invite.pin.is_some(),
                until: invite.until.map(Timestamp::as_secs),
                open: invite.is_open(now) && !self.is_full(),
                guests: guests.map(|(peer, _)| peer.to_string()).collect(),
            }
        })
    }
}

impl Invite {
    /// Whether it can let somebody in who is not in yet.
    pub(super) fn is_open(&self, now: Timestamp) -> bool {
        self.used_by.is_none()
            && self.wrong_pins < MAX_WRONG_PINS
            && self.until.is_none_or(|until| now < until)
    }

    /// Whether it ends neither by use nor by time.
    pub(super) fn is_standing(&self) -> bool {
        !self.once && self.until.is_none() && self.pin.is_none()
    }

    /// Whether the PIN that was told is right, if there has to be one; a wrong one is counted.
    pub(super) fn takes_pin(&mut self, shown: &Shown) -> bool {
        let Some(pin) = &self.pin else {
            return true;
        };
        let Some(told) = &shown.with_pin else {
            return false;
        };
        let is_right = bool::from(pin.as_bytes().ct_eq(told.as_bytes()));
        if !is_right {
            self.wrong_pins += 1;
        }
        is_right
    }
}

impl Grant {
    pub(super) fn holds(&self, now: Timestamp) -> bool {
        self.until.is_none_or(|until| now < until)
    }

    pub(super) fn shown(&self, peer: &PublicKey) -> Guest {
        Guest {
            peer: peer.to_string(),
            since: self.since.as_secs(),
            until: self.until.map(Timestamp::as_secs),
            once: self.once,
            through: match self.through {
                Through::Invite(_) => malai_api::Through::Invite,
                Through::Owner => malai_api::Through::Owner,
            },
        }
    }
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands over a reference"
)]
fn is_zero(number: &u8) -> bool {
    *number == 0
}
