//! The members of one bridge: the places that it may lead to, and which of them is next.
//!
//! What a member is and how it stands is all here, and whoever carries traffic only asks for places
//! in the list. So a list that comes from elsewhere and changes, such as a signed list of machines
//! behind one name, makes another value of this: members that stay are the same `Arc`, with all
//! that is known of them.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use fastn_p2p::{Attending, Path, PublicKey};
use malai_api::{BreakerState, MemberState};
use rand::RngExt as _;
use tokio::{sync::watch, time::Instant};

use super::retries::RetryBudget;
use crate::{
    breaker::{Breaker, BreakerLimits, Change, Outcome, Permit},
    config::{Balance, BridgeConfig, BridgeTarget},
    http::{ProxyError, Side},
    meter::{Load, Loaded},
    peers::{Naming, Peers},
};

/// How long one of several members may take to take a stream before the next is tried: relayed
/// dials may take longer, and go on meanwhile.
const FAILOVER_WAIT: Duration = Duration::from_secs(1);

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

/// Which members there are, and which is next.
#[derive(Debug)]
pub(super) struct Members {
    list: Vec<Arc<Member>>,
    balance: Balance,
    /// How long each is waited for.
    pub(super) wait: Duration,
    budget: Mutex<RetryBudget>,
    counts: Counts,
    /// When something was last asked of the bridge.
    used: watch::Sender<Instant>,
}

/// What was counted of a bridge besides its traffic.
#[derive(Debug, Default)]
struct Counts {
    failovers: AtomicU64,
    retries: AtomicU64,
}

/// One of them.
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

impl Members {
    pub(super) fn new(peers: &Peers, config: &BridgeConfig) -> Self {
        let targets = config.to.iter();
        let member = |target: &BridgeTarget| Arc::new(Member::new(peers, target.clone()));
        let wait = config.connect_timeout;
        let is_one = config.to.len() <= 1;
        Self {
            list: targets.map(member).collect(),
            balance: config.balance,
            wait: if is_one {
                wait
            } else {
                wait.min(FAILOVER_WAIT)
            },
            budget: Mutex::new(RetryBudget::new(config.retry_budget)),
            counts: Counts::default(),
            used: watch::Sender::new(Instant::now()),
        }
    }

    pub(super) fn list(&self) -> &[Arc<Member>] {
        &self.list
    }

    /// Whether there is another place to go to.
    pub(super) fn are_several(&self) -> bool {
        self.list.len() > 1
    }

    /// The members for one request, by their place in the list: those that work in the order in
    /// which they are preferred, and then the others, which may work all the same.
    pub(super) fn plan(&self) -> Vec<usize> {
        if !self.are_several() {
            return (0..self.list.len()).collect();
        }
        let seen = self
            .list
            .iter()
            .map(|member| (member.works(), member.load.now()));
        order(&seen.collect::<Vec<_>>(), self.balance)
    }

    /// A request or connection begins.
    pub(super) fn begin(&self) {
        self.budget().sent();
        if self.are_several() {
            self.used.send_replace(Instant::now());
        }
    }

    /// Whether a request that may have been carried out may be sent once more; counts it then.
    pub(super) fn may_repeat(&self) -> bool {
        self.budget().take()
    }

    /// A request goes to another member than the one that it was sent to.
    pub(super) fn moved(&self) {
        self.counts.failovers.fetch_add(1, Relaxed);
    }

    /// A request is sent once more.
    pub(super) fn repeated(&self) {
        self.counts.retries.fetch_add(1, Relaxed);
    }

    /// Requests that went on to another member, and those that were sent once more.
    pub(super) fn counts(&self) -> (u64, u64) {
        (
            self.counts.failovers.load(Relaxed),
            self.counts.retries.load(Relaxed),
        )
    }

    /// When something was last asked of the bridge.
    pub(super) fn used(&self) -> watch::Receiver<Instant> {
        self.used.subscribe()
    }

    /// All of them at this moment.
    pub(super) fn reports(&self) -> Vec<MemberReport> {
        let first = self.plan().first().copied();
        let spreads = self.balance == Balance::LeastLoaded;
        let report = |(place, member): (usize, &Arc<Member>)| {
            let works = member.works();
            member.report(if !works {
                MemberState::Out
            } else if spreads || first == Some(place) {
                MemberState::InUse
            } else {
                MemberState::Ready
            })
        };
        self.list.iter().enumerate().map(report).collect()
    }

    fn budget(&self) -> MutexGuard<'_, RetryBudget> {
        self.budget.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Member {
    fn new(peers: &Peers, target: BridgeTarget) -> Self {
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

    fn report(&self, state: MemberState) -> MemberReport {
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

/// The places of members of which is known whether they work and what they have to do.
fn order(members: &[(bool, u64)], balance: Balance) -> Vec<usize> {
    let mut places: Vec<usize> = (0..members.len()).collect();
    // Stable: among equals the one that was written first.
    places.sort_by_key(|place| {
        let (works, load) = members.get(*place).copied().unwrap_or_default();
        let load = match balance {
            Balance::Failover => 0,
            Balance::LeastLoaded => load,
        };
        (!works, load)
    });
    places
}

#[cfg(test)]
mod tests {
    use proptest::{collection, prelude::*};

    use super::*;

    #[test]
    fn the_first_that_works_or_the_one_with_the_least_to_do() {
        let members = [(false, 0), (true, 5), (true, 2), (true, 2)];
        assert_eq!(order(&members, Balance::Failover), [1, 2, 3, 0]);
        assert_eq!(order(&members, Balance::LeastLoaded), [2, 3, 1, 0]);
    }

    proptest! {
        #[test]
        fn all_are_tried_and_none_that_is_out_before_one_that_works(
            members in collection::vec((any::<bool>(), 0..9_u64), 0..9),
            spreads in any::<bool>(),
        ) {
            let balance = if spreads { Balance::LeastLoaded } else { Balance::Failover };
            let places = order(&members, balance);
            let mut sorted = places.clone();
            sorted.sort_unstable();
            prop_assert!(sorted.into_iter().eq(0..members.len()));
            prop_assert!(places.iter().map(|place| !members[*place].0).is_sorted());
        }
    }
}
