//! What an engine of this process is started with, as flags say.

use std::time::Duration;

use malai_core::{identity::KeyStore, logs::LogsHandle};

/// The flags of every command that are about an engine which starts here.
#[derive(Debug, Clone)]
pub(crate) struct Start {
    /// Where the secret key is.
    pub(crate) key_store: Option<KeyStore>,
    /// How long whoever may not use a service waits while its owner is asked.
    pub(crate) ask: Option<Duration>,
    /// The log of this process.
    pub(crate) logs: LogsHandle,
}
