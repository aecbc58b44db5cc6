//! What a node has found out about the network it is in, for people who look for the reason of
//! something.
//!
//! Nothing here changes anything: what iroh measures all the time is read, and waited for shortly
//! when it is not there yet. Iroh calls that part of its interface unstable, so it is used in this
//! file alone.

use std::{
    collections::BTreeMap,
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use futures_util::StreamExt;
use iroh::{
    RelayMode, Watcher, address_lookup::N0_DNS_PKARR_RELAY_PROD, unstable_net_report::NetReport,
};
use tokio::time::{Instant, timeout, timeout_at};
use url::Url;

use crate::{AddressHints, Node, PublicKey};

/// What a node has found out about its network.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NetworkReport {
    /// Where its UDP sockets are.
    pub bound: Vec<SocketAddr>,
    /// Whether relays were asked what they see of us; nothing below is known otherwise.
    pub is_measured: bool,
    /// Whether UDP over IPv4 came back from a relay.
    pub udp_v4: bool,
    /// Whether UDP over IPv6 came back from a relay.
    pub udp_v6: bool,
    /// Whether others see us at another port depending on who they are, as far as two were asked.
    pub mapping_varies: Option<bool>,
    /// Whether something on the way answers in the place of servers, as a hotel's login page does.
    pub captive_portal: Option<bool>,
    /// Where relays see us.
    pub public: Vec<SocketAddr>,
    /// How long each relay that has answered took.
    pub latencies: BTreeMap<Url, Duration>,
    /// The relays through which we can be reached, and how the connection to each is.
    pub home: Vec<HomeRelay>,
}

/// A relay through which we can be reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HomeRelay {
    /// Its address.
    pub url: Url,
    /// Whether there is a connection to it.
    pub is_connected: bool,
    /// Whether it refuses us.
    pub is_denied: bool,
}

/// n0's public relays.
#[must_use]
pub fn public_relays() -> Vec<Url> {
    let relays: Vec<iroh::RelayUrl> = RelayMode::Default.relay_map().urls();
    relays.iter().map(|url| Url::clone(url)).collect()
}

/// The server to which nodes publish where they are, when they have none of their own.
#[must_use]
pub fn public_lookup() -> Option<Url> {
    N0_DNS_PKARR_RELAY_PROD.parse().ok()
}

impl Node {
    /// What is known of the network; waits up to `wait` for the first measurement, where relays are
    /// used. Cancel safe.
    pub async fn network_report(&self, wait: Duration) -> NetworkReport {
        let Some(endpoint) = self.0.endpoint() else {
            return NetworkReport::default();
        };
        let mut watcher = endpoint.net_report();
        let measured = match (watcher.get(), self.0.has_relays) {
            (None, true) => timeout(wait, watcher.initialized()).await.ok(),
            (known, _) => known,
        };
        let home = endpoint.home_relay_status().get();
        let home = home.iter().map(|status| HomeRelay {
            url: Url::clone(status.url()),
            is_connected: status.is_connected(),
            is_denied: status.auth_denied_reason().is_some(),
        });
        NetworkReport {
            bound: endpoint.bound_sockets(),
            home: home.collect(),
            ..measured.as_ref().map(report).unwrap_or_default()
        }
    }

    /// Where the DNS and pkarr servers of this node say that it is; `None` when they do not say
    /// within `wait`. Cancel safe.
    pub async fn published(&self, wait: Duration) -> Option<AddressHints> {
        let deadline = Instant::now() + wait;
        let endpoint = self.0.endpoint()?;
        let lookup = endpoint.address_lookup().ok()?;
        let mut answers = Box::pin(lookup.resolve(endpoint.id()));
        while let Ok(Some(answer)) = timeout_at(deadline, answers.next()).await {
            let Ok(Ok(item)) = answer else { continue };
            if !["dns", "pkarr"].contains(&item.provenance()) {
                continue;
            }
            let address = item.into_endpoint_addr();
            return Some(AddressHints {
                addresses: address.ip_addrs().copied().collect(),
                relay: address.relay_urls().next().map(|relay| Url::clone(relay)),
            });
        }
        None
    }

    /// Where the connection to `peer` ends: an address of the network, or nothing while it goes
    /// through a relay or there is none.
    #[must_use]
    pub fn remote_address(&self, peer: &PublicKey) -> Option<SocketAddr> {
        self.0.connections.remote_address(peer)
    }
}

fn report(measured: &NetReport) -> NetworkReport {
    let mut latencies = BTreeMap::new();
    for (_, url, latency) in measured.relay_latency.iter() {
        let known = latencies.entry(Url::clone(url)).or_insert(latency);
        *known = latency.min(*known);
    }
    let v4 = measured.global_v4.map(SocketAddr::V4);
    let v6 = measured.global_v6.map(SocketAddr::V6);
    let is_real = |address: &SocketAddr| match address.ip() {
        IpAddr::V4(ip) => !ip.is_unspecified(),
        IpAddr::V6(ip) => !ip.is_unspecified(),
    };
    NetworkReport {
        is_measured: true,
        udp_v4: measured.udp_v4,
        udp_v6: measured.udp_v6,
        mapping_varies: measured.mapping_varies_by_dest(),
        captive_portal: measured.captive_portal,
        public: v4.into_iter().chain(v6).filter(is_real).collect(),
        latencies,
        ..NetworkReport::default()
    }
}
