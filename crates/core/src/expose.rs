//! The sharing end: streams of peers come in, policy decides, upstreams answer.
//!
//! Every stream is checked when it opens, and every request on it again; one whose permission goes
//! away is cut at once. The table of services is swapped as a whole, and a service whose settings
//! did not change keeps its connections.

mod address;
mod admission;
mod asking;
mod authorize;
mod doctor;
mod fair_rate;
mod guesses;
mod http_service;
mod offer;
mod proxy_header;
mod queue;
mod redeem;
mod rotation;
mod service;
mod sessions;
mod tcp_service;
mod throttles;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use admission::EngineRate;
use arc_swap::ArcSwap;
use asking::MAX_WAITING_STREAMS;
pub use asking::Wish;
pub(crate) use doctor::Examination;
use doctor::Examining;
use fastn_p2p::{Node, PublicKey, listen};
use guesses::Guesses;
use malai_api::{BackendStatus, Measured, Protocol, Traffic};
use queue::Queue;
pub use redeem::Redemption;

use rotation::Hearing;
use service::Service;
use sessions::Sessions;
use tokio::sync::{Semaphore, mpsc, watch};

use crate::{
    access::{AccessState, OpenInvites},
    audit::Audit,
    clock::Clock,
    config::Config,
    events::EventFeed,
    meter::Figures,
    policy::{Allowed, Decision, Policy},
    rotation::Chain,
    shutdown::Shutdown,
    traces::Traces,
    wire::{Doctor, HttpStream, Rotation, Services, TcpStream},
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
    clock: Clock,
    audit: Audit,
    traces: Traces,
    redemptions: Queue<Redemption>,
    wishes: Queue<Wish>,
    guesses: Mutex<Guesses>,
    /// Told after each change of the table, so that whoever waits looks again.
    changes: watch::Sender<()>,
    /// Streams that wait.
    waiting: Arc<Semaphore>,
    hearing: Hearing,
    examining: Examining,
    /// Of all services together.
    rate: EngineRate,
}

#[derive(Debug, Default)]
struct Table {
    policy: Policy,
    invites: OpenInvites,
    ask_timeout: Duration,
    services: BTreeMap<String, Arc<Service>>,
    descriptions: BTreeMap<String, String>,
}

impl Expose {
    /// Shares nothing yet.
    #[must_use]
    pub fn new(
        shutdown: Shutdown,
        events: EventFeed,
        clock: Clock,
        audit: Audit,
        traces: Traces,
    ) -> Self {
        Self(Arc::new(Inner {
            table: ArcSwap::default(),
            sessions: Sessions::default(),
            shutdown,
            connections: Shutdown::default(),
            events,
            clock,
            audit,
            traces,
            redemptions: Queue::new(redeem::QUEUE),
            wishes: Queue::new(asking::QUEUE),
            guesses: Mutex::default(),
            changes: watch::Sender::default(),
            waiting: Arc::new(Semaphore::new(MAX_WAITING_STREAMS)),
            hearing: Hearing::default(),
            examining: Examining::default(),
            rate: EngineRate::default(),
        }))
    }

    /// The invites that peers show from here on; only the first who asks hears of them.
    #[must_use]
    pub fn redemptions(&self) -> Option<mpsc::Receiver<Redemption>> {
        self.0.redemptions.take()
    }

    /// What peers say of their keys from here on, and holds; only the first who asks hears of it.
    #[must_use]
    pub fn rotations(&self) -> Option<mpsc::Receiver<Chain>> {
        self.0.hearing.take()
    }

    /// What peers want to use and may not; only the first who asks hears of it.
    #[must_use]
    pub fn wishes(&self) -> Option<mpsc::Receiver<Wish>> {
        self.0.wishes.take()
    }

