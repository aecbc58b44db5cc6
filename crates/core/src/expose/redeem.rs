//! Invites that come along with a stream: a wrong one is told by its hash alone, a right one goes
//! to whoever keeps the grants.
//!
//! Only that a secret is right makes any difference, and its owner knows that already; so nobody
//! learns from an answer what else there is.

use std::{sync::PoisonError, time::Duration};

use fastn_p2p::PublicKey;
use malai_api::LogKind;
use tokio::sync::oneshot;

use super::Expose;
use crate::{
    access::{ShareId, Shown},
    wire::Open,
};

/// Right invites that wait to be pinned to a key; more of them wait with their streams.
pub(super) const QUEUE: usize = 64;
/// How long that may take: a write to the disk, and whatever is done before it.
const REDEEM_WAIT: Duration = Duration::from_secs(5);

/// Somebody has shown the secret of an invite that lets in to `share`.
#[derive(Debug)]
pub struct Redemption {
    /// Where to.
    pub share: ShareId,
    /// What was shown.
    pub shown: Shown,
    /// Who.
    pub peer: PublicKey,
    /// Told when policy knows of it, whatever has come of it.
    pub done: oneshot::Sender<()>,
}

impl Expose {
    /// Whether `peer` showed an invite for what it asks; policy is to be asked again then.
    pub(super) async fn redeem(&self, peer: PublicKey, open: &Open) -> bool {
        let Some(secret) = &open.invite else {
            return false;
        };
        let now = self.0.clock.now();
        let guesses = || {
            self.0
                .guesses
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
        };
        if !guesses().may_try(&peer, now) {
            return false;
        }
        let shown = Shown::of(secret);
        let share = {
            let table = self.0.table.load();
            let invites = &table.invites;
            invites.find(&open.service, &shown.secret, now).cloned()
        };
        let Some(share) = share else {
            let is_too_much = guesses().wrong(&peer, shown.secret, now);
            if is_too_much {
                self.record(LogKind::Guessed, &peer, &open.service);
            }
            return false;
        };
        let (done, is_done) = oneshot::channel();
        let redemption = Redemption {
            share,
            shown,
            peer,
            done,
        };
        let pinned = async {
            let sent = self.0.redemptions.sender.send(redemption).await;
            sent.is_ok() && is_done.await.is_ok()
        };
        let pinned = tokio::time::timeout(REDEEM_WAIT, pinned).await;
        if !matches!(pinned, Ok(true)) {
            tracing::warn!(
                service = open.service,
                "an invite could not be looked at in time"
            );
        }
        true
    }
}
