//! The arguments of each verb.

use std::{path::PathBuf, time::Duration};

use clap::{Args, Subcommand, builder::BoolishValueParser};
use clap_complete::Shell;
use malai_core::{
    access::{Pin, PinError},
    config::{
        BridgeTarget, DescriptionError, NameError, PeerName, UpstreamAddress, UpstreamAddressError,
        check_description, check_name,
    },
    control::UiAddress,
    link::LinkError,
};

use crate::env;

#[derive(Debug, Args)]
pub(crate) struct ShareArgs {
    /// What to share: a port, `host:port`, http://, https://, h2c:// or unix:/path.
    #[arg(required = true, value_name = "UPSTREAM", value_parser = upstream)]
    pub(crate) upstream: Vec<String>,
    /// What peers call it; `port-3000` and the like when left out.
    #[arg(long, env = env::NAME, hide_env_values = true, value_parser = name)]
    pub(crate) name: Option<String>,
    /// Carry bytes instead of HTTP requests.
    #[arg(
        long, env = env::TCP, hide_env_values = true, value_parser = BoolishValueParser::new()
    )]
    pub(crate) tcp: bool,
    /// What it is, for those who may use it: one line, at most 200 characters.
    #[arg(
        long, value_name = "TEXT", env = env::DESCRIPTION, hide_env_values = true,
        value_parser = description
    )]
    pub(crate) description: Option<String>,
    /// Tell the upstream of a TCP service who comes, by PROXY protocol version 2.
    #[arg(
        long, env = env::PROXY_PROTOCOL, hide_env_values = true, requires = "tcp",
        value_parser = BoolishValueParser::new()
    )]
    pub(crate) proxy_protocol: bool,
    /// Who may use it: a pet name, an id52 or group:NAME; can be repeated.
    #[arg(
        long, value_name = "WHO", env = env::ALLOW, hide_env_values = true, value_delimiter = ','
    )]
    pub(crate) allow: Vec<String>,
    /// Let everybody use it who knows the link.
    #[arg(
        long, env = env::ANYONE, hide_env_values = true, value_parser = BoolishValueParser::new()
    )]
    pub(crate) anyone: bool,
    /// End it by itself after this time, for example 2h or 30m.
    #[arg(
        long = "for", value_name = "TIME", env = env::FOR, hide_env_values = true,
        value_parser = time
    )]
    pub(crate) duration: Option<Duration>,
    /// Keep it in malai.toml of the running engine instead of waiting here.
    #[arg(
        long, env = env::BG, hide_env_values = true, value_parser = BoolishValueParser::new(),
        conflicts_with = "duration"
    )]
    pub(crate) bg: bool,
}

#[derive(Debug, Args)]
pub(crate) struct BridgeArgs {
    /// A share link, `peer/service`, `id52/service`, `id52` or `domain/service`.
    #[arg(value_name = "LINK", value_parser = link)]
    pub(crate) to: String,
    /// The local port; a free one when left out.
    #[arg(long, env = env::PORT, hide_env_values = true)]
    pub(crate) port: Option<u16>,
    /// Where it listens instead: `ip:port`, or unix:/path for this user alone.
    #[arg(
        long, value_name = "ADDRESS", env = env::LISTEN, hide_env_values = true,
        conflicts_with = "port"
    )]
    pub(crate) listen: Option<String>,
    /// What it is called here; made from the service's name when left out.
    #[arg(long, env = env::NAME, hide_env_values = true, value_parser = name)]
    pub(crate) name: Option<String>,
    /// Carry bytes instead of HTTP requests.
    #[arg(
        long, env = env::TCP, hide_env_values = true, value_parser = BoolishValueParser::new()
    )]
    pub(crate) tcp: bool,
    /// The PIN that was told with the link.
    #[arg(long, env = env::PIN, hide_env_values = true, value_parser = pin)]
    pub(crate) pin: Option<Pin>,
    /// Keep it in malai.toml of the running engine instead of waiting here.
    #[arg(
        long, env = env::BG, hide_env_values = true, value_parser = BoolishValueParser::new()
    )]
    pub(crate) bg: bool,
}

