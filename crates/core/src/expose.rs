//! The sharing end: streams of peers come in, policy decides, upstreams answer.
//!
//! Every stream is checked when it opens, and every request on it again; one whose permission goes
//! away is cut at once. The table of services is swapped as a whole, and a service whose settings
//! did not change keeps its connections.

mod http_service;
mod service;
mod sessions;
mod tcp_service;

use std::{collections::BTreeMap, sync::Arc};

use arc_swap::ArcSwap;
use fastn_p2p::{Asked, Node, PublicKey, RejectCode, Rejection, listen};
use malai_api::{AccessDecision, Event, Protocol, Traffic};
use service::Service;
use sessions::Sessions;

use crate::{
    config::{Config, check_name},
    events::EventFeed,
    policy::{Allowed, Decision, Policy},
    shutdown::Shutdown,
    wire::{HttpStream, Open, TcpStream},
};

/// What this engine shares; clones share it.
#[derive(Debug, Clone)]
pub struct Expose(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    table: ArcSwap<Table>,
    sessions: Sessions,
    shutdown: Shutdown,
    /// Kept connections to upstreams: nothing in flight, so nothing to wait for.
    connections: Shutdown,
    events: EventFeed,
}

#[derive(Debug, Default)]
struct Table {
    policy: Policy,
    services: BTreeMap<String, Arc<Service>>,
}

impl Expose {
    /// Shares nothing yet.
    #[must_use]
    pub fn new(shutdown: Shutdown, events: EventFeed) -> Self {
        Self(Arc::new(Inner {
            table: ArcSwap::default(),
            sessions: Sessions::default(),
            shutdown,
            connections: Shutdown::default(),
            events,
        }))
    }

    /// Shares what `config` says from here on, and cuts every stream that it no longer allows.
    pub fn apply(&self, config: &Config) {
        let before = self.0.table.load();
        let active = config.services.iter().filter(|(_, service)| service.active);
        let services = active.map(|(name, wanted)| {
            let service = match before.services.get(name) {
                Some(service) if service.is_as(wanted) => Arc::clone(service),
                known => {
                    let meter = known
                        .map(|service| service.meter.clone())
                        .unwrap_or_default();
                    Arc::new(Service::new(wanted.clone(), meter, &self.0.connections))
                }
            };
            (name.clone(), service)
        });
        let table = Table {
            policy: Policy::new(config),
            services: services.collect(),
        };
        self.0.table.store(Arc::new(table));
        let table = self.0.table.load();
        let cut = self.0.sessions.cut_unless(|peer, service| {
            matches!(table.policy.decide(peer, service), Decision::Allowed(_))
        });
        if cut > 0 {
            tracing::info!(cut, "streams were cut: they are no longer allowed");
        }
    }

    /// Answers the streams that come to `node`.
    pub fn serve(&self, node: &Node) {
        let authorizer = self.clone();
        listen(node)
            .authorize(move |asked| std::future::ready(authorizer.authorize(&asked)))
            .handle_streams(HttpStream, self.clone(), http_service::serve)
            .handle_streams(TcpStream, self.clone(), tcp_service::serve)
            .serve();
    }

    /// What went through `service` so far.
    #[must_use]
    pub fn traffic(&self, service: &str) -> Traffic {
        let table = self.0.table.load();
        table
            .services
            .get(service)
            .map(|service| service.meter.reading())
            .unwrap_or_default()
    }

    /// The first look at a stream, before its handler: denied, unknown and misspelt are the same.
    fn authorize(&self, asked: &Asked) -> Result<(), Rejection> {
        let Ok(open) = serde_json::from_str::<Open>(asked.open.get()) else {
            return Err(Rejection::new(
                RejectCode::BadRequest,
                "no service was named",
            ));
        };
        if !open.service.is_empty() && check_name(&open.service).is_err() {
            // Not told to anybody: a stranger could fill the feed with it.
            return Err(Rejection::new(
                RejectCode::Unauthorized,
                "no such service for you",
            ));
        }
        let protocol = match asked.protocol.as_str() {
            "malai/tcp/1" => Protocol::Tcp,
            _ => Protocol::Http,
        };
        if self.find(&asked.peer, &open.service, protocol).is_some() {
            return Ok(());
        }
        tracing::debug!(peer = %asked.peer.short(), service = open.service, "denied");
        self.0.events.send(|| Event::Access {
            peer: asked.peer.to_string(),
            service: open.service,
            decision: AccessDecision::Denied,
        });
        Err(Rejection::new(
            RejectCode::Unauthorized,
            "no such service for you",
        ))
    }

    /// The service that `peer` means and may use.
    fn find(
        &self,
        peer: &PublicKey,
        name: &str,
        protocol: Protocol,
    ) -> Option<(Allowed, Arc<Service>)> {
        let table = self.0.table.load();
        let name = if name.is_empty() {
            table.policy.default_service(peer)?
        } else {
            name
        };
        let Decision::Allowed(allowed) = table.policy.decide(peer, name) else {
            return None;
        };
        let service = table.services.get(name)?;
        (service.protocol() == protocol).then(|| (allowed, Arc::clone(service)))
    }

    fn pet_name(&self, peer: &PublicKey) -> Option<String> {
        self.0.table.load().policy.pet_name(peer).map(str::to_owned)
    }
}
