//! Reads each section into its type: one function per section, which says what goes where.
//!
//! A value that is wrong has been reported by the section and leaves the default here, since the
//! result is only ever used when nothing was wrong.

use std::{
    convert::Infallible,
    net::{IpAddr, SocketAddr},
    str::FromStr,
};

use fastn_p2p::PublicKey;
use malai_api::Protocol;
use url::Url;

use super::{
    Config, Parsed, Problems,
    check::{Mentions, check},
    model::{DnsConfig, EngineLimitsConfig, GatewayConfig, GroupConfig, LookupConfig},
    model::{ListenAddress, ListenAddressError, Member, RelayConfig, server_url},
    model::{NetworkConfig, PeerConfig},
    names::{check_name, check_pet_name, is_domain, nearest},
    reader::{Located, Reader, Section},
};

mod bridge;
mod observing;
mod route;
mod service;
mod spread;

/// The version of the file's form that this code reads.
const VERSION: i64 = 1;

/// The port of a DNS server that is named without one (RFC 1035, section 4.2).
const DNS_PORT: u16 = 53;

/// Reads and checks a whole file that has the form of TOML.
pub(super) fn document(reader: Reader, table: &toml_edit::Table) -> Result<Parsed, Problems> {
    let root = Section::root(&reader, table);
    version(&root, table);
    let mut config = Config::default();
    let mut mentions = Mentions::default();
    if let Some(section) = root.table("network") {
        network(&section, &mut config.network);
    }
    for (name, section) in root.named("peer", check_pet_name) {
        mentions.peer(&name);
        if let Some(peer) = peer(&section, &mut mentions) {
            config.peers.insert(name, peer);
        }
    }
    for (name, section) in root.named("group", check_name) {
        config
            .groups
            .insert(name.clone(), group(&section, name, &mut mentions));
    }
    for (name, section) in root.named("service", check_name) {
        config
            .services
            .insert(name, service::read(&section, &mut mentions));
    }
    for (name, section) in root.named("bridge", check_name) {
        config
            .bridges
            .insert(name, bridge::read(&section, &mut mentions));
    }
    if let Some(section) = root.table("domains") {
        let servers = section.values("servers", dns_server);
        config.domains.servers = servers.map(values).unwrap_or_default();
    }
    if let Some(section) = root.table("gateway") {
        config.gateway = gateway(&section, &mut mentions);
    }
    if let Some(section) = root.table("metrics") {
        config.metrics = metrics(&section, &mut mentions);
    }
    if let Some(section) = root.table("logs") {
        observing::logs(&section, &mut config.logs);
    }
    if let Some(section) = root.table("traces") {
        config.traces = observing::traces(&section);
    }
    if let Some(section) = root.table("policy") {
        config.policy.block = blocked(&section, &mut mentions);
        section.duration("ask_timeout", &mut config.policy.ask_timeout);
    }
    if let Some(section) = root.table("limits") {
        limits(&section, &mut config.limits);
    }
    if let Some(section) = root.table("engine") {
        let name = |text: &str| check_pet_name(text).map(|()| text.to_owned());
        config.name = section.value("name", name).map(|name| name.value);
        section.duration("drain_timeout", &mut config.drain_timeout);
    }
    check(&reader, &mentions);
    Ok(Parsed {
        config,
        warnings: reader.finish()?,
    })
}

fn version(root: &Section<'_>, table: &toml_edit::Table) {
    match table.get("version") {
        None if root.is_empty() => {}
        None => {
            let message =
                "missing, so the file is read as version 1; write `version = 1` at its top";
            root.warning_at("version", message);
        }
        Some(item) => match item.as_integer() {
            Some(VERSION) => {}
            Some(other) => {
                let message = format!(
                    "this malai reads version {VERSION}, and the file says {other}; \
                     write `version = {VERSION}`, or use the malai that wrote it"
                );
                root.error_at("version", root.line_of("version"), message);
            }
            None => {
                let message = format!("write `version = {VERSION}`");
                root.error_at("version", root.line_of("version"), message);
            }
        },
    }
}

