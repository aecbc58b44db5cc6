//! One shared service: its settings, and the upstreams that answer for it.

use std::time::Duration;

use http::HeaderValue;
use malai_api::Protocol;
use tokio::{sync::Mutex, time::Instant};

use crate::{
    config::{HostRule, ServiceConfig},
    meter::Meter,
    shutdown::Shutdown,
    upstream::{self, Upstream},
};

/// How long a look at the upstream holds, however often peers ask.
const LOOK_HOLDS: Duration = Duration::from_secs(3);

/// One shared service.
#[derive(Debug)]
pub(super) struct Service {
    pub(super) config: ServiceConfig,
    pub(super) meter: Meter,
    upstream: Upstream,
    /// Longest prefix first.
    routes: Vec<(String, Upstream)>,
    /// Whether the upstream took connections, and when that was seen.
    seen_up: Mutex<Option<(bool, Instant)>>,
}

impl Service {
    pub(super) fn new(config: ServiceConfig, meter: Meter, connections: &Shutdown) -> Self {
        let upstream = |to: &[_]| Upstream::new(to, config.timeouts, config.pool, connections);
        let mut routes: Vec<_> = config
            .route
            .iter()
            .map(|route| (route.path.clone(), upstream(&route.upstream)))
            .collect();
        routes.sort_by_key(|(path, _)| std::cmp::Reverse(path.len()));
        Self {
            meter,
            upstream: upstream(&config.upstream),
            routes,
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

    /// What answers for `path`.
    pub(super) fn upstream(&self, path: &str) -> &Upstream {
        let route = self
            .routes
            .iter()
            .find(|(prefix, _)| path.starts_with(prefix.as_str()));
        route.map_or(&self.upstream, |(_, upstream)| upstream)
    }

    /// The Host that `upstream` is to see, unless it is the client's.
    pub(super) fn host(&self, upstream: &Upstream) -> Option<HeaderValue> {
        match &self.config.host {
            HostRule::Upstream => upstream.host(),
            HostRule::Keep => None,
            HostRule::Fixed(name) => HeaderValue::from_str(name).ok(),
        }
    }

    /// Whether as much as allowed goes on at once.
    pub(super) fn is_full(&self) -> bool {
        self.meter.open() >= self.config.limits.connections as u64
    }
}
