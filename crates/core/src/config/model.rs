//! What the configuration says, in exact types; every default is the documented one.
//!
//! Services, bridges and upstream addresses have files of their own below this one.

use std::{
    collections::BTreeMap,
    fmt,
    net::{Ipv4Addr, SocketAddr},
    str::FromStr,
    time::Duration,
};

use fastn_p2p::PublicKey;
use url::Url;

use super::names::{NameError, check_name, check_pet_name, looks_like_id52};

mod bridge;
mod limits;
mod observing;
mod route;
mod service;
mod spread;
mod upstream;

pub use bridge::{
    Balance, BridgeConfig, BridgeTarget, BridgeTimeouts, ListenAddress, ListenAddressError,
    PeerName,
};
pub use limits::EngineLimitsConfig;
pub use observing::{LogLevel, LogsConfig, TracesConfig};
pub use route::{HeaderRule, HeaderRuleError, RouteConfig};
pub use service::{
    HealthConfig, HostRule, HostRuleError, LimitsConfig, PoolConfig, ServiceConfig, TimeoutsConfig,
};
pub use spread::{BreakerConfig, RetryConfig, Sticky, UpstreamBalance};
pub use upstream::{Place, Scheme, UpstreamAddress, UpstreamAddressError};

/// Everything `malai.toml` can say.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// `[network]`
    pub network: NetworkConfig,
    /// `[service.NAME]`
    pub services: BTreeMap<String, ServiceConfig>,
    /// `[peer.NAME]`: pet names.
    pub peers: BTreeMap<String, PeerConfig>,
    /// `[group.NAME]`
    pub groups: BTreeMap<String, GroupConfig>,
    /// `[bridge.NAME]`
    pub bridges: BTreeMap<String, BridgeConfig>,
    /// `[domains]`
    pub domains: DomainsConfig,
    /// `[gateway]`: the listener that routes by `*.localhost` names.
    pub gateway: GatewayConfig,
    /// `[metrics] listen`: where metrics can be read, on a loopback address; nowhere by default.
    pub metrics: Option<SocketAddr>,
    /// `[logs]`: the log files.
    pub logs: LogsConfig,
    /// `[traces]`: where traces go; nowhere by default.
    pub traces: Option<TracesConfig>,
    /// `[policy]`: what holds for all services.
    pub policy: PolicyConfig,
    /// `[limits]`: what holds for everything together.
    pub limits: EngineLimitsConfig,
    /// `[engine] name`: what we suggest that others call us, a pet name.
    pub name: Option<String>,
    /// `[engine] drain_timeout`; default 10 s.
    pub drain_timeout: Duration,
}

impl Config {
    /// The key that a pet name or an id52 means.
    #[must_use]
    pub fn key_of(&self, text: &str) -> Option<PublicKey> {
        let named = self.peers.get(text).map(|peer| peer.id);
        named.or_else(|| text.parse().ok())
    }

    /// The pet name of a key.
    #[must_use]
    pub fn pet_name(&self, key: &PublicKey) -> Option<&str> {
        let mut peers = self.peers.iter();
        let named = peers.find(|(_, peer)| peer.id == *key);
        named.map(|(name, _)| name.as_str())
    }

    /// Whether a peer with a pet name has given this key up.
    #[must_use]
    pub fn is_former(&self, key: &PublicKey) -> bool {
        let mut peers = self.peers.values();
        peers.any(|peer| peer.former.contains(key))
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            network: NetworkConfig::default(),
            services: BTreeMap::new(),
            peers: BTreeMap::new(),
            groups: BTreeMap::new(),
            bridges: BTreeMap::new(),
            domains: DomainsConfig::default(),
            gateway: GatewayConfig::default(),
            metrics: None,
            logs: LogsConfig::default(),
            traces: None,
            policy: PolicyConfig::default(),
            limits: EngineLimitsConfig::default(),
            name: None,
            drain_timeout: Duration::from_secs(10),
        }
    }
}

/// `[network]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetworkConfig {
    /// Which relays carry traffic that cannot go directly.
    pub relay: RelayConfig,
    /// How addresses of peers are found.
    pub lookup: Vec<LookupConfig>,
    /// Whether the local network may see us, under the name we suggest; default no.
    pub visible: bool,
    /// The UDP address of the endpoint; default `0.0.0.0:0`.
    pub bind: SocketAddr,
    /// `[network.dns]`: a pkarr and DNS origin of one's own instead of n0's.
    pub dns: Option<DnsConfig>,
}

