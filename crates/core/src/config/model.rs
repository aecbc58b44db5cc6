//! What the configuration says, in exact types; every default is the documented one.

use std::{
    collections::BTreeMap,
    fmt,
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    str::FromStr,
    time::Duration,
};

use fastn_p2p::PublicKey;
use malai_api::Protocol;
use url::Url;

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
    /// `[gateway]`: the listener that routes by `*.localhost` names.
    pub gateway: GatewayConfig,
    /// `[engine] drain_timeout`; default 10 s.
    pub drain_timeout: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            network: NetworkConfig::default(),
            services: BTreeMap::new(),
            peers: BTreeMap::new(),
            groups: BTreeMap::new(),
            bridges: BTreeMap::new(),
            gateway: GatewayConfig::default(),
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
            bind: SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)),
            dns: None,
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

/// `[network.dns]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DnsConfig {
    /// The origin domain under which id records are looked up.
    pub origin: String,
    /// The pkarr relay to publish to and resolve from.
    pub pkarr: Url,
}

/// `[service.NAME]`
#[derive(Debug, Clone, PartialEq)]
pub struct ServiceConfig {
    /// How it is carried.
    pub protocol: Protocol,
    /// Where its traffic goes: at least one.
    pub upstream: Vec<UpstreamAddress>,
    /// Who may use it; nobody by default.
    pub allow: Vec<Member>,
    /// The Host that the upstream sees.
    pub host: HostRule,
    /// Whether it is offered now; default yes.
    pub active: bool,
    /// `limits`
    pub limits: LimitsConfig,
    /// `timeouts`
    pub timeouts: TimeoutsConfig,
    /// `pool`
    pub pool: PoolConfig,
    /// `route`: other upstreams for some paths; the longest matching prefix wins.
    pub route: Vec<RouteConfig>,
    /// `health`
    pub health: Option<HealthConfig>,
}

impl ServiceConfig {
    /// A service with every default, at one upstream.
    #[must_use]
    pub fn new(protocol: Protocol, upstream: UpstreamAddress) -> Self {
        Self {
            protocol,
            upstream: vec![upstream],
            allow: Vec::new(),
            host: HostRule::Upstream,
            active: true,
            limits: LimitsConfig::default(),
            timeouts: TimeoutsConfig::default(),
            pool: PoolConfig::default(),
            route: Vec::new(),
            health: None,
        }
    }
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

/// `host`: what the upstream sees as Host.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum HostRule {
    /// The upstream's own address.
    #[default]
    Upstream,
    /// What the client sent.
    Keep,
    /// A fixed `name[:port]`.
    Fixed(String),
}

/// `limits`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LimitsConfig {
    /// Streams open at once, over all peers; default 256, 1..=65536.
    pub connections: usize,
    /// Bytes of one request's body; none by default.
    pub body: Option<u64>,
    /// Requests per second of one peer; none by default.
    pub requests_per_second: Option<u32>,
    /// How many requests may come at once before the rate holds; default the rate itself.
    pub burst: Option<u32>,
}

impl Default for LimitsConfig {
    fn default() -> Self {
        Self {
            connections: 256,
            body: None,
            requests_per_second: None,
            burst: None,
        }
    }
}

/// `timeouts`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeoutsConfig {
    /// Reaching one backend; default 2 s.
    pub connect: Duration,
    /// From the whole request to the response's head; default 60 s.
    pub response_header: Duration,
    /// Without a byte either way; default 5 min.
    pub idle: Duration,
}

impl Default for TimeoutsConfig {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(2),
            response_header: Duration::from_secs(60),
            idle: Duration::from_secs(300),
        }
    }
}

/// `pool`: kept connections to each backend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolConfig {
    /// Connections to one backend at most; default 256, 1..=65536.
    pub size: u32,
    /// How long an unused connection is kept; default 30 s.
    pub idle: Duration,
    /// How long a request waits for one when all are in use; default 5 s.
    pub wait: Duration,
}

impl Default for PoolConfig {
    fn default() -> Self {
        Self {
            size: 256,
            idle: Duration::from_secs(30),
            wait: Duration::from_secs(5),
        }
    }
}

/// One of `route`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteConfig {
    /// A prefix of the path, starting with `/`.
    pub path: String,
    /// Where requests under it go.
    pub upstream: Vec<UpstreamAddress>,
}

/// `health`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HealthConfig {
    /// The path asked for.
    pub path: String,
    /// Between two checks; default 10 s.
    pub every: Duration,
    /// For one answer; default 2 s.
    pub timeout: Duration,
    /// Failures in a row that mark a backend down; default 3.
    pub fall: u32,
    /// Successes in a row that bring it back; default 2.
    pub rise: u32,
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
}

/// `[group.NAME]`
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GroupConfig {
    /// Who is in it.
    pub members: Vec<Member>,
}

