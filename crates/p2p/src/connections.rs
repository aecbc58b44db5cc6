//! One live connection per peer, dialled at most once however many ask.

use std::{
    collections::HashMap,
    fmt,
    net::SocketAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use futures_util::future::{BoxFuture, Shared};
use iroh::{
    TransportAddr,
    endpoint::{Connection, VarInt},
};

use crate::{
    ConnectError, PublicKey, Slot,
    attending::Attended,
    node::{Inner, Limits, Path},
    turns::{Turn, Turns},
    vigil,
};

/// The code with which a connection is closed in good order.
const GOODBYE: VarInt = VarInt::from_u32(0);
/// The code with which a connection is closed that is one too many.
pub(crate) const BUSY: VarInt = VarInt::from_u32(4);
/// Connections of one peer beside its newest: it may have restarted, and the older ones end by
/// themselves when they are idle.
const MAX_OLDER: usize = 3;

/// Bytes that a peer who may use something here may have on their way, in all its streams together.
const TRUSTED_WINDOW: VarInt = VarInt::from_u32(64 * 1024 * 1024);

pub(crate) type Dial = Shared<BoxFuture<'static, Result<Live, ConnectError>>>;

/// A connection and how many streams are open on it.
#[derive(Debug, Clone)]
pub(crate) struct Live {
    pub(crate) connection: Connection,
    open_streams: Arc<AtomicUsize>,
    streams_so_far: Arc<AtomicUsize>,
    turns: Arc<Turns>,
    /// Whether nothing is answered on it.
    silent: Arc<AtomicBool>,
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
            turns: Arc::default(),
            silent: Arc::default(),
            is_trusted: Arc::default(),
            stranger: Arc::new(Mutex::new(stranger)),
        }
    }

    fn is_open(&self) -> bool {
        self.connection.close_reason().is_none()
    }

    /// Whether both are the same one.
    pub(crate) fn is(&self, other: &Self) -> bool {
        self.connection.stable_id() == other.connection.stable_id()
    }

    fn is_silent(&self) -> bool {
        self.silent.load(Ordering::Relaxed)
    }

    /// Whether it was silent before.
    pub(crate) fn set_silent(&self, silent: bool) -> bool {
        self.silent.swap(silent, Ordering::Relaxed)
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

    /// Where a new stream stands among the others.
    pub(crate) fn turn(&self) -> Turn {
        Turn::new(&self.turns)
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
    /// The newest last: it is the one to use, since a peer that comes anew may have restarted, and
    /// an older one would then only look alive.
    live: Vec<Live>,
    dial: Option<Dial>,
    attended: Arc<Attended>,
}

impl Peer {
    fn newest(&self) -> Option<&Live> {
        self.live.iter().rev().find(|live| live.is_open())
    }

    fn usable(&self) -> Option<&Live> {
        let mut live = self.live.iter().rev();
        live.find(|live| live.is_open() && !live.is_silent())
    }

    fn is_unused(&self) -> bool {
        self.live.is_empty() && self.dial.is_none() && self.attended.is_unused()
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
            Some(known) => {
                let live = known.usable().or_else(|| known.newest());
                (live.cloned(), known.dial.is_some())
            }
            None => (None, false),
        };
        match live {
            Some(live) if live.is_silent() => Path::Connecting,
            Some(live) => path_of(&live.connection),
            None if dialling => Path::Connecting,
            None => Path::Offline,
        }
    }

    /// Where the selected path to `peer` ends, when that is an address of the network.
    pub(crate) fn remote_address(&self, peer: &PublicKey) -> Option<SocketAddr> {
        let live = self.usable(peer)?;
        let paths = live.connection.paths();
        let path = paths.iter().find(iroh::endpoint::Path::is_selected)?;
        match path.remote_addr() {
            TransportAddr::Ip(address) => Some(*address),
            TransportAddr::Relay(_) | _ => None,
        }
    }

    /// The connection to use, if there is one that answers.
    pub(crate) fn usable(&self, peer: &PublicKey) -> Option<Live> {
        self.lock().get(peer)?.usable().cloned()
    }

    /// The dial that is under way or that `begin` begins; nothing when there is a connection to use
    /// other than `doubted`.
    pub(crate) fn dial_or_use(
        &self,
        peer: PublicKey,
        doubted: Option<&Live>,
        begin: impl FnOnce() -> Dial,
    ) -> Option<Dial> {
        let mut peers = self.lock();
        let known = peers.entry(peer).or_default();
        let is_usable = |live: &Live| doubted.is_none_or(|doubted| !doubted.is(live));
        if known.usable().is_some_and(is_usable) {
            return None;
        }
        Some(known.dial.get_or_insert_with(begin).clone())
    }

    pub(crate) fn attended(&self, peer: PublicKey) -> Arc<Attended> {
        Arc::clone(&self.lock().entry(peer).or_default().attended)
    }

    pub(crate) fn epoch(&self, peer: &PublicKey) -> u64 {
        let peers = self.lock();
        peers.get(peer).map_or(0, |known| known.attended.epoch())
    }

    /// Whether there are connections, and none of them is answered on.
    pub(crate) fn is_silent(&self, peer: &PublicKey) -> bool {
        let peers = self.lock();
        let known = peers.get(peer);
        known.is_some_and(|known| known.newest().is_some() && known.usable().is_none())
    }

    /// Whether any connection lives, as far as is known.
    pub(crate) fn any_is_open(&self) -> bool {
        let peers = self.lock();
        peers.values().any(|known| known.newest().is_some())
    }

    pub(crate) fn is_newest(&self, peer: &PublicKey, live: &Live) -> bool {
        let peers = self.lock();
        let newest = peers.get(peer).and_then(Peer::newest);
        newest.is_some_and(|newest| newest.is(live))
    }

    /// Makes it the newest one, and tells which number it has.
    fn adopt(&self, peer: PublicKey, live: Live) -> (Arc<Attended>, u64) {
        let mut peers = self.lock();
        let known = peers.entry(peer).or_default();
        let was_alive = known.newest().is_some();
        known.live.push(live);
        if known.live.len() > MAX_OLDER + 1 {
            // A peer that was held up and dialled several times is still busy on its first one.
            // The two newest may only be about to be used.
            let mut older = known.live.iter().take(MAX_OLDER);
            let unused = older.position(|live| live.unused_since().is_some());
            let one = known.live.remove(unused.unwrap_or(0));
            one.connection.close(BUSY, b"too many connections");
        }
        let number = known.attended.renewed(was_alive);
        (Arc::clone(&known.attended), number)
    }

    /// Forgets the connection that is `gone`; tells whether it was the one in use.
    pub(crate) fn forget(&self, peer: &PublicKey, gone: &Live) -> bool {
        let mut peers = self.lock();
        let Some(known) = peers.get_mut(peer) else {
            return false;
        };
        let was_used = known.live.last().is_some_and(|live| live.is(gone));
        known.live.retain(|live| !live.is(gone));
        if was_used {
            known.attended.ended();
        }
        if known.is_unused() {
            peers.remove(peer);
        }
        was_used
    }

    pub(crate) fn close_all(&self) {
        for live in self.lock().values().flat_map(|peer| &peer.live) {
            live.connection.close(GOODBYE, b"shutting down");
        }
    }

    pub(crate) fn dial_ended(&self, peer: &PublicKey) {
        if let Some(known) = self.lock().get_mut(peer) {
            known.dial = None;
        }
        self.tidy(peer);
    }

    /// Forgets a peer that nothing is known of.
    pub(crate) fn tidy(&self, peer: &PublicKey) {
        let mut peers = self.lock();
        if peers.get(peer).is_some_and(Peer::is_unused) {
            peers.remove(peer);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<PublicKey, Peer>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// Makes `connection` the one to use, begins to accept its streams, and sees that it lives.
    pub(crate) fn take_on(
        self: &Arc<Self>,
        peer: PublicKey,
        connection: Connection,
        stranger: Option<Counted>,
    ) -> Live {
        let live = Live::new(connection, stranger);
        let (attended, number) = self.connections.adopt(peer, live.clone());
        let keep = vigil::keep(Arc::clone(self), peer, live.clone(), number, attended);
        self.loops.spawn(keep);
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
