//! Opening streams to a peer, for as long as whoever wants one has time.

use std::time::Duration;

use fastn_p2p::{Attending, ConnectError, Protocol, PublicKey, Session, connect};
use tokio::{
    sync::watch,
    time::{Instant, sleep, timeout_at},
};

use super::Peers;
use crate::{
    config::{BridgeTarget, PeerName},
    http::ProxyError,
    wire::Open,
};

/// The pause after the first failed dial; doubled after each up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// The longest pause between two dials for one request; a change of the network ends it early.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

impl Peers {
    /// Opens a stream to the service of `peer` that `target` names, with the invite that came with
    /// it, dialling again and again until `wait` is over.
    ///
    /// Cancel safe.
    pub(crate) async fn open<P>(
        &self,
        peer: PublicKey,
        protocol: P,
        target: &BridgeTarget,
        wait: Duration,
    ) -> Result<Session, ProxyError>
    where
        P: Protocol<Open = Open> + Copy,
    {
        let deadline = Instant::now() + wait;
        let open = Open::to(target);
        let mut changes = self.changes();
        let mut pause = FIRST_PAUSE;
        loop {
            let opening = connect(&self.0.node, peer, protocol, &open);
            let error = match timeout_at(deadline, opening).await {
                Ok(Ok(session)) => return Ok(session),
                Ok(Err(error)) => error,
                Err(_) => return Err(offline(peer, target, wait)),
            };
            if matches!(error, ConnectError::Closing) {
                return Err(ProxyError::shutting_down());
            }
            if !matches!(
                error,
                ConnectError::Unreachable { .. } | ConnectError::Timeout { .. }
            ) {
                return Err(ProxyError::peer_failed(format!(
                    "The peer cannot be used: {error}."
                )));
            }
            if Instant::now() + pause >= deadline {
                return Err(offline(peer, target, wait).because(error));
            }
            tokio::select! {
                biased;
                Ok(()) = changes.changed() => {}
                () = sleep(pause) => {}
            }
            pause = LONGEST_PAUSE.min(pause * 2);
        }
    }

    /// Makes a connection to the peer of `target` when there is none, so that people see how it is
    /// reached; tried once, since whoever has something to send dials by itself. Cancel safe.
    pub(crate) async fn reach(self, target: BridgeTarget) {
        let peer = match self.resolve(&target).await {
            Ok(peer) => peer,
            Err(error) => {
                return tracing::debug!(error = error.chain(), "a name means nobody yet");
            }
        };
        if let Err(error) = self.0.node.reach(peer).await {
            tracing::debug!(peer = %peer.short(), %error, "a peer is not there yet");
        }
    }

    /// Looks closely at the connection to `peer` for as long as the result lives.
    pub(crate) fn attend(&self, peer: PublicKey) -> Attending {
        self.0.node.attend(peer)
    }

    /// Whether there is a connection to `peer` on which nothing is answered.
    pub(crate) fn is_silent(&self, peer: &PublicKey) -> bool {
        self.0.node.is_silent(peer)
    }

    /// Differs when streams to `peer` that were opened before may lead nowhere.
    pub(crate) fn epoch(&self, peer: &PublicKey) -> u64 {
        self.0.node.epoch(peer)
    }

    /// Changes whenever the network may be another one.
    pub(crate) fn changes(&self) -> watch::Receiver<()> {
        self.0.node.changes()
    }

    /// How `peer` is reached at this moment.
    pub(crate) fn path(&self, peer: &PublicKey) -> fastn_p2p::Path {
        self.0.node.path(peer)
    }

    /// Hears of every change of the way to any peer.
    pub(crate) fn paths(&self) -> tokio::sync::broadcast::Receiver<fastn_p2p::PathEvent> {
        self.0.node.paths()
    }
}

fn offline(peer: PublicKey, target: &BridgeTarget, wait: Duration) -> ProxyError {
    let name = match &target.peer {
        PeerName::Key(_) => peer.short(),
        PeerName::Pet(name) | PeerName::Domain(name) => name.clone(),
    };
    ProxyError::peer_offline(format!(
        "The peer {name} could not be reached within {wait:?}. \
         Ask whether its malai is running and online; the bridge goes on trying."
    ))
}
