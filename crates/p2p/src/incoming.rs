//! Accepting: connections, and the streams of every connection, whoever dialled it.
//!
//! Each stream has a task of its own; one that fails, or panics, resets only itself.

use std::{
    mem,
    panic::AssertUnwindSafe,
    sync::{Arc, atomic::Ordering},
};

use futures_util::{FutureExt, StreamExt};
use iroh::{
    Endpoint,
    endpoint::{Incoming, RecvStream, SendStream, VarInt},
};
use tokio::{
    sync::watch,
    task::JoinSet,
    time::{Instant, sleep_until},
};

use crate::{
    PublicKey, Rates, RejectCode, Rejection, Session,
    connections::{BUSY, Counted, Live, OpenStream},
    door::{count, is_turned_away},
    frame,
    node::Inner,
    reset,
    session::SessionWriter,
};

/// The code with which a connection is closed that nobody used for long.
const UNUSED: VarInt = VarInt::from_u32(1);
/// Streams a second, and at once, of one who was let in to nothing: a person who clicks, and not a
/// loop. The same for everybody, so that nobody can tell whether they are known.
const UNTRUSTED_STREAMS: (u32, u32) = (32, 64);
/// The part of all connections that is kept for keys that are known here.
const KNOWN_PART: usize = 4;
/// The part of all connections that strangers may have.
const STRANGER_PART: usize = 4;

pub(crate) async fn accept_connections(node: Arc<Inner>) {
    let mut endpoint = node.endpoint.subscribe();
    loop {
        let incoming = tokio::select! {
            biased;
            () = node.closing.cancelled() => return,
            incoming = next_of(&mut endpoint) => incoming,
        };
        let Some(incoming) = incoming else { return };
        let is_full = node.open_connections.load(Ordering::Relaxed) >= node.most_connections();
        if is_full || node.draining.is_cancelled() {
            count(&node.door.turned_away.handshakes);
            incoming.refuse();
            continue;
        }
        let Some((incoming, permit)) = node.door.knock(incoming) else {
            continue;
        };
        let shaking = Arc::clone(&node);
        node.loops.spawn(async move {
            shake_hands(shaking, incoming).await;
            drop(permit);
        });
    }
}

/// Who knocks next at the endpoint, or at the one that takes its place.
async fn next_of(endpoint: &mut watch::Receiver<Option<Endpoint>>) -> Option<Incoming> {
    loop {
        let current = endpoint.borrow_and_update().clone();
        if let Some(current) = current
            && let Some(incoming) = current.accept().await
        {
            return Some(incoming);
        }
        endpoint.changed().await.ok()?;
    }
}

async fn shake_hands(node: Arc<Inner>, incoming: Incoming) {
    let accepting = match incoming.accept() {
        Ok(accepting) => accepting,
        Err(error) => {
            tracing::debug!(%error, "a handshake did not begin");
            return;
        }
    };
    tokio::select! {
        biased;
        () = node.closing.cancelled() => {}
        outcome = tokio::time::timeout(node.limits.header_timeout, accepting) => match outcome {
            Ok(Ok(connection)) => {
                let peer = PublicKey::from_iroh(connection.remote_id());
                match node.welcome(&peer) {
                    Ok(stranger) => drop(node.take_on(peer, connection, stranger)),
                    Err(Busy) => {
                        count(&node.door.turned_away.strangers);
                        connection.close(BUSY, b"busy");
                    }
                }
            }
            Ok(Err(error)) => tracing::debug!(%error, "a handshake failed"),
            Err(_) => tracing::debug!("a handshake took too long"),
        },
    }
}

/// There is no room for another stranger.
struct Busy;

impl Inner {
    fn most_connections(&self) -> usize {
        self.most_connections.load(Ordering::Relaxed)
    }

    /// Whether there is room for a connection of `peer`: strangers may have a part of all, and the
    /// last part is for those who are known.
    fn welcome(&self, peer: &PublicKey) -> Result<Option<Counted>, Busy> {
        if self.handlers().is_some_and(|it| it.knows(peer)) {
            return Ok(None);
        }
        let most = self.most_connections();
        let open = self.open_connections.load(Ordering::Relaxed);
        let strangers = self.strangers.load(Ordering::Relaxed);
        let room = most.div_ceil(STRANGER_PART);
        let is_kept = open >= most.saturating_sub(most / KNOWN_PART);
        if is_kept || is_turned_away(strangers, room, rand::random()) {
            return Err(Busy);
        }
        Ok(Some(Counted::new(&self.strangers)))
    }
}

