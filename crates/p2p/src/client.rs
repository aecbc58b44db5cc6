//! Opening: streams and calls to a peer.

use tokio::io::AsyncWriteExt;

use crate::{
    Call, CallError, ConnectError, Node, Path, Protocol, PublicKey, Rejection, Session,
    connections::path_of,
    frame::{self, MAX_HEADER_BYTES},
    session::SessionWriter,
};

/// How often a stream is opened anew because the kept connection turned out to be dead.
const OPEN_ATTEMPTS: usize = 2;

/// Opens a stream of `protocol` to `peer`, over the one connection to it.
///
/// Returns as soon as the header is on its way: payload may be written at once, and a refusal shows
/// when the session is read. A kept connection that is dead is replaced once, since nothing of the
/// payload was sent. Cancel safe: a dial goes on for others, a stream is reset.
///
/// # Errors
/// [`ConnectError`] when there is no connection, or none within the node's limits.
pub async fn connect<P: Protocol>(
    node: &Node,
    peer: PublicKey,
    protocol: P,
    open: &P::Open,
) -> Result<Session, ConnectError> {
    drop(protocol);
    let header = frame::encode_header(P::NAME, open).map_err(|_| ConnectError::HeaderTooLong)?;
    let after = node.0.limits.connect_timeout;
    let mut attempt = 1;
    loop {
        let live = node.0.connection(peer).await?;
        let opening = async {
            // Counted before it is open, so that nobody closes the connection as unused.
            let open = live.count_stream(None);
            let (send, recv) = live.connection.open_bi().await?;
            let bandwidth = &node.0.bandwidth;
            let mut writer = SessionWriter::new(peer, send, bandwidth, live.turn());
            writer.write_all(&header).await?;
            Ok::<_, std::io::Error>(Session::opened(writer, recv, open, bandwidth))
        };
        match tokio::time::timeout(after, opening).await {
            Ok(Ok(session)) => return Ok(session),
            Ok(Err(error)) if attempt < OPEN_ATTEMPTS => {
                tracing::debug!(peer = %peer.short(), %error, "the kept connection was dead");
                node.0.connections.forget(&peer, &live);
                attempt += 1;
            }
            Ok(Err(error)) => {
                return Err(ConnectError::Unreachable {
                    peer,
                    source: std::sync::Arc::new(error),
                });
            }
            Err(_) => return Err(ConnectError::Timeout { peer, after }),
        }
    }
}

/// Makes sure that there is a connection to `peer` and tells which way it goes; nothing is asked.
///
/// Cancel safe: a dial goes on for others.
///
/// # Errors
/// [`ConnectError`] when there is none within the node's limits.
pub async fn reach(node: &Node, peer: PublicKey) -> Result<Path, ConnectError> {
    let live = node.0.connection(peer).await?;
    Ok(path_of(&live.connection))
}

/// Asks `peer` one question of `protocol`.
///
/// # Errors
/// [`CallError`], among them the peer's refusal.
pub async fn call<P: Call>(
    node: &Node,
    peer: PublicKey,
    protocol: P,
    question: &P::Open,
) -> Result<P::Response, CallError> {
    let after = node.0.limits.connect_timeout;
    let ask = async {
        let mut session = connect(node, peer, protocol, question)
            .await
            .map_err(CallError::Connect)?;
        session.shutdown().await.map_err(CallError::Broken)?;
        frame::read(&mut session, MAX_HEADER_BYTES)
            .await
            .map_err(|error| match Rejection::of(&error) {
                Some(rejection) => CallError::Rejected(rejection.clone()),
                None => CallError::Broken(error),
            })
    };
    tokio::time::timeout(after, ask)
        .await
        .map_err(|_| CallError::Timeout(after))?
}
