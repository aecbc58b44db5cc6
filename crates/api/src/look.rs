//! What an engine finds when it looks around: local servers, links, services of peers, the ways in.

use serde::{Deserialize, Serialize};

use crate::{Failure, Protocol};

/// A local server that could be shared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub struct DevServer {
    /// The TCP port it listens on, on a loopback or on any address.
    pub port: u16,
    /// What it is: a framework such as `vite`, or else the process's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub program: Option<String>,
    /// A name for the service, guessed from the project; always one that a service can have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The service that shares it already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shared_as: Option<String>,
}

/// What a link leads to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub struct LinkTarget {
    /// The peer's id52.
    pub peer: String,
    /// Our pet name for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What the link suggests to call the peer, made free where another has that name; missing
    /// when the peer has one. It is the peer's word, and gives nobody anything by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suggested_name: Option<String>,
    /// The service; empty for the peer's only or default one.
    pub service: String,
    /// Whether it carries an invite.
    pub invite: bool,
    /// Whether a PIN has to be told with the invite.
    #[serde(default)]
    pub pin: bool,
    /// Whether it is our own.
    pub own: bool,
    /// The bridge that leads there already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bridged_as: Option<String>,
    /// The domain that stands for the peer, when it was named by one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domain: Option<NamedBy>,
}

/// The domain that a peer was named by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub struct NamedBy {
    /// Its name.
    pub name: String,
    /// Whether the resolver vouches by DNSSEC for what it names; missing while the DNS says nothing
    /// and what is remembered is used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secure: Option<bool>,
    /// Whether it was never used before: its key is remembered once it is.
    pub first: bool,
}

/// What there is to know of a domain that stands, or could stand, for a peer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub struct DomainReport {
    /// Its name.
    pub domain: String,
    /// The line of a zone file that makes it name us.
    pub record: String,
    /// The one key that it names now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The name whose record says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// Whether the resolver vouches for that by DNSSEC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secure: Option<bool>,
    /// Whether that key is our own.
    pub own: bool,
    /// The key that is remembered for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remembered: Option<String>,
    /// Why it cannot be used, or why only what is remembered can.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<Failure>,
}

/// A peer on the same local network that wants to be seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub struct NearbyPeer {
    /// Its key, as the network says: nothing is proven before it is connected.
    pub id52: String,
    /// Our pet name for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What it suggests to be called, made free where another has that name; missing when it has a
    /// pet name or suggests none that can be one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suggested_name: Option<String>,
}

/// A service that a peer offers us.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub struct OfferedService {
    /// Its name there.
    pub name: String,
    /// How it is carried.
    pub protocol: Protocol,
    /// What its owner says of it: at most 200 characters, on one line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Whether something answers at its upstream; missing when the peer does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub up: Option<bool>,
}

/// Something that was looked at to see whether a service can be reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Check {
    /// What was looked at.
    pub what: CheckSubject,
    /// How it is.
    pub outcome: CheckOutcome,
    /// What was found and what to do, in plain words.
    pub message: String,
}

/// What was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum CheckSubject {
    /// What answers where the service's traffic goes.
    Upstream,
    /// A connection over the local network, from a stranger's place.
    Lan,
    /// A connection through the relay, likewise.
    Relay,
}

/// How it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum CheckOutcome {
    /// As it should be.
    Good,
    /// Not as it should be.
    Bad,
    /// Not wanted, or not to be had here.
    Off,
}

/// A QR code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct QrCode {
    /// Modules on each side, without the quiet zone.
    pub width: u32,
    /// Row by row, `1` for a dark module and `0` for a light one; `width` times `width` characters.
    pub modules: String,
}
