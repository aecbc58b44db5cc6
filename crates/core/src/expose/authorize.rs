//! The first look at a stream, before its handler: denied, unknown and misspelt are the same.

use fastn_p2p::{Asked, Authorization, Protocol as _, PublicKey, RejectCode, Rejection};
use malai_api::{AccessDecision, Event, LogKind, Protocol};

use super::{Expose, offer::denied};
use crate::{
    config::check_name,
    policy::Decision,
    wire::{Doctor, Open, Services, TcpStream},
};

/// What a stream is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    /// To use a service, carried so.
    Use(Protocol),
    /// To hear which services there are, or how the way looks from here: whoever may use anything
    /// may.
    List,
}

impl Wanted {
    fn of(asked: &Asked) -> Self {
        match asked.protocol.as_str() {
            Services::NAME | Doctor::NAME => Self::List,
            TcpStream::NAME => Self::Use(Protocol::Tcp),
            _ => Self::Use(Protocol::Http),
        }
    }
}

impl Expose {
    /// Whether a stream may go on to its handler.
    ///
    /// An invite that came along is looked at only where policy says no without it.
    pub(super) async fn authorize(self, asked: Asked) -> Authorization {
        let Ok(open) = serde_json::from_str::<Open>(asked.open.get()) else {
            let message = "no service was named";
            return Err(Rejection::new(RejectCode::BadRequest, message)).into();
        };
        if !open.service.is_empty() && check_name(&open.service).is_err() {
            // Not told to anybody: a stranger could fill the feed with it.
            return Err(denied()).into();
        }
        let (peer, wanted) = (asked.peer, Wanted::of(&asked));
        let mut is_in = self.is_in(&peer, wanted, &open);
        let policy = &self.0.table.load().policy;
        let is_blocked = policy.is_blocked(&peer, &open.service);
        if !is_in && !is_blocked && self.carries(wanted, &open) && self.redeem(peer, &open).await {
            is_in = self.is_in(&peer, wanted, &open);
            if is_in {
                tracing::info!(service = open.service, "an invite has let somebody in");
                self.tell(peer, &open.service, AccessDecision::Allowed);
                self.record(LogKind::Joined, &peer, &open.service);
            }
        }
        // The list has whatever else there is, even if the invite was none.
        if is_in || (wanted == Wanted::List && self.may_use_any(&peer)) {
            if wanted != Wanted::List {
                self.record_use(&peer, &open.service);
            }
            return match asked.protocol.as_str() {
                Doctor::NAME => self.0.examining.may(&peer).into(),
                _ => Ok(()).into(),
            };
        }
        tracing::debug!(peer = %peer.short(), service = open.service, "may not");
        // Whoever may use the service otherwise knows it: asking anybody is of no use.
        if wanted == Wanted::List || self.is_in(&peer, Wanted::List, &open) {
            return Err(denied()).into();
        }
        self.ask(peer, wanted, open)
    }

    /// Whether `peer` may do what it asks for without its invite.
    pub(super) fn is_in(&self, peer: &PublicKey, wanted: Wanted, open: &Open) -> bool {
        match wanted {
            Wanted::Use(protocol) => self.find(peer, &open.service, protocol).is_some(),
            Wanted::List => {
                let now = self.0.clock.now();
                let table = self.0.table.load();
                let decision = table.policy.decide(peer, &open.service, now);
                matches!(decision, Decision::Allowed(_))
            }
        }
    }

    fn may_use_any(&self, peer: &PublicKey) -> bool {
        let now = self.0.clock.now();
        !self.0.table.load().policy.visible(peer, now).is_empty()
    }

    /// Whether the service that was named carries what is wanted: an invite is used up only by who
    /// can then do what was asked for.
    fn carries(&self, wanted: Wanted, open: &Open) -> bool {
        let table = self.0.table.load();
        let service = table.services.get(&open.service);
        service.is_some_and(|service| match wanted {
            Wanted::Use(protocol) => service.protocol() == protocol,
            Wanted::List => true,
        })
    }

    pub(super) fn tell(&self, peer: PublicKey, service: &str, decision: AccessDecision) {
        if decision == AccessDecision::Denied {
            self.record(LogKind::Refused, &peer, service);
        }
        self.0.events.send(|| Event::Access {
            peer: peer.to_string(),
            service: service.to_owned(),
            decision,
            name: self.pet_name(&peer),
        });
    }
}
