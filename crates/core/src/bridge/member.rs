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
    breaker::{Breaker, BreakerLimits, Cause, Change, Outcome, Permit},
    config::BridgeTarget,
    http::{ProxyError, Side},
    meter::{Load, Loaded},
    peers::{Naming, Peers},
};

/// What a peer says that is there, but carries nothing out now: only a request tells when it does
/// again.
const ANSWERS: [&str; 2] = ["upstream-down", "busy"];

/// One member.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) naming: Arc<Naming>,
    breaker: Mutex<Breaker>,
    /// Whether and how it is out.
    out: watch::Sender<Out>,
    /// Requests and connections under way.
    load: Loaded,
}

/// How a member comes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Out {
    /// It is not out.
    No,
    /// By a probe of ours: it could not be reached, and each request would lose a second to it.
    Unreached,
    /// By a request: it is there, and too slow, or it said no.
    Unwell,
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
    pub(super) fn new(peers: &Peers, target: BridgeTarget, limits: BreakerLimits) -> Self {
        Self {
            naming: Arc::new(Naming::new(peers, target)),
            breaker: Mutex::new(Breaker::new(limits)),
            out: watch::Sender::new(Out::No),
            load: Loaded::default(),
        }
    }

    /// Whether it takes traffic, as far as is known.
    pub(super) fn works(&self) -> bool {
        self.breaker().is_closed() && !self.is_silent()
    }

    /// Whether the next request should try it: it works, or that request is the probe.
    pub(super) fn takes(&self) -> bool {
        let is_unwell = *self.out.borrow() == Out::Unwell;
        let breaker = self.breaker();
        let takes = breaker.is_closed() || is_unwell && breaker.lets_pass(Instant::now());
        takes && !self.is_silent()
    }

    /// Resolves while it waits for a probe of ours.
    pub(super) async fn unreached(&self) {
        let mut out = self.out.subscribe();
        // The sender is here, so there is always a next value.
        drop(out.wait_for(|out| *out == Out::Unreached).await);
    }

    /// Resolves while it does not.
    pub(super) async fn reached(&self) {
        let mut out = self.out.subscribe();
        drop(out.wait_for(|out| *out != Out::Unreached).await);
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
    pub(super) fn turn(&self, now: Instant) -> Turn<'_> {
        let is_probed_otherwise = *self.out.borrow() == Out::Unreached;
        let breaker = &mut *self.breaker();
        let asked = (!is_probed_otherwise).then(|| breaker.ask(now));
        let permit = asked.flatten().unwrap_or_else(|| breaker.force());
        Turn::new(self, permit, now)
    }

    /// Tries it with a probe, which alone says that it does not work yet.
    pub(super) fn probe(&self) -> Turn<'_> {
        let breaker = &mut *self.breaker();
        let now = Instant::now();
        let permit = breaker.ask(now);
        let permit = permit.unwrap_or_else(|| breaker.force());
        Turn::new(self, permit, now)
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
    fn new(member: &'a Member, permit: Permit, begun: Instant) -> Self {
        Self {
            member,
            permit: Some(permit),
            begun,
        }
    }

    /// It has answered.
    pub(super) fn worked(self) {
        let now = Instant::now();
        let took = now.saturating_duration_since(self.begun);
        self.tell(Outcome::Worked(took), Out::Unwell, now);
    }

    /// It has not; what is not its fault does not count.
    pub(super) fn failed(self, error: &ProxyError) {
        if error.side == Side::Peer {
            let out = if ANSWERS.contains(&error.code) {
                Out::Unwell
            } else {
                Out::Unreached
            };
            let (to, error) = (&self.member.naming.target.service, error.chain());
            tracing::debug!(service = to, error, "a member of a bridge failed");
            self.tell(Outcome::Failed, out, Instant::now());
        }
    }

    /// `out` is how it is out if it is.
    fn tell(mut self, outcome: Outcome, out: Out, now: Instant) {
        let Some(permit) = self.permit.take() else {
            return;
        };
        let chance = rand::rng().random_range(0.0..1.0);
        let mut breaker = self.member.breaker();
        let change = breaker.told(permit, outcome, now, chance);
        if change.is_some() {
            let service = &self.member.naming.target.service;
            tracing::debug!(service, ?change, "a member of a bridge is out or back");
        }
        // Of one that is out an answer says nothing new as long as it stays out.
        let out = match change {
            _ if breaker.is_closed() => Out::No,
            Some(Change::Opened(Cause::ErrorRate | Cause::Slow)) => Out::Unwell,
            Some(_) => out,
            None if outcome == Outcome::Failed => out,
            None => return,
        };
        self.member
            .out
            .send_if_modified(|before| std::mem::replace(before, out) != out);
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if let Some(permit) = self.permit.take() {
            self.member.breaker().untold(permit);
        }
    }
}
