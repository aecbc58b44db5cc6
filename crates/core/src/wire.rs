//! What bridge and expose say to each other before the payload.
//!
//! An HTTP stream carries HTTP/1.1, or HTTP/2 with prior knowledge, one request after another, and
//! is kept. A TCP stream carries the bytes of one connection.

use fastn_p2p::Protocol;
use serde::{Deserialize, Serialize};

/// The opening message of both protocols.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Open {
    /// The service's name; empty for the only or default one that the opener may use.
    pub(crate) service: String,
}

/// HTTP requests, one after another.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HttpStream;

/// The bytes of one connection.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TcpStream;

impl Protocol for HttpStream {
    const NAME: &'static str = "malai/http/1";
    type Open = Open;
}

impl Protocol for TcpStream {
    const NAME: &'static str = "malai/tcp/1";
    type Open = Open;
}
