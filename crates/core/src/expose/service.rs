//! One shared service: its settings, and the upstreams that answer for it.

use http::HeaderValue;
use malai_api::Protocol;

use crate::{
    config::{HostRule, ServiceConfig},
    meter::Meter,
    shutdown::Shutdown,
    upstream::Upstream,
};

/// One shared service.
#[derive(Debug)]
pub(super) struct Service {
    pub(super) config: ServiceConfig,
    pub(super) meter: Meter,
    upstream: Upstream,
    /// Longest prefix first.
    routes: Vec<(String, Upstream)>,
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
            config,
        }
    }

    /// Whether it is just as `wanted`; who may use it is policy's matter and makes no difference.
    pub(super) fn is_as(&self, wanted: &ServiceConfig) -> bool {
        ServiceConfig {
            allow: wanted.allow.clone(),
            block: wanted.block.clone(),
            ask: wanted.ask,
            ..self.config.clone()
        } == *wanted
    }

    pub(super) fn protocol(&self) -> Protocol {
        self.config.protocol
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
