//! One backend of a service, with everything that is known of it.

use std::{
    error::Error as _,
    io,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use http::{HeaderValue, StatusCode, Version};
use malai_api::BackendStatus;
use tokio::time::Instant;
use tracing::{info, warn};

use super::{
    Backend,
    asking::version_of,
    health::{Health, Trial},
};
use crate::{
    balance::{Candidate, name_of},
    breaker::{Cause, Change, Permit},
    http::{Pool, ProxyError, Side},
    meter::{Meter, Open},
};

/// One backend of a service: kept connections to it, and what is known of it.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) pool: Pool<Backend>,
    health: Mutex<Health>,
    meter: Meter,
    /// By what requests are kept to it.
    name: u64,
}

/// A backend that is tried; whoever got it says what came of it, and a request that went away in
/// the middle has nothing to say.
#[derive(Debug)]
pub(crate) struct Turn<'a> {
    target: &'a Target,
    permit: Option<Permit>,
    begun: Instant,
}

impl Target {
    pub(super) fn new(pool: Pool<Backend>, health: Health) -> Self {
        let name = name_of(pool.dial.address().to_string().as_bytes());
        Self {
            pool,
            health: Mutex::new(health),
            meter: Meter::default(),
            name,
        }
    }

    /// How it stands with this weight in a choice at `now`.
    pub(super) fn candidate(&self, weight: u32, now: Instant) -> Candidate {
        Candidate {
            usable: self.health().lets_pass(now),
            weight,
            load: self.meter.open(),
            name: self.name,
        }
    }

    /// The next request goes there, if it may.
    pub(super) fn turn(&self, now: Instant) -> Option<Turn<'_>> {
        let permit = self.health().ask(now)?;
        Some(Turn::new(self, permit, now))
    }

    /// The same, where there is no other to go to.
    pub(super) fn turn_anyway(&self, now: Instant) -> Option<Turn<'_>> {
        let permit = self.health().try_anyway()?;
        Some(Turn::new(self, permit, now))
    }

    /// Takes in what a check has found.
    pub(super) fn checked(&self, found: &Result<(), ProxyError>) {
        let change = self
            .health()
            .checked(found.is_ok(), Instant::now(), rand::random());
        self.tell(change, found.as_ref().err());
    }

    /// Whether it works, as far as is known.
    pub(super) fn is_up(&self) -> bool {
        self.health().is_up()
    }

    pub(super) fn is_checked_well(&self) -> bool {
        self.health().is_checked_well()
    }

    /// Whether a request could go there now or soon, as far as is known.
    pub(super) fn may_be_tried(&self) -> bool {
        self.health().may_be_tried()
    }

    /// How long it is left alone because of its traffic.
    pub(super) fn rest(&self) -> Duration {
        self.health().rest(Instant::now())
    }

    /// How it is, and what goes on there.
    pub(super) fn status(&self) -> BackendStatus {
        let (health, pool) = (self.health(), self.pool.reading());
        let retries = self.pool.dial.counts();
        BackendStatus {
            address: self.pool.dial.address().to_string(),
            up: health.is_up(),
            breaker: health.state(Instant::now()),
            requests: self.meter.reading().requests,
            connections_in_use: pool.in_use,
            connections_idle: pool.idle,
            waits: pool.waits,
            retries: retries.sent,
            retries_denied: retries.denied,
        }
    }

    fn told(&self, permit: Permit, trial: Trial, now: Instant, error: Option<&ProxyError>) {
        let change = self.health().told(permit, trial, now, rand::random());
        self.tell(change, error);
    }

    fn tell(&self, change: Option<Change>, error: Option<&ProxyError>) {
        let (backend, error) = (self.pool.dial.address(), error.map(ProxyError::chain));
        match change {
            None => {}
            Some(Change::Closed) => info!(%backend, "a backend works again"),
            Some(Change::Opened(Cause::Failures)) => {
                warn!(%backend, error, "a backend does not work");
            }
            Some(Change::Opened(Cause::ErrorRate)) => {
                warn!(%backend, error, "a backend fails too often and is left alone for a while");
            }
            Some(Change::Opened(Cause::Slow)) => {
                warn!(%backend, "a backend is too slow and is left alone for a while");
            }
        }
    }

    fn health(&self) -> MutexGuard<'_, Health> {
        self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<'a> Turn<'a> {
    fn new(target: &'a Target, permit: Permit, begun: Instant) -> Self {
        Self {
            target,
            permit: Some(permit),
            begun,
        }
    }

    /// Kept connections to it.
    pub(crate) fn pool(&self) -> &'a Pool<Backend> {
        &self.target.pool
    }

    /// Counts a request as under way there for as long as the result lives.
    pub(crate) fn begin(&self) -> Open {
        self.target.meter.begin(self.begun)
    }

    /// The Host that it expects.
    pub(crate) fn host(&self) -> Option<HeaderValue> {
        self.target.pool.dial.host()
    }

    /// HTTP/2 for `h2c://`, else HTTP/1.1.
    pub(crate) fn version(&self) -> Version {
        version_of(self.target.pool.dial.address())
    }

    /// It takes connections.
    pub(crate) fn connected(mut self) {
        let now = Instant::now();
        let took = now.saturating_duration_since(self.begun);
        self.tell(Trial::Worked(took), now, None);
    }

    /// It has answered so, after it had the whole request at `whole_at`, or before that.
    pub(crate) fn answered(mut self, status: StatusCode, whole_at: Option<Instant>) {
        let now = Instant::now();
        let is_unwell = [
            StatusCode::BAD_GATEWAY,
            StatusCode::SERVICE_UNAVAILABLE,
            StatusCode::GATEWAY_TIMEOUT,
        ]
        .contains(&status);
        let trial = if is_unwell {
            Trial::Unwell
        } else {
            // What the client took to send it is not the backend's time.
            let since = whole_at.map_or(now, |whole_at| self.begun.max(whole_at));
            Trial::Worked(now.saturating_duration_since(since))
        };
        self.tell(trial, now, None);
    }

    /// It has not; what is not its fault does not count.
    pub(crate) fn failed(mut self, error: &ProxyError) {
        if error.side == Side::Upstream {
            let trial = if is_refusal(error) {
                Trial::Refused
            } else {
                Trial::Failed
            };
            self.tell(trial, Instant::now(), Some(error));
        }
    }

    fn tell(&mut self, trial: Trial, now: Instant, error: Option<&ProxyError>) {
        if let Some(permit) = self.permit.take() {
            self.target.told(permit, trial, now, error);
        }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if let Some(permit) = self.permit.take() {
            self.target.health().untold(permit);
        }
    }
}

/// Whether nothing takes connections there, which is known at once.
fn is_refusal(error: &ProxyError) -> bool {
    let cause = error.source().and_then(|it| it.downcast_ref::<io::Error>());
    cause.is_some_and(|cause| {
        matches!(
            cause.kind(),
            io::ErrorKind::ConnectionRefused | io::ErrorKind::NotFound
        )
    })
}
