//! How an engine says that it did not do what was asked.
//!
//! Programs branch on the code alone; the message is for people and may change.

use std::{error::Error, fmt};

use serde::{Deserialize, Serialize};

/// What went wrong, for programs and for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Failure {
    /// A stable code, such as `unknown-peer`; see [`codes`].
    pub code: String,
    /// What happened and what to do, in plain words.
    pub message: String,
}

impl Failure {
    /// A failure from its code and message.
    #[must_use]
    pub fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            message: message.into(),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl Error for Failure {}

/// Codes that more than one part gives or branches on; parts have further ones of their own.
pub mod codes {
    /// No engine runs on this home.
    pub const NOT_RUNNING: &str = "not-running";
    /// Another engine runs on this home.
    pub const ALREADY_RUNNING: &str = "already-running";
    /// `malai.toml` says something that cannot be.
    pub const CONFIG_INVALID: &str = "config-invalid";
    /// The peer does not let us.
    pub const NOT_PERMITTED: &str = "not-permitted";
    /// The peer does not answer.
    pub const PEER_UNREACHABLE: &str = "peer-unreachable";
    /// The name is in use for something else.
    pub const NAME_TAKEN: &str = "name-taken";
    /// The name has characters a name cannot have.
    pub const NAME_INVALID: &str = "name-invalid";
    /// Nothing has this name.
    pub const NAME_UNKNOWN: &str = "name-unknown";
    /// No peer or group has this pet name.
    pub const PEER_UNKNOWN: &str = "peer-unknown";
    /// A domain names nobody.
    pub const DOMAIN_UNKNOWN: &str = "domain-unknown";
    /// A domain names another key than the one that is remembered.
    pub const DOMAIN_KEY_CHANGED: &str = "domain-key-changed";
    /// The DNS does not answer.
    pub const DNS_FAILED: &str = "dns-failed";
    /// An argument cannot be read.
    pub const ARGUMENT_INVALID: &str = "argument-invalid";
    /// The request cannot be read.
    pub const REQUEST_INVALID: &str = "request-invalid";
    /// Too much is asked at once.
    pub const BUSY: &str = "busy";
    /// The engine is ending.
    pub const STOPPING: &str = "stopping";
    /// Nothing answers where the traffic is to go.
    pub const NOTHING_ANSWERS: &str = "nothing-answers";
    /// No keychain answers, and no file was chosen for the key.
    pub const KEYCHAIN_UNAVAILABLE: &str = "keychain-unavailable";
    /// The engine has no `malai.toml` to keep things in.
    pub const NOT_KEPT: &str = "not-kept";
    /// A file is encrypted, and no passphrase was given.
    pub const PASSPHRASE_NEEDED: &str = "passphrase-needed";
    /// Some events were lost, since they were read too slowly.
    pub const EVENTS_LOST: &str = "events-lost";
    /// A change of the configuration only works after a restart.
    pub const RESTART_NEEDED: &str = "restart-needed";
}
