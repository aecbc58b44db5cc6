//! One shared service: its settings, and the upstreams that answer for it.

use std::{
    sync::{Arc, PoisonError},
    time::Duration,
};

use fastn_p2p::{PublicKey, Rates, Session, Slots};
use http::{HeaderMap, HeaderValue, Method};
use malai_api::{BackendStatus, Protocol};
use tokio::{sync::Mutex, time::Instant};

use super::{fair_rate::FairRate, throttles::Throttles};
use crate::{
    config::{HostRule, LimitsConfig, RouteConfig, ServiceConfig},
    http::Heads,
    meter::Meter,
    retries::Retries,
    shutdown::Shutdown,
    upstream::{self, Checks, Making, Upstream},
};

/// How long a look at the upstream holds, however often peers ask.
const LOOK_HOLDS: Duration = Duration::from_secs(3);

/// One shared service.
#[derive(Debug)]
pub(super) struct Service {
    pub(super) config: ServiceConfig,
    pub(super) meter: Meter,
    upstream: Upstream,
    /// The most special first.
    routes: Vec<(RouteConfig, Upstream)>,
    /// How many requests may go out once more.
    pub(super) retries: Arc<Retries>,
    /// The places for requests under way; as before when its settings change.
    pub(super) slots: Slots,
    /// How much of each peer's rate is left, where there is one.
    rates: Option<std::sync::Mutex<Rates<PublicKey>>>,
    /// The same of all together.
    total_rate: Option<std::sync::Mutex<FairRate>>,
    /// How fast bytes go to each peer that is here, and come from it; as before, too.
    throttles: Throttles,
    /// Whether the upstream took connections, and when that was seen.
    seen_up: Mutex<Option<(bool, Instant)>>,
}

impl Service {
    /// What `before` counted goes on.
    pub(super) fn new(
        config: ServiceConfig,
        before: Option<&Self>,
        connections: &Shutdown,
    ) -> Self {
        let checks = config.health.clone().map(|health| Checks {
            config: health,
            protocol: config.protocol,
            host: match &config.host {
                HostRule::Fixed(name) => Some(name.clone()),
                HostRule::Upstream | HostRule::Keep => None,
            },
        });
        let retries = Arc::new(Retries::new(config.retry));
        let mut making = Making::new(&config, checks.as_ref(), Arc::clone(&retries), connections);
        let upstream = making.upstream(&config.upstream);
        let routes = config.route.iter();
        let mut routes: Vec<_> = routes
            .map(|route| (route.clone(), making.upstream(&route.upstream)))
            .collect();
        routes.sort_by_key(|(route, _)| route.rank());
        let limits = &config.limits;
        let (most, each) = (limits.connections, limits.per_peer);
        let kept = before.map(|it| (it.meter.clone(), it.slots.clone(), it.throttles.clone()));
        let new = || {
            (
                Meter::default(),
                Slots::new(most, each),
                Throttles::default(),
            )
        };
        let (meter, slots, throttles) = kept.unwrap_or_else(new);
        slots.resize(most, each);
        throttles.set(limits.bandwidth);
        Self {
            meter,
            slots,
            throttles,
            total_rate: total_rate(limits).map(std::sync::Mutex::new),
            upstream,
            routes,
            retries,
            rates: rates(&config.limits).map(std::sync::Mutex::new),
            seen_up: Mutex::default(),
            config,
        }
    }

    /// Whether it is just as `wanted`; who may use it is policy's matter, its description is only
    /// told, and neither makes a difference.
    pub(super) fn is_as(&self, wanted: &ServiceConfig) -> bool {
        ServiceConfig {
            allow: wanted.allow.clone(),
            block: wanted.block.clone(),
            ask: wanted.ask,
            description: wanted.description.clone(),
            ..self.config.clone()
        } == *wanted
    }

    pub(super) fn protocol(&self) -> Protocol {
        self.config.protocol
    }

    /// Whether its upstream takes connections, as seen at most [`LOOK_HOLDS`] ago. Cancel safe.
    pub(super) async fn is_up(&self) -> bool {
        if self.config.health.is_some() || !self.upstream.has_some() {
            return self.upstream.has_some();
        }
        let mut seen_up = self.seen_up.lock().await;
        if let Some((is_up, at)) = *seen_up
            && at.elapsed() < LOOK_HOLDS
        {
            return is_up;
        }
        let is_up = upstream::answers(&self.config.upstream).await;
        *seen_up = Some((is_up, Instant::now()));
        is_up
    }

    /// Each backend once, those of routes included, and what is known of it.
    pub(super) fn backends(&self) -> Vec<BackendStatus> {
        let routes = self.routes.iter().map(|(_, upstream)| upstream);
        let all = std::iter::once(&self.upstream).chain(routes);
        let mut backends: Vec<BackendStatus> = Vec::new();
        for backend in all.flat_map(Upstream::backends) {
            if !backends.iter().any(|it| it.address == backend.address) {
                backends.push(backend);
            }
        }
        backends
    }

    /// What answers for such a request.
    pub(super) fn upstream(&self, method: &Method, path: &str, headers: &HeaderMap) -> &Upstream {
        let mut routes = self.routes.iter();
        let route = routes.find(|(route, _)| route.matches(method, path, headers));
        route.map_or(&self.upstream, |(_, upstream)| upstream)
    }

    /// What answers for connections, which have no routes.
    pub(super) fn whole(&self) -> &Upstream {
        &self.upstream
    }

    /// The Host that a backend is to see, which has one of its `own`, unless it is the client's.
    pub(super) fn host(&self, own: Option<HeaderValue>) -> Option<HeaderValue> {
        match &self.config.host {
            HostRule::Upstream => own,
            HostRule::Keep => None,
            HostRule::Fixed(name) => HeaderValue::from_str(name).ok(),
        }
    }

    /// Takes one request of `peer` from its rate; else tells how long it has to wait.
    pub(super) fn take_of_peer(&self, peer: &PublicKey, now: Instant) -> Result<(), Duration> {
        let Some(rates) = &self.rates else {
            return Ok(());
        };
        let mut rates = rates.lock().unwrap_or_else(PoisonError::into_inner);
        rates.take(peer, now)
    }

    /// The same from the rate of all.
    pub(super) fn take_of_all(&self, peer: &PublicKey, now: Instant) -> Result<(), Duration> {
        let Some(rate) = &self.total_rate else {
            return Ok(());
        };
        let mut rate = rate.lock().unwrap_or_else(PoisonError::into_inner);
        rate.take(peer, now)
    }

    /// How large and slow the head of a request may be.
    pub(super) fn heads(&self) -> Heads {
        Heads {
            size: self.config.limits.header_size,
            time: self.config.limits.header_time,
        }
    }

    /// Holds a stream to the bandwidth of its peer.
    pub(super) fn limit_bandwidth(&self, session: &mut Session) {
        let (up, down) = self.throttles.of(session.peer());
        session.limit_bandwidth(up, down);
    }
}

fn rates(limits: &LimitsConfig) -> Option<Rates<PublicKey>> {
    let per_second = limits.requests_per_second?;
    Some(Rates::new(per_second, limits.burst))
}

fn total_rate(limits: &LimitsConfig) -> Option<FairRate> {
    let per_second = limits.total_requests_per_second?;
    Some(FairRate::new(per_second, None, Instant::now()))
}
