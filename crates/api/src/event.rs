//! What happens in an engine, as it happens: the NDJSON events that scripts rely on.
//!
//! More fields may be added, none removed.

use serde::{Deserialize, Serialize};

use crate::Status;

/// How a service is carried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Protocol {
    /// HTTP requests, each checked and counted.
    #[default]
    Http,
    /// Bytes both ways, with half-close.
    Tcp,
}

/// How a peer is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum PeerState {
    /// No connection, and none is being made.
    #[default]
    Offline,
    /// A connection is being made.
    Connecting,
    /// Connected, address to address.
    Direct,
    /// Connected through a relay.
    Relayed,
}

/// What policy said to a peer that asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum AccessDecision {
    /// A person has still to answer.
    Pending,
    /// The peer may use the service.
    Allowed,
    /// The peer may not.
    Denied,
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(tag = "event", rename_all = "lowercase")]
#[non_exhaustive]
pub enum Event {
    /// The engine runs as this identity.
    Identity {
        /// The identity's public key.
        id52: String,
    },
    /// A service is offered to peers.
    Shared {
        /// Its name.
        service: String,
        /// How it is carried.
        protocol: Protocol,
        /// Where its traffic goes; several addresses are joined by a comma.
        upstream: String,
        /// The identity that offers it.
        id52: String,
        /// The share link.
        link: String,
    },
    /// A local port leads to a service of a peer.
    Bridged {
        /// The peer's name of the service; empty for its only one.
        service: String,
        /// The peer's id52; empty while it is named by a domain that was never looked up.
        peer: String,
        /// The local address, `ip:port`.
        local: String,
        /// The same as a URL, for HTTP.
        url: String,
    },
    /// The connection to a peer changed.
    Peer {
        /// The peer's id52.
        peer: String,
        /// How it is reached.
        state: PeerState,
        /// Round-trip time in milliseconds, when known.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        #[cfg_attr(test, ts(optional))]
        rtt_ms: Option<f64>,
    },
    /// A peer has a new key, and proved that it is the same one.
    Rotated {
        /// The id52 it has now.
        peer: String,
        /// The one it had, which is accepted no more.
        former: String,
        /// Its pet name.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        #[cfg_attr(test, ts(optional))]
        name: Option<String>,
    },
    /// A request was answered.
    Request {
        /// The service asked for.
        service: String,
        /// The other peer's id52.
        peer: String,
        /// The request's method.
        method: String,
        /// Its path, without the query.
        path: String,
        /// The answer's status.
        status: u16,
        /// From the request's head to the answer's head, in milliseconds.
        ms: f64,
    },
    /// A peer asked for a service.
    Access {
        /// The peer's id52.
        peer: String,
        /// The service it named.
        service: String,
        /// What it was told.
        decision: AccessDecision,
        /// Our pet name for the peer.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(test, ts(optional))]
        name: Option<String>,
    },
    /// A share or bridge ended.
    Stopped {
        /// Its name.
        service: String,
        /// Why, in words.
        reason: String,
    },
    /// The engine has let go of its traffic and ends.
    Drained {
        /// Requests that were in flight and ended by themselves.
        finished: usize,
        /// Those that were cut.
        cut: usize,
    },
    /// Everything that is shared and bridged, as it is after a change; only for those who asked
    /// to watch.
    Status(Box<Status>),
    /// The web UI can be opened; printed by `malai serve --ui` alone, since the URL is a secret of
    /// its owner: whoever opens it first may do everything that the owner may.
    Ui {
        /// Where, once.
        url: String,
    },
    /// Something failed.
    Error {
        /// A stable code.
        code: String,
        /// What happened and what to do.
        message: String,
    },
}
