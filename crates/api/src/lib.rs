//! The words all parts of malai share: requests, status, events, errors.
//!
//! Only serde, no behaviour: the engine, the command line, the tray and the web UI all speak these.

mod event;

pub use event::{AccessDecision, Event, PeerState, Protocol};
