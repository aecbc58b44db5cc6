//! Drives the real malai binaries in separate processes.
//!
//! [`Home`] is a directory of one engine, [`Malai`] a running command, [`Pair`] a share and a bridge
//! to it; [`Origin`] and [`RawOrigin`] are services to share, [`client`] speaks to the bridge, [`Dns`]
//! answers for domains; [`Collector`] takes traces;
//! [`Keychain`] is a real one on a session bus of its own, [`Browser`] a real Chromium; [`desktop`]
//! surrounds the application with a screen, a panel and all else that a desktop has.
//! Nothing here needs the internet, and every wait has a deadline.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "tasks end with the test's runtime, and what is printed is the test's output"
)]

mod authority;
mod browser;
pub mod client;
mod collector;
mod control;
pub mod desktop;
mod disk;
mod dns;
pub mod fault;
mod home;
mod key;
mod keychain;
pub mod lab;
mod lines;
mod load;
mod malai;
mod origin;
mod pair;
pub mod pattern;
mod random;
mod raw_origin;
mod several;
pub mod websocket;

use std::{future::Future, net::SocketAddr, time::Duration};

use anyhow::{Context, Result};
use tokio::net::TcpListener;

pub use crate::{
    authority::Authority,
    browser::Browser,
    collector::{Collector, attribute},
    control::Control,
    disk::SmallDisk,
    dns::{Dns, Manner},
    home::{Finished, Home, OFFLINE, binary},
    key::key_bytes,
    keychain::Keychain,
    load::{Counted, Load},
    malai::Malai,
    origin::{Gate, Origin},
    pair::Pair,
    random::Random,
    raw_origin::{RawOrigin, read_head},
    several::{Several, Sharer},
};

/// How long anything that should happen soon may take on a slow, busy machine.
pub const DEADLINE: Duration = Duration::from_secs(30);

/// Waits for `future`, up to [`DEADLINE`]; `what` is for the failure's message.
///
/// # Errors
/// When it takes too long.
pub async fn within<T>(what: &str, future: impl Future<Output = T>) -> Result<T> {
    tokio::time::timeout(DEADLINE, future)
        .await
        .with_context(|| format!("{what}: still waiting after {DEADLINE:?}"))
}

/// An address at which nobody listens: not on 127.0.0.1, where other tests take free ports.
///
/// # Errors
/// When no port can be had.
pub async fn dead_address() -> Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.77:0").await?;
    Ok(listener.local_addr()?)
}

/// Asks `condition` again and again, up to [`DEADLINE`], until it is true.
///
/// For what sends no event, such as a file or another program.
///
/// # Errors
/// When it takes too long, or when the condition cannot be asked.
pub async fn wait_until<F, Fut>(what: &str, mut condition: F) -> Result<()>
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Result<bool>>,
{
    let mut again = tokio::time::interval(Duration::from_millis(50));
    within(what, async {
        loop {
            again.tick().await;
            if condition().await? {
                return Ok(());
            }
        }
    })
    .await?
}
