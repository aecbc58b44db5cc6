//! Accepting: connections, and the streams of every connection, whoever dialled it.
//!
//! Each stream has a task of its own; one that fails, or panics, resets only itself.

use std::{
    mem,
    panic::AssertUnwindSafe,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use futures_util::{FutureExt, StreamExt};
use iroh::endpoint::{Incoming, RecvStream, SendStream, VarInt};
use tokio_util::sync::CancellationToken;

use crate::{
    PublicKey, RejectCode, Rejection, Session,
    connections::{Live, OpenStream},
    frame,
    node::Inner,
    reset,
    session::SessionWriter,
};

/// The code with which a connection is closed that nobody used for long.
const UNUSED: VarInt = VarInt::from_u32(1);

pub(crate) async fn accept_connections(node: Arc<Inner>) {
    loop {
        let incoming = tokio::select! {
            biased;
            () = node.closing.cancelled() => return,
            incoming = node.endpoint.accept() => incoming,
        };
        let Some(incoming) = incoming else { return };
        let Ok(permit) = Arc::clone(&node.handshakes).try_acquire_owned() else {
            incoming.refuse();
            continue;
        };
        if node.open_connections.load(Ordering::Relaxed) >= node.limits.connections
            || node.draining.is_cancelled()
        {
            incoming.refuse();
            continue;
        }
        let shaking = Arc::clone(&node);
        node.loops.spawn(async move {
            shake_hands(shaking, incoming).await;
            drop(permit);
        });
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
                node.take_on(PublicKey::from_iroh(connection.remote_id()), connection);
            }
            Ok(Err(error)) => tracing::debug!(%error, "a handshake failed"),
            Err(_) => tracing::debug!("a handshake took too long"),
        },
    }
}

/// Accepts the streams of one connection until it ends.
pub(crate) async fn accept_streams(node: Arc<Inner>, peer: PublicKey, live: Live) {
    let connection = &live.connection;
    let counted = Counted::new(&node.open_connections);
    let ended = CancellationToken::new();
    let cut_streams = ended.clone().drop_guard();
    let mut paths = connection.paths_stream();
    let mut unused = tokio::time::interval(node.limits.unused_connection);
    unused.reset();
    let mut unused_since = None;
    let mut last_path = None;
    loop {
        tokio::select! {
            biased;
            () = node.closing.cancelled() => break,
            stream = connection.accept_bi() => match stream {
                Ok((send, recv)) => {
                    let open = live.count_stream();
                    let stream = Stream { peer, send, recv, open, live: live.clone() };
                    let task = stream.serve(Arc::clone(&node));
                    node.streams.spawn(ended.clone().run_until_cancelled_owned(task));
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
                let now = live.unused_since();
                if now.is_some() && now == unused_since {
                    connection.close(UNUSED, b"unused");
                    break;
                }
                unused_since = now;
            }
        }
    }
    drop(cut_streams);
    drop(counted);
    if node.connections.forget(&peer, connection) {
        node.report(peer, node.connections.path(&peer));
    }
}

/// Counts one connection for as long as it lives: a peer may have several, of which the newest is
/// the one to use.
struct Counted(Arc<AtomicUsize>);

impl Counted {
    fn new(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(count))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

struct Stream {
    peer: PublicKey,
    send: SendStream,
    recv: RecvStream,
    open: OpenStream,
    live: Live,
}

impl Stream {
    async fn serve(self, node: Arc<Inner>) {
        let Self {
            peer,
            send,
            mut recv,
            open,
            live,
        } = self;
        let mut writer = SessionWriter::new(send);
        let header = frame::read::<frame::Header>(&mut recv, frame::MAX_HEADER_BYTES);
        let header = match tokio::time::timeout(node.limits.header_timeout, header).await {
            Ok(Ok(header)) => header,
            Ok(Err(error)) => {
                tracing::debug!(peer = %peer.short(), %error, "a stream without a header");
                return writer.cancel(reset::BAD_HEADER);
            }
            Err(_) => return writer.cancel(reset::BAD_HEADER),
        };
        let session = Session::accepted(peer, writer, recv, open);
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
