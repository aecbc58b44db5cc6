//! The words all parts of malai share: requests, status, events, errors.
//!
//! Only serde, no behaviour: the engine, the command line, the tray and the web UI all speak these.

mod event;
mod failure;
mod request;
mod response;
mod status;

pub use event::{AccessDecision, Event, PeerState, Protocol};
pub use failure::{Failure, codes};
pub use request::{BridgeRequest, Request, ShareRequest};
pub use response::Response;
pub use status::{
    BridgeStatus, IdentityStatus, Operation, PeerStatus, ServiceStatus, Status, Traffic,
};
