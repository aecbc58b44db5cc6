//! What `[service.NAME]` says.

use std::{fmt, str::FromStr, time::Duration};

use malai_api::Protocol;

use super::{
    BreakerConfig, Member, RetryConfig, RouteConfig, Sticky, UpstreamAddress, UpstreamBalance,
};
use crate::config::names::is_host_name;

/// `[service.NAME]`
#[derive(Debug, Clone, PartialEq)]
pub struct ServiceConfig {
    /// How it is carried.
    pub protocol: Protocol,
    /// Where its traffic goes: at least one.
    pub upstream: Vec<UpstreamAddress>,
    /// Who may use it; nobody by default.
    pub allow: Vec<Member>,
    /// Who may not, whatever else allows it.
    pub block: Vec<Member>,
    /// Whether its owner is asked about others who want to use it; default yes.
    pub ask: bool,
    /// The Host that the upstream sees.
    pub host: HostRule,
    /// What those who may use it see of it besides its name.
    pub description: Option<String>,
    /// Whether it is offered now; default yes.
    pub active: bool,
    /// Whether the upstream of a tcp service is told who comes, by PROXY protocol; default no.
    pub proxy_protocol: bool,
    /// `limits`
    pub limits: LimitsConfig,
    /// `timeouts`
    pub timeouts: TimeoutsConfig,
    /// `pool`
    pub pool: PoolConfig,
    /// `balance`: which of several backends is used; default the first.
    pub balance: UpstreamBalance,
    /// `sticky`: by what requests keep to one backend; nothing by default.
    pub sticky: Option<Sticky>,
    /// `breaker`
    pub breaker: BreakerConfig,
    /// `retry`
    pub retry: RetryConfig,
    /// `route`: other upstreams for some requests; the most special that matches is taken.
    pub route: Vec<RouteConfig>,
    /// `health`
    pub health: Option<HealthConfig>,
}

impl Default for ServiceConfig {
    /// What a section that says nothing means; its `upstream` is still to be given.
    fn default() -> Self {
        Self {
            protocol: Protocol::Http,
            upstream: Vec::new(),
            allow: Vec::new(),
            block: Vec::new(),
            ask: true,
            host: HostRule::Upstream,
            description: None,
            active: true,
            proxy_protocol: false,
            limits: LimitsConfig::default(),
            timeouts: TimeoutsConfig::default(),
            pool: PoolConfig::default(),
            balance: UpstreamBalance::First,
            sticky: None,
            breaker: BreakerConfig::default(),
            retry: RetryConfig::default(),
            route: Vec::new(),
            health: None,
        }
    }
}

impl ServiceConfig {
    /// A service with every default, at one upstream.
    #[must_use]
    pub fn new(protocol: Protocol, upstream: UpstreamAddress) -> Self {
        Self {
            protocol,
            upstream: vec![upstream],
            ..Self::default()
        }
    }
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

/// Why a text is not a rule for the Host.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a host; write `upstream`, `keep` or a fixed `name` or `name:port`")]
pub struct HostRuleError(String);

impl FromStr for HostRule {
    type Err = HostRuleError;

    fn from_str(text: &str) -> Result<Self, HostRuleError> {
        match text {
            "upstream" => Ok(Self::Upstream),
            "keep" => Ok(Self::Keep),
            _ if is_host(text) => Ok(Self::Fixed(text.to_owned())),
            _ => Err(HostRuleError(text.to_owned())),
        }
    }
}

impl fmt::Display for HostRule {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Upstream => "upstream",
            Self::Keep => "keep",
            Self::Fixed(host) => host,
        })
    }
}

/// Whether `text` can stand in a Host header: a name or address, and maybe a port.
fn is_host(text: &str) -> bool {
    let (name, port) = match text.rsplit_once(':') {
        Some((name, port)) if !port.ends_with(']') => (name, Some(port)),
        _ => (text, None),
    };
    let is_v6 = name
        .strip_prefix('[')
        .and_then(|name| name.strip_suffix(']'))
        .is_some_and(|name| name.parse::<std::net::Ipv6Addr>().is_ok());
    let is_port = |port: &str| port.parse::<u16>().is_ok_and(|port| port != 0);
    (is_v6 || is_host_name(name)) && port.is_none_or(is_port)
}

/// `limits`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LimitsConfig {
    /// Streams open at once, over all peers; default 2048, 1..=65536.
    pub connections: usize,
    /// Bytes of one request's body; none by default.
    pub body: Option<u64>,
    /// Requests per second of one peer; none by default.
    pub requests_per_second: Option<u32>,
    /// How many requests may come at once before the rate holds; default the rate itself.
    pub burst: Option<u32>,
    /// Requests per second of all peers together; none by default.
    pub total_requests_per_second: Option<u32>,
    /// Streams of one peer open at once; no more than its part of all by default.
    pub per_peer: Option<usize>,
    /// Bytes per second to one peer, and from it; none by default.
    pub bandwidth: Option<u64>,
    /// Bytes of the head of a request; default 64 KiB, 8 KiB..=64 KiB.
    pub header_size: usize,
    /// From the first byte of a request's head to its last; default 30 s.
    pub header_time: Duration,
}

impl Default for LimitsConfig {
    fn default() -> Self {
        Self {
            connections: 2048,
            body: None,
            requests_per_second: None,
            burst: None,
            total_requests_per_second: None,
            per_peer: None,
            bandwidth: None,
            header_size: 64 << 10,
            header_time: Duration::from_secs(30),
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
    /// From the request to the end of its answer; any time by default.
    pub total: Option<Duration>,
}

impl Default for TimeoutsConfig {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(2),
            response_header: Duration::from_secs(60),
            idle: Duration::from_secs(300),
            total: None,
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

/// `health`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HealthConfig {
    /// The path asked for; default `/`.
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

impl Default for HealthConfig {
    fn default() -> Self {
        Self {
            path: "/".to_owned(),
            every: Duration::from_secs(10),
            timeout: Duration::from_secs(2),
            fall: 3,
            rise: 2,
        }
    }
}
