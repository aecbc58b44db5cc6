//! One bridge that may lead to several homes, each of which shares a service of its own.

use std::net::SocketAddr;

use anyhow::{Context, Result};
use nix::sys::signal::Signal;
use serde_json::Value;

use crate::{Home, Malai, OFFLINE, Origin};

/// One of the homes.
#[derive(Debug)]
pub struct Sharer {
    /// Its home.
    pub home: Home,
    /// Its service.
    pub origin: Origin,
    /// Its engine, while it runs.
    pub engine: Option<Malai>,
    link: String,
}

/// The bridge and where it may lead.
#[derive(Debug)]
pub struct Several {
    /// In the order in which they are preferred.
    pub sharers: Vec<Sharer>,
    /// The home of the bridge.
    pub home: Home,
    /// Its engine.
    pub bridge: Malai,
    /// Where it listens.
    pub local: SocketAddr,
}

impl Sharer {
    async fn new(peer: &str, protocol: &str, network: &str) -> Result<Self> {
        let origin = Origin::start().await?;
        let upstream = origin.address();
        let home = Home::with_config(&format!(
            "{network}\n[service.shop]\nupstream = \"{upstream}\"\nprotocol = \"{protocol}\"\n\
             allow = [\"{peer}\"]\n"
        ))?;
        let mut sharer = Self {
            home,
            origin,
            engine: None,
            link: String::new(),
        };
        sharer.start().await?;
        Ok(sharer)
    }

    /// Starts its engine, with the key that it had before.
    ///
    /// # Errors
    /// When it does not come up.
    pub async fn start(&mut self) -> Result<()> {
        let engine = self.home.start(&["serve", "--json"])?;
        let shared = engine.event("shared").await?;
        self.link = shared["link"].as_str().context("no link")?.to_owned();
        self.engine = Some(engine);
        Ok(())
    }

    /// Ends its engine as if the machine had lost power.
    ///
    /// # Errors
    /// When it has ended already.
    pub async fn kill(&mut self) -> Result<()> {
        let mut engine = self.engine.take().context("it does not run")?;
        engine.signal(Signal::SIGKILL)?;
        engine.exit().await.map(drop)
    }

    /// Sends its engine a signal.
    ///
    /// # Errors
    /// When it has ended already.
    pub fn signal(&self, signal: Signal) -> Result<()> {
        let engine = self.engine.as_ref().context("it does not run")?;
        engine.signal(signal)
    }
}

impl Several {
    /// A bridge with `keys` (TOML lines) to so many homes, on a network without anybody else.
    ///
    /// # Errors
    /// When one of them does not come up.
    pub async fn open(count: usize, protocol: &str, keys: &str) -> Result<Self> {
        let home = Home::new()?;
        let peer = home.id().await?;
        let mut sharers = Vec::new();
        for _ in 0..count {
            // The same address each time, since nobody is there to tell of another.
            let port = std::net::UdpSocket::bind("127.0.0.1:0")?
                .local_addr()?
                .port();
            let network = OFFLINE.replace("127.0.0.1:0", &format!("127.0.0.1:{port}"));
            sharers.push(Sharer::new(&peer, protocol, &network).await?);
        }
        Self::bridge(home, OFFLINE, sharers, protocol, keys).await
    }

    /// One home that is found by mDNS, wherever it listens.
    ///
    /// # Errors
    /// When one of them does not come up.
    pub async fn found_by_mdns() -> Result<Self> {
        let network = OFFLINE.replace("lookup = []", "lookup = [\"mdns\"]");
        let home = Home::with_config(&network)?;
        let peer = home.id().await?;
        let mut sharer = Sharer::new(&peer, "http", &network).await?;
        sharer.link = sharer.link.split('?').next().unwrap_or_default().to_owned();
        Self::bridge(home, &network, vec![sharer], "http", "").await
    }

    async fn bridge(
        home: Home,
        network: &str,
        sharers: Vec<Sharer>,
        protocol: &str,
        keys: &str,
    ) -> Result<Self> {
        let links: Vec<_> = sharers.iter().map(|sharer| &sharer.link).collect();
        home.configure(&format!(
            "{network}\n[bridge.shop]\nto = {links:?}\nprotocol = \"{protocol}\"\n{keys}\n"
        ))?;
        let bridge = home.start(&["serve", "--json"])?;
        let bridged = bridge.event("bridged").await?;
        let local = bridged["local"].as_str().context("no address")?.parse()?;
        Ok(Self {
            sharers,
            home,
            bridge,
            local,
        })
    }

    /// The bridge as `malai status` shows it.
    ///
    /// # Errors
    /// When its engine does not answer.
    pub async fn status(&self) -> Result<Value> {
        let status = self.home.run(&["status", "--json"]).await?.json()?;
        Ok(status["bridges"][0].clone())
    }

    /// Requests that have come to each home's service.
    #[must_use]
    pub fn requests(&self) -> Vec<usize> {
        let counts = self.sharers.iter();
        counts
            .map(|sharer| sharer.origin.requests().len())
            .collect()
    }
}
