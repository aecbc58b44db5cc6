//! An HTTP service to share: everything a well-behaved one does, and what it does is up to the test.
//!
//! | path | answers |
//! |---|---|
//! | `/echo` | JSON of the request: method, path, headers, the body's length and trailers |
//! | `/download/N` | N bytes of the pattern, with a length; `/chunked/N` the same without |
//! | `/upload` | JSON: how many bytes came, and the first that is not the pattern's |
//! | `/status/N` | that status, without a body |
//! | `/sized` | 12,345 bytes; to HEAD the same head |
//! | `/gated` | `first`, and `last` when the test opens the gate |
//! | `/slow-head` | nothing until the test opens the gate |
//! | `/events` | server-sent events, one for each [`Origin::publish`] |
//! | `/trailers` | a body and a trailer `x-sum` |
//! | `/duplex` | the request's body, piece by piece |
//! | `/early` | 413 at once, whatever is still coming |
//! | `/gzip` | a body that says it is compressed |
//! | `/websocket`, `/shout` | upgrades: WebSocket echo; a protocol of its own in capitals |

mod answers;
mod upgrades;

use std::{
    convert::Infallible,
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    sync::Arc,
};

use anyhow::Result;
use bytes::Bytes;
use http_body_util::combinators::BoxBody;
use hyper::{Request, Response, body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, UnixListener},
    sync::{broadcast, watch},
};
use tokio_rustls::TlsAcceptor;

/// Events that a slow reader of `/events` may be behind.
const EVENTS_KEPT: usize = 64;

/// The body of an answer.
pub(crate) type Body = BoxBody<Bytes, std::io::Error>;

/// A running service; it ends with the test's runtime.
#[derive(Debug, Clone)]
pub struct Origin {
    address: SocketAddr,
    state: Arc<State>,
}

/// What the test and the answers share.
#[derive(Debug)]
pub(crate) struct State {
    gate: Gate,
    events: broadcast::Sender<String>,
    requests: watch::Sender<Vec<String>>,
    tell: Option<fn(&str)>,
}

/// Something that waits until the test lets it go on.
#[derive(Debug, Clone)]
pub struct Gate(Arc<watch::Sender<bool>>);

impl Default for Gate {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(false)))
    }
}

impl Gate {
    /// Lets everyone through, from here on.
    pub fn open(&self) {
        self.0.send_replace(true);
    }

    /// Waits until it is open.
    pub async fn passed(&self) {
        if self.0.subscribe().wait_for(|open| *open).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

impl Origin {
    /// Starts one on a free port of 127.0.0.1; HTTP/1.1 and h2c.
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn start() -> Result<Self> {
        Self::at(0).await
    }

    /// The same on this port.
    ///
    /// # Errors
    /// When somebody else listens there.
    pub async fn at(port: u16) -> Result<Self> {
        Self::listen(port, None).await
    }

    /// The same on this port; `tell` hears of each request before it is answered.
    ///
    /// # Errors
    /// When somebody else listens there.
    pub async fn telling(port: u16, tell: fn(&str)) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", port)).await?;
        let origin = Self::new(listener.local_addr()?, Some(tell));
        tokio::spawn(accept(listener, None, Arc::clone(&origin.state)));
        Ok(origin)
    }

    /// The same behind TLS.
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn start_tls(tls: TlsAcceptor) -> Result<Self> {
        Self::listen(0, Some(tls)).await
    }

    /// Starts one on a listener of its own, such as one of `::1`.
    ///
    /// # Errors
    /// When the system does not say where it listens.
    pub fn on(listener: TcpListener) -> Result<Self> {
        Self::serve(listener, None)
    }

    /// Starts one at a unix socket, which is there in every network namespace; it has no
    /// [`address`](Self::address).
    ///
    /// # Errors
    /// When the socket cannot be made.
    pub fn at_socket(path: &Path) -> Result<Self> {
        let listener = UnixListener::bind(path)?;
        let origin = Self::new((Ipv4Addr::UNSPECIFIED, 0).into(), None);
        let state = Arc::clone(&origin.state);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&state)));
            }
        });
        Ok(origin)
    }

    async fn listen(port: u16, tls: Option<TlsAcceptor>) -> Result<Self> {
        Self::serve(TcpListener::bind(("127.0.0.1", port)).await?, tls)
    }

    fn serve(listener: TcpListener, tls: Option<TlsAcceptor>) -> Result<Self> {
        let origin = Self::new(listener.local_addr()?, None);
        tokio::spawn(accept(listener, tls, Arc::clone(&origin.state)));
        Ok(origin)
    }

    fn new(address: SocketAddr, tell: Option<fn(&str)>) -> Self {
        let state = State {
            gate: Gate::default(),
            events: broadcast::Sender::new(EVENTS_KEPT),
            requests: watch::Sender::default(),
            tell,
        };
        Self {
            address,
            state: Arc::new(state),
        }
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What `/gated` and `/slow-head` wait for.
    #[must_use]
    pub fn gate(&self) -> &Gate {
        &self.state.gate
    }

    /// Sends one server-sent event to everyone who listens; returns how many those are.
    #[must_use]
    pub fn publish(&self, data: &str) -> usize {
        self.state.events.send(data.to_owned()).unwrap_or(0)
    }

    /// How many listen to `/events`.
    #[must_use]
    pub fn listeners(&self) -> usize {
        self.state.events.receiver_count()
    }

    /// Every request that has reached it, as `METHOD /path`.
    #[must_use]
    pub fn requests(&self) -> Vec<String> {
        self.state.requests.borrow().clone()
    }

    /// Waits until a request for `path` has reached it.
    ///
    /// # Errors
    /// When none comes in time.
    pub async fn reached(&self, path: &str) -> Result<()> {
        let mut requests = self.state.requests.subscribe();
        let came = requests.wait_for(|all| all.iter().any(|one| one.ends_with(path)));
        crate::within(&format!("a request for {path}"), came).await??;
        Ok(())
    }
}

async fn accept(listener: TcpListener, tls: Option<TlsAcceptor>, state: Arc<State>) {
    while let Ok((stream, _)) = listener.accept().await {
        if stream.set_nodelay(true).is_err() {
            continue;
        }
        let state = Arc::clone(&state);
        match tls.clone() {
            None => drop(tokio::spawn(serve(stream, state))),
            Some(tls) => drop(tokio::spawn(async move {
                match tls.accept(stream).await {
                    Ok(stream) => serve(stream, state).await,
                    Err(error) => eprintln!("origin's TLS handshake: {error}"),
                }
            })),
        }
    }
}

async fn serve(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, state: Arc<State>) {
    let service = service_fn(|request| handle(request, Arc::clone(&state)));
    let server = auto::Builder::new(TokioExecutor::new());
    let served = server
        .serve_connection_with_upgrades(TokioIo::new(stream), service)
        .await;
    drop(served); // A client that goes away is the business of the test, not of the origin.
}

async fn handle(
    request: Request<Incoming>,
    state: Arc<State>,
) -> Result<Response<Body>, Infallible> {
    let seen = format!("{} {}", request.method(), request.uri().path());
    match state.tell {
        // Whoever hears of each keeps them.
        Some(tell) => tell(&seen),
        None => state.requests.send_modify(|all| all.push(seen)),
    }
    Ok(answers::answer(request, &state).await)
}

impl State {
    pub(crate) fn gate(&self) -> Gate {
        self.gate.clone()
    }

    pub(crate) fn events(&self) -> broadcast::Receiver<String> {
        self.events.subscribe()
    }
}
