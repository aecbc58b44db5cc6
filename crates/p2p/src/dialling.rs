//! Dialling a peer: once however many ask, and anew when nothing answers.

use std::{future::poll_fn, sync::Arc, task::Poll, time::Duration};

use futures_util::{FutureExt, future::BoxFuture};
use iroh::endpoint::{ConnectError as IrohConnectError, Connection, ConnectionError};
use tokio::time::sleep;

use crate::{
    ConnectError, PublicKey,
    connections::{Dial, Live},
    node::{ALPN, Inner},
};

/// TLS's `no_application_protocol` alert (RFC 7301) as a QUIC error code (RFC 9001, section 4.8).
const NO_APPLICATION_PROTOCOL: u64 = 0x178;

/// When another attempt begins beside the one that is under way. A handshake repeats itself after
/// pauses that double; a new one goes out at once, and finds a network that has just come back.
const NEXT_ATTEMPT: Duration = Duration::from_millis(1500);
/// Attempts of one dial at once, so that each has several seconds.
const MAX_ATTEMPTS: usize = 4;

type Attempt<'a> = BoxFuture<'a, Result<Connection, IrohConnectError>>;

impl Inner {
    /// A connection to `peer` that answers, dialled when there is none. Cancel safe: the dial goes
    /// on for the others that wait for it.
    pub(crate) async fn connection(
        self: &Arc<Self>,
        peer: PublicKey,
    ) -> Result<Live, ConnectError> {
        loop {
            let Some(dial) = self.dial_or_use(peer, None)? else {
                // Nothing to dial for: it is there.
                if let Some(live) = self.connections.usable(&peer) {
                    return Ok(live);
                }
                continue;
            };
            let attended = self.connections.attended(peer);
            let heard = async {
                if self.connections.is_silent(&peer) {
                    attended.heard().await;
                } else {
                    std::future::pending().await
                }
            };
            tokio::select! {
                biased;
                outcome = dial => return outcome,
                () = heard => {}
            }
        }
    }

    /// Dials `peer` unless somebody does, or there is a connection to use other than `doubted`.
    /// Waits for nothing.
    pub(crate) fn begin_to_dial(self: &Arc<Self>, peer: PublicKey, doubted: &Live) {
        if let Err(error) = self.dial_or_use(peer, Some(doubted)) {
            tracing::debug!(peer = %peer.short(), %error, "a peer in doubt is not dialled");
        }
    }

    /// The dial to wait for, or nothing when there is a connection to use other than `doubted`.
    fn dial_or_use(
        self: &Arc<Self>,
        peer: PublicKey,
        doubted: Option<&Live>,
    ) -> Result<Option<Dial>, ConnectError> {
        if peer == self.id {
            return Err(ConnectError::Ourselves);
        }
        if self.draining.is_cancelled() {
            return Err(ConnectError::Closing);
        }
        Ok(self.connections.dial_or_use(peer, doubted, || {
            let dial = Arc::clone(self).dial(peer).boxed().shared();
            self.streams.spawn(dial.clone());
            dial
        }))
    }

    async fn dial(self: Arc<Self>, peer: PublicKey) -> Result<Live, ConnectError> {
        // Beside a connection in doubt nothing has changed yet.
        self.report(peer, self.connections.path(&peer));
        let after = self.limits.connect_timeout;
        let outcome = tokio::select! {
            biased;
            () = self.draining.cancelled() => Err(ConnectError::Closing),
            outcome = tokio::time::timeout(after, self.attempts(peer)) => match outcome {
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

    async fn attempt(&self, peer: PublicKey) -> Result<Connection, IrohConnectError> {
        let mut changes = self.endpoint.subscribe();
        let endpoint = changes.borrow_and_update().clone();
        if let Some(endpoint) = endpoint {
            let outcome = endpoint.connect(peer.to_iroh(), ALPN).await;
            if outcome.is_ok() || !changes.has_changed().unwrap_or(false) {
                return outcome;
            }
        }
        // The next attempt is made with the endpoint that takes its place.
        std::future::pending().await
    }

    /// The first attempt that succeeds, or the last one's failure.
    async fn attempts(&self, peer: PublicKey) -> Result<Connection, IrohConnectError> {
        let mut changes = self.changes.subscribe();
        let mut attempts: Vec<Attempt<'_>> = Vec::new();
        loop {
            if attempts.len() == MAX_ATTEMPTS {
                drop(attempts.remove(0));
            }
            attempts.push(self.attempt(peer).boxed());
            tokio::select! {
                biased;
                outcome = first_of(&mut attempts) => return outcome,
                Ok(()) = changes.changed() => {}
                () = sleep(NEXT_ATTEMPT) => {}
            }
        }
    }
}

/// Cancel safe: attempts that have not ended stay.
async fn first_of(attempts: &mut Vec<Attempt<'_>>) -> Result<Connection, IrohConnectError> {
    poll_fn(|context| {
        let mut place = 0;
        while let Some(attempt) = attempts.get_mut(place) {
            match attempt.poll_unpin(context) {
                Poll::Pending => place += 1,
                Poll::Ready(Err(_)) if attempts.len() > 1 => drop(attempts.remove(place)),
                Poll::Ready(outcome) => return Poll::Ready(outcome),
            }
        }
        Poll::Pending
    })
    .await
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
