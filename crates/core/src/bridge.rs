//! The using end: local ports that lead to services of peers.
//!
//! A bridge's port is bound for as long as the bridge is wanted, whatever the peer does: while it
//! is away, requests wait for up to `connect_timeout` and then get a clear answer.

mod gateway;
mod hosts;
mod http_bridge;
mod knock;
mod listener;
mod tcp_bridge;

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Arc, MutexGuard, PoisonError},
    time::Duration,
};

use fastn_p2p::{PublicKey, Waiting};
use gateway::Gateway;
use http_bridge::HttpBridge;
pub use listener::BridgeError;
use listener::Listener;
use malai_api::{Protocol, Traffic};
use tokio::sync::Mutex;

use crate::{
    config::{BridgeConfig, BridgeTarget, ListenAddress},
    events::EventFeed,
    meter::Meter,
    peers::Peers,
    shutdown::Shutdown,
};

/// How long one of several targets may take before the next is tried.
const FAILOVER_WAIT: Duration = Duration::from_secs(2);

/// The bridges of this engine; clones share them.
#[derive(Debug, Clone)]
pub struct Bridges(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    peers: Peers,
    shutdown: Shutdown,
    events: EventFeed,
    /// Kept streams to peers: nothing in flight, so nothing to wait for.
    connections: Shutdown,
    running: std::sync::Mutex<BTreeMap<String, Running>>,
    gateway: std::sync::Mutex<Option<(SocketAddr, Shutdown)>>,
    /// Only one bridge is opened or closed at a time.
    changing: Mutex<()>,
}

#[derive(Debug)]
struct Running {
    config: BridgeConfig,
    part: Shutdown,
    meter: Meter,
    waiting: Waiting,
    report: BridgeReport,
}

/// What is known of a bridge at one moment.
#[derive(Debug, Clone)]
pub struct BridgeReport {
    /// Its name.
    pub name: String,
    /// How it is carried.
    pub protocol: Protocol,
    /// Where it listens: `ip:port`, or `unix:/path`.
    pub local: String,
    /// The same as a URL, or `tcp://ip:port`.
    pub url: String,
    /// The peer it leads to first, once known.
    pub peer: Option<PublicKey>,
    /// That peer's name of the service; empty for its only or default one.
    pub service: String,
    /// Whether something waits for the peer's owner to let us in.
    pub waiting: bool,
    /// What went through it.
    pub traffic: Traffic,
}

impl Bridges {
    /// No bridge is open yet.
    #[must_use]
    pub fn new(peers: Peers, shutdown: Shutdown, events: EventFeed) -> Self {
        Self(Arc::new(Inner {
            peers,
            shutdown,
            events,
            connections: Shutdown::default(),
            running: std::sync::Mutex::default(),
            gateway: std::sync::Mutex::default(),
            changing: Mutex::default(),
        }))
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
        let peer = match config.to.first() {
            Some(target) => self.0.peers.begin(target)?,
            None => None,
        };
        let (listener, local) = Listener::bind(&config.listen).await?;
        let part = self.0.shutdown.part();
        let (meter, waiting) = (Meter::default(), Waiting::default());
        if config.protocol == Protocol::Tcp {
            let bridge = tcp_bridge::TcpBridge::new(&self.0.peers, config, meter.clone(), &waiting);
            let bridge = Arc::new(bridge);
            listener.serve(&part, move |stream| Arc::clone(&bridge).carry(stream));
        } else {
            let bridge = Arc::new(self.http_bridge(config, meter.clone(), &waiting));
            let (hosts, tasks) = (hosts::Hosts::new(config), part.clone());
            listener.serve_http(&part, move |request| {
                let (bridge, tasks) = (Arc::clone(&bridge), tasks.clone());
                let allowed = hosts.check(&request);
                async move { bridge.answer(request, allowed, &tasks).await }
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
            traffic: Traffic::default(),
        };
        if let Some(target) = config.to.first() {
            part.spawn(self.0.peers.clone().reach(target.clone()));
        }
        let running = Running {
            config: config.clone(),
            part,
            meter,
            waiting,
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

    /// Every open bridge, by name.
    #[must_use]
    pub fn reports(&self) -> Vec<BridgeReport> {
        let running = self.running();
        running
            .values()
            .map(|bridge| BridgeReport {
                waiting: bridge.waiting.any(),
                traffic: bridge.meter.reading(),
                peer: self.peer_of(&bridge.config).or(bridge.report.peer),
                ..bridge.report.clone()
            })
            .collect()
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
        if let (Some((at, part)), Some(wanted)) = (&before, listen)
            && *at == wanted
        {
            *self.lock_gateway() = Some((*at, part.clone()));
            return Ok(Some(*at));
        }
        if let Some((_, part)) = before {
            part.drain(Duration::ZERO).await;
        }
        let Some(wanted) = listen else {
            return Ok(None);
        };
        let (listener, local) = Listener::bind(&ListenAddress::Tcp(wanted)).await?;
        let part = self.0.shutdown.part();
        let gateway = Arc::new(Gateway::new(self.clone(), part.clone()));
        listener.serve_http(&part, move |request| Arc::clone(&gateway).answer(request));
        let at = local.parse().unwrap_or(wanted);
        *self.lock_gateway() = Some((at, part));
        drop(changing);
        Ok(Some(at))
    }

    /// As it is known now: a domain may have come to name somebody since.
    fn peer_of(&self, config: &BridgeConfig) -> Option<PublicKey> {
        self.0.peers.key_of(config.to.first()?).ok().flatten()
    }

    async fn close_one(&self, name: &str) -> bool {
        let Some(running) = self.running().remove(name) else {
            return false;
        };
        running.part.drain(Duration::ZERO).await;
        true
    }

    fn http_bridge(&self, config: &BridgeConfig, meter: Meter, waiting: &Waiting) -> HttpBridge {
        let several = config.to.len() > 1;
        let waits = |target: &BridgeTarget| {
            let wait = config.connect_timeout;
            (
                target.clone(),
                if several {
                    wait.min(FAILOVER_WAIT)
                } else {
                    wait
                },
            )
        };
        let targets = config.to.iter().map(waits);
        HttpBridge::new(
            &self.0.peers,
            targets,
            meter,
            waiting,
            &self.0.connections,
            self.0.events.clone(),
        )
    }

    fn running(&self) -> MutexGuard<'_, BTreeMap<String, Running>> {
        self.0
            .running
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn lock_gateway(&self) -> MutexGuard<'_, Option<(SocketAddr, Shutdown)>> {
        self.0
            .gateway
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
