//! Holding the parts to what is wanted, by difference, and telling what that changed.
//!
//! Every part takes the whole configuration and disturbs nothing that stays the same.

use std::sync::Arc;

use malai_api::{Event, Protocol};
use tokio::time::Instant;

use super::{
    keeper::Keeper,
    network,
    operations::{Lease, Running},
    sharing::upstream_text,
};
use crate::config::{Config, ServiceConfig};

/// A share that is offered now.
#[derive(Debug)]
pub(super) struct Share {
    protocol: Protocol,
    upstream: String,
    generation: Option<u64>,
    ends: Option<Instant>,
    running: Running,
}

impl Keeper {
    /// Brings everything in line with the layers; `reason` is told of what ends by it.
    pub(super) async fn apply(&mut self, reason: &str) {
        let config = Arc::new(self.layers.effective());
        self.parts.effective.store(Arc::clone(&config));
        self.parts.logs.apply(&config.logs);
        let instance = self.parts.node.id().short();
        self.parts.traces.apply(config.traces.as_ref(), &instance);
        self.parts.peers.apply(&config);
        self.parts.node.announce(network::announcement(&config));
        let limits = &config.limits;
        self.parts.node.limit(limits.connections, limits.streams);
        let (up, down) = (limits.upload, limits.download);
        self.parts.node.limit_bandwidth(up, down);
        self.parts.bridges.limit(limits.bridge_connections);
        let admitted = self.admitted(&config).await;
        self.parts.expose.apply(&config, admitted);
        self.parts.bridges.speak_for_ports(&config);
        self.apply_shares(&config, reason).await;
        self.apply_bridges(&config, reason).await;
        self.apply_gateway(&config).await;
        if let Err(error) = self.exporter.listen(config.metrics).await {
            self.error("metrics-failed", &crate::causes::causes(&error));
        }
        self.tell_owed(&config);
        self.status.hint();
    }

    async fn apply_shares(&mut self, config: &Config, reason: &str) {
        let is_offered = |name: &str| config.services.get(name).is_some_and(|it| it.active);
        let over: Vec<String> = self
            .shares
            .keys()
            .filter(|name| !is_offered(name))
            .cloned()
            .collect();
        for name in over {
            self.shares.remove(&name);
            self.tell_stopped(&name, reason);
        }
        for (name, service) in config.services.iter().filter(|(_, service)| service.active) {
            if !self.is_shared_like(name, service) {
                self.begin_share(name, service).await;
            } else if self.ends_otherwise(name) {
                self.renew_share(name).await;
            }
        }
    }

    fn is_shared_like(&self, name: &str, service: &ServiceConfig) -> bool {
        self.shares.get(name).is_some_and(|share| {
            share.protocol == service.protocol
                && share.upstream == upstream_text(service)
                && share.generation == self.layers.services.get(name).map(|it| it.generation)
        })
    }

    fn ends_otherwise(&self, name: &str) -> bool {
        let wanted = self.layers.services.get(name).and_then(|it| it.ends);
        self.shares
            .get(name)
            .is_some_and(|share| share.ends != wanted)
    }

    /// Gives a share another end; nobody needs to hear of it.
    async fn renew_share(&mut self, name: &str) {
        let lease = self.lease(name);
        let ends = lease.as_ref().and_then(|lease| lease.ends);
        let operation = format!("share {name}");
        let running = self.parts.operations.add(&operation, lease).await;
        if let Some(share) = self.shares.get_mut(name) {
            (share.ends, share.running) = (ends, running);
        }
    }

    /// What ends a temporary share.
    fn lease(&self, name: &str) -> Option<Lease> {
        self.layers.services.get(name).map(|temporary| Lease {
            name: name.to_owned(),
            generation: temporary.generation,
            owner: temporary.owner.clone(),
            ends: temporary.ends,
            inbox: self.inbox.clone(),
        })
    }

    async fn begin_share(&mut self, name: &str, service: &ServiceConfig) {
        let lease = self.lease(name);
        let share = Share {
            protocol: service.protocol,
            upstream: upstream_text(service),
            generation: lease.as_ref().map(|lease| lease.generation),
            ends: lease.as_ref().and_then(|lease| lease.ends),
            running: self
                .parts
                .operations
                .add(&format!("share {name}"), lease)
                .await,
        };
        self.parts.events.send(|| Event::Shared {
            service: name.to_owned(),
            protocol: service.protocol,
            upstream: share.upstream.clone(),
            id52: self.parts.identity.id52.clone(),
            link: self.link(name),
        });
        self.shares.insert(name.to_owned(), share);
        self.parts.answers.look_again();
    }

    async fn apply_gateway(&mut self, config: &Config) {
        match self.parts.bridges.gateway(config.gateway.listen).await {
            Ok(address) => self.gateway = address,
            Err(error) => {
                self.gateway = None;
                self.error("gateway-failed", &crate::causes::causes(&error));
            }
        }
    }

    pub(super) fn tell_stopped(&self, name: &str, reason: &str) {
        self.parts.events.send(|| Event::Stopped {
            service: name.to_owned(),
            reason: reason.to_owned(),
        });
    }
}
