//! What works and what does not, on this machine and on the way to a peer, and what to do about it.
//!
//! One file for each check: it looks, and then a pure function judges what it has seen.
//! All checks run at once, each with a deadline, so that also a machine without any network is told
//! so within seconds. What is not wanted is not missed: an engine for the local network alone needs
//! no internet. Summaries name nothing and nobody, so they can be passed on as they are.

mod clock;
mod config;
mod disk;
mod dns;
mod found;
mod home;
mod identity;
mod limits;
mod lookup;
mod network;
mod peer;
mod place;
mod ports;
mod relay;
mod report;
mod speech;
mod speed;
mod udp;
mod upstream;
mod web;

use std::{future::Future, sync::Arc, time::Duration};

use fastn_p2p::Node;
use malai_api::{Diagnosis, Examined};
use tokio::time::timeout;

pub(crate) use self::{
    found::Found,
    identity::IdentityState,
    peer::{Destination, examine_peer, find_peer},
    speech::{checks_for_peers, write_told},
    speed::MOST_ECHOED,
};
use crate::{
    clock::Clock,
    config::{Config, LookupConfig, NetworkConfig, RelayConfig},
    home::Home,
};

/// How long one check may take; what it tries has shorter deadlines.
const CHECK: Duration = Duration::from_secs(9);

/// What is looked at.
#[derive(Debug, Clone)]
pub(crate) struct Setup {
    /// Where it keeps what it has; nowhere for an engine in memory.
    pub(crate) home: Option<Home>,
    /// What is in force.
    pub(crate) config: Arc<Config>,
    pub(crate) identity: IdentityState,
    pub(crate) node: NodeState,
    /// Whether it is an engine that runs, not only what one would have.
    pub(crate) runs: bool,
}

/// The way to the network.
#[derive(Debug, Clone)]
pub(crate) enum NodeState {
    Bound(Node),
    /// Why not.
    Failed(String),
    /// What it would be bound with is not known.
    NotTried,
}

impl Setup {
    fn node(&self) -> Option<&Node> {
        match &self.node {
            NodeState::Bound(node) => Some(node),
            NodeState::Failed(_) | NodeState::NotTried => None,
        }
    }
}

/// Everything that can be said of this machine; takes at most [`CHECK`].
pub(crate) async fn examine(setup: &Setup) -> Vec<Found> {
    let (config, identity, home, disk, limits, network, ports, upstream) = tokio::join!(
        bounded(Examined::Config, config::check(setup)),
        bounded(Examined::Identity, identity::check(setup)),
        bounded(Examined::Home, home::check(setup)),
        bounded(Examined::Disk, disk::check(setup)),
        bounded(Examined::Limits, limits::check()),
        // Boxed, since they try many ways at once.
        bounded(Examined::Udp, Box::pin(network::check(setup))),
        bounded(Examined::Ports, ports::check(setup)),
        bounded(Examined::Upstream, Box::pin(upstream::check(&setup.config))),
    );
    let mut all = vec![version(setup)];
    for found in [
        config, identity, home, disk, limits, network, ports, upstream,
    ] {
        all.extend(found);
    }
    all
}

/// What a peer may know of this machine's condition: only what the way between both depends on.
pub(crate) async fn examine_for_peers(setup: &Setup) -> Vec<Found> {
    let (limits, network) = tokio::join!(
        bounded(Examined::Limits, limits::check()),
        bounded(Examined::Udp, Box::pin(network::check(setup))),
    );
    network.into_iter().chain(limits).collect()
}

/// All of it, with the text to pass on.
pub(crate) fn diagnosis(setup: &Setup, own: Vec<Found>, peer: Option<Destination>) -> Diagnosis {
    let mut diagnosis = Diagnosis {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        system: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
        at: Clock::start().now().as_secs(),
        text: String::new(),
        findings: own.into_iter().map(Found::into).collect(),
        peer: peer.map(Destination::into),
    };
    diagnosis.text = report::text(&diagnosis, &report::facts(setup));
    diagnosis
}

/// Whether anything of `network` needs more than the local network.
fn needs_internet(network: &NetworkConfig) -> bool {
    let is_far = |lookup: &LookupConfig| *lookup != LookupConfig::Mdns;
    network.relay != RelayConfig::None || network.lookup.iter().any(is_far)
}

async fn bounded(check: Examined, looking: impl Future<Output = Vec<Found>>) -> Vec<Found> {
    let looked = timeout(CHECK, looking).await;
    looked.unwrap_or_else(|_| vec![Found::unfinished(check, CHECK)])
}

fn version(setup: &Setup) -> Found {
    let version = env!("CARGO_PKG_VERSION");
    if setup.runs {
        let seen = format!("malai {version} runs");
        return Found::ok(Examined::Version, "malai runs", seen);
    }
    let seen = format!("malai {version} does not run here; it was only tried what it would have");
    Found::skipped(Examined::Version, "malai does not run", seen)
        .advise("start it with `malai serve`, `malai share` or the desktop application")
}

#[cfg(test)]
mod tests;
