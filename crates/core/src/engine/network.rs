//! From `[network]` of `malai.toml` to what a node is bound with.

use fastn_p2p::{Announcement, LookupChoice, LookupOrigin, NodeConfig, RelayChoice};

use crate::config::{Config, LookupConfig, NetworkConfig, RelayConfig};

/// What the node is bound with.
pub(crate) fn node_config(network: &NetworkConfig) -> NodeConfig {
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
            mdns: hears_lan(network),
            dht: wants(LookupConfig::Dht),
            origin: network.dns.as_ref().map(|dns| LookupOrigin {
                domain: dns.origin.clone(),
                pkarr: dns.pkarr.clone(),
            }),
        },
        ..NodeConfig::default()
    }
}

/// Whether a node that is bound so listens to the local network.
fn hears_lan(network: &NetworkConfig) -> bool {
    network.visible || network.lookup.contains(&LookupConfig::Mdns)
}

/// Whether a node that was bound by `bound` has to be bound anew for `network`: to be seen or not is
/// only something to say.
pub(super) fn needs_another(bound: &NetworkConfig, network: &NetworkConfig) -> bool {
    let as_visible = NetworkConfig {
        visible: bound.visible,
        ..network.clone()
    };
    as_visible != *bound || (network.visible && !hears_lan(bound))
}

/// What the local network hears of us: only who shares something is looked for there.
pub(super) fn announcement(config: &Config) -> Announcement {
    let is_found_there = config.network.lookup.contains(&LookupConfig::Mdns);
    if config.network.visible {
        Announcement::Visible(config.name.clone())
    } else if is_found_there && config.services.values().any(|service| service.active) {
        Announcement::Addresses
    } else {
        Announcement::Nothing
    }
}

#[cfg(test)]
mod tests {
    use malai_api::Protocol;

    use super::*;
    use crate::config::ServiceConfig;

    #[test]
    fn who_shares_nothing_and_wants_not_to_be_seen_says_nothing() {
        let mut config = Config {
            name: Some("alice".to_owned()),
            ..Config::default()
        };
        assert_eq!(announcement(&config), Announcement::Nothing);
        let service = ServiceConfig::new(Protocol::Http, "3000".parse().unwrap());
        config.services.insert("shop".to_owned(), service);
        assert_eq!(announcement(&config), Announcement::Addresses);
        config.network.lookup = vec![LookupConfig::Dns];
        assert_eq!(announcement(&config), Announcement::Nothing);
        config.network.visible = true;
        let alice = Announcement::Visible(Some("alice".to_owned()));
        assert_eq!(announcement(&config), alice);
    }

    #[test]
    fn only_who_does_not_listen_has_to_restart_to_be_seen() {
        let network = NetworkConfig::default();
        let visible = NetworkConfig {
            visible: true,
            ..network.clone()
        };
        assert!(!needs_another(&network, &visible));
        assert!(!needs_another(&visible, &network));
        let deaf = NetworkConfig {
            lookup: Vec::new(),
            ..network.clone()
        };
        let deaf_and_visible = NetworkConfig {
            visible: true,
            ..deaf.clone()
        };
        assert!(needs_another(&deaf, &deaf_and_visible));
        assert!(needs_another(&network, &deaf));
    }
}
