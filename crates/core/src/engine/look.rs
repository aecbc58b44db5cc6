//! Requests that only look around and may take a while; they change nothing and run beside the
//! keeper.

mod check;
mod doctor;
mod domains;
mod log;
mod nearby;
mod qr;
mod servers;
mod services;

use std::sync::Arc;

use arc_swap::ArcSwap;
use fastn_p2p::Node;
use tokio::sync::{Mutex, Semaphore};

pub(super) use self::{domains::report, log::entries, qr::qr};

use crate::{
    audit::Audit, config::Config, detect::Detector, home::Home, peers::Peers, shutdown::Shutdown,
};

/// Checks at a time: each binds two nodes for some seconds.
pub(super) const MAX_CHECKS: usize = 2;

/// What is looked with.
#[derive(Debug, Clone)]
pub(super) struct Look {
    pub(super) node: Node,
    pub(super) peers: Peers,
    pub(super) effective: Arc<ArcSwap<Config>>,
    pub(super) audit: Audit,
    /// Where everything is kept; nowhere for a configuration in memory.
    pub(super) home: Option<Home>,
    /// The name of the store that the secret key was read from.
    pub(super) store: String,
    /// One look for local servers at a time.
    pub(super) detector: Arc<Mutex<Detector>>,
    /// [`MAX_CHECKS`] at a time.
    pub(super) checking: Arc<Semaphore>,
    pub(super) shutdown: Shutdown,
}
