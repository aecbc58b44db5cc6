//! The door as a unix socket in the home.

use std::{fs, io, os::unix::fs::PermissionsExt as _, path::PathBuf};

use malai_core::home::Home;
use tokio::net::{UnixListener, UnixStream};

/// Where a second start knocks.
#[derive(Debug)]
pub(super) struct Door {
    listener: UnixListener,
    path: PathBuf,
}

impl Door {
    /// Opens the door; whoever calls has the lock, so a socket that is there is a dead one's.
    pub(super) fn open(home: &Home) -> io::Result<Self> {
        let path = path(home);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let listener = UnixListener::bind(&path)?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600))?;
        Ok(Self { listener, path })
    }

    /// The next who knocks. Cancel safe.
    pub(super) async fn next(&mut self) -> io::Result<UnixStream> {
        let (stream, _) = self.listener.accept().await?;
        Ok(stream)
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_file(&self.path) {
            tracing::debug!(%error, "the door's socket stays behind");
        }
    }
}

/// Knocks at the door of the application on `home`.
pub(super) async fn knock(home: &Home) -> io::Result<UnixStream> {
    UnixStream::connect(path(home)).await
}

fn path(home: &Home) -> PathBuf {
    home.dir().join("desktop.sock")
}
