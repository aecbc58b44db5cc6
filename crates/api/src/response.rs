//! What an engine answers.
//!
//! Every request has exactly one response; what comes later are events.

use serde::{Deserialize, Serialize};

use crate::{
    AccessRequest, BridgeStatus, Check, DevServer, Diagnosis, DomainReport, Failure,
    IdentityStatus, InviteStatus, LinkTarget, LogEntry, NearbyPeer, OfferedService, PeerStatus,
    QrCode, ServiceStatus, Settings, Status,
};

/// The answer to one request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(tag = "response", rename_all = "kebab-case")]
pub enum Response {
    /// Who the engine is.
    Identity(IdentityStatus),
    /// Everything that is shared and bridged.
    Status(Box<Status>),
    /// What was counted.
    Metrics {
        /// In the text format of Prometheus, version 0.0.4.
        text: String,
    },
    /// The service is offered.
    Shared {
        /// The service as it is.
        service: ServiceStatus,
        /// Whether something answers at its upstream.
        answers: bool,
    },
    /// The bridge is open.
    Bridged(BridgeStatus),
    /// The share or bridge has ended.
    Stopped {
        /// Its name.
        name: String,
        /// Whether `malai.toml` still has it, as inactive.
        kept: bool,
    },
    /// All peers with a pet name.
    Peers {
        /// One for each.
        peers: Vec<PeerStatus>,
    },
    /// Local servers that listen now, most likely ones first.
    Detected {
        /// One for each port.
        servers: Vec<DevServer>,
    },
    /// What a link leads to.
    Link(LinkTarget),
    /// Peers on the same local network that want to be seen.
    Nearby {
        /// At most 64, by id52.
        peers: Vec<NearbyPeer>,
    },
    /// The services that a peer offers us.
    Services {
        /// Whose they are.
        peer: String,
        /// One for each, by name.
        services: Vec<OfferedService>,
    },
    /// Whom a domain names.
    Domain(DomainReport),
    /// The link lets its opener use the service.
    Invited {
        /// The service's name.
        service: String,
        /// The share link, with the invite's secret in it.
        link: String,
        /// Names the invite, to revoke it.
        #[serde(default)]
        id: String,
        /// The PIN to tell by other means than the link.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(test, ts(optional))]
        pin: Option<String>,
    },
    /// Those who have asked to be let in, the earliest first.
    Requests {
        /// One for each peer and service.
        requests: Vec<AccessRequest>,
    },
    /// What a peer may use has changed.
    Access {
        /// The peer's id52.
        peer: String,
        /// The services it was let in to or is denied from here on.
        services: Vec<String>,
        /// The services that `malai.toml` lets it use all the same.
        still_allowed: Vec<String>,
    },
    /// All links with an invite, by service and then the earliest first.
    Invites {
        /// One for each.
        invites: Vec<InviteStatus>,
    },
    /// Links were taken back.
    Revoked {
        /// How many.
        invites: usize,
        /// How many peers have lost what they had by them.
        guests: usize,
    },
    /// Who used or was refused what, newest last.
    Log {
        /// One for each line.
        entries: Vec<LogEntry>,
    },
    /// How a service of ours can be reached.
    Checked {
        /// One for each thing that was looked at.
        checks: Vec<Check>,
    },
    /// What works and what does not.
    Diagnosis(Box<Diagnosis>),
    /// A QR code.
    Qr(QrCode),
    /// Where things live and how the network is used.
    Settings(Box<Settings>),
    /// There is a new key, used from the next start on.
    Rotated {
        /// Who we were up to then.
        former: String,
        /// Who we are from then on.
        id52: String,
        /// Where the former key is, when it was put aside.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(test, ts(optional))]
        notice: Option<String>,
    },
    /// It is done; there is nothing to add.
    Done,
    /// It was not done.
    Error(Failure),
}

impl From<Failure> for Response {
    fn from(failure: Failure) -> Self {
        Self::Error(failure)
    }
}
