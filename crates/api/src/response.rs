//! What an engine answers.
//!
//! Every request has exactly one response; what comes later are events.

use serde::{Deserialize, Serialize};

use crate::{BridgeStatus, Failure, IdentityStatus, PeerStatus, ServiceStatus, Status};

/// The answer to one request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "response", rename_all = "kebab-case")]
pub enum Response {
    /// Who the engine is.
    Identity(IdentityStatus),
    /// Everything that is shared and bridged.
    Status(Box<Status>),
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
