//! From `[network]` of `malai.toml` to what a node is bound with.

use fastn_p2p::{LookupChoice, LookupOrigin, NodeConfig, RelayChoice};

use crate::config::{LookupConfig, NetworkConfig, RelayConfig};

/// What the node is bound with.
pub(super) fn node_config(network: &NetworkConfig) -> NodeConfig {
    let wants = |lookup| network.lookup.contains(&lookup);
    NodeConfig {
        bind: network.bind,
        relay: match &network.relay {
            RelayConfig::Default => RelayChoice::Default,
            RelayConfig::None => RelayChoice::None,
            RelayConfig::Own(relays) => RelayChoice::Own(relays.clone()),
        },
        lookup: LookupChoice {
            dns: wants(LookupConfig::Dns),
            mdns: wants(LookupConfig::Mdns),
            dht: wants(LookupConfig::Dht),
            origin: network.dns.as_ref().map(|dns| LookupOrigin {
                domain: dns.origin.clone(),
                pkarr: dns.pkarr.clone(),
            }),
        },
        ..NodeConfig::default()
    }
}
