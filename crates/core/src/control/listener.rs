//! The control socket itself: made 0600, only for its owner, never more than the cap at once.
//!
//! Whoever listens holds the home's lock, so a socket that is already there is a leftover.

#[cfg(unix)]
use std::{
    fs, io,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

#[cfg(unix)]
use malai_api::{Failure, Response, codes};
#[cfg(unix)]
use tokio::{
    net::{UnixListener, UnixStream},
    sync::Semaphore,
};
#[cfg(unix)]
use tracing::{debug, warn};

use super::{ControlError, Dispatch};
#[cfg(unix)]
use super::{MAX_CONNECTIONS, conversation::converse};
use crate::{home::Home, shutdown::Shutdown};

/// The bytes of a path that every unix takes for a socket.
#[cfg(unix)]
const MAX_SOCKET_PATH: usize = 103;

/// How long accepting rests after the system refused, for example without free descriptors.
#[cfg(unix)]
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// An open control socket; the file goes when this is dropped.
#[derive(Debug)]
pub struct ControlListener {
    #[cfg(unix)]
    path: PathBuf,
}

#[cfg(unix)]
impl ControlListener {
    /// Opens the socket of `home` and answers on it until `shutdown` drains.
    ///
    /// The caller holds the lock of `home`.
    ///
    /// # Errors
    /// [`ControlError::PathTooLong`] or [`ControlError::Listen`].
    pub fn start<D: Dispatch>(
        home: &Home,
        engine: D,
        shutdown: &Shutdown,
    ) -> Result<Self, ControlError> {
        let path = home.control_socket();
        if path.as_os_str().len() > MAX_SOCKET_PATH {
            return Err(ControlError::PathTooLong(path));
        }
        let failed = |error| ControlError::Listen(path.clone(), error);
        let (listener, owner) = open(&path).map_err(failed)?;
        shutdown.spawn(accept(listener, owner, engine, shutdown.clone()));
        Ok(Self { path })
    }
}

#[cfg(not(unix))]
impl ControlListener {
    /// Does nothing where there are no unix sockets.
    ///
    /// # Errors
    /// None.
    #[expect(clippy::unnecessary_wraps, reason = "the same shape everywhere")]
    pub fn start<D: Dispatch>(
        _home: &Home,
        _engine: D,
        _shutdown: &Shutdown,
    ) -> Result<Self, ControlError> {
        Ok(Self {})
    }
}

#[cfg(unix)]
impl Drop for ControlListener {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_file(&self.path) {
            debug!(%error, "the control socket was not removed");
        }
    }
}

/// Opens the socket and says whose it is.
#[cfg(unix)]
fn open(path: &PathBuf) -> io::Result<(UnixListener, u32)> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(path)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
    Ok((listener, fs::metadata(path)?.uid()))
}

#[cfg(unix)]
async fn accept<D: Dispatch>(listener: UnixListener, owner: u32, engine: D, shutdown: Shutdown) {
    let permits = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    loop {
        let stream = tokio::select! {
            biased;
            () = shutdown.draining() => return,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    warn!(%error, "the control socket takes no connections for a moment");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            },
        };
        if !is_owner(&stream, owner) {
            warn!("another user of this machine tried the control socket");
            continue;
        }
        let Ok(permit) = Arc::clone(&permits).try_acquire_owned() else {
            refuse(&stream);
            continue;
        };
        let (engine, part) = (engine.clone(), shutdown.clone());
        shutdown.spawn(async move {
            converse(stream, engine, part).await;
            drop(permit);
        });
    }
}

/// The mode of the file is set after the socket is bound; this closes the moment in between.
#[cfg(unix)]
fn is_owner(stream: &UnixStream, owner: u32) -> bool {
    const ROOT: u32 = 0;
    stream
        .peer_cred()
        .is_ok_and(|cred| cred.uid() == owner || cred.uid() == ROOT)
}

/// Says why before hanging up, without waiting for anybody.
#[cfg(unix)]
fn refuse(stream: &UnixStream) {
    let message = format!("malai already has {MAX_CONNECTIONS} control connections");
    let response = Response::Error(Failure::new(codes::BUSY, message));
    let Ok(mut line) = serde_json::to_vec(&response) else {
        return;
    };
    line.push(b'\n');
    if let Err(error) = stream.try_write(&line) {
        debug!(%error, "a refused control connection was not told why");
    }
}
