//! Lets one process at a time make or import the identity of a home.
//!
//! Without it two that start together could each make a key and one of the two be overwritten.
//! Reading an identity takes no lock.

use std::{
    fs::{File, OpenOptions, TryLockError},
    time::Duration,
};

use tokio::time::{Instant, sleep};

use super::error::IdentityError;
use crate::home::Home;

/// How long another process may take: as long as somebody may need to unlock the keychain.
const LOCK_LIMIT: Duration = Duration::from_secs(40);

/// How often the lock is tried; the operating systems offer no wait with a limit.
const LOCK_INTERVAL: Duration = Duration::from_millis(50);

/// Held until dropped; the operating system frees it when the process ends.
#[derive(Debug)]
pub(super) struct IdentityLock {
    _file: File,
}

impl IdentityLock {
    /// Waits for the lock of `home`. Cancel safe.
    pub(super) async fn take(home: &Home) -> Result<Self, IdentityError> {
        let path = home.state().join("identity.lock");
        let mut options = OpenOptions::new();
        options.create(true).truncate(false).write(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options
            .open(&path)
            .map_err(|error| IdentityError::HomeNotWritable(path.clone(), error))?;
        let deadline = Instant::now() + LOCK_LIMIT;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Self { _file: file }),
                Err(TryLockError::WouldBlock) if Instant::now() < deadline => {
                    sleep(LOCK_INTERVAL).await;
                }
                Err(TryLockError::WouldBlock) => return Err(IdentityError::Busy),
                Err(TryLockError::Error(error)) => {
                    return Err(IdentityError::HomeNotWritable(path, error));
                }
            }
        }
    }
}
