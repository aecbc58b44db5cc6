//! What an engine is doing, as one picture.
//!
//! Snapshots for `malai status`, the tray and the web UI; counters only ever grow while a share or
//! bridge lives.

use serde::{Deserialize, Serialize};

use crate::{AccessRequest, EngineStatus, Guest, Measured, PeerState, Protocol};

/// Everything an engine shares and bridges.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub struct Status {
    /// Who it is.
    pub identity: IdentityStatus,
    /// malai's version.
    pub version: String,
    /// The engine's process.
    pub pid: u32,
    /// Seconds since it started.
    pub uptime_secs: u64,
    /// How far it can be reached from.
    #[serde(default)]
    pub reach: Reach,
    /// The relay through which it can be reached, when there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relay: Option<String>,
    /// The addresses at which it can be reached directly, `ip:port`.
    pub addresses: Vec<String>,
    /// What it shares.
    pub services: Vec<ServiceStatus>,
    /// Its bridges.
    pub bridges: Vec<BridgeStatus>,
    /// Peers with a pet name, and those connected without one.
    pub peers: Vec<PeerStatus>,
    /// Groups of peers, by name.
    #[serde(default)]
    pub groups: Vec<GroupStatus>,
    /// Those who have asked to be let in and were not answered, the earliest first.
    #[serde(default)]
    pub requests: Vec<AccessRequest>,
    /// Whoever is refused everything, as written: pet names, id52s and `group:NAME`.
    #[serde(default)]
    pub blocked: Vec<String>,
    /// The gateway's address, when it is on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gateway: Option<String>,
    /// What the process uses.
    #[serde(default)]
    pub engine: EngineStatus,
    /// The long-lived operations as a tree.
    pub operations: Operation,
}

/// How far an engine can be reached from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Reach {
    /// Only from this machine, or not known yet.
    #[default]
    Machine,
    /// From the local network.
    Lan,
    /// From anywhere: a relay has answered.
    Anywhere,
}

/// The identity an engine runs as.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub struct IdentityStatus {
    /// Its public key.
    pub id52: String,
    /// Where the secret key is kept: `keychain`, `file` or `memory`.
    pub store: String,
    /// Something its owner should know about where the key is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notice: Option<String>,
}

/// One service that is shared.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub struct ServiceStatus {
    /// Its name.
    pub name: String,
    /// How it is carried.
    pub protocol: Protocol,
    /// Where its traffic goes.
    pub upstream: Vec<String>,
    /// What those who may use it see of it besides its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Who may use it, as written; nobody when empty.
    pub allow: Vec<String>,
    /// Whether it is offered now.
    pub active: bool,
    /// Whether `malai.toml` has it.
    pub kept: bool,
    /// The link that others open.
    pub link: String,
    /// Seconds until it ends by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends_in_secs: Option<u64>,
    /// Whether something answers at its upstream; unknown until it was looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answers: Option<bool>,
    /// Its backends, while it is active: as health checks and traffic have found them.
    #[serde(default)]
    pub backends: Vec<BackendStatus>,
    /// Those who were let in beyond `allow`.
    #[serde(default)]
    pub guests: Vec<Guest>,
    /// Whether a link that was made with an invite can still let somebody in.
    #[serde(default)]
    pub invites: bool,
    /// What went through it.
    pub traffic: Traffic,
    /// How that went.
    #[serde(default)]
    pub measured: Measured,
}

/// One backend of a service.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct BackendStatus {
    /// Where it is.
    pub address: String,
    /// Whether it works, as far as is known.
    pub up: bool,
    /// Whether requests go there, as those before have found it.
    #[serde(default)]
    pub breaker: BreakerState,
    /// Requests, or connections of a TCP service, that went there.
    #[serde(default)]
    pub requests: u64,
    /// Kept connections that are in use at this moment.
    #[serde(default)]
    pub connections_in_use: u32,
    /// Those that wait for a request.
    #[serde(default)]
    pub connections_idle: u32,
    /// Requests that had to wait because all connections were in use.
    #[serde(default)]
    pub waits: u64,
    /// Requests that broke off there and were sent once more.
    #[serde(default)]
    pub retries: u64,
    /// Those that were not, because too many had been already.
    #[serde(default)]
    pub retries_denied: u64,
}

