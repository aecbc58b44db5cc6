//! One engine per home: a file lock that the system frees when the process ends, however it ends.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{self, Read, Seek, Write},
    path::PathBuf,
};

use thiserror::Error;
use tracing::debug;

use crate::home::Home;

/// Why a home cannot be locked.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LockError {
    /// Another process has it.
    #[error("malai already runs here{}; ask it with `malai status`", pid_text(*.pid))]
    Held {
        /// That process, when it could be read.
        pid: Option<u32>,
    },
    /// The lock file cannot be used.
    #[error("cannot write {}; check its permissions or pass `--home DIR`", .0.display())]
    Open(PathBuf, #[source] io::Error),
}

/// The lock of a home, held until dropped.
#[derive(Debug)]
pub struct HomeLock {
    _file: File,
}

impl HomeLock {
    /// Takes the lock without waiting.
    ///
    /// # Errors
    /// [`LockError::Held`] when another process has it.
    pub fn take(home: &Home) -> Result<Self, LockError> {
        let path = home.lock();
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = match options.open(&path) {
            Ok(file) => file,
            Err(error) => return Err(LockError::Open(path, error)),
        };
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let pid = read_pid(&mut file);
                return Err(LockError::Held { pid });
            }
            Err(TryLockError::Error(error)) => return Err(LockError::Open(path, error)),
        }
        // The process id is only for people; the lock holds without it.
        if let Err(error) = write_pid(&mut file) {
            debug!(%error, "the lock file does not say whose it is");
        }
        Ok(Self { _file: file })
    }
}

fn write_pid(file: &mut File) -> io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    file.write_all(std::process::id().to_string().as_bytes())
}

fn read_pid(file: &mut File) -> Option<u32> {
    const LONGEST: u64 = 16;
    let mut text = String::new();
    file.take(LONGEST).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

fn pid_text(pid: Option<u32>) -> String {
    pid.map(|pid| format!(" (process {pid})"))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_engine_is_told_who_has_the_home() {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::open(Some(dir.path().to_owned())).unwrap();
        let lock = HomeLock::take(&home).unwrap();
        let Err(error) = HomeLock::take(&home) else {
            panic!("taken twice");
        };
        assert_eq!(
            error.to_string(),
            format!(
                "malai already runs here (process {}); ask it with `malai status`",
                std::process::id()
            )
        );
        drop(lock);
        HomeLock::take(&home).unwrap();
    }
}