/// Accepts the streams of one connection until it ends.
pub(crate) async fn accept_streams(node: Arc<Inner>, peer: PublicKey, live: Live) {
    let connection = &live.connection;
    let counted = Counted::new(&node.open_connections);
    // Cuts them when dropped. A token would do that, too, but each poll of a stream would ask it.
    let mut streams = JoinSet::new();
    let mut paths = connection.paths_stream();
    let mut unused = tokio::time::interval(node.limits.unused_connection);
    unused.reset();
    let mut unused_since = None;
    let mut last_path = None;
    // Who was let in to nothing and opens more waits: they are not even looked at before.
    let mut rate = Rates::new(UNTRUSTED_STREAMS.0, Some(UNTRUSTED_STREAMS.1));
    let mut next_stream = Instant::now();
    loop {
        let may_come = next_stream <= Instant::now() || live.is_trusted();
        tokio::select! {
            biased;
            () = node.closing.cancelled() => break,
            () = sleep_until(next_stream), if !may_come => {
                // The one for which it waited is taken from its rate, too.
                if let Err(wait) = rate.take(&(), Instant::now()) {
                    next_stream = Instant::now() + wait;
                }
            }
            stream = connection.accept_bi(), if may_come => match stream {
                Ok((send, recv)) => {
                    if !live.is_trusted() && let Err(wait) = rate.take(&(), Instant::now()) {
                        next_stream = Instant::now() + wait;
                    }
                    let slot = node.slots.take(peer);
                    let is_busy = slot.is_err();
                    let open = live.count_stream(slot.ok());
                    let stream = Stream { peer, send, recv, open, live: live.clone() };
                    let node_of_it = Arc::clone(&node);
                    forget_ended(&mut streams);
                    if is_busy {
                        count(&node.door.turned_away.streams);
                        let task = stream.turn_away(node_of_it);
                        streams.spawn(node.streams.track_future(task));
                    } else {
                        // Boxed: what runs it would have it several times.
                        let task = Box::pin(stream.serve(node_of_it));
                        streams.spawn(node.streams.track_future(task));
                    }
                }
                Err(error) => {
                    tracing::debug!(peer = %peer.short(), %error, "connection ended");
                    break;
                }
            },
            Some(_) = paths.next() => {
                let path = node.connections.path(&peer);
                let changed = |last| mem::discriminant(&last) != mem::discriminant(&path);
                if last_path.is_none_or(changed) {
                    last_path = Some(path);
                    node.report(peer, path);
                }
            }
            // Asks whether we are there, which QUIC has answered already.
            Ok(_) = connection.read_datagram() => {}
            _ = unused.tick() => {
                forget_ended(&mut streams);
                let now = live.unused_since();
                if now.is_some() && now == unused_since {
                    connection.close(UNUSED, b"unused");
                    break;
                }
                unused_since = now;
            }
        }
    }
    drop(streams);
    drop(counted);
    if node.connections.forget(&peer, &live) {
        node.report(peer, node.connections.path(&peer));
    }
}

/// Lets go of what the tasks of streams that have ended still hold.
fn forget_ended(streams: &mut JoinSet<()>) {
    while streams.try_join_next().is_some() {}
}

struct Stream {
    peer: PublicKey,
    send: SendStream,
    recv: RecvStream,
    open: OpenStream,
    live: Live,
}

impl Stream {
    /// Refuses it for now, with nothing of it read.
    async fn turn_away(self, node: Arc<Inner>) {
        let writer = SessionWriter::new(self.peer, self.send, &node.bandwidth, self.live.turn());
        let session = Session::accepted(writer, self.recv, self.open, &node.bandwidth);
        let rejection = Rejection::new(RejectCode::Busy, "too many streams at the moment");
        session.reject(&rejection).await;
    }

    async fn serve(self, node: Arc<Inner>) {
        let Self {
            peer,
            send,
            mut recv,
            open,
            live,
        } = self;
        let mut writer = SessionWriter::new(peer, send, &node.bandwidth, live.turn());
        let header = frame::read::<frame::Header>(&mut recv, frame::MAX_HEADER_BYTES);
        let header = match tokio::time::timeout(node.limits.header_timeout, header).await {
            Ok(Ok(header)) => header,
            Ok(Err(error)) => {
                tracing::debug!(peer = %peer.short(), %error, "a stream without a header");
                return writer.cancel(reset::BAD_HEADER);
            }
            Err(_) => return writer.cancel(reset::BAD_HEADER),
        };
        let session = Session::accepted(writer, recv, open, &node.bandwidth);
        let handlers = node.handlers().filter(|_| !node.draining.is_cancelled());
        let Some(handlers) = handlers else {
            let rejection = Rejection::new(RejectCode::ShuttingDown, "not serving now");
            return session.reject(&rejection).await;
        };
        let handled =
            AssertUnwindSafe(handlers.handle(session, header, || live.trust(&node.limits)))
                .catch_unwind();
        if handled.await.is_err() {
            tracing::error!(peer = %peer.short(), "the handler of a stream panicked");
        }
    }
}
