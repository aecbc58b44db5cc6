//! Another key for the same identity: the statement that says so, who was told of it, and what
//! follows from one that is heard.
//!
//! The key that QUIC has authenticated stays the only identity there is: policy knows nothing of
//! statements. One that holds only changes the configuration, as its owner could by hand.

mod file;
mod follow;
mod known;
mod statement;

use fastn_p2p::{PublicKey, SecretKey};
use thiserror::Error;

pub(crate) use self::follow::{Move, move_bridge, move_service};
pub use self::{
    file::{RotationFile, RotationFileError},
    known::Rotations,
    statement::{Chain, MAX_STATEMENTS, Statement},
};
use crate::{
    home::Home,
    identity::{self, Identity, IdentityError},
};

/// Why there is no new key.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RotationError {
    /// What was said before cannot be kept.
    #[error(transparent)]
    File(#[from] RotationFileError),
    /// The key cannot be kept.
    #[error(transparent)]
    Identity(#[from] IdentityError),
}

impl RotationError {
    /// A stable name for scripts and the user interface to branch on.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::File(error) => error.code(),
            Self::Identity(error) => error.code(),
        }
    }
}

/// Gives the identity of `home`, whose key is `old`, a new key, at the time `now` (seconds since
/// 1970). Whoever calls holds the lock of the home, or is its engine.
///
/// The statement is written first: a key that came without one would be a stranger to everybody. A
/// statement about a key that never came is left out when the next one is made.
///
/// # Errors
/// [`RotationError`]; the identity has its old key then.
pub async fn rotate(
    home: &Home,
    rotations: &mut Rotations,
    old: &SecretKey,
    forget_old: bool,
    now: u64,
) -> Result<Identity, RotationError> {
    let new = SecretKey::generate();
    let mut after = rotations.clone();
    after.add(Statement::new(old, &new, now));
    let file = RotationFile::of(home);
    file.save(&after)?;
    let identity = identity::retire(home, new, forget_old).await?;
    *rotations = after;
    Ok(identity)
}

/// A key for the place of another in a list of them, in order.
fn exchanged(key: &PublicKey, chain: &Chain) -> Option<PublicKey> {
    chain.replaces(key).then(|| *chain.new_key())
}
