//! Reads `[bridge.NAME]`.

use malai_api::Protocol;

use super::super::{
    check::Mentions,
    model::{Balance, BridgeConfig, BridgeTarget, ListenAddress},
    names::is_host_name,
    reader::Section,
};

pub(super) fn read(section: &Section<'_>, mentions: &mut Mentions) -> BridgeConfig {
    let protocol = super::protocol(section);
    let mut bridge = BridgeConfig {
        to: targets(section, mentions),
        balance: balance(section),
        protocol,
        hosts: section
            .values("hosts", host)
            .map(super::values)
            .unwrap_or_default(),
        ..BridgeConfig::default()
    };
    section.duration("connect_timeout", &mut bridge.connect_timeout);
    section.boolean("active", &mut bridge.active);
    if let Some(listen) = section.value("listen", str::parse::<ListenAddress>) {
        bridge.listen = listen.value;
        // A bridge that is switched off leaves its port to others.
        if bridge.active {
            mentions.listener(section, "listen", bridge.listen.clone(), listen.line);
        }
    }
    if protocol == Protocol::Tcp && section.has("hosts") {
        section.warning_at(
            "hosts",
            "this is for http bridges; on a tcp bridge it does nothing",
        );
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
