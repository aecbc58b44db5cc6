//! What the soak runs on, and what is done to it.

use std::{net::SocketAddr, time::Duration};

use anyhow::{Context, Result, bail};
use e2e::{Home, Malai, RawOrigin};
use nix::sys::signal::Signal;
use tokio::time::sleep;

use crate::ends::{self, network, place, serve};

/// What can happen.
pub(super) const FAULTS: [&str; 5] = [
    "a service is killed and started",
    "a peer is killed and started",
    "a peer is ended and started",
    "a configuration is changed",
    "a peer stands still for 3 s",
];

/// What the work may see of each; a wrong byte is never among it.
pub(super) fn permits(fault: &str, failure: &str) -> bool {
    let allowed: &[&str] = match fault {
        "a service is killed and started" => &["upstream-down", "broken off"],
        "a peer is killed and started" => &["peer-offline", "peer-failed", "broken off"],
        "a peer is ended and started" => &[
            "peer-offline",
            "peer-failed",
            "busy",
            "shutting-down",
            "broken off",
        ],
        _ => &[],
    };
    allowed.contains(&failure)
}

/// Two engines that share, and one with bridges to them.
#[derive(Debug)]
pub(super) struct Plant {
    alice: Malai,
    bob: Malai,
    bridge: Malai,
    services: [(Malai, SocketAddr); 2],
    homes: [Home; 3],
    changes: u32,
    /// Where the bridges listen: to alice, to bob, and to bob's echo of bytes.
    pub(super) alone: SocketAddr,
    pub(super) other: SocketAddr,
    pub(super) pipe: SocketAddr,
}

impl Plant {
    pub(super) async fn build() -> Result<Self> {
        let homes = [Home::new()?, Home::new()?, Home::new()?];
        let [alice, bob, visitor] = &homes;
        let id = visitor.id().await?;
        let services = [quiet(0).await?, quiet(0).await?];
        let echo = RawOrigin::start(|mut stream, _| async move {
            let (mut reader, mut writer) = stream.split();
            tokio::io::copy(&mut reader, &mut writer).await.ok();
            Ok(())
        })
        .await?;
        let mut bridges = network(3);
        for (number, (name, home)) in [("alice", alice), ("bob", bob)].into_iter().enumerate() {
            let number = u16::try_from(number)? + 1;
            let upstream = services[usize::from(number) - 1].1;
            home.configure(&format!(
                "{}[service.shop]\nupstream = \"{upstream}\"\nallow = [\"{id}\"]\n\n\
                 [service.pipe]\nprotocol = \"tcp\"\nupstream = \"{}\"\nallow = [\"{id}\"]\n",
                network(number),
                echo.address()
            ))?;
            bridges += &format!(
                "[peer.{name}]\nid = \"{}\"\naddresses = [\"{}\"]\n\n",
                home.id().await?,
                place(number)
            );
        }
        bridges += "[bridge.alone]\nto = \"alice/shop\"\n\n[bridge.other]\nto = \"bob/shop\"\n\n\
                    [bridge.pipe]\nto = \"bob/pipe\"\nprotocol = \"tcp\"\n";
        visitor.configure(&bridges)?;
        let (alice, bob) = (serve(alice)?, serve(bob)?);
        for engine in [&alice, &bob] {
            engine.event("shared").await?;
        }
        let bridge = serve(visitor)?;
        let status = listening(visitor).await?;
        let at = |name: &str| -> Result<SocketAddr> {
            let bridges = status["bridges"].as_array().into_iter().flatten();
            let mut found = bridges.filter(|it| it["name"] == name);
            let local = found.next().and_then(|it| it["local"].as_str());
            Ok(local.context("no such bridge")?.parse()?)
        };
        let (alone, other, pipe) = (at("alone")?, at("other")?, at("pipe")?);
        Ok(Self {
            alice,
            bob,
            bridge,
            services,
            homes,
            changes: 0,
            alone,
            other,
            pipe,
        })
    }

    /// The processes that live from the beginning to the end.
    pub(super) fn lasting(&self) -> [(&'static str, i32); 2] {
        [("sharing", self.alice.id()), ("bridging", self.bridge.id())]
    }

    /// Brings about a fault, and its end.
    pub(super) async fn inject(&mut self, fault: &str) -> Result<()> {
        match fault {
            "a service is killed and started" => {
                let (process, address) = &mut self.services[0];
                process.signal(Signal::SIGKILL)?;
                process.exit().await?;
                self.services[0] = quiet(address.port()).await?;
            }
            "a peer is killed and started" => self.restart(Signal::SIGKILL).await?,
            "a peer is ended and started" => self.restart(Signal::SIGTERM).await?,
            "a configuration is changed" => {
                self.changes += 1;
                for home in &self.homes {
                    let text = home.config()?;
                    home.configure(&format!("{text}# change {}\n", self.changes))?;
                }
            }
            "a peer stands still for 3 s" => {
                self.bob.signal(Signal::SIGSTOP)?;
                sleep(Duration::from_secs(3)).await;
                self.bob.signal(Signal::SIGCONT)?;
            }
            other => bail!("`{other}` is no fault"),
        }
        Ok(())
    }

    async fn restart(&mut self, signal: Signal) -> Result<()> {
        self.bob.signal(signal)?;
        self.bob.exit().await?;
        self.bob = serve(&self.homes[1])?;
        self.bob.event("shared").await?;
        Ok(())
    }

    /// What the engines said besides their events, for a failure's message.
    pub(super) fn said(&self) -> String {
        [&self.alice, &self.bob, &self.bridge]
            .map(Malai::stderr)
            .join("\n")
    }
}

async fn quiet(port: u16) -> Result<(Malai, SocketAddr)> {
    ends::service_like(port, &["quiet"]).await
}

/// The status once all bridges listen.
async fn listening(home: &Home) -> Result<serde_json::Value> {
    let mut status = serde_json::Value::Null;
    for _ in 0..100 {
        let asked = home.run(&["status", "--json"]).await?;
        if let Ok(now) = asked.json()
            && now["bridges"].as_array().is_some_and(|all| all.len() == 3)
        {
            status = now;
            break;
        }
    }
    Ok(status)
}
