//! The ways in: a stranger dials us over the local network alone, and through the relay alone.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use fastn_p2p::{
    AddressHints, Limits, LookupChoice, Node, NodeConfig, Path, RelayChoice, SecretKey, reach,
};
use tokio::{sync::oneshot, time::timeout};
use url::Url;

use super::Found;
use crate::{
    causes::causes,
    config::{NetworkConfig, RelayConfig},
    engine::look::Look,
};

/// How long a stranger tries; through a relay a handshake takes several round trips.
const DIAL: Duration = Duration::from_secs(8);

/// How long our own relay may take to answer, just after the start.
const ONLINE: Duration = Duration::from_secs(5);

impl Look {
    /// Over the local network, by our addresses alone.
    pub(super) async fn lan(&self) -> Found {
        let addresses = of_the_network(self.node.addresses());
        let Some(first) = addresses.first().copied() else {
            return Found::off(
                "malai listens on this machine alone; to be reached over the local network it \
                 needs another `bind` in `[network]` of malai.toml, such as \"0.0.0.0:0\"",
            );
        };
        let unspecified: IpAddr = if addresses.iter().any(SocketAddr::is_ipv4) {
            Ipv4Addr::UNSPECIFIED.into()
        } else {
            Ipv6Addr::UNSPECIFIED.into()
        };
        let hints = AddressHints {
            addresses,
            relay: None,
        };
        let config = stranger(unspecified, RelayChoice::None);
        match self.is_reached(config, hints).await {
            Ok(_) => Found::good(format!(
                "it takes connections at {first}; a firewall between other machines and this one \
                 cannot be seen from here"
            )),
            Err(why) => Found::bad(format!(
                "no connection to {first}: {why}; check the firewall of this machine"
            )),
        }
    }

    /// Through the relay alone, without any address of ours.
    pub(super) async fn relay(&self, network: &NetworkConfig) -> Found {
        let mut relay = self.node.relay();
        if relay.is_none() && network.relay == RelayConfig::None {
            return Found::off(
                "no relay is used, so only who reaches this machine directly can connect; \
                 `relay` in `[network]` of malai.toml says so",
            );
        }
        if relay.is_none() && timeout(ONLINE, self.node.online()).await.is_ok() {
            relay = self.node.relay();
        }
        let Some(relay) = relay else {
            return Found::bad(
                "no relay answers; check the internet connection, and `relay` in `[network]` of \
                 malai.toml",
            );
        };
        let name = relay
            .host_str()
            .unwrap_or_default()
            .trim_end_matches('.')
            .to_owned();
        let hints = AddressHints {
            addresses: Vec::new(),
            relay: Some(Url::clone(&relay)),
        };
        // Bound to this machine, it cannot find another way than the relay.
        let config = stranger(Ipv4Addr::LOCALHOST.into(), RelayChoice::Own(vec![relay]));
        match self.is_reached(config, hints).await {
            Ok(way) => Found::good(format!(
                "who cannot come directly comes through the relay {name}{}",
                time_of(way)
            )),
            Err(why) => Found::bad(format!(
                "the relay {name} answers, but no connection comes through it: {why}"
            )),
        }
    }

    /// Whether a stranger with `config` completes a handshake with us by `hints`.
    async fn is_reached(&self, config: NodeConfig, hints: AddressHints) -> Result<Path, String> {
        let (tell, told) = oneshot::channel();
        let look = self.clone();
        // In a task of its own: a node must be closed even when nobody waits any more.
        self.shutdown.spawn(async move {
            let reached = Box::pin(look.dial_as_stranger(config, hints)).await;
            if tell.send(reached).is_err() {
                tracing::debug!("whoever asked for a check did not wait for it");
            }
        });
        told.await.unwrap_or_else(|_| Err(stopping()))
    }

    async fn dial_as_stranger(
        &self,
        config: NodeConfig,
        hints: AddressHints,
    ) -> Result<Path, String> {
        let secret = SecretKey::generate();
        self.peers.overlook(secret.public());
        let stranger = Node::bind(&secret, config).await;
        let stranger = stranger.map_err(|error| causes(&error))?;
        let us = self.node.id();
        stranger.add_hints(us, &hints);
        let reached = tokio::select! {
            biased;
            () = self.shutdown.draining() => Err(stopping()),
            reached = reach(&stranger, us) => reached.map_err(|error| causes(&error)),
        };
        stranger.close(Duration::ZERO).await;
        reached
    }
}

fn stopping() -> String {
    "malai is stopping".to_owned()
}

fn stranger(ip: IpAddr, relay: RelayChoice) -> NodeConfig {
    NodeConfig {
        bind: SocketAddr::from((ip, 0)),
        relay,
        lookup: LookupChoice::default(),
        limits: Limits {
            connect_timeout: DIAL,
            ..Limits::default()
        },
    }
}

/// Those that others on the local network can use: private ones, or where there are none, all but
/// this machine's own.
fn of_the_network(mut addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
    addresses.retain(|it| !it.ip().is_loopback() && !it.ip().is_unspecified());
    let is_private = |address: &SocketAddr| match address.ip().to_canonical() {
        IpAddr::V4(ip) => ip.is_private() || ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_unique_local() || ip.is_unicast_link_local(),
    };
    if addresses.iter().any(is_private) {
        addresses.retain(is_private);
    }
    // Those that people know come first.
    addresses.sort_by_key(|address| !address.is_ipv4());
    addresses
}

fn time_of(way: Path) -> String {
    match way {
        Path::Direct(rtt) | Path::Relayed(rtt) => format!(" ({} ms)", rtt.as_millis()),
        Path::Offline | Path::Connecting => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_private_addresses_and_others_only_where_there_are_none() {
        let of = |texts: &[&str]| {
            let addresses = texts.iter().map(|text| text.parse().unwrap()).collect();
            let of = of_the_network(addresses).into_iter();
            of.map(|it| it.to_string()).collect::<Vec<_>>()
        };
        let all = [
            "127.0.0.1:1",
            "203.0.113.9:1",
            "[fd00::1]:1",
            "192.168.1.2:1",
        ];
        assert_eq!(of(&all), ["192.168.1.2:1", "[fd00::1]:1"]);
        assert_eq!(of(&all[..2]), ["203.0.113.9:1"]);
        assert!(of(&["127.0.0.1:1", "[::1]:1"]).is_empty());
    }
}
