//! One live connection per peer, dialled at most once however many ask.

use std::{
    collections::HashMap,
    fmt,
    net::SocketAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use futures_util::{
    FutureExt,
    future::{BoxFuture, Shared},
};
use iroh::{
    TransportAddr,
    endpoint::{ConnectError as IrohConnectError, Connection, ConnectionError, VarInt},
};

use crate::{
    ConnectError, PublicKey,
    node::{ALPN, Inner, Limits, Path},
};

/// TLS's `no_application_protocol` alert (RFC 7301) as a QUIC error code (RFC 9001, section 4.8).
const NO_APPLICATION_PROTOCOL: u64 = 0x178;
/// The code with which a connection is closed in good order.
const GOODBYE: VarInt = VarInt::from_u32(0);

/// Bytes that a peer who may use something here may have on their way, in all its streams together.
const TRUSTED_WINDOW: VarInt = VarInt::from_u32(64 * 1024 * 1024);

type Dial = Shared<BoxFuture<'static, Result<Live, ConnectError>>>;

/// A connection and how many streams are open on it.
#[derive(Debug, Clone)]
pub(crate) struct Live {
    pub(crate) connection: Connection,
    open_streams: Arc<AtomicUsize>,
    streams_so_far: Arc<AtomicUsize>,
}

/// Counts one open stream for as long as it lives.
#[derive(Debug)]
pub(crate) struct OpenStream(Arc<AtomicUsize>);

impl Live {
    fn new(connection: Connection) -> Self {
        Self {
            connection,
            open_streams: Arc::default(),
            streams_so_far: Arc::default(),
        }
    }

    /// How many streams there have been, while none is open.
    pub(crate) fn unused_since(&self) -> Option<usize> {
        let is_unused = self.open_streams.load(Ordering::Relaxed) == 0;
        is_unused.then(|| self.streams_so_far.load(Ordering::Relaxed))
    }

    /// Lets the peer have as much on its way as one does who may use something here.
    pub(crate) fn trust(&self, limits: &Limits) {
        self.connection.set_receive_window(TRUSTED_WINDOW);
        self.connection
            .set_max_concurrent_bi_streams(VarInt::from_u32(limits.streams_per_connection));
    }

    pub(crate) fn count_stream(&self) -> OpenStream {
        self.streams_so_far.fetch_add(1, Ordering::Relaxed);
        self.open_streams.fetch_add(1, Ordering::Relaxed);
        OpenStream(Arc::clone(&self.open_streams))
    }
}

impl Drop for OpenStream {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What is known of each peer.
#[derive(Default)]
pub(crate) struct Connections(Mutex<HashMap<PublicKey, Peer>>);

#[derive(Default)]
struct Peer {
    live: Option<Live>,
    dial: Option<Dial>,
}

impl fmt::Debug for Connections {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Connections")
            .field("peers", &self.lock().len())
            .finish()
    }
}

impl Connections {
    pub(crate) fn path(&self, peer: &PublicKey) -> Path {
        let (live, dialling) = match self.lock().get(peer) {
            Some(known) => (known.live.clone(), known.dial.is_some()),
            None => (None, false),
        };
        match live {
            Some(live) => path_of(&live.connection),
            None if dialling => Path::Connecting,
            None => Path::Offline,
        }
    }

    /// Where the selected path to `peer` ends, when that is an address of the network.
    pub(crate) fn remote_address(&self, peer: &PublicKey) -> Option<SocketAddr> {
        let live = self.lock().get(peer)?.live.clone()?;
        let paths = live.connection.paths();
        let path = paths.iter().find(iroh::endpoint::Path::is_selected)?;
        match path.remote_addr() {
            TransportAddr::Ip(address) => Some(*address),
            TransportAddr::Relay(_) | _ => None,
        }
    }

    /// The newest connection wins: a peer that comes anew may have restarted, and the older one
    /// would then only look alive.
    fn adopt(&self, peer: PublicKey, live: Live) {
        self.lock().entry(peer).or_default().live = Some(live);
    }

    /// Forgets `connection` if it is still the one in use; tells whether it was.
    pub(crate) fn forget(&self, peer: &PublicKey, connection: &Connection) -> bool {
        let mut peers = self.lock();
        let Some(known) = peers.get_mut(peer) else {
            return false;
        };
        let is_it = |live: &Live| live.connection.stable_id() == connection.stable_id();
        if !known.live.as_ref().is_some_and(is_it) {
            return false;
        }
        known.live = None;
        if known.dial.is_none() {
            peers.remove(peer);
        }
        true
    }

    pub(crate) fn close_all(&self) {
        for peer in self.lock().values() {
            if let Some(live) = &peer.live {
                live.connection.close(GOODBYE, b"shutting down");
            }
        }
    }

    fn dial_ended(&self, peer: &PublicKey) {
        let mut peers = self.lock();
        if let Some(known) = peers.get_mut(peer) {
            known.dial = None;
            if known.live.is_none() {
                peers.remove(peer);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<PublicKey, Peer>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// The live connection to `peer`, dialled when there is none. Cancel safe: the dial goes on for
    /// the others that wait for it.
    pub(crate) async fn connection(
        self: &Arc<Self>,
        peer: PublicKey,
    ) -> Result<Live, ConnectError> {
        if peer == self.id {
            return Err(ConnectError::Ourselves);
        }
        if self.draining.is_cancelled() {
            return Err(ConnectError::Closing);
        }
        let dial = {
            let mut peers = self.connections.lock();
            let known = peers.entry(peer).or_default();
            if let Some(live) = &known.live
                && live.connection.close_reason().is_none()
            {
                return Ok(live.clone());
            }
            if let Some(dial) = &known.dial {
                dial.clone()
            } else {
                let dial = Arc::clone(self).dial(peer).boxed().shared();
                known.dial = Some(dial.clone());
                self.streams.spawn(dial.clone());
                dial
            }
        };
        dial.await
    }

    async fn dial(self: Arc<Self>, peer: PublicKey) -> Result<Live, ConnectError> {
        self.report(peer, Path::Connecting);
        let after = self.limits.connect_timeout;
        let connecting = self.endpoint.connect(peer.to_iroh(), ALPN);
        let outcome = tokio::select! {
            biased;
            () = self.draining.cancelled() => Err(ConnectError::Closing),
            outcome = tokio::time::timeout(after, connecting) => match outcome {
                Ok(Ok(connection)) => Ok(connection),
                Ok(Err(error)) => Err(connect_error(peer, error)),
                Err(_) => Err(ConnectError::Timeout { peer, after }),
            },
        };
        let outcome = outcome.map(|connection| {
            let live = self.take_on(peer, connection);
            live.trust(&self.limits);
            live
        });
        if let Err(error) = &outcome {
            tracing::debug!(peer = %peer.short(), %error, "dial failed");
        }
        self.connections.dial_ended(&peer);
        if outcome.is_err() {
            // The peer may have come to us in the meantime.
            self.report(peer, self.connections.path(&peer));
        }
        outcome
    }

    /// Makes `connection` the one to use and begins to accept its streams.
    pub(crate) fn take_on(self: &Arc<Self>, peer: PublicKey, connection: Connection) -> Live {
        let live = Live::new(connection);
        self.connections.adopt(peer, live.clone());
        self.loops.spawn(crate::incoming::accept_streams(
            Arc::clone(self),
            peer,
            live.clone(),
        ));
        live
    }
}

/// The selected path of a connection, as people are told of it.
pub(crate) fn path_of(connection: &Connection) -> Path {
    let paths = connection.paths();
    let Some(path) = paths.iter().find(iroh::endpoint::Path::is_selected) else {
        return Path::Connecting;
    };
    let rtt = Duration::max(path.rtt(), Duration::from_micros(1));
    if path.is_relay() {
        Path::Relayed(rtt)
    } else {
        Path::Direct(rtt)
    }
}

fn connect_error(peer: PublicKey, error: IrohConnectError) -> ConnectError {
    if speaks_another_version(&error) {
        ConnectError::VersionMismatch { peer }
    } else {
        ConnectError::Unreachable {
            peer,
            source: Arc::new(error),
        }
    }
}

fn speaks_another_version(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(ConnectionError::ConnectionClosed(close)) = error.downcast_ref() {
            return u64::from(close.error_code) == NO_APPLICATION_PROTOCOL;
        }
        next = error.source();
    }
    false
}
