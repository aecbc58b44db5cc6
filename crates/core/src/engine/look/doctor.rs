//! What works and what does not: asked by the owner, and by peers about the way to them.

use std::{sync::Arc, time::Duration};

use fastn_p2p::{Path, PublicKey};
use malai_api::Response;
use tokio::{
    sync::mpsc,
    time::{Instant, timeout},
};

use super::Look;
use crate::{
    clock::Clock,
    doctor::{self, IdentityState, NodeState, Setup},
    expose::Examination,
    shutdown::Shutdown,
    wire::{TheirCheck, Told},
};

/// How long what was found about ourselves is told to peers, before it is looked at anew.
const FRESH: Duration = Duration::from_secs(60);
/// How long a look at ourselves may take while a peer waits; without it peers are told less.
const LOOK: Duration = Duration::from_secs(5);

impl Look {
    /// What works and what does not, on this machine and on the way to `peer`.
    pub(in crate::engine) async fn doctor(&self, peer: Option<String>) -> Response {
        let setup = self.setup();
        let own = Box::pin(doctor::examine(&setup));
        let Some(text) = peer else {
            let diagnosis = doctor::diagnosis(&setup, own.await, None);
            return Response::Diagnosis(Box::new(diagnosis));
        };
        let us = Some(self.node.id());
        let (key, name) = match doctor::find_peer(&self.peers, &setup.config, us, &text).await {
            Ok(found) => found,
            Err(failure) => return failure.into(),
        };
        let there = Box::pin(doctor::examine_peer(&self.node, key, name));
        let (own, there) = tokio::join!(own, there);
        let diagnosis = doctor::diagnosis(&setup, own, Some(there));
        Response::Diagnosis(Box::new(diagnosis))
    }

    /// Tells peers how the way to them looks from here, until the engine ends.
    pub(in crate::engine) async fn tell_peers(
        self,
        mut asked: mpsc::Receiver<Examination>,
        shutdown: Shutdown,
    ) {
        let mut known: Option<(Instant, Vec<TheirCheck>)> = None;
        loop {
            let examination = tokio::select! {
                biased;
                () = shutdown.draining() => return,
                examination = asked.recv() => match examination {
                    Some(examination) => examination,
                    None => return,
                },
            };
            if known.as_ref().is_none_or(|(at, _)| at.elapsed() > FRESH) {
                let setup = self.setup();
                let looking = Box::pin(doctor::examine_for_peers(&setup));
                let looked = tokio::select! {
                    biased;
                    () = shutdown.draining() => return,
                    looked = timeout(LOOK, looking) => looked,
                };
                known = looked
                    .ok()
                    .map(|found| (Instant::now(), doctor::checks_for_peers(&found)));
            }
            let checks = known.as_ref().map(|(_, checks)| checks.clone());
            let told = self.told(&examination.peer, checks.unwrap_or_default());
            if examination.reply.send(told).is_err() {
                tracing::debug!("a peer did not wait for what it asked");
            }
        }
    }

    fn told(&self, peer: &PublicKey, checks: Vec<TheirCheck>) -> Told {
        let (direct, rtt) = match self.node.path(peer) {
            Path::Direct(rtt) => (true, Some(rtt)),
            Path::Relayed(rtt) => (false, Some(rtt)),
            Path::Offline | Path::Connecting => (false, None),
        };
        Told {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            time: Clock::start().now().as_secs(),
            direct,
            address: self.node.remote_address(peer).filter(|_| direct),
            rtt_ms: rtt.map(|rtt| rtt.as_secs_f64() * 1000.0),
            checks,
        }
    }

    fn setup(&self) -> Setup {
        Setup {
            home: self.home.clone(),
            config: Arc::clone(&self.effective.load()),
            identity: IdentityState::Runs {
                own: self.node.id(),
                store: self.store.clone(),
            },
            node: NodeState::Bound(self.node.clone()),
            runs: true,
        }
    }
}