impl Default for NetworkConfig {
    fn default() -> Self {
        Self {
            relay: RelayConfig::Default,
            lookup: vec![LookupConfig::Dns, LookupConfig::Mdns],
            visible: false,
            bind: SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)),
            dns: None,
        }
    }
}

/// `[policy]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyConfig {
    /// Who is refused everything, whatever else allows it.
    pub block: Vec<Member>,
    /// How long somebody who may not use a service waits for its owner to say otherwise; default
    /// 60 s, and with nothing at all nobody is asked.
    pub ask_timeout: Duration,
}

impl Default for PolicyConfig {
    fn default() -> Self {
        Self {
            block: Vec::new(),
            ask_timeout: Duration::from_mins(1),
        }
    }
}

/// `network.relay`
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RelayConfig {
    /// n0's public relays.
    Default,
    /// No relay at all.
    None,
    /// Relays of one's own.
    Own(Vec<Url>),
}

/// A URL of a server that speaks HTTP, as relays and lookup servers are named.
pub(crate) fn server_url(text: &str) -> Option<Url> {
    let url: Url = text.parse().ok()?;
    let is_usable = matches!(url.scheme(), "http" | "https") && url.has_host();
    is_usable.then_some(url)
}

/// One of `network.lookup`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LookupConfig {
    /// DNS and pkarr.
    Dns,
    /// Multicast DNS on the local network.
    Mdns,
    /// The mainline DHT.
    Dht,
}

impl LookupConfig {
    /// As it is written.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Dns => "dns",
            Self::Mdns => "mdns",
            Self::Dht => "dht",
        }
    }

    /// The one that is written so.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Dns, Self::Mdns, Self::Dht]
            .into_iter()
            .find(|it| it.name() == name)
    }
}

/// `[network.dns]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DnsConfig {
    /// The origin domain under which id records are looked up.
    pub origin: String,
    /// The pkarr relay to publish to and resolve from.
    pub pkarr: Url,
}

/// `[peer.NAME]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerConfig {
    /// The peer's key.
    pub id: PublicKey,
    /// Addresses to try first, `ip:port`.
    pub addresses: Vec<SocketAddr>,
    /// A relay that peer is known to use.
    pub relay: Option<Url>,
    /// Keys it had before, oldest first: they may do nothing.
    pub former: Vec<PublicKey>,
}

/// `[group.NAME]`
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GroupConfig {
    /// Who is in it.
    pub members: Vec<Member>,
}

/// `[domains]`
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DomainsConfig {
    /// The DNS servers that are asked what a domain names; those of the system when empty.
    pub servers: Vec<SocketAddr>,
}

/// `[gateway]`
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GatewayConfig {
    /// Where it listens; off when missing.
    pub listen: Option<SocketAddr>,
}

/// One of `allow` or of a group's `members`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Member {
    /// A pet name.
    Peer(String),
    /// `group:NAME`
    Group(String),
    /// An id52.
    Key(PublicKey),
    /// `anyone`: every key there is.
    Anyone,
}

/// Why a text is not a member.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MemberError {
    /// It looks like an id52 and is none.
    #[error(transparent)]
    Id52(#[from] fastn_p2p::Id52Error),
    /// What follows `group:` is not a name.
    #[error(transparent)]
    Group(NameError),
    /// It is nothing that a member can be.
    #[error("`{0}` is not a member; write a pet name, an id52, `group:NAME` or `anyone`")]
    Other(String),
}

impl FromStr for Member {
    type Err = MemberError;

    fn from_str(text: &str) -> Result<Self, MemberError> {
        if text == "anyone" {
            return Ok(Self::Anyone);
        }
        if let Some(group) = text.strip_prefix("group:") {
            check_name(group).map_err(MemberError::Group)?;
            return Ok(Self::Group(group.to_owned()));
        }
        if looks_like_id52(text) {
            return Ok(Self::Key(text.parse()?));
        }
        check_pet_name(text).map_err(|_| MemberError::Other(text.to_owned()))?;
        Ok(Self::Peer(text.to_owned()))
    }
}

impl fmt::Display for Member {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Peer(name) => formatter.write_str(name),
            Self::Group(name) => write!(formatter, "group:{name}"),
            Self::Key(key) => write!(formatter, "{key}"),
            Self::Anyone => formatter.write_str("anyone"),
        }
    }
}
