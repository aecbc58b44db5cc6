//! How a service's requests are spread over its backends, and when one is left out or tried again.

use std::time::Duration;

/// `balance`: which of several backends is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum UpstreamBalance {
    /// The first that works, in the order written.
    #[default]
    First,
    /// The one of two, chosen by chance, that has less to do.
    LeastLoaded,
    /// One after the other.
    RoundRobin,
}

/// `sticky`: by what requests keep to one backend.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Sticky {
    /// A cookie of ours.
    Cookie,
    /// The key of who asks.
    Peer,
}

impl UpstreamBalance {
    /// All that there are.
    pub const ALL: [Self; 3] = [Self::First, Self::LeastLoaded, Self::RoundRobin];

    /// As it is written.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::LeastLoaded => "least-loaded",
            Self::RoundRobin => "round-robin",
        }
    }
}

impl Sticky {
    /// All that there are.
    pub const ALL: [Self; 2] = [Self::Cookie, Self::Peer];

    /// As it is written.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Cookie => "cookie",
            Self::Peer => "peer",
        }
    }
}

/// `breaker`: when a backend, or a target of a bridge, is left alone for a while.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BreakerConfig {
    /// Whether they are left alone at all; default yes.
    pub active: bool,
    /// After so many failures in a row; default 5, and 1 for a target of a bridge.
    pub failures: u32,
    /// At this share of failures; default 0.5.
    pub error_rate: f64,
    /// An answer that takes longer is slow; none is by default.
    pub slow: Option<Duration>,
    /// At this share of slow answers; default 0.5.
    pub slow_rate: f64,
    /// Shares are of the requests of this last time; default 10 s.
    pub window: Duration,
    /// Requests in it before a share means anything; default 20.
    pub requests: u32,
}

impl Default for BreakerConfig {
    fn default() -> Self {
        Self {
            active: true,
            failures: 5,
            error_rate: 0.5,
            slow: None,
            slow_rate: 0.5,
            window: Duration::from_secs(10),
            requests: 20,
        }
    }
}

impl BreakerConfig {
    /// What a bridge that says nothing means: there are other targets, and finding out that one is
    /// gone costs each request a second.
    #[must_use]
    pub fn of_bridge() -> Self {
        Self {
            failures: 1,
            ..Self::default()
        }
    }
}

/// `retry`: how many requests are sent once more.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RetryConfig {
    /// As a share of all; default 0.2.
    pub budget: f64,
    /// So many a second in any case; default 10.
    pub floor: u32,
}

impl Default for RetryConfig {
    fn default() -> Self {
        Self {
            budget: 0.2,
            floor: 10,
        }
    }
}
