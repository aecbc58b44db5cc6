//! Streams to one member of a bridge, and what their refusals mean.

use std::{sync::Arc, time::Duration};

use fastn_p2p::{RejectCode, Rejection, Session, Waiting};
use http::Version;

use crate::{
    http::{Dial, Lost, ProxyError, Sender, handshake},
    peers::Naming,
    shutdown::Shutdown,
    wire::HttpStream,
};

/// How long a page waits at most for a person at the other end: as long as a peer may let anybody
/// wait.
const LONGEST_KNOCK: Duration = Duration::from_mins(11);

/// Opens streams to one service of one peer.
#[derive(Debug, Clone)]
pub(super) struct PeerDial {
    pub(super) naming: Arc<Naming>,
    pub(super) wait: Duration,
    pub(super) is_one_of_several: bool,
    pub(super) waiting: Waiting,
    pub(super) tasks: Shutdown,
}

impl PeerDial {
    /// Waits at the peer's door until it is opened, or is not.
    pub(super) async fn knock(&self) -> Result<(), ProxyError> {
        let mut session = self.open().await?;
        answered(&mut session, LONGEST_KNOCK).await
    }

    async fn open(&self) -> Result<Session, ProxyError> {
        let peer = self.naming.key().await?;
        let Naming { peers, target, .. } = &*self.naming;
        let mut session = peers.open(peer, HttpStream, target, self.wait).await?;
        session.count_waiting(&self.waiting);
        Ok(session)
    }

    /// The peer's id52, or nothing while its name means nobody.
    pub(super) fn peer(&self) -> String {
        let key = self.naming.known();
        key.map(|key| key.to_string()).unwrap_or_default()
    }
}

impl Dial for PeerDial {
    async fn dial(&self, version: Version) -> Result<Sender, ProxyError> {
        let mut session = self.open().await?;
        if self.is_one_of_several || version == Version::HTTP_2 {
            // The next target is asked only with a request of which nothing was sent; and HTTP/2
            // keeps the words of a refusal to itself.
            let waited = answered(&mut session, self.wait).await;
            if !self.is_one_of_several && session.is_waiting() {
                answered(&mut session, LONGEST_KNOCK).await?;
            } else {
                waited?;
            }
        }
        let lost = |error| self.lost(error);
        handshake(session, version, &self.tasks).await.map_err(lost)
    }

    fn generation(&self) -> u64 {
        self.naming.generation()
    }

    fn lost(&self, error: Lost) -> ProxyError {
        refusal(&error)
            .unwrap_or_else(|| {
                ProxyError::peer_failed(
                    "The connection to the peer broke off before there was an answer. Try again.",
                )
            })
            .because(error)
    }
}

/// Waits until the peer has accepted the stream.
pub(super) async fn answered(session: &mut Session, wait: Duration) -> Result<(), ProxyError> {
    let broken = || ProxyError::peer_failed("The peer did not answer to a stream. Try again.");
    match tokio::time::timeout(wait, session.answered()).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(refusal(&error).unwrap_or_else(broken).because(error)),
        // A person is asked, and that may take longer.
        Err(_) if session.is_waiting() => Err(ProxyError::not_admitted()),
        Err(_) => Err(broken()),
    }
}

/// What a refusal means to the client, if `error` is one.
fn refusal(error: &(dyn std::error::Error + 'static)) -> Option<ProxyError> {
    let code = &Rejection::of(error)?.code;
    Some(if *code == RejectCode::NotAdmitted {
        ProxyError::not_admitted()
    } else if matches!(code, RejectCode::Unauthorized | RejectCode::BadRequest) {
        ProxyError::denied()
    } else if matches!(code, RejectCode::ShuttingDown | RejectCode::Busy) {
        ProxyError::busy("The peer takes no requests at the moment. Try again in a moment.")
    } else {
        ProxyError::peer_failed(
            "The peer runs a version of malai that this one does not understand.",
        )
    })
}
