//! One member of a bridge: a place that it may lead to, and how that stands.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use fastn_p2p::{Attending, Path, PublicKey};
use malai_api::{BreakerState, MemberState};
use rand::RngExt as _;
use tokio::{sync::watch, time::Instant};

use crate::{
    breaker::{Breaker, BreakerLimits, Change, Outcome, Permit},
    config::BridgeTarget,
    http::{ProxyError, Side},
    meter::{Load, Loaded},
    peers::{Naming, Peers},
};

/// One failure of the peer's own takes a member out, since there are others, and finding out costs
/// each request a second; one probe brings it back.
const LIMITS: BreakerLimits = BreakerLimits {
    failures: Some(1),
    successes: 1,
    error_rate: None,
    slow: None,
    slow_rate: 1.0,
    window: Duration::from_secs(1),
    requests: 1,
};

/// One member.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) naming: Arc<Naming>,
    breaker: Mutex<Breaker>,
    /// Whether it is out.
    pub(super) out: watch::Sender<bool>,
    /// Requests and connections under way.
    load: Loaded,
}

/// A member that is tried; whoever has it says what came of it, unless there is nothing to say.
#[derive(Debug)]
pub(super) struct Turn<'a> {
    member: &'a Member,
    permit: Option<Permit>,
    begun: Instant,
}

/// What is known of a member at one moment.
#[derive(Debug, Clone)]
pub struct MemberReport {
    /// Where it is, without a link's hints and secret.
    pub(crate) target: BridgeTarget,
    /// Whose it is, once known.
    pub(crate) peer: Option<PublicKey>,
    /// Whether it is used.
    pub(crate) state: MemberState,
    /// Whether traffic flows to it.
    pub(crate) breaker: BreakerState,
    /// How it is reached.
    pub(crate) path: Path,
}

impl Member {
    pub(super) fn new(peers: &Peers, target: BridgeTarget) -> Self {
        Self {
            naming: Arc::new(Naming::new(peers, target)),
            breaker: Mutex::new(Breaker::new(LIMITS)),
            out: watch::Sender::new(false),
            load: Loaded::default(),
        }
    }

    /// Whether it takes traffic, as far as is known.
    pub(super) fn works(&self) -> bool {
        self.breaker().is_closed() && !self.is_silent()
    }

    /// How long it is left alone from now on, while it is out.
    pub(super) fn rest(&self) -> Duration {
        self.breaker().rest(Instant::now())
    }

    fn is_silent(&self) -> bool {
        let peer = self.naming.known();
        peer.is_some_and(|peer| self.naming.peers.is_silent(&peer))
    }

    /// Looks closely at the connection to it for as long as the result lives.
    pub(super) fn attend(&self) -> Option<Attending> {
        let peer = self.naming.known()?;
        Some(self.naming.peers.attend(peer))
    }

    /// Requests and connections under way.
    pub(super) fn load(&self) -> u64 {
        self.load.now()
    }

    /// Counts one more request or connection, until the result is dropped.
    pub(super) fn take(&self) -> Load {
        self.load.begin()
    }

    /// Tries it with a request: it is never refused, since there may be no other place to go to.
    pub(super) fn turn(&self) -> Turn<'_> {
        let breaker = &mut *self.breaker();
        let usual = breaker.is_closed().then(|| breaker.ask(Instant::now()));
        let permit = usual.flatten().unwrap_or_else(|| breaker.force());
        Turn::new(self, permit)
    }

    /// Tries it with a probe, which alone says that it does not work yet.
    pub(super) fn probe(&self) -> Turn<'_> {
        let breaker = &mut *self.breaker();
        let permit = breaker.ask(Instant::now());
        let permit = permit.unwrap_or_else(|| breaker.force());
        Turn::new(self, permit)
    }

    fn breaker(&self) -> MutexGuard<'_, Breaker> {
        self.breaker.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn report(&self, state: MemberState) -> MemberReport {
        let peer = self.naming.known();
        MemberReport {
            target: self.naming.target.clone(),
            peer,
            state,
            breaker: self.breaker().state(Instant::now()),
            path: peer.map_or(Path::Offline, |peer| self.naming.peers.path(&peer)),
        }
    }
}

impl<'a> Turn<'a> {
    fn new(member: &'a Member, permit: Permit) -> Self {
        Self {
            member,
            permit: Some(permit),
            begun: Instant::now(),
        }
    }

    /// It has answered.
    pub(super) fn worked(self) {
        let took = self.begun.elapsed();
        self.tell(Outcome::Worked(took));
    }

    /// It has not; what is not its fault does not count.
    pub(super) fn failed(self, error: &ProxyError) {
        if error.side == Side::Peer {
            let (to, error) = (&self.member.naming.target.service, error.chain());
            tracing::debug!(service = to, error, "a member of a bridge failed");
            self.tell(Outcome::Failed);
        }
    }

    fn tell(mut self, outcome: Outcome) {
        let Some(permit) = self.permit.take() else {
            return;
        };
        let (now, chance) = (Instant::now(), rand::rng().random_range(0.0..1.0));
        let told = self.member.breaker().told(permit, outcome, now, chance);
        let Some(change) = told else { return };
        let is_out = change != Change::Closed;
        tracing::debug!(
            service = self.member.naming.target.service,
            is_out,
            "a member of a bridge is out or back"
        );
        self.member.out.send_replace(is_out);
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if let Some(permit) = self.permit.take() {
            self.member.breaker().untold(permit);
        }
    }
}
