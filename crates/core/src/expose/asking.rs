//! Waiting for the owner: whoever may not use what it names waits until that changes, or until the
//! time is over.
//!
//! Everybody who is refused has waited just as long and gets the same answer, be it denied by the
//! owner, unanswered, blocked, muted, misspelt or not there at all.

use std::{sync::Arc, time::Duration};

use fastn_p2p::{Authorization, PublicKey, RejectCode, Rejection};
use malai_api::{AccessDecision, LogKind};
use tokio::{
    sync::OwnedSemaphorePermit,
    time::{Instant, sleep_until},
};

use super::{Expose, authorize::Wanted};
use crate::{audit::Occurrence, wire::Open};

/// Streams that wait, of all peers together; more are told that there is no room.
pub(super) const MAX_WAITING_STREAMS: usize = 4096;
/// Questions on their way to whoever puts them to the owner; more are not put.
pub(super) const QUEUE: usize = 64;

/// Somebody wants to use a service of ours.
#[derive(Debug)]
pub struct Wish {
    /// Who.
    pub peer: PublicKey,
    /// Which one.
    pub service: String,
    /// How long it waits.
    pub wait: Duration,
}

impl Expose {
    /// What becomes of `peer`, which may not do what it `wanted`.
    pub(super) fn ask(self, peer: PublicKey, wanted: Wanted, open: Open) -> Authorization {
        let wait = self.0.table.load().ask_timeout;
        if wait.is_zero() {
            self.tell(peer, &open.service, AccessDecision::Denied);
            return Authorization::Now(Err(super::offer::denied()));
        }
        let Ok(room) = Arc::clone(&self.0.waiting).try_acquire_owned() else {
            let message = "too many wait already; try again later";
            return Authorization::Now(Err(Rejection::new(RejectCode::Busy, message)));
        };
        if let Some(service) = self.wished_for(&peer, wanted, &open) {
            let wish = Wish {
                peer,
                service,
                wait,
            };
            if let Err(error) = self.0.wishes.sender.try_send(wish) {
                tracing::debug!(%error, "a question is not put to the owner");
            }
        }
        Authorization::Later(Box::pin(self.wait(peer, wanted, open, wait, room)))
    }

    async fn wait(
        self,
        peer: PublicKey,
        wanted: Wanted,
        open: Open,
        wait: Duration,
        room: OwnedSemaphorePermit,
    ) -> Result<(), Rejection> {
        let deadline = Instant::now() + wait;
        let mut changes = self.0.changes.subscribe();
        let answer = loop {
            if self.is_in(&peer, wanted, &open) {
                self.record_use(&peer, &open.service);
                break Ok(());
            }
            tokio::select! {
                biased;
                () = self.0.shutdown.draining() => {
                    let message = "not serving any more";
                    break Err(Rejection::new(RejectCode::ShuttingDown, message));
                }
                // The sender is in `self`, so that this is a change.
                _ = changes.changed() => {}
                () = sleep_until(deadline) => {
                    self.tell(peer, &open.service, AccessDecision::Denied);
                    break Err(not_admitted());
                }
            }
        };
        drop(room);
        answer
    }

    /// The service to ask the owner about, if it is one that may be asked about.
    fn wished_for(&self, peer: &PublicKey, wanted: Wanted, open: &Open) -> Option<String> {
        let table = self.0.table.load();
        let mut names = table.services.keys();
        let name = match (open.service.as_str(), table.services.len()) {
            ("", 1) => names.next()?.as_str(),
            ("", _) => crate::policy::DEFAULT_SERVICE,
            (name, _) => name,
        };
        let service = table.services.get(name)?;
        let fits = matches!(wanted, Wanted::Use(protocol) if protocol == service.protocol());
        let asks = fits && service.config.ask && !table.policy.is_blocked(peer, name);
        asks.then(|| name.to_owned())
    }

    /// Notes that `peer` uses `service`.
    pub(super) fn record_use(&self, peer: &PublicKey, service: &str) {
        self.record(LogKind::Used, peer, service);
    }

    pub(super) fn record(&self, what: LogKind, peer: &PublicKey, service: &str) {
        let table = self.0.table.load();
        let name = table.policy.pet_name(peer);
        self.0
            .audit
            .record(&Occurrence::of(what).by(*peer, name, service));
    }
}

/// The one answer to everybody who has waited in vain.
fn not_admitted() -> Rejection {
    Rejection::new(RejectCode::NotAdmitted, "nobody has let you in")
}
