//! Why an engine cannot start, with the stable code of each reason.

use std::path::Path;

use malai_api::{Failure, codes};
use thiserror::Error;

use super::LockError;
use crate::{config::ConfigError, control::ControlError, identity::IdentityError};

/// Why an engine cannot start.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum EngineError {
    /// The home is in use, or cannot be locked.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// `malai.toml` cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// There is no identity to run as.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The network cannot be used.
    #[error("cannot use the network; check `[network]` in malai.toml")]
    Bind(#[from] fastn_p2p::BindError),
    /// Nobody could ask the engine for anything.
    #[error(transparent)]
    Control(#[from] ControlError),
}

impl EngineError {
    /// A stable code for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Lock(LockError::Held { .. }) => codes::ALREADY_RUNNING,
            Self::Lock(LockError::Open(..)) => "home-not-writable",
            Self::Config(error) => error.code(),
            Self::Identity(error) => error.code(),
            Self::Bind(_) => "network-unusable",
            Self::Control(_) => "control-failed",
        }
    }

    /// The file in which the secret key could be kept, when it is for the user to say whether it
    /// may; the engine then starts with `key_store: Some(KeyStore::File)`.
    #[must_use]
    pub fn key_file(&self) -> Option<&Path> {
        match self {
            Self::Identity(IdentityError::KeyFileNotChosen { path, .. }) => Some(path),
            Self::Identity(_) | Self::Lock(_) | Self::Config(_) => None,
            Self::Bind(_) | Self::Control(_) => None,
        }
    }
}

impl From<&EngineError> for Failure {
    fn from(error: &EngineError) -> Self {
        Self::new(error.code(), crate::causes::causes(error))
    }
}
