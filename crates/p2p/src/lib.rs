//! Typed streams between Ed25519 keys, on iroh.
//!
//! A [`Node`] is one identity on the network: it listens and dials through one endpoint and keeps
//! one connection per peer. A stream opens with a header that names its [`Protocol`]; the other
//! side asks its authoriser about the key that QUIC has authenticated, and answers accept or
//! reject before any handler runs. The only identity there is, is that key.
//!
//! The shape of the API is fastn-p2p's; no iroh type is part of it.

mod attending;
mod changes;
mod client;
mod congestion;
mod connections;
mod copy;
mod dialling;
mod door;
mod error;
mod frame;
pub mod fuzzing;
mod incoming;
mod key;
mod lan;
mod lookup;
mod network;
mod node;
mod pace;
mod rate;
mod recipe;
mod renewing;
mod server;
mod session;
mod slots;
mod turns;
mod vigil;
mod waiting;

pub use attending::Attending;
pub use client::{call, connect, reach};
pub use copy::{CopyEnd, copy_both};
pub use door::TurnedAway;
pub use error::{BindError, CallError, ConnectError, RejectCode, Rejection};
pub use frame::MAX_HEADER_BYTES;
pub use key::{ID52_LENGTH, Id52Error, PublicKey, SecretKey, SecretKeyError, Signature};
pub use lan::{Announcement, Neighbours};
pub use network::{HomeRelay, NetworkReport, public_lookup, public_relays};
pub use node::{
    AddressHints, Limits, LookupChoice, LookupOrigin, Node, NodeConfig, Path, PathEvent,
    RelayChoice,
};
pub use pace::Throttle;
pub use rate::Rates;
pub use server::{Asked, Authorization, Call, Listener, Protocol, ServerHandle, listen};
pub use session::{Session, SessionReader, SessionWriter, reset};
pub use slots::{Full, Slot, Slots};
pub use turns::Hearing;
pub use waiting::Waiting;