#[derive(Debug, Args)]
pub(crate) struct IdArgs {
    /// Draw it as a QR code, too.
    #[arg(long, env = env::QR, hide_env_values = true, value_parser = BoolishValueParser::new())]
    pub(crate) qr: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    /// Serve the web UI on this machine alone, at a port or a loopback address; a free port when
    /// left out.
    #[arg(
        long, value_name = "ADDRESS", env = env::UI, hide_env_values = true,
        num_args = 0..=1, default_missing_value = "0"
    )]
    pub(crate) ui: Option<UiAddress>,
    /// Lead to every service by name, as in `http://shop.alice.localhost:PORT/`, at a port or an
    /// address; the port of the last time when left out.
    #[arg(
        long, value_name = "ADDRESS", env = env::GATEWAY, hide_env_values = true,
        num_args = 0..=1, default_missing_value = "0"
    )]
    pub(crate) gateway: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct StatusArgs {
    /// Show the long-lived operations as a tree.
    #[arg(
        long, env = env::TREE, hide_env_values = true, value_parser = BoolishValueParser::new()
    )]
    pub(crate) tree: bool,
}

#[derive(Debug, Args)]
pub(crate) struct StopArgs {
    /// The name of the share or bridge.
    pub(crate) name: String,
    /// Remove it from malai.toml, too, instead of leaving it there as inactive.
    #[arg(
        long, env = env::FORGET, hide_env_values = true, value_parser = BoolishValueParser::new()
    )]
    pub(crate) forget: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ServicesArgs {
    /// A pet name, an id52, a domain or a share link.
    #[arg(value_name = "PEER", value_parser = link)]
    pub(crate) peer: String,
}

#[derive(Debug, Args)]
pub(crate) struct DnsArgs {
    /// The domain, for example example.com.
    #[arg(value_name = "DOMAIN", value_parser = domain)]
    pub(crate) domain: String,
    /// Accept the key that it names now, in place of the one that is remembered.
    #[arg(
        long, env = env::ACCEPT, hide_env_values = true, value_parser = BoolishValueParser::new()
    )]
    pub(crate) accept: bool,
}

#[derive(Debug, Args)]
pub(crate) struct DoctorArgs {
    /// A pet name, an id52, a domain or a share link; this machine alone when left out.
    #[arg(value_name = "PEER", value_parser = link)]
    pub(crate) peer: Option<String>,
    /// Write it into this new file without names, addresses and secrets, to pass on; `-` prints that
    /// in place of the list.
    #[arg(long, value_name = "FILE", env = env::REPORT, hide_env_values = true)]
    pub(crate) report: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct PeersArgs {
    /// List those on the same local network that want to be seen instead.
    #[arg(
        long, env = env::NEARBY, hide_env_values = true, value_parser = BoolishValueParser::new()
    )]
    pub(crate) nearby: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum PeerCommand {
    /// Give a peer a pet name.
    Add {
        /// The pet name.
        name: String,
        /// The peer's id52; `malai id` prints it there.
        id52: String,
    },
    /// Forget a pet name.
    Rm {
        /// The pet name.
        name: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Print every problem with its key and line.
    Check,
    /// Print where malai.toml is.
    Path,
    /// Print what malai.toml says.
    Show,
}

#[derive(Debug, Args)]
pub(crate) struct CompletionsArgs {
    /// Which shell.
    pub(crate) shell: Shell,
}

/// The engine reads it again; here it is only held against its form, before anything is started.
fn upstream(text: &str) -> Result<String, UpstreamAddressError> {
    text.parse::<UpstreamAddress>().map(|_| text.to_owned())
}

/// The same for what a bridge leads to.
fn link(text: &str) -> Result<String, LinkError> {
    text.parse::<BridgeTarget>().map(|_| text.to_owned())
}

/// The same for a domain, which may end in a dot here.
fn domain(text: &str) -> Result<String, String> {
    let domain = text.strip_suffix('.').unwrap_or(text);
    match domain.parse::<BridgeTarget>().map(|target| target.peer) {
        Ok(PeerName::Domain(name)) if !domain.contains('/') => Ok(name),
        _ => Err("this is not a domain; write for example example.com".to_owned()),
    }
}

/// The same for a name.
fn name(text: &str) -> Result<String, NameError> {
    check_name(text).map(|()| text.to_owned())
}

fn pin(text: &str) -> Result<Pin, PinError> {
    text.parse()
}

/// The same for a description.
fn description(text: &str) -> Result<String, DescriptionError> {
    check_description(text).map(|()| text.to_owned())
}

/// A time of at least a second.
pub(super) fn time(text: &str) -> Result<Duration, String> {
    match humantime::parse_duration(text) {
        Ok(time) if time >= Duration::from_secs(1) => Ok(time),
        Ok(_) => Err("the shortest time is 1s".to_owned()),
        Err(error) => Err(format!("{error}; write for example 30m or 2h")),
    }
}
