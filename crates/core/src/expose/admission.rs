//! Whether one more request, or connection, may come: rates and places, from the peer's own to
//! those of all, so that who asks too much uses up nothing of others.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use fastn_p2p::{Full, PublicKey, Slot};
use tokio::time::Instant;

use super::{Expose, fair_rate::FairRate, service::Service};
use crate::{config::EngineLimitsConfig, http::ProxyError, meter::Refusal};

/// Why a request is refused that policy allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Refused {
    pub(super) reason: Refusal,
    /// When it may be tried again, where that is known.
    wait: Option<Duration>,
}

impl Refused {
    pub(super) fn new(reason: Refusal, wait: impl Into<Option<Duration>>) -> Self {
        let wait = wait.into();
        Self { reason, wait }
    }
}

impl From<Refused> for ProxyError {
    fn from(refused: Refused) -> Self {
        let Refused { reason, wait } = refused;
        let busy = |message: &str| match wait {
            Some(wait) => Self::busy(message).after(wait),
            None => Self::busy(message),
        };
        match reason {
            Refusal::PeerRate => Self::too_many_requests(wait.unwrap_or_default()),
            Refusal::Rate => busy(
                "The service gets as many requests a second as its owner allows. Try again in a \
                 moment.",
            ),
            Refusal::EngineRate => busy(
                "The other side gets as many requests a second as its owner allows. Try again in \
                 a moment.",
            ),
            Refusal::Share => busy(
                "You have as many requests under way as the service leaves to each while it is \
                 in demand. Try again when some of them have ended.",
            ),
            Refusal::Connections | Refusal::Body => busy(
                "The service has as many requests under way as its owner allows. Try again in a \
                 moment.",
            ),
        }
    }
}

/// The rate of all services together, where there is one.
#[derive(Debug, Default)]
pub(super) struct EngineRate(Mutex<Option<(u32, Option<u32>, FairRate)>>);

impl EngineRate {
    pub(super) fn apply(&self, limits: &EngineLimitsConfig) {
        let mut rate = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let wanted = limits.requests_per_second.map(|it| (it, limits.burst));
        if rate.as_ref().map(|(rate, burst, _)| (*rate, *burst)) != wanted {
            *rate = wanted
                .map(|(rate, burst)| (rate, burst, FairRate::new(rate, burst, Instant::now())));
        }
    }

    fn take(&self, peer: &PublicKey, now: Instant) -> Result<(), Duration> {
        let mut rate = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut *rate {
            Some((_, _, rate)) => rate.take(peer, now),
            None => Ok(()),
        }
    }
}

impl Expose {
    /// A place for one more request of `peer`, until what is returned is dropped; refusals are
    /// counted.
    pub(super) fn admit(
        &self,
        service: &Service,
        peer: &PublicKey,
        now: Instant,
    ) -> Result<Arc<Slot>, Refused> {
        let admitted = self.try_admit(service, peer, now);
        if let Err(refused) = &admitted {
            service.meter.refused(refused.reason);
        }
        admitted
    }

    fn try_admit(
        &self,
        service: &Service,
        peer: &PublicKey,
        now: Instant,
    ) -> Result<Arc<Slot>, Refused> {
        let refused = |reason| move |wait| Refused::new(reason, Some(wait));
        service
            .take_of_peer(peer, now)
            .map_err(refused(Refusal::PeerRate))?;
        let slot = service.slots.take(*peer).map_err(|full| {
            let reason = match full {
                Full::All => Refusal::Connections,
                Full::Share => Refusal::Share,
            };
            Refused::new(reason, None)
        })?;
        service
            .take_of_all(peer, now)
            .map_err(refused(Refusal::Rate))?;
        let of_engine = self.0.rate.take(peer, now);
        of_engine.map_err(refused(Refusal::EngineRate))?;
        Ok(Arc::new(slot))
    }
}
