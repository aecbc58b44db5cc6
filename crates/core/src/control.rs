//! How a running engine is asked: one line of JSON each way, over a socket of its owner alone; and
//! over HTTP, by the web UI, when that is wanted.
//!
//! A request line gets one response line; after `subscribe` or `watch`, event lines come in between.
//! What a connection shares or bridges without keeping it ends with that connection, so a killed
//! `malai share` takes its share with it.
//! Lines, connections and waits are all bounded.
//!
//! Windows has no control socket yet: every command there runs an engine of its own.

mod client;
mod conversation;
mod hearing;
mod line;
mod listener;
mod owner;
mod web;

use std::{future::Future, io, path::PathBuf, time::Duration};

use malai_api::{Request, Response};
use thiserror::Error;

use crate::{events::Events, watching::StatusWatch};

pub use client::ControlClient;
pub use line::MAX_LINE_BYTES;
pub use listener::ControlListener;
pub use owner::{Owner, OwnerGuard};
pub use web::{UiAddress, UiAddressError, WebError, WebUi};

/// Control connections at once; more are told that the engine is busy.
pub const MAX_CONNECTIONS: usize = 64;

/// How long a connection without a subscription may be silent.
pub const QUIET_TIMEOUT: Duration = Duration::from_secs(60);

/// How long a reader may take for one line.
pub const WRITE_TIMEOUT: Duration = Duration::from_secs(10);

/// How long an engine may take for one response.
pub const RESPONSE_TIMEOUT: Duration = Duration::from_secs(60);

/// Whoever answers requests: the engine, or a stand-in of a test.
pub trait Dispatch: Clone + Send + Sync + 'static {
    /// Does what is asked; what is not kept ends with `owner`.
    fn dispatch(&self, request: Request, owner: &Owner) -> impl Future<Output = Response> + Send;

    /// Every event from here on.
    fn events(&self) -> Events;

    /// The status as it is, and whenever it has changed.
    fn watch(&self) -> StatusWatch;
}

/// Why an engine cannot be asked.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ControlError {
    /// The socket cannot be made.
    #[error("cannot make the control socket {}", .0.display())]
    Listen(PathBuf, #[source] io::Error),
    /// The path is longer than a unix socket's may be.
    #[error(
        "{} is too long for a control socket; choose a shorter home with `--home DIR`",
        .0.display()
    )]
    PathTooLong(PathBuf),
    /// The socket is there and cannot be used.
    #[error("cannot reach the running engine at {}", .0.display())]
    Connect(PathBuf, #[source] io::Error),
    /// The engine hung up, or the connection broke.
    #[error("the running engine does not answer")]
    Broken(#[source] io::Error),
    /// The engine took too long.
    #[error("the running engine did not answer within {} seconds", .0.as_secs())]
    Timeout(Duration),
    /// A line has too many bytes.
    #[error("a control line has more than {MAX_LINE_BYTES} bytes")]
    LineTooLong,
    /// A line is not what it should be.
    #[error("the running engine speaks another version of malai")]
    Unreadable(#[source] serde_json::Error),
}

#[cfg(test)]
mod golden;
