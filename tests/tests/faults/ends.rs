//! A share and a bridge whose addresses stay the same when one of them is started anew.

use std::{
    fmt::Display,
    net::{Ipv4Addr, SocketAddr},
    process,
    time::Duration,
};

use anyhow::{Context, Result};
use e2e::{Home, Malai, client, client::Reply, wait_until};
use hyper::StatusCode;
use serde_json::Value;
use tokio::{process::Command, time::Instant};

/// `malai serve` at both ends; dropping it ends both.
#[derive(Debug)]
pub(crate) struct Ends {
    pub(crate) share_home: Home,
    pub(crate) bridge_home: Home,
    pub(crate) share: Malai,
    pub(crate) bridge: Malai,
    pub(crate) share_id: String,
    pub(crate) local: SocketAddr,
}

impl Ends {
    /// Shares `upstream` as `shop`, with a bridge of the same name to it.
    pub(crate) async fn to(upstream: impl Display) -> Result<Self> {
        Self::with(upstream, "", "").await
    }

    /// The same with more lines for the service and for the bridge.
    pub(crate) async fn with(
        upstream: impl Display,
        service_keys: &str,
        bridge_keys: &str,
    ) -> Result<Self> {
        let (share_home, bridge_home) = (Home::new()?, Home::new()?);
        Self::between(share_home, bridge_home, upstream, service_keys, bridge_keys).await
    }

    /// The same between these homes.
    pub(crate) async fn between(
        share_home: Home,
        bridge_home: Home,
        upstream: impl Display,
        service_keys: &str,
        bridge_keys: &str,
    ) -> Result<Self> {
        let (share_id, bridge_id) = (share_home.id().await?, bridge_home.id().await?);
        let shares = format!(
            "{}[service.shop]\nupstream = [\"{upstream}\"]\nallow = [\"{bridge_id}\"]\n{service_keys}\n",
            network(1)
        );
        share_home.configure(&shares)?;
        let bridges = format!(
            "{}[peer.alice]\nid = \"{share_id}\"\naddresses = [\"{}\"]\n\n[bridge.shop]\n\
             to = \"alice/shop\"\n{bridge_keys}\n",
            network(2),
            place(1)
        );
        bridge_home.configure(&bridges)?;
        let share = serve(&share_home)?;
        share.event("shared").await?;
        let bridge = serve(&bridge_home)?;
        let local = local(&bridge).await?;
        Ok(Self {
            share_home,
            bridge_home,
            share,
            bridge,
            share_id,
            local,
        })
    }

    /// The bridge's URL of `path`.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.local)
    }

    pub(crate) async fn get(&self, path: &str) -> Result<Reply> {
        client::get(&self.url(path)).await
    }

    /// Waits until a request is answered by the service; how long that took.
    pub(crate) async fn works(&self) -> Result<Duration> {
        works(&self.url("/sized")).await
    }

    /// Starts the sharing end anew, at the same address and with the same key.
    pub(crate) async fn restart_share(&mut self) -> Result<()> {
        self.share = serve(&self.share_home)?;
        self.share.event("shared").await?;
        Ok(())
    }

    /// The link to the service, with its address.
    pub(crate) fn link(&self) -> String {
        format!("malai://{}/shop?a={}", self.share_id, place(1))
    }
}

/// Where engine `number` of this test is: an address that no other test's process uses.
pub(crate) fn place(number: u16) -> SocketAddr {
    let id = process::id().to_be_bytes();
    let address = Ipv4Addr::new(127, 64 + id[1] % 64, id[2], id[3]);
    SocketAddr::from((address, 4000 + number))
}

/// `malai.toml` of engine `number`, up to its services.
pub(crate) fn network(number: u16) -> String {
    let bind = place(number);
    format!("version = 1\n\n[network]\nrelay = \"none\"\nlookup = []\nbind = \"{bind}\"\n\n")
}

/// Waits for an event of this kind behind the first `known` ones.
pub(crate) async fn event_after(
    malai: &Malai,
    known: usize,
    what: &str,
    matches: impl Fn(&Value) -> bool,
) -> Result<()> {
    wait_until(what, || async {
        Ok(malai.events().iter().skip(known).any(&matches))
    })
    .await
    .with_context(|| malai.said())
}

/// Whether an event says that a peer is reached so.
pub(crate) fn peer_is(event: &Value, state: &str) -> bool {
    event["event"] == "peer" && event["state"] == state
}

pub(crate) fn serve(home: &Home) -> Result<Malai> {
    home.start(&["serve", "--json"])
}

/// Where a bridge says that it listens.
pub(crate) async fn local(bridge: &Malai) -> Result<SocketAddr> {
    let event = bridge.event("bridged").await?;
    Ok(event["local"].as_str().context("no address")?.parse()?)
}

/// Waits until `url` is answered by the service; how long that took.
pub(crate) async fn works(url: &str) -> Result<Duration> {
    let began = Instant::now();
    wait_until("the service to answer", || async {
        let reply = client::get(url).await;
        Ok(reply.is_ok_and(|reply| reply.status == StatusCode::OK))
    })
    .await?;
    Ok(began.elapsed())
}

/// A service in a process of its own; `port` 0 takes a free one.
pub(crate) async fn service(port: u16) -> Result<(Malai, SocketAddr)> {
    service_like(port, &[]).await
}

/// The same with more arguments.
pub(crate) async fn service_like(port: u16, more: &[&str]) -> Result<(Malai, SocketAddr)> {
    let mut command = Command::new(e2e::binary("lab-origin")?);
    command.arg(port.to_string()).args(more);
    let service = Malai::start(command, "lab-origin")?;
    let ready = service.event("ready").await?;
    let address = ready["address"].as_str().context("no address")?.parse()?;
    Ok((service, address))
}

/// The requests that such a service has got.
pub(crate) fn served(service: &Malai) -> Vec<String> {
    let events = service.events().into_iter();
    events
        .filter_map(|event| Some(event["request"].as_str()?.to_owned()))
        .collect()
}
