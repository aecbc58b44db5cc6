//! Connections from a local client on their way to a TCP service of a peer: a stream for each.

use std::{sync::Arc, time::Duration};

use fastn_p2p::{Session, Waiting, copy_both};
use tokio::time::{Instant, sleep};

use super::{member::Member, members::Members};
use crate::{
    http::ProxyError,
    meter::{Load, Meter},
    peers::Naming,
    stream::ResetOnDrop,
    wire::TcpStream,
};

/// The pause before all members are asked once more.
const PAUSE: Duration = Duration::from_millis(200);

/// Where connections of one bridge go.
#[derive(Debug)]
pub(super) struct TcpBridge {
    members: Arc<Members>,
    /// How long a connection waits for any of the members.
    connect_timeout: Duration,
    meter: Meter,
    waiting: Waiting,
}

impl TcpBridge {
    pub(super) fn new(
        members: Arc<Members>,
        connect_timeout: Duration,
        meter: Meter,
        waiting: &Waiting,
    ) -> Self {
        Self {
            members,
            connect_timeout,
            meter,
            waiting: waiting.clone(),
        }
    }

    /// Carries one connection. One that cannot be carried is reset: TCP has no words for why.
    pub(super) async fn carry(self: Arc<Self>, client: ResetOnDrop) {
        let counted = self.meter.begin(Instant::now());
        let (session, load) = match self.open().await {
            Ok(opened) => opened,
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
        drop((counted, load));
        if let Some(error) = end.error {
            tracing::debug!(%error, "a connection was cut");
        }
    }

    /// A stream to the first member that takes one; all are asked again while there is time.
    async fn open(&self) -> Result<(Session, Load), ProxyError> {
        let now = Instant::now();
        let deadline = now + self.connect_timeout;
        self.members.begin(now);
        let mut before = None;
        loop {
            let mut failure = None;
            let mut may_work_later = false;
            for place in self.members.plan() {
                let Some(member) = self.members.list().get(place) else {
                    continue;
                };
                if before.replace(place).is_some_and(|before| before != place) {
                    self.members.moved();
                }
                let (turn, load) = (member.turn(Instant::now()), member.take());
                match self.open_at(member, deadline).await {
                    Ok(session) => {
                        turn.worked();
                        return Ok((session, load));
                    }
                    Err(error) => {
                        turn.failed(&error);
                        may_work_later |= matches!(error.code, "peer-offline" | "peer-failed");
                        failure = Some(error);
                    }
                }
            }
            let failure =
                failure.unwrap_or_else(|| ProxyError::peer_failed("This bridge leads nowhere."));
            if !may_work_later || Instant::now() + PAUSE >= deadline {
                return Err(failure);
            }
            sleep(PAUSE).await;
        }
    }

    /// A stream to this member, opened once more whenever it leads nowhere and nobody else is there
    /// to be asked, until the deadline.
    async fn open_at(&self, member: &Member, deadline: Instant) -> Result<Session, ProxyError> {
        let peer = member.naming.key().await?;
        let Naming { peers, target, .. } = &*member.naming;
        let are_several = self.members.are_several();
        loop {
            // Until it is answered: from then on both ends say when the other one is gone.
            let attending = peers.attend(peer);
            let mut session = peers
                .open(peer, TcpStream, target, self.members.wait)
                .await?;
            session.count_waiting(&self.waiting);
            let leads_nowhere = async {
                if are_several {
                    attending.silent().await;
                } else {
                    attending.replaced().await;
                }
            };
            // Before that nothing of the client's is sent, as in a handshake of TCP itself, so that a
            // stream to a peer that is gone can be opened once more.
            tokio::select! {
                biased;
                answered = super::peer_dial::answered(&mut session, self.members.wait) => {
                    // A person may take longer than other members should be kept waiting for.
                    if are_several || !session.is_waiting() {
                        answered?;
                    }
                    return Ok(session);
                }
                () = leads_nowhere => {}
            }
            if are_several || Instant::now() >= deadline {
                return Err(ProxyError::peer_failed("The peer has fallen silent."));
            }
        }
    }
}
