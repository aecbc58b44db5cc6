//! The using end: local ports that lead to services of peers.
//!
//! A bridge's port is bound for as long as the bridge is wanted, whatever the peer does: while it
//! is away, requests wait for up to `connect_timeout` and then get a clear answer.

mod binding;
mod gateway;
mod hosts;
mod http_bridge;
mod knock;
mod listener;
mod member;
mod members;
mod peer_dial;
mod ports;
mod reports;
mod returning;
mod room;
mod sending;
mod tcp_bridge;

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    pin::pin,
    sync::{
        Arc, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use fastn_p2p::Waiting;
use gateway::Gateway;
pub(crate) use hosts::Hosts;
use http_bridge::HttpBridge;
pub use listener::BridgeError;
pub(crate) use listener::Listener;
use malai_api::{Protocol, Traffic};
pub use member::MemberReport;
use members::Members;
use ports::Whose;
pub use ports::{Ports, PortsError};
pub use reports::BridgeReport;
pub(crate) use room::Room;
use tokio::sync::Mutex;

use crate::{
    config::{BridgeConfig, Config, ListenAddress},
    events::EventFeed,
    meter::{Meter, Refusal},
    peers::Peers,
    shutdown::Shutdown,
    traces::Traces,
};

/// The bridges of this engine; clones share them.
#[derive(Debug, Clone)]
pub struct Bridges(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    peers: Peers,
    ports: Ports,
    shutdown: Shutdown,
    events: EventFeed,
    /// Kept streams to peers: nothing in flight, so nothing to wait for.
    connections: Shutdown,
    running: std::sync::Mutex<BTreeMap<String, Running>>,
    gateway: std::sync::Mutex<Option<OpenGateway>>,
    /// What bridges counted that are closed and may be opened otherwise at once.
    closed: std::sync::Mutex<BTreeMap<String, Meter>>,
    gateway_meter: Meter,
    traces: Traces,
    /// Only one bridge is opened or closed at a time.
    changing: Mutex<()>,
    /// Connections of each listener at once.
    most_connections: Arc<AtomicUsize>,
}

#[derive(Debug)]
struct Running {
    config: BridgeConfig,
    part: Shutdown,
    meter: Meter,
    waiting: Waiting,
    members: Arc<Members>,
    report: BridgeReport,
}

#[derive(Debug)]
struct OpenGateway {
    /// As it was asked for.
    wanted: SocketAddr,
    at: SocketAddr,
    part: Shutdown,
}

impl Bridges {
    /// No bridge is open yet; those without a port of their own get that of `ports`.
    #[must_use]
    pub fn new(
        peers: Peers,
        ports: Ports,
        shutdown: Shutdown,
        events: EventFeed,
        traces: Traces,
    ) -> Self {
        Self(Arc::new(Inner {
            peers,
            ports,
            shutdown,
            events,
            connections: Shutdown::default(),
            running: std::sync::Mutex::default(),
            gateway: std::sync::Mutex::default(),
            closed: std::sync::Mutex::default(),
            gateway_meter: Meter::default(),
            traces,
            changing: Mutex::default(),
            most_connections: Arc::new(AtomicUsize::new(room::MOST)),
        }))
    }

    /// How many connections each bridge and the gateway may have at once, from here on.
    pub fn limit(&self, connections: usize) {
        let most = &self.0.most_connections;
        most.store(connections, Ordering::Relaxed);
    }

    /// Opens the bridge `name`, or leaves it as it is when it is open just so already.
    ///
    /// # Errors
    /// [`BridgeError`] when its address cannot be had or its peer is not known.
    pub async fn open(
        &self,
        name: &str,
        config: &BridgeConfig,
    ) -> Result<BridgeReport, BridgeError> {
        let changing = self.0.changing.lock().await;
        if let Some(running) = self.running().get(name)
            && running.config == *config
        {
            return Ok(running.report.clone());
        }
        self.close_one(name).await;
        let before = self.closed().remove(name);
        let peer = match config.to.first() {
            Some(target) => self.0.peers.key_of(target)?,
            None => None,
        };
        let whose = peer.zip(config.to.first());
        let whose = whose.map(|(peer, to)| Whose::service(&peer, &to.service));
        let (listener, local) =
            binding::bind(&self.0.ports, &config.listen, whose.as_ref()).await?;
        let (part, room) = (self.0.shutdown.part(), self.room());
        // Counts go on for as long as the name does.
        let (meter, waiting) = (before.unwrap_or_default(), Waiting::default());
        let members = Arc::new(Members::new(&self.0.peers, config));
        if config.protocol == Protocol::Tcp {
            let wait = config.connect_timeout;
            let to = Arc::clone(&members);
            let bridge = tcp_bridge::TcpBridge::new(to, wait, meter.clone(), &waiting);
            let bridge = Arc::new(bridge);
            let turned_away = meter.clone();
            let turn_away = move |_| turned_away.refused(Refusal::Connections);
            let carry = move |stream| Arc::clone(&bridge).carry(stream);
            listener.serve(&part, room, carry, turn_away);
        } else {
            let bridge = HttpBridge::new(
                Arc::clone(&members),
                config,
                meter.clone(),
                &waiting,
                &self.0.connections,
                self.0.events.clone(),
            );
            let bridge = bridge.with_traces(self.0.traces.clone());
            let way = Arc::new((bridge, part.clone()));
            let hosts = Hosts::new(config);
            let room = room.counting(meter.clone());
            listener.serve_http(&part, room, move |request| {
                let way = Arc::clone(&way);
                let allowed = hosts.check(&request);
                async move {
                    let (bridge, tasks) = &*way;
                    pin!(bridge.answer(request, allowed, tasks)).await
                }
            });
        }
        let scheme = if config.protocol == Protocol::Tcp {
            "tcp"
        } else {
            "http"
        };
        let report = BridgeReport {
            name: name.to_owned(),
            protocol: config.protocol,
            url: match config.listen {
                ListenAddress::Tcp(_) if scheme == "http" => format!("http://{local}/"),
                ListenAddress::Tcp(_) => format!("tcp://{local}"),
                ListenAddress::Unix(_) => local.clone(),
            },
            local,
            peer,
            service: config
                .to
                .first()
                .map(|to| to.service.clone())
                .unwrap_or_default(),
            waiting: false,
            members: members.reports(),
            traffic: Traffic::default(),
        };
        for target in &config.to {
            part.spawn(self.0.peers.clone().reach(target.clone()));
        }
        returning::begin(&members, config.protocol, &part);
        let running = Running {
            config: config.clone(),
            part,
            meter,
            waiting,
            members,
            report: report.clone(),
        };
        self.running().insert(name.to_owned(), running);
        drop(changing);
        Ok(report)
    }

    /// Closes a bridge and cuts what goes through it; tells whether there was one.
    pub async fn close(&self, name: &str) -> bool {
        let changing = self.0.changing.lock().await;
        let closed = self.close_one(name).await;
        drop(changing);
        closed
    }

    /// What is closed by now is over: one of the same name counts anew.
    pub(crate) fn forget_closed(&self) {
        self.closed().clear();
    }

    /// Opens, moves or closes the gateway; returns where it listens.
    ///
    /// # Errors
    /// [`BridgeError`] when the address cannot be had; there is no gateway then.
    pub async fn gateway(
        &self,
        listen: Option<SocketAddr>,
    ) -> Result<Option<SocketAddr>, BridgeError> {
        let changing = self.0.changing.lock().await;
        let before = self.lock_gateway().take();
        if let Some(open) = before {
            let at = open.at;
            if Some(open.wanted) == listen {
                *self.lock_gateway() = Some(open);
                return Ok(Some(at));
            }
            open.part.drain(Duration::ZERO).await;
        }
        let Some(wanted) = listen else {
            return Ok(None);
        };
        let (listen, whose) = (ListenAddress::Tcp(wanted), Whose::gateway());
        let (listener, local) = binding::bind(&self.0.ports, &listen, Some(&whose)).await?;
        let part = self.0.shutdown.part();
        let gateway = Arc::new(Gateway::new(self.clone(), part.clone()));
        let answer = move |request| Arc::clone(&gateway).answer(request);
        listener.serve_http(&part, self.room(), answer);
        let at = local.parse().unwrap_or(wanted);
        *self.lock_gateway() = Some(OpenGateway { wanted, at, part });
        drop(changing);
        Ok(Some(at))
    }

    /// Keeps the ports that `config` names for those that it names them for.
    pub fn speak_for_ports(&self, config: &Config) {
        self.0.ports.speak_for(binding::named_ports(config));
    }

    async fn close_one(&self, name: &str) -> bool {
        let Some(running) = self.running().remove(name) else {
            return false;
        };
        running.part.drain(Duration::ZERO).await;
        self.closed().insert(name.to_owned(), running.meter);
        true
    }

    fn room(&self) -> Room {
        Room::new(Arc::clone(&self.0.most_connections))
    }

    fn running(&self) -> MutexGuard<'_, BTreeMap<String, Running>> {
        self.0
            .running
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn closed(&self) -> MutexGuard<'_, BTreeMap<String, Meter>> {
        self.0.closed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock_gateway(&self) -> MutexGuard<'_, Option<OpenGateway>> {
        self.0
            .gateway
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
