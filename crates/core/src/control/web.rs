//! The web UI over HTTP, for machines without a desktop and for the browser at hand.
//!
//! On a loopback address only. A port there is open to every user and, through browsers, to every
//! web page; so a request counts only under our own names, from our own page, and with the cookie
//! of a session, which is opened once with a token that stands in the URL that its owner was told.
//! Everything is bounded: connections, sessions, event streams, bodies and waits.

mod address;
mod answer;
mod assets;
mod events;
mod guard;
mod secret;
mod sessions;

use std::{
    convert::Infallible,
    io,
    net::SocketAddr,
    pin::pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use thiserror::Error;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Semaphore, watch},
    time::Instant,
};
use tracing::{debug, warn};

pub use self::address::{UiAddress, UiAddressError};
use self::{guard::Names, secret::Secret, sessions::Sessions};
use super::Dispatch;
use crate::{
    http::{Checked, UI_COOKIE_PREFIX},
    shutdown::Shutdown,
};

/// Connections at once, of which a browser has up to six; more wait in the system's queue.
const MAX_CONNECTIONS: usize = 64;

/// Event streams at once: one for each open page, with connections to spare for their requests.
const MAX_STREAMS: usize = 16;

/// For the first line, for a head, and between two requests.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);

/// The longest head.
const MAX_HEAD_BYTES: usize = 32 * 1024;

/// How long accepting rests after the system refused, for example without free descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Why there is no web UI.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum WebError {
    /// The address cannot be had.
    #[error("cannot serve the web UI at {0}; choose another address with `--ui`")]
    Listen(SocketAddr, #[source] io::Error),
}

impl WebError {
    /// A stable code for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Listen(_, error) if error.kind() == io::ErrorKind::AddrInUse => "port-in-use",
            Self::Listen(..) => "cannot-listen",
        }
    }
}

/// A web UI that is served for as long as its engine runs.
#[derive(Debug)]
pub struct WebUi {
    address: SocketAddr,
    tokens: watch::Receiver<Secret>,
}

/// What all connections share.
#[derive(Debug)]
struct Ui<D> {
    engine: D,
    names: Names,
    /// The cookie's name: one host's cookies go to all its ports.
    cookie: String,
    sessions: Mutex<Sessions>,
    tokens: watch::Sender<Secret>,
    streams: Arc<Semaphore>,
    shutdown: Shutdown,
}

impl WebUi {
    pub(crate) async fn start<D: Dispatch>(
        address: UiAddress,
        engine: D,
        shutdown: &Shutdown,
    ) -> Result<Self, WebError> {
        let failed = |error| WebError::Listen(address.get(), error);
        let listener = TcpListener::bind(address.get()).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let sessions = Sessions::new(Instant::now());
        let (sender, mut tokens) = watch::channel(sessions.token().clone());
        tokens.mark_changed();
        let ui = Ui {
            engine,
            names: Names::of(address),
            cookie: format!("{UI_COOKIE_PREFIX}{}", address.port()),
            sessions: Mutex::new(sessions),
            tokens: sender,
            streams: Arc::new(Semaphore::new(MAX_STREAMS)),
            shutdown: shutdown.clone(),
        };
        shutdown.spawn(accept(listener, Arc::new(ui)));
        Ok(Self { address, tokens })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The URL that opens one session: at once at first, then the next one each time after it was
    /// used. `None` when the engine has ended. Cancel safe.
    ///
    /// It is for its owner's eyes: whoever has it may do all that the owner may.
    pub async fn next_url(&mut self) -> Option<String> {
        self.tokens.changed().await.ok()?;
        let token = self.tokens.borrow_and_update().reveal().to_owned();
        Some(format!("http://{}/#token={token}", self.address))
    }
}

impl<D> Ui<D> {
    fn sessions(&self) -> MutexGuard<'_, Sessions> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn accept<D: Dispatch>(listener: TcpListener, ui: Arc<Ui<D>>) {
    let slots = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let shutdown = ui.shutdown.clone();
    loop {
        let next = async {
            let slot = Arc::clone(&slots).acquire_owned().await;
            (slot, listener.accept().await)
        };
        let (slot, accepted) = tokio::select! {
            biased;
            () = shutdown.draining() => return,
            next = next => next,
        };
        match accepted {
            Ok((stream, _)) => {
                let ui = Arc::clone(&ui);
                shutdown.spawn(async move {
                    serve(stream, ui).await;
                    drop(slot);
                });
            }
            Err(error) => {
                warn!(%error, "the web UI takes no connections for a moment");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// Serves one connection until it ends, or until its answers are out when the engine ends.
async fn serve<D: Dispatch>(stream: TcpStream, ui: Arc<Ui<D>>) {
    if let Err(error) = stream.set_nodelay(true) {
        debug!(%error, "a connection of the web UI may be slow");
    }
    let service = service_fn(|request| {
        let answer = Box::pin(answer::answer(Arc::clone(&ui), request));
        async move { Ok::<_, Infallible>(answer.await) }
    });
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(MAX_HEAD_BYTES);
    let io = TokioIo::new(Checked::new(stream, HEAD_TIMEOUT, HEAD_TIMEOUT));
    let mut connection = pin!(builder.serve_connection(io, service));
    let served = tokio::select! {
        served = connection.as_mut() => served,
        () = ui.shutdown.draining() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = served {
        debug!(%error, "a connection of the web UI broke off");
    }
}