fn limits(section: &Section<'_>, limits: &mut EngineLimitsConfig) {
    if let Some(connections) = section.integer("connections") {
        limits.connections = connections;
    }
    if let Some(streams) = section.integer("streams") {
        limits.streams = streams;
    }
    if let Some(connections) = section.integer("bridge_connections") {
        limits.bridge_connections = connections;
    }
    limits.requests_per_second = section.integer("requests_per_second");
    limits.burst = section.integer("burst");
    burst_has_a_rate(section);
    limits.upload = section.size("upload");
    limits.download = section.size("download");
}

/// A burst alone says nothing.
fn burst_has_a_rate(section: &Section<'_>) {
    if section.has("burst") && !section.has("requests_per_second") {
        let message = "a burst needs a rate; write `requests_per_second` too";
        section.error_at("burst", section.line_of("burst"), message);
    }
}

fn network(section: &Section<'_>, network: &mut NetworkConfig) {
    if let Some(relay) = relay(section) {
        network.relay = relay;
    }
    let lookup = |text: &str| {
        LookupConfig::from_name(text).ok_or_else(|| not_one_of(text, &["dns", "mdns", "dht"]))
    };
    if let Some(ways) = section.values("lookup", lookup) {
        network.lookup = values(ways);
    }
    section.boolean("visible", &mut network.visible);
    let bind = |text: &str| text.parse().map_err(|_| not_ip_port(text));
    if let Some(bind) = section.value("bind", bind) {
        network.bind = bind.value;
    }
    if let Some(section) = section.table("dns") {
        let origin = |text: &str| {
            let origin = text.trim_end_matches('.').to_ascii_lowercase();
            let wrong =
                || format!("`{text}` is not a domain; write for example lookup.example.org");
            is_domain(&origin).then_some(origin).ok_or_else(wrong)
        };
        let (origin, pkarr) = (
            section.value("origin", origin),
            section.value("pkarr", web_url),
        );
        if let (Some(origin), Some(pkarr)) = (origin, pkarr) {
            network.dns = Some(DnsConfig {
                origin: origin.value,
                pkarr: pkarr.value,
            });
        }
    }
}

fn relay(section: &Section<'_>) -> Option<RelayConfig> {
    let text = |text: &str| Ok::<_, Infallible>(text.to_owned());
    let texts = section.values("relay", text)?;
    match texts.as_slice() {
        [only] if only.value == "default" => return Some(RelayConfig::Default),
        [only] if only.value == "none" => return Some(RelayConfig::None),
        [] => {
            let message = "an empty list names no relay; write \"none\" for no relay at all";
            section.error_at("relay", section.line_of("relay"), message);
            return None;
        }
        _ => {}
    }
    let mut urls = Vec::new();
    for Located { value, line } in texts {
        match web_url(&value) {
            Ok(url) => urls.push(url),
            Err(_) if value == "default" || value == "none" => {
                let message = format!("\"{value}\" stands alone, not in a list with others");
                section.error_at("relay", line, message);
            }
            Err(error) => section.error_at("relay", line, error),
        }
    }
    Some(RelayConfig::Own(urls))
}

fn peer(section: &Section<'_>, mentions: &mut Mentions) -> Option<PeerConfig> {
    let address = |text: &str| text.parse().map_err(|_| not_ip_port(text));
    let addresses = section
        .values("addresses", address)
        .map(values)
        .unwrap_or_default();
    let relay = section.value("relay", web_url).map(|relay| relay.value);
    let former = section.values("former", <PublicKey as FromStr>::from_str);
    let former = former.unwrap_or_default();
    mentions.former(section, &former);
    let id = section.value("id", FromStr::from_str)?;
    mentions.key(section, &id);
    Some(PeerConfig {
        id: id.value,
        addresses,
        relay,
        former: values(former),
    })
}