/// `[bridge.NAME]`
#[derive(Debug, Clone, PartialEq)]
pub struct BridgeConfig {
    /// Where it leads; several are tried in order.
    pub to: Vec<BridgeTarget>,
    /// Where it listens; default a free port of 127.0.0.1.
    pub listen: ListenAddress,
    /// How it is carried; default http.
    pub protocol: Protocol,
    /// Names it answers to besides the loopback ones.
    pub hosts: Vec<String>,
    /// How long a request waits for the peer; default 10 s.
    pub connect_timeout: Duration,
    /// Whether it is open now; default yes.
    pub active: bool,
}

/// Where a bridge leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BridgeTarget {
    /// Whose service.
    pub peer: PeerName,
    /// Which service; the peer's only or default one when empty.
    pub service: String,
    /// Addresses that came with a link.
    pub addresses: Vec<SocketAddr>,
    /// A relay that came with a link.
    pub relay: Option<Url>,
    /// An invite's secret that came with a link.
    pub invite: Option<String>,
}

/// How a peer is named.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum PeerName {
    /// By its key.
    Key(PublicKey),
    /// By a pet name of `[peer]`.
    Pet(String),
    /// By a DNS name whose TXT record names the key.
    Domain(String),
}

/// Where a bridge listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListenAddress {
    /// A TCP address; port 0 for a free one.
    Tcp(SocketAddr),
    /// A unix socket, mode 0600: for this user alone.
    Unix(PathBuf),
}

/// `[gateway]`
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GatewayConfig {
    /// Where it listens; off when missing.
    pub listen: Option<SocketAddr>,
}

/// The address of one backend.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UpstreamAddress {
    /// What is spoken there.
    pub scheme: Scheme,
    /// Where it is.
    pub place: Place,
}

/// What a backend speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scheme {
    /// HTTP/1.1, or plain bytes for TCP services.
    Plain,
    /// HTTP/1.1 inside TLS.
    Https,
    /// HTTP/2 without TLS.
    H2c,
}

/// Where a backend is.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Place {
    /// A host name or address, and a port.
    Tcp {
        /// Name or IP address, without brackets.
        host: String,
        /// 1..=65535
        port: u16,
    },
    /// A unix socket.
    Unix(PathBuf),
}

/// Why a text is not the address of a backend.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not an upstream; write a port, `host:port`, http://, https://, h2c:// or unix:/path"
)]
pub struct UpstreamAddressError(String);

impl FromStr for UpstreamAddress {
    type Err = UpstreamAddressError;

    /// A bare port means `127.0.0.1:PORT`.
    fn from_str(text: &str) -> Result<Self, UpstreamAddressError> {
        let wrong = || UpstreamAddressError(text.to_owned());
        if let Some(path) = text.strip_prefix("unix:") {
            let path = PathBuf::from(path);
            return if path.is_absolute() {
                Ok(Self {
                    scheme: Scheme::Plain,
                    place: Place::Unix(path),
                })
            } else {
                Err(wrong())
            };
        }
        if let Ok(port) = text.parse::<u16>() {
            return Self::tcp(Scheme::Plain, "127.0.0.1", port).ok_or_else(wrong);
        }
        let (scheme, rest, default_port) = if let Some(rest) = text.strip_prefix("http://") {
            (Scheme::Plain, rest, Some(80))
        } else if let Some(rest) = text.strip_prefix("https://") {
            (Scheme::Https, rest, Some(443))
        } else if let Some(rest) = text.strip_prefix("h2c://") {
            (Scheme::H2c, rest, Some(80))
        } else {
            (Scheme::Plain, text, None)
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let (host, port) = match rest.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => {
                (host, port.parse().map_err(|_| wrong())?)
            }
            _ => (rest, default_port.ok_or_else(wrong)?),
        };
        let host = match host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'))
        {
            Some(inner) => {
                inner.parse::<std::net::Ipv6Addr>().map_err(|_| wrong())?;
                inner
            }
            None => host,
        };
        Self::tcp(scheme, host, port).ok_or_else(wrong)
    }
}

impl UpstreamAddress {
    fn tcp(scheme: Scheme, host: &str, port: u16) -> Option<Self> {
        let is_v6 = host.parse::<std::net::Ipv6Addr>().is_ok();
        let named = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        (port != 0 && !host.is_empty() && (is_v6 || host.chars().all(named))).then(|| Self {
            scheme,
            place: Place::Tcp {
                host: host.to_owned(),
                port,
            },
        })
    }
}

impl fmt::Display for UpstreamAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.scheme {
            Scheme::Plain => {}
            Scheme::Https => formatter.write_str("https://")?,
            Scheme::H2c => formatter.write_str("h2c://")?,
        }
        write!(formatter, "{}", self.place)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { host, port } if host.contains(':') => write!(formatter, "[{host}]:{port}"),
            Self::Tcp { host, port } => write!(formatter, "{host}:{port}"),
            Self::Unix(path) => write!(formatter, "unix:{}", path.display()),
        }
    }
}
