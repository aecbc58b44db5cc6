//! The members of one bridge: the places that it may lead to, and which of them is next.
//!
//! What a member is and how it stands is all here, and whoever carries traffic only asks for places
//! in the list. So a list that comes from elsewhere and changes, such as a signed list of machines
//! behind one name, makes another value of this: members that stay are the same `Arc`, with all
//! that is known of them.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use malai_api::MemberState;
use tokio::{sync::watch, time::Instant};

use super::member::{Member, MemberReport};
use crate::{
    breaker::BreakerLimits,
    config::{Balance, BridgeConfig, BridgeTarget},
    peers::Peers,
    retries::Retries,
};

/// How long one of several members may take to take a stream before the next is tried: relayed
/// dials may take longer, and go on meanwhile.
const FAILOVER_WAIT: Duration = Duration::from_secs(1);

/// Which members there are, and which is next.
#[derive(Debug)]
pub(super) struct Members {
    list: Vec<Arc<Member>>,
    balance: Balance,
    /// How long each is waited for.
    pub(super) wait: Duration,
    retries: Retries,
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

impl Members {
    pub(super) fn new(peers: &Peers, config: &BridgeConfig) -> Self {
        let targets = config.to.iter();
        let limits = BreakerLimits::from(&config.breaker);
        let member = |target: &BridgeTarget| Arc::new(Member::new(peers, target.clone(), limits));
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
            retries: Retries::new(config.retry),
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
        self.places(Member::takes)
    }

    /// All of them, those first that are `usable`.
    fn places(&self, usable: impl Fn(&Member) -> bool) -> Vec<usize> {
        let members = self.list.iter();
        let seen = members.map(|member| (usable(member), member.load()));
        order(&seen.collect::<Vec<_>>(), self.balance)
    }

    /// A request or connection begins.
    pub(super) fn begin(&self, now: Instant) {
        self.retries.request(now);
        if self.are_several() {
            self.used.send_replace(now);
        }
    }

    /// Whether a request that may have been carried out may be sent once more; counts it then.
    pub(super) fn may_repeat(&self) -> bool {
        self.retries.take()
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
        // One that is only to be tried by the next request is not in use for that.
        let first = self.places(Member::works).first().copied();
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
