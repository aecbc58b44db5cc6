//! Connections from a local client on their way to a TCP service of a peer: a stream for each.

use std::{sync::Arc, time::Duration};

use fastn_p2p::{Session, Waiting, copy_both};

use crate::{
    config::BridgeConfig,
    http::ProxyError,
    meter::Meter,
    peers::{Naming, Peers},
    stream::ResetOnDrop,
    wire::TcpStream,
};

/// Where connections of one bridge go, in the order in which targets are tried.
#[derive(Debug)]
pub(super) struct TcpBridge {
    targets: Vec<Naming>,
    wait: Duration,
    meter: Meter,
    waiting: Waiting,
}

impl TcpBridge {
    pub(super) fn new(
        peers: &Peers,
        config: &BridgeConfig,
        meter: Meter,
        waiting: &Waiting,
    ) -> Self {
        let wait = config.connect_timeout;
        let wait = if config.to.len() > 1 {
            wait.min(super::FAILOVER_WAIT)
        } else {
            wait
        };
        let targets = config.to.iter();
        Self {
            targets: targets
                .map(|target| Naming::new(peers, target.clone()))
                .collect(),
            wait,
            meter,
            waiting: waiting.clone(),
        }
    }

    /// Carries one connection. One that cannot be carried is reset: TCP has no words for why.
    pub(super) async fn carry(self: Arc<Self>, client: ResetOnDrop) {
        let counted = self.meter.begin();
        let session = match self.open().await {
            Ok(session) => session,
            Err(error) => {
                self.meter.failed(error.side.fault());
                let (code, error) = (error.code, error.chain());
                return tracing::warn!(code, error, "a connection leads nowhere");
            }
        };
        let end = copy_both(client, session, |received, sent| {
            self.meter.received(received);
            self.meter.sent(sent);
        })
        .await;
        drop(counted);
        if let Some(error) = end.error {
            tracing::debug!(%error, "a connection was cut");
        }
    }

    async fn open(&self) -> Result<Session, ProxyError> {
        let mut failure = None;
        for naming in &self.targets {
            let opened = match naming.key().await {
                Ok(peer) => {
                    let Naming { peers, target, .. } = naming;
                    peers.open(peer, TcpStream, target, self.wait).await
                }
                Err(error) => Err(error),
            };
            match opened {
                Ok(mut session) if self.targets.len() > 1 => {
                    session.count_waiting(&self.waiting);
                    match super::http_bridge::answered(&mut session, self.wait).await {
                        Ok(()) => return Ok(session),
                        Err(error) => failure = Some(error),
                    }
                }
                Ok(mut session) => {
                    session.count_waiting(&self.waiting);
                    return Ok(session);
                }
                Err(error) => failure = Some(error),
            }
        }
        Err(failure.unwrap_or_else(|| ProxyError::peer_failed("This bridge leads nowhere.")))
    }
}
