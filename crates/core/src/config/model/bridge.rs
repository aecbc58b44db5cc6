//! What `[bridge.NAME]` says.

use std::{
    fmt,
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    str::FromStr,
    time::Duration,
};

use fastn_p2p::PublicKey;
use malai_api::Protocol;
use url::Url;

use super::{BreakerConfig, RetryConfig};

/// `[bridge.NAME]`
#[derive(Debug, Clone, PartialEq)]
pub struct BridgeConfig {
    /// Where it leads: at least one.
    pub to: Vec<BridgeTarget>,
    /// Which of several is used.
    pub balance: Balance,
    /// Where it listens; default a free port of 127.0.0.1.
    pub listen: ListenAddress,
    /// How it is carried; default http.
    pub protocol: Protocol,
    /// Names it answers to besides the loopback ones.
    pub hosts: Vec<String>,
    /// How long a request waits for the peer; default 10 s.
    pub connect_timeout: Duration,
    /// How long a request may take otherwise.
    pub timeouts: BridgeTimeouts,
    /// When one of several targets is left alone.
    pub breaker: BreakerConfig,
    /// How many requests may be sent once more.
    pub retry: RetryConfig,
    /// Whether it is open now; default yes.
    pub active: bool,
}

/// `timeouts`: how long requests of an HTTP bridge may take, longer than a share waits by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BridgeTimeouts {
    /// From the whole request to the response's head; default 15 min.
    pub response_header: Duration,
    /// Without a byte either way; default 1 h.
    pub idle: Duration,
    /// For all of a request; any time when missing.
    pub total: Option<Duration>,
}

impl Default for BridgeTimeouts {
    fn default() -> Self {
        Self {
            response_header: Duration::from_mins(15),
            idle: Duration::from_hours(1),
            total: None,
        }
    }
}

impl Default for BridgeConfig {
    /// What a section that says nothing means; its `to` is still to be given.
    fn default() -> Self {
        Self {
            to: Vec::new(),
            balance: Balance::Failover,
            listen: ListenAddress::default(),
            protocol: Protocol::Http,
            hosts: Vec::new(),
            connect_timeout: Duration::from_secs(10),
            timeouts: BridgeTimeouts::default(),
            breaker: BreakerConfig::of_bridge(),
            retry: RetryConfig::default(),
            active: true,
        }
    }
}

impl BridgeConfig {
    /// A bridge with every default, to one target.
    #[must_use]
    pub fn new(protocol: Protocol, to: BridgeTarget) -> Self {
        Self {
            to: vec![to],
            protocol,
            ..Self::default()
        }
    }
}

/// `balance`: which of several targets is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Balance {
    /// The first healthy one, in the order written.
    #[default]
    Failover,
    /// The one with the fewest requests under way.
    LeastLoaded,
}

/// Where a bridge leads; its `Debug` masks the invite.
#[derive(Clone, PartialEq, Eq)]
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

impl fmt::Debug for BridgeTarget {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("BridgeTarget")
            .field("peer", &self.peer)
            .field("service", &self.service)
            .field("addresses", &self.addresses)
            .field("relay", &self.relay.as_ref().map(Url::as_str))
            .field("invite", &self.invite.as_ref().map(|_| "…"))
            .finish()
    }
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

impl Default for ListenAddress {
    fn default() -> Self {
        Self::Tcp(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))
    }
}

/// Why a text is not an address to listen at.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an address to listen at; write a port, `127.0.0.1:PORT` or `unix:/path`")]
pub struct ListenAddressError(pub(crate) String);

impl FromStr for ListenAddress {
    type Err = ListenAddressError;

    /// A bare port and `localhost:PORT` mean `127.0.0.1:PORT`.
    fn from_str(text: &str) -> Result<Self, ListenAddressError> {
        let wrong = || ListenAddressError(text.to_owned());
        if let Some(path) = text.strip_prefix("unix:") {
            let path = PathBuf::from(path);
            let usable = path.is_absolute() && path.file_name().is_some();
            return if usable {
                Ok(Self::Unix(path))
            } else {
                Err(wrong())
            };
        }
        let port = text.strip_prefix("localhost:").unwrap_or(text);
        match port.parse::<u16>() {
            Ok(port) => Ok(Self::Tcp(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))),
            Err(_) => Ok(Self::Tcp(text.parse().map_err(|_| wrong())?)),
        }
    }
}

impl fmt::Display for ListenAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => write!(formatter, "{address}"),
            Self::Unix(path) => write!(formatter, "unix:{}", path.display()),
        }
    }
}
