//! Reads `[bridge.NAME]`.

use std::time::Duration;

use malai_api::Protocol;

use super::super::{
    check::Mentions,
    model::{Balance, BridgeConfig, BridgeTarget, BridgeTimeouts, ListenAddress},
    names::is_host_name,
    reader::Section,
};
use super::spread;

/// Keys that mean nothing to a TCP bridge.
const HTTP_ONLY: [&str; 3] = ["hosts", "timeouts", "retry"];

pub(super) fn read(section: &Section<'_>, mentions: &mut Mentions) -> BridgeConfig {
    let protocol = super::protocol(section);
    let mut bridge = BridgeConfig {
        to: targets(section, mentions),
        balance: balance(section),
        protocol,
        timeouts: timeouts(section),
        hosts: section
            .values("hosts", host)
            .map(super::values)
            .unwrap_or_default(),
        ..BridgeConfig::default()
    };
    section.duration("connect_timeout", &mut bridge.connect_timeout);
    if let Some(section) = section.table("breaker") {
        bridge.breaker = spread::breaker(&section, bridge.breaker);
    }
    if let Some(section) = section.table("retry") {
        bridge.retry = spread::retry(&section);
    }
    section.boolean("active", &mut bridge.active);
    if let Some(listen) = section.value("listen", str::parse::<ListenAddress>) {
        bridge.listen = listen.value;
        // A bridge that is switched off leaves its port to others.
        if bridge.active {
            mentions.listener(section, "listen", bridge.listen.clone(), listen.line);
        }
    }
    if protocol == Protocol::Tcp {
        for key in HTTP_ONLY.into_iter().filter(|key| section.has(key)) {
            let message = "this is for http bridges; on a tcp bridge it does nothing";
            section.warning_at(key, message);
        }
    }
    bridge
}

fn targets(section: &Section<'_>, mentions: &mut Mentions) -> Vec<BridgeTarget> {
    let Some(targets) = section.values("to", str::parse::<BridgeTarget>) else {
        return Vec::new();
    };
    if section.is_empty_list("to") {
        let message = "an empty list leads nowhere; write at least one, such as \"alice/shop\"";
        section.error_at("to", section.line_of("to"), message);
    }
    mentions.targets(section, &targets);
    super::values(targets)
}

fn timeouts(section: &Section<'_>) -> BridgeTimeouts {
    let mut timeouts = BridgeTimeouts::default();
    if let Some(section) = section.table("timeouts") {
        section.duration("response_header", &mut timeouts.response_header);
        section.duration("idle", &mut timeouts.idle);
        let mut total = Duration::ZERO;
        section.duration("total", &mut total);
        timeouts.total = (!total.is_zero()).then_some(total);
    }
    timeouts
}

fn balance(section: &Section<'_>) -> Balance {
    let parse = |text: &str| match text {
        "failover" => Ok(Balance::Failover),
        "least-loaded" => Ok(Balance::LeastLoaded),
        _ => Err(super::not_one_of(text, &["failover", "least-loaded"])),
    };
    let balance = section.value("balance", parse);
    balance.map(|balance| balance.value).unwrap_or_default()
}

fn host(text: &str) -> Result<String, String> {
    if is_host_name(text) {
        Ok(text.to_ascii_lowercase())
    } else {
        Err(format!(
            "`{text}` is not a host name; write it without scheme, port or path"
        ))
    }
}