/// Whoever `block` names, of a service or of all.
fn blocked(section: &Section<'_>, mentions: &mut Mentions) -> Vec<Member> {
    let wrong = "whoever is not allowed is refused already; leave `anyone` out of `allow`";
    let located = section.values("block", |text| named_member(text, wrong));
    let located = located.unwrap_or_default();
    let members = located.iter().map(|member| member.value.clone()).collect();
    mentions.members(section, "block", None, located);
    members
}

/// A member that is not `anyone`, about which `wrong` says why not.
fn named_member(text: &str, wrong: &str) -> Result<Member, String> {
    match text.parse::<Member>().map_err(|error| error.to_string())? {
        Member::Anyone => Err(wrong.to_owned()),
        member @ (Member::Peer(_) | Member::Group(_) | Member::Key(_)) => Ok(member),
    }
}

fn group(section: &Section<'_>, name: String, mentions: &mut Mentions) -> GroupConfig {
    let wrong = "a group cannot hold `anyone`; write it in the service's `allow`";
    let located = section.values("members", |text| named_member(text, wrong));
    let located = located.unwrap_or_default();
    let members = located.iter().map(|member| member.value.clone()).collect();
    mentions.members(section, "members", Some(name), located);
    GroupConfig { members }
}

fn gateway(section: &Section<'_>, mentions: &mut Mentions) -> GatewayConfig {
    let place = |address: ListenAddress| match address {
        ListenAddress::Tcp(address) => Ok(address),
        ListenAddress::Unix(_) => Err("the gateway listens at a port, not a socket".to_owned()),
    };
    GatewayConfig {
        listen: listen(section, mentions, place),
    }
}

fn metrics(section: &Section<'_>, mentions: &mut Mentions) -> Option<SocketAddr> {
    listen(section, mentions, |address| match address {
        ListenAddress::Tcp(address) if address.ip().is_loopback() => Ok(address),
        ListenAddress::Tcp(_) => {
            Err("metrics are for this machine alone; write a port or 127.0.0.1:PORT".to_owned())
        }
        ListenAddress::Unix(_) => Err("metrics are read at a port, not a socket".to_owned()),
    })
}

/// Where something listens, as far as `place` agrees.
fn listen(
    section: &Section<'_>,
    mentions: &mut Mentions,
    place: impl Fn(ListenAddress) -> Result<SocketAddr, String>,
) -> Option<SocketAddr> {
    let address = |text: &str| {
        let address = text.parse();
        place(address.map_err(|error: ListenAddressError| error.to_string())?)
    };
    let listen = section.value("listen", address)?;
    let address = ListenAddress::Tcp(listen.value);
    mentions.listener(section, "listen", address, listen.line);
    Some(listen.value)
}

fn protocol(section: &Section<'_>) -> Protocol {
    let parse = |text: &str| match text {
        "http" => Ok(Protocol::Http),
        "tcp" => Ok(Protocol::Tcp),
        _ => Err(not_one_of(text, &["http", "tcp"])),
    };
    let protocol = section.value("protocol", parse);
    protocol.map_or(Protocol::Http, |protocol| protocol.value)
}

/// A DNS server; without a port it has the usual one.
fn dns_server(text: &str) -> Result<SocketAddr, String> {
    let address = text
        .parse()
        .or_else(|_| text.parse().map(|ip: IpAddr| (ip, DNS_PORT).into()));
    let wrong =
        |_| format!("`{text}` is not the address of a DNS server; write for example 192.168.1.1");
    address.map_err(wrong)
}

fn web_url(text: &str) -> Result<Url, String> {
    let wrong = || format!("`{text}` is not a URL; write for example https://relay.example.org");
    server_url(text).ok_or_else(wrong)
}

fn not_ip_port(text: &str) -> String {
    format!("`{text}` is not `ip:port`; write for example 192.168.1.5:4433")
}

fn not_one_of(text: &str, known: &[&str]) -> String {
    match nearest(text, known.iter().copied()) {
        Some(meant) => format!("`{text}` is not known; did you mean `{meant}`?"),
        None => format!("`{text}` is not known; it can be {}", known.join(", ")),
    }
}

fn values<T>(located: Vec<Located<T>>) -> Vec<T> {
    located.into_iter().map(|located| located.value).collect()
}
