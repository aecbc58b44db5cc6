//! Local listeners: TCP on loopback, or a unix socket for this user alone.

use std::{io, path::PathBuf, sync::Arc, time::Duration};

use futures_util::FutureExt as _;
use http::{HeaderValue, Request, Response, header::CONNECTION};
use thiserror::Error;
use tokio::net::TcpListener;
#[cfg(unix)]
use tokio::net::UnixListener;

use super::room::Room;
use crate::{
    config::ListenAddress,
    http::{self as proxy, Heads, ProxyBody, ProxyError},
    shutdown::Shutdown,
    stream::{ResetOnDrop, Stream},
};

/// A client that connects and says nothing is let go sooner than one that has asked before.
const FIRST_BYTE: Duration = Duration::from_secs(60);
/// The same while most places are taken.
const FIRST_BYTE_WHEN_TIGHT: Duration = Duration::from_secs(5);
/// A client for whom there is no place has so long to ask and to read that.
const TURNING_AWAY: Duration = Duration::from_secs(5);
/// The pause after the system could not give us a connection, such as for want of descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Why a bridge cannot be opened.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum BridgeError {
    /// Another program has the address.
    #[error("{0} is in use by another program; choose another with `--port`, or stop that program")]
    InUse(String),
    /// The system refuses the address.
    #[error("cannot listen on {0}")]
    Listen(String, #[source] io::Error),
    /// The peer is not known.
    #[error("{message}")]
    Peer {
        /// Stable, for programs.
        code: &'static str,
        /// What is wrong and what to do.
        message: String,
    },
}

impl From<ProxyError> for BridgeError {
    fn from(error: ProxyError) -> Self {
        Self::Peer {
            code: error.code,
            message: error.message,
        }
    }
}

impl BridgeError {
    /// Stable, for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::InUse(_) => "port-in-use",
            Self::Listen(..) => "cannot-listen",
            Self::Peer { code, .. } => code,
        }
    }
}

/// A bound listener.
#[derive(Debug)]
pub(crate) enum Listener {
    Tcp(TcpListener),
    #[cfg(unix)]
    Unix(UnixSocket),
}

/// A unix socket; its file is removed with it.
#[derive(Debug)]
#[cfg(unix)]
pub(crate) struct UnixSocket {
    listener: UnixListener,
    path: PathBuf,
}

