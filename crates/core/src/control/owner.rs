//! Whose a temporary share or bridge is.
//!
//! An owner is gone when its guard is dropped: the end of a control connection, or of a command
//! with an engine of its own.

use tokio_util::sync::{CancellationToken, DropGuard};

/// Somebody who may have temporary shares and bridges; clones are the same owner.
#[derive(Debug, Clone, Default)]
pub struct Owner(CancellationToken);

/// Keeps an owner there for as long as it lives.
#[derive(Debug)]
pub struct OwnerGuard {
    _guard: DropGuard,
}

impl Owner {
    /// A new owner, who is there until the guard is dropped.
    #[must_use]
    pub fn new() -> (Self, OwnerGuard) {
        let token = CancellationToken::new();
        let guard = OwnerGuard {
            _guard: token.clone().drop_guard(),
        };
        (Self(token), guard)
    }

    /// An owner who is there as long as the engine.
    #[must_use]
    pub fn engine() -> Self {
        Self::default()
    }

    /// Resolves when the owner has gone. Cancel safe.
    pub async fn gone(&self) {
        self.0.cancelled().await;
    }
}
