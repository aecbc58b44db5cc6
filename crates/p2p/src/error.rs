//! What can go wrong between two nodes, as a caller may want to branch on it.

use std::{fmt, io, str::FromStr, sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::PublicKey;

/// Why a node could not start.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum BindError {
    /// The UDP address is in use, or not one of this machine.
    #[error("cannot listen on UDP {0}")]
    Address(
        std::net::SocketAddr,
        #[source] Box<dyn std::error::Error + Send + Sync>,
    ),
    /// A relay or lookup server's address is not one iroh can use.
    #[error("`{0}` cannot be used as the address of a server")]
    Server(String),
    /// A lookup could not be started.
    #[error("cannot start the {0} lookup")]
    Lookup(
        &'static str,
        #[source] Box<dyn std::error::Error + Send + Sync>,
    ),
}

/// Why there is no session with a peer. Cheap to clone: those who waited for one dial share it.
#[derive(Debug, Clone, Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// No address is known, or none of them answers.
    #[error("{} cannot be reached", .peer.short())]
    Unreachable {
        /// Who was dialled.
        peer: PublicKey,
        /// What the network said.
        #[source]
        source: Arc<dyn std::error::Error + Send + Sync>,
    },
    /// Nothing came back in time.
    #[error("{} did not answer within {after:?}", .peer.short())]
    Timeout {
        /// Who was dialled.
        peer: PublicKey,
        /// How long we waited.
        after: Duration,
    },
    /// The other side speaks another version of this protocol.
    #[error("{} speaks another version of malai", .peer.short())]
    VersionMismatch {
        /// Who was dialled.
        peer: PublicKey,
    },
    /// The key dialled is our own.
    #[error("this is our own id52; a node does not connect to itself")]
    Ourselves,
    /// Our node is closing.
    #[error("this node is shutting down")]
    Closing,
    /// The header of the stream does not fit.
    #[error("the header of a stream has at most {} bytes", crate::MAX_HEADER_BYTES)]
    HeaderTooLong,
}

/// Why a call has no response.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CallError {
    /// There was no session.
    #[error("cannot open a stream for the call")]
    Connect(#[source] ConnectError),
    /// The peer said no.
    #[error("the peer refused: {0}")]
    Rejected(Rejection),
    /// The stream ended early or carried something else.
    #[error("the call was cut off")]
    Broken(#[source] io::Error),
    /// No response in time.
    #[error("no response within {0:?}")]
    Timeout(Duration),
}

/// Why a peer refuses a stream; stable on the wire.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", from = "String")]
#[non_exhaustive]
pub enum RejectCode {
    /// This key may not, or there is no such thing; the two look the same.
    Unauthorized,
    /// Somebody could have been asked, and did not let this key in; nor is it said whether there
    /// is such a thing or anybody to ask.
    NotAdmitted,
    /// Nobody there handles this protocol.
    UnknownProtocol,
    /// The header could not be understood.
    BadRequest,
    /// No more at the moment; later may work.
    Busy,
    /// The node is going away.
    ShuttingDown,
    /// A code of a later version.
    Other(String),
}

impl RejectCode {
    /// The code's form on the wire.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Unauthorized => "unauthorized",
            Self::NotAdmitted => "not-admitted",
            Self::UnknownProtocol => "unknown-protocol",
            Self::BadRequest => "bad-request",
            Self::Busy => "busy",
            Self::ShuttingDown => "shutting-down",
            Self::Other(code) => code,
        }
    }
}

impl FromStr for RejectCode {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text {
            "unauthorized" => Self::Unauthorized,
            "not-admitted" => Self::NotAdmitted,
            "unknown-protocol" => Self::UnknownProtocol,
            "bad-request" => Self::BadRequest,
            "busy" => Self::Busy,
            "shutting-down" => Self::ShuttingDown,
            other => Self::Other(other.to_owned()),
        })
    }
}

impl From<RejectCode> for String {
    fn from(code: RejectCode) -> Self {
        code.as_str().to_owned()
    }
}

impl From<String> for RejectCode {
    fn from(text: String) -> Self {
        text.parse().unwrap_or(Self::Other(text))
    }
}

/// A peer's refusal of one stream.
///
/// Reading from a refused [`Session`](crate::Session) fails with an [`io::Error`] that wraps this;
/// [`Rejection::of`] finds it again.
#[derive(Debug, Clone, PartialEq, Eq, Error, Serialize, Deserialize)]
pub struct Rejection {
    /// The stable code.
    pub code: RejectCode,
    /// For people, at most a few hundred bytes.
    pub message: String,
}

impl Rejection {
    /// A refusal with this code and message.
    pub fn new(code: RejectCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }

    /// The refusal at the bottom of `error`, if that is what it was.
    #[must_use]
    pub fn of<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a Self> {
        let mut next = Some(error);
        while let Some(error) = next {
            if let Some(rejection) = error.downcast_ref::<Self>() {
                return Some(rejection);
            }
            // An io::Error hides its inner error from `source` and shows the inner's own source.
            if let Some(inner) = error
                .downcast_ref::<io::Error>()
                .and_then(io::Error::get_ref)
                && let Some(rejection) = inner.downcast_ref::<Self>()
            {
                return Some(rejection);
            }
            next = error.source();
        }
        None
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} ({})", self.message, self.code.as_str())
    }
}

impl From<Rejection> for io::Error {
    fn from(rejection: Rejection) -> Self {
        Self::new(io::ErrorKind::PermissionDenied, rejection)
    }
}
