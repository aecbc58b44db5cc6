//! One live connection per peer, dialled at most once however many ask.

use std::{
    collections::HashMap,
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use futures_util::{
    FutureExt,
    future::{BoxFuture, Shared},
};
use iroh::endpoint::{ConnectError as IrohConnectError, Connection, ConnectionError, VarInt};

use crate::{
    ConnectError, PublicKey, Slot,
    node::{ALPN, Inner, Limits, Path},
};

/// TLS's `no_application_protocol` alert (RFC 7301) as a QUIC error code (RFC 9001, section 4.8).
const NO_APPLICATION_PROTOCOL: u64 = 0x178;
/// The code with which a connection is closed in good order.
const GOODBYE: VarInt = VarInt::from_u32(0);
/// The code with which a connection is closed that is one too many.
pub(crate) const BUSY: VarInt = VarInt::from_u32(2);
/// Connections of one peer beside its newest: it may have restarted, and the older ones end by
/// themselves when they are idle.
const MAX_OLDER: usize = 3;

/// Bytes that a peer who may use something here may have on their way, in all its streams together.
const TRUSTED_WINDOW: VarInt = VarInt::from_u32(64 * 1024 * 1024);

type Dial = Shared<BoxFuture<'static, Result<Live, ConnectError>>>;

/// A connection and how many streams are open on it.
#[derive(Debug, Clone)]
pub(crate) struct Live {
    pub(crate) connection: Connection,
    open_streams: Arc<AtomicUsize>,
    streams_so_far: Arc<AtomicUsize>,
    /// Whether its peer was let in to anything, or is one that we have dialled.
    is_trusted: Arc<AtomicBool>,
    /// Counts it among the strangers until then, where its key is not known.
    stranger: Arc<Mutex<Option<Counted>>>,
}

/// Counts one open stream for as long as it lives.
#[derive(Debug)]
pub(crate) struct OpenStream {
    open: Arc<AtomicUsize>,
    _slot: Option<Slot>,
}

/// Counts one connection for as long as it lives.
#[derive(Debug)]
pub(crate) struct Counted(Arc<AtomicUsize>);

impl Counted {
    pub(crate) fn new(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(count))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Live {
    fn new(connection: Connection, stranger: Option<Counted>) -> Self {
        Self {
            connection,
            open_streams: Arc::default(),
            streams_so_far: Arc::default(),
            is_trusted: Arc::default(),
            stranger: Arc::new(Mutex::new(stranger)),
        }
    }

    /// How many streams there have been, while none is open.
    pub(crate) fn unused_since(&self) -> Option<usize> {
        let is_unused = self.open_streams.load(Ordering::Relaxed) == 0;
        is_unused.then(|| self.streams_so_far.load(Ordering::Relaxed))
    }

    /// Lets the peer have as much on its way as one does who may use something here.
    pub(crate) fn trust(&self, limits: &Limits) {
        self.is_trusted.store(true, Ordering::Relaxed);
        let mut stranger = self.stranger.lock().unwrap_or_else(PoisonError::into_inner);
        drop(stranger.take());
        drop(stranger);
        self.connection.set_receive_window(TRUSTED_WINDOW);
        self.connection
            .set_max_concurrent_bi_streams(VarInt::from_u32(limits.streams_per_connection));
    }

    /// Whether its peer was let in to anything here, or is one that we have dialled.
    pub(crate) fn is_trusted(&self) -> bool {
        self.is_trusted.load(Ordering::Relaxed)
    }

    pub(crate) fn count_stream(&self, slot: Option<Slot>) -> OpenStream {
        self.streams_so_far.fetch_add(1, Ordering::Relaxed);
        self.open_streams.fetch_add(1, Ordering::Relaxed);
        OpenStream {
            open: Arc::clone(&self.open_streams),
            _slot: slot,
        }
    }
}

impl Drop for OpenStream {
    fn drop(&mut self) {
        self.open.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What is known of each peer.
#[derive(Default)]
pub(crate) struct Connections(Mutex<HashMap<PublicKey, Peer>>);

#[derive(Default)]
struct Peer {
    live: Option<Live>,
    /// Those before it that may live yet, the oldest first.
    older: Vec<Connection>,
    dial: Option<Dial>,
}

impl Peer {
    fn is_over(&self) -> bool {
        self.live.is_none() && self.older.is_empty() && self.dial.is_none()
    }
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

    /// The newest connection wins: a peer that comes anew may have restarted, and the older one
    /// would then only look alive.
    fn adopt(&self, peer: PublicKey, live: Live) {
        let mut peers = self.lock();
        let known = peers.entry(peer).or_default();
        let Some(before) = known.live.replace(live) else {
            return;
        };
        let is_open = |connection: &Connection| connection.close_reason().is_none();
        known.older.push(before.connection);
        known.older.retain(is_open);
        if known.older.len() > MAX_OLDER {
            known.older.remove(0).close(BUSY, b"too many connections");
        }
    }

    /// Forgets `connection` if it is still the one in use; tells whether it was.
    pub(crate) fn forget(&self, peer: &PublicKey, connection: &Connection) -> bool {
        let mut peers = self.lock();
        let Some(known) = peers.get_mut(peer) else {
            return false;
        };
        let is_it = |one: &Connection| one.stable_id() == connection.stable_id();
        known.older.retain(|older| !is_it(older));
        let was_in_use = known.live.as_ref().is_some_and(|it| is_it(&it.connection));
        if was_in_use {
            known.live = None;
        }
        if known.is_over() {
            peers.remove(peer);
        }
        was_in_use
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
            if known.is_over() {
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
            let live = self.take_on(peer, connection, None);
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
    pub(crate) fn take_on(
        self: &Arc<Self>,
        peer: PublicKey,
        connection: Connection,
        stranger: Option<Counted>,
    ) -> Live {
        let live = Live::new(connection, stranger);
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