/// Whether the circuit breaker of a backend, or of a peer, lets requests pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "kebab-case")]
pub enum BreakerState {
    /// All of them.
    #[default]
    Closed,
    /// None.
    Open,
    /// One at a time, to see whether it works again.
    HalfOpen,
}

impl BreakerState {
    /// All that there are.
    pub const ALL: [Self; 3] = [Self::Closed, Self::Open, Self::HalfOpen];

    /// As it is written and shown.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::HalfOpen => "half-open",
        }
    }
}

/// One bridge.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub struct BridgeStatus {
    /// Its name.
    pub name: String,
    /// The first place it leads to, such as `alice/shop`.
    pub to: String,
    /// The peer's id52, once known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peer: Option<String>,
    /// The peer's name of the service; empty for its only one.
    pub service: String,
    /// How it is carried.
    pub protocol: Protocol,
    /// Where it listens, `ip:port` or a path; empty while it cannot.
    pub local: String,
    /// The same as a URL, for HTTP.
    pub url: String,
    /// The same service by its name at the gateway, when that is on and the peer has a pet name:
    /// `http://shop.alice.localhost:PORT/`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub named_url: Option<String>,
    /// Whether it is wanted now.
    pub active: bool,
    /// Whether `malai.toml` has it.
    pub kept: bool,
    /// How its peer is reached.
    pub state: PeerState,
    /// Round-trip time to the peer in milliseconds, when known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rtt_ms: Option<f64>,
    /// The places that it may lead to, as written.
    #[serde(default)]
    pub members: Vec<MemberStatus>,
    /// Whether requests wait for the peer's owner to let us in.
    #[serde(default)]
    pub waiting: bool,
    /// Why it cannot listen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// What went through it.
    pub traffic: Traffic,
    /// How that went.
    #[serde(default)]
    pub measured: Measured,
}

/// One place that a bridge may lead to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub struct MemberStatus {
    /// Where it is, such as `alice/shop`.
    pub to: String,
    /// Its peer's id52, once known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peer: Option<String>,
    /// Whether the bridge uses it.
    pub state: MemberState,
    /// Whether its circuit breaker lets requests pass.
    pub breaker: BreakerState,
    /// How its peer is reached.
    pub path: PeerState,
    /// Round-trip time to its peer in milliseconds, when known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rtt_ms: Option<f64>,
}

/// Whether a bridge uses one of the places that it may lead to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "kebab-case")]
pub enum MemberState {
    /// New requests go there.
    InUse,
    /// It works as far as is known, and others are preferred.
    #[default]
    Ready,
    /// It has failed, or does not answer at this moment.
    Out,
}

/// One peer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub struct PeerStatus {
    /// Its pet name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its public key.
    pub id52: String,
    /// How it is reached.
    pub state: PeerState,
    /// Round-trip time in milliseconds, when known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rtt_ms: Option<f64>,
    /// Whether it is refused everything.
    #[serde(default)]
    pub blocked: bool,
    /// When it was last connected, in seconds since 1970; missing while it was never seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_seen: Option<u64>,
    /// The id52s it had before, oldest first; they are accepted no more.
    #[serde(default)]
    pub former: Vec<String>,
    /// Since when it has its present one, in seconds since 1970, as far as is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rotated: Option<u64>,
}

/// A group of peers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct GroupStatus {
    /// Its name.
    pub name: String,
    /// Its members as written: pet names, id52s and `group:NAME`.
    pub members: Vec<String>,
}

/// What went through a share or bridge since it began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Traffic {
    /// Requests, or connections of a TCP service.
    pub requests: u64,
    /// Streams open at this moment.
    pub streams_open: u64,
    /// Bytes from the one who asks to the service.
    pub bytes_in: u64,
    /// Bytes from the service to the one who asks.
    pub bytes_out: u64,
}

/// A long-lived operation and those inside it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Operation {
    /// What it is.
    pub name: String,
    /// Seconds since it began.
    pub age_secs: u64,
    /// Those inside it.
    pub children: Vec<Self>,
}