    /// Shares what `config` says from here on, with those whom `access` lets in besides, and cuts
    /// every stream that is allowed no more.
    pub fn apply(&self, config: &Config, access: AccessState) {
        let before = self.0.table.load();
        let active = config.services.iter().filter(|(_, service)| service.active);
        let services = active.map(|(name, wanted)| {
            let service = match before.services.get(name) {
                Some(service) if service.is_as(wanted) => Arc::clone(service),
                known => {
                    let before = known.map(AsRef::as_ref);
                    Arc::new(Service::new(wanted.clone(), before, &self.0.connections))
                }
            };
            (name.clone(), service)
        });
        let described = config.services.iter().filter_map(|(name, service)| {
            let description = service.description.clone()?;
            Some((name.clone(), description))
        });
        let table = Table {
            descriptions: described.collect(),
            policy: Policy::new(config, &access.grants),
            invites: access.invites,
            ask_timeout: config.policy.ask_timeout,
            services: services.collect(),
        };
        self.0.rate.apply(&config.limits);
        self.0.table.store(Arc::new(table));
        self.0.changes.send_replace(());
        let table = self.0.table.load();
        let now = self.0.clock.now();
        let cut = self.0.sessions.cut_unless(|peer, service| {
            matches!(
                table.policy.decide(peer, service, now),
                Decision::Allowed(_)
            )
        });
        if cut > 0 {
            tracing::info!(cut, "streams were cut: they are no longer allowed");
        }
    }

    /// Answers the streams that come to `node`.
    pub fn serve(&self, node: &Node) {
        let (authorizer, known) = (self.clone(), self.clone());
        listen(node)
            .know(move |peer| known.0.table.load().policy.knows(peer, known.0.clock.now()))
            .authorize(move |asked| authorizer.clone().authorize(asked))
            .handle_streams(HttpStream, self.clone(), http_service::serve)
            .handle_streams(TcpStream, self.clone(), tcp_service::serve)
            .handle_requests(Services, self.clone(), offer::offer)
            .handle_streams(Doctor, self.clone(), doctor::answer)
            .handle_requests_of_everybody(Rotation, self.clone(), rotation::hear)
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

    /// All that was counted of `service`.
    pub(crate) fn figures(&self, service: &str) -> Figures {
        let table = self.0.table.load();
        let service = table.services.get(service);
        service.map(|it| it.meter.figures()).unwrap_or_default()
    }

    /// How requests of `service` went.
    pub(crate) fn measured(&self, service: &str) -> Measured {
        let table = self.0.table.load();
        let service = table.services.get(service);
        service.map(|it| it.meter.measured()).unwrap_or_default()
    }

    /// The backends of `service`, and what is known of each.
    #[must_use]
    pub fn backends(&self, service: &str) -> Vec<BackendStatus> {
        let table = self.0.table.load();
        let service = table.services.get(service);
        service.map(|it| it.backends()).unwrap_or_default()
    }

    /// The service that `peer` means and may use.
    fn find(
        &self,
        peer: &PublicKey,
        name: &str,
        protocol: Protocol,
    ) -> Option<(Allowed, Arc<Service>)> {
        let table = self.0.table.load();
        let now = self.0.clock.now();
        let name = if name.is_empty() {
            table.policy.default_service(peer, now)?
        } else {
            name
        };
        let Decision::Allowed(allowed) = table.policy.decide(peer, name, now) else {
            return None;
        };
        let service = table.services.get(name)?;
        (service.protocol() == protocol).then(|| (allowed, Arc::clone(service)))
    }

    /// Whether `peer` is refused `service`, whatever else allows it; everything, when that is empty.
    #[must_use]
    pub fn is_blocked(&self, peer: &PublicKey, service: &str) -> bool {
        self.0.table.load().policy.is_blocked(peer, service)
    }

    /// The services that `peer` may use.
    #[must_use]
    pub fn usable_by(&self, peer: &PublicKey) -> Vec<String> {
        let table = self.0.table.load();
        let names = table.policy.visible(peer, self.0.clock.now());
        names.into_iter().map(str::to_owned).collect()
    }

    fn pet_name(&self, peer: &PublicKey) -> Option<String> {
        self.0.table.load().policy.pet_name(peer).map(str::to_owned)
    }
}