impl Listener {
    /// Binds `address`; also tells where it listens.
    pub(crate) async fn bind(address: &ListenAddress) -> Result<(Self, String), BridgeError> {
        match address {
            ListenAddress::Tcp(address) => {
                let failed = |error| refused(address.to_string(), error);
                let listener = TcpListener::bind(address).await.map_err(failed)?;
                let local = listener.local_addr().map_err(failed)?;
                Ok((Self::Tcp(listener), local.to_string()))
            }
            #[cfg(unix)]
            ListenAddress::Unix(path) => {
                use std::os::unix::fs::PermissionsExt as _;
                let name = format!("unix:{}", path.display());
                let failed = |error| refused(name.clone(), error);
                remove_stale(path).await.map_err(failed)?;
                let listener = UnixListener::bind(path).map_err(failed)?;
                let socket = UnixSocket {
                    listener,
                    path: path.clone(),
                };
                std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))
                    .map_err(failed)?;
                Ok((Self::Unix(socket), name))
            }
            #[cfg(not(unix))]
            ListenAddress::Unix(path) => Err(BridgeError::Listen(
                path.display().to_string(),
                io::ErrorKind::Unsupported.into(),
            )),
        }
    }

    /// Hands every connection to `carry`, in a task of its own, until `shutdown` drains; those for
    /// which there is no `room` to `turn_away`.
    pub(super) fn serve<F, R, T>(self, shutdown: &Shutdown, room: Room, carry: F, turn_away: T)
    where
        F: Fn(ResetOnDrop) -> R + Send + Sync + 'static,
        R: Future<Output = ()> + Send + 'static,
        T: Fn(ResetOnDrop) + Send + Sync + 'static,
    {
        let tasks = shutdown.clone();
        shutdown.spawn(async move {
            loop {
                let stream = tokio::select! {
                    biased;
                    () = tasks.draining() => return,
                    stream = self.accept() => stream,
                };
                match stream.map(ResetOnDrop::new) {
                    Ok(stream) => {
                        let Some(place) = room.take() else {
                            turn_away(stream);
                            continue;
                        };
                        tasks.spawn(carry(stream).map(|()| drop(place)));
                    }
                    Err(error) => {
                        tracing::warn!(%error, "a connection could not be accepted");
                        tokio::time::sleep(ACCEPT_PAUSE).await;
                    }
                }
            }
        });
    }

    /// Answers every request with `answer`, until `shutdown` drains; for want of `room` with 503.
    pub(crate) fn serve_http<F, R>(self, shutdown: &Shutdown, room: Room, answer: F)
    where
        F: Fn(Box<Request<ProxyBody>>) -> R + Send + Sync + 'static,
        R: Future<Output = Response<ProxyBody>> + Send + 'static,
    {
        let (tasks, answer) = (shutdown.clone(), Arc::new(answer));
        let (here, elsewhere) = (room.clone(), (room.clone(), shutdown.clone()));
        let carry = move |stream: ResetOnDrop| {
            let (tasks, answer) = (tasks.clone(), Arc::clone(&answer));
            let patience = if here.is_tight() {
                FIRST_BYTE_WHEN_TIGHT
            } else {
                FIRST_BYTE
            };
            async move {
                let waited = tokio::select! {
                    biased;
                    () = tasks.draining() => return,
                    waited = tokio::time::timeout(patience, stream.readable()) => waited,
                };
                if !matches!(waited, Ok(Ok(()))) {
                    return tracing::debug!("a client connected and said nothing");
                }
                proxy::serve_resting(stream, Heads::default(), &tasks, |request| answer(request))
                    .await;
            }
        };
        let turn_away = move |stream| {
            let (room, tasks) = &elsewhere;
            if let Some(place) = room.turn_away() {
                let told = say_busy(stream, tasks.clone());
                tasks.spawn(async move {
                    told.await;
                    drop(place);
                });
            }
        };
        self.serve(shutdown, room, carry, turn_away);
    }

    async fn accept(&self) -> io::Result<Stream> {
        match self {
            Self::Tcp(listener) => {
                let (stream, _) = listener.accept().await?;
                stream.set_nodelay(true)?;
                Ok(Stream::Tcp(stream))
            }
            #[cfg(unix)]
            Self::Unix(socket) => Ok(Stream::Unix(socket.listener.accept().await?.0)),
        }
    }
}

#[cfg(unix)]
impl Drop for UnixSocket {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_file(&self.path) {
            tracing::debug!(%error, "a socket's file was gone already");
        }
    }
}

/// Answers one request with 503, and closes.
async fn say_busy(stream: ResetOnDrop, tasks: Shutdown) {
    let answer = |request: Box<Request<ProxyBody>>| async move {
        let error = ProxyError::busy(
            "This bridge has as many connections as it may have. Try again in a moment.",
        );
        let wants_json = proxy::prefers_json(request.headers());
        let mut response = proxy::respond(&error, wants_json);
        let close = HeaderValue::from_static("close");
        response.headers_mut().insert(CONNECTION, close);
        response
    };
    let serving = proxy::serve(stream, Heads::default(), &tasks, answer);
    if tokio::time::timeout(TURNING_AWAY, serving).await.is_err() {
        tracing::debug!("a client that was turned away did not ask");
    }
}

fn refused(address: String, error: io::Error) -> BridgeError {
    if error.kind() == io::ErrorKind::AddrInUse {
        BridgeError::InUse(address)
    } else {
        BridgeError::Listen(address, error)
    }
}

/// A socket that nobody answers at was left by a program that was killed.
#[cfg(unix)]
async fn remove_stale(path: &std::path::Path) -> io::Result<()> {
    use std::os::unix::fs::FileTypeExt as _;
    let is_socket = std::fs::symlink_metadata(path).is_ok_and(|file| file.file_type().is_socket());
    if !is_socket {
        return Ok(());
    }
    match tokio::net::UnixStream::connect(path).await {
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
            std::fs::remove_file(path)
        }
        _ => Err(io::ErrorKind::AddrInUse.into()),
    }
}
