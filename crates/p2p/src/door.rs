//! Who may begin a handshake, decided before anything of it is computed or kept.
//!
//! A handshake costs a signature and a key exchange, so each address gets so many a second, and all
//! together so many. Where there are many at once an address has to prove first that it is one (a
//! QUIC Retry, which keeps nothing here): whoever invents addresses uses up only invented ones.

use std::{
    net::IpAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use iroh::endpoint::{Incoming, IncomingAddr};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::Instant,
};

use crate::{Rates, node::Limits};

/// Handshakes of one address a second and at once: a reload of many programs behind one router.
const OF_ONE: (u32, u32) = (32, 64);
/// Handshakes of all addresses a second and at once: about a fifth of one core.
const OF_ALL: (u32, u32) = (256, 512);
/// With this part of all handshakes under way, addresses have to be proven.
const BUSY_PART: usize = 8;

/// Decides who may begin a handshake.
#[derive(Debug)]
pub(crate) struct Door {
    places: Arc<Semaphore>,
    most: usize,
    rates: Mutex<DoorRates>,
    pub(crate) turned_away: Counted,
}

/// What was turned away, by what.
#[derive(Debug, Default)]
pub(crate) struct Counted {
    pub(crate) handshakes: AtomicU64,
    pub(crate) strangers: AtomicU64,
    pub(crate) streams: AtomicU64,
}

/// What was turned away before anything was asked about it; for metrics.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TurnedAway {
    /// Handshakes that did not begin.
    pub handshakes: u64,
    /// Connections of keys that may use nothing here.
    pub strangers: u64,
    /// Streams.
    pub streams: u64,
}

impl Counted {
    pub(crate) fn reading(&self) -> TurnedAway {
        TurnedAway {
            handshakes: self.handshakes.load(Ordering::Relaxed),
            strangers: self.strangers.load(Ordering::Relaxed),
            streams: self.streams.load(Ordering::Relaxed),
        }
    }
}

/// Adds one to `count`.
pub(crate) fn count(count: &AtomicU64) {
    count.fetch_add(1, Ordering::Relaxed);
}

#[derive(Debug)]
struct DoorRates {
    /// Of an address and whether it is proven, so that nobody uses up the rate of another.
    of_one: Rates<(Source, bool)>,
    of_all: Rates<()>,
}

/// Where a handshake comes from: an address, a network of IPv6, or a key behind a relay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Source {
    V4([u8; 4]),
    V6([u8; 8]),
    Relayed([u8; 32]),
    Other,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    ComeIn,
    /// Has to prove its address.
    Prove,
    GoAway,
}

impl Door {
    pub(crate) fn new(limits: &Limits) -> Self {
        let (of_one, of_all) = (OF_ONE, OF_ALL);
        Self {
            places: Arc::new(Semaphore::new(limits.handshakes)),
            most: limits.handshakes,
            rates: Mutex::new(DoorRates {
                of_one: Rates::new(of_one.0, Some(of_one.1)),
                of_all: Rates::new(of_all.0, Some(of_all.1)),
            }),
            turned_away: Counted::default(),
        }
    }

    /// The handshake that may begin, for as long as the permit lives; others have been answered.
    pub(crate) fn knock(&self, incoming: Incoming) -> Option<(Incoming, OwnedSemaphorePermit)> {
        let source = Source::of(&incoming.remote_addr());
        let is_proven = incoming.remote_addr_validated();
        match self.answer(source, is_proven, Instant::now()) {
            Answer::ComeIn => {
                if let Ok(permit) = Arc::clone(&self.places).try_acquire_owned() {
                    return Some((incoming, permit));
                }
                incoming.refuse();
            }
            Answer::Prove => {
                if let Err(error) = incoming.retry() {
                    tracing::debug!(%error, "an address could not be asked for a proof");
                }
                return None;
            }
            Answer::GoAway => incoming.refuse(),
        }
        count(&self.turned_away.handshakes);
        None
    }

    fn answer(&self, source: Source, is_proven: bool, now: Instant) -> Answer {
        let under_way = self.most.saturating_sub(self.places.available_permits());
        let is_busy = under_way >= self.most.div_ceil(BUSY_PART);
        if is_busy && !is_proven {
            return Answer::Prove;
        }
        let mut rates = self.rates.lock().unwrap_or_else(PoisonError::into_inner);
        let may = rates.of_one.take(&(source, is_proven), now);
        match may.and_then(|()| rates.of_all.take(&(), now)) {
            Ok(()) => Answer::ComeIn,
            Err(_) if is_proven => Answer::GoAway,
            Err(_) => Answer::Prove,
        }
    }
}

impl Source {
    fn of(address: &IncomingAddr) -> Self {
        match address {
            IncomingAddr::Ip(address) => match address.ip().to_canonical() {
                IpAddr::V4(ip) => Self::V4(ip.octets()),
                // Whoever has one address of a network has all of it.
                IpAddr::V6(ip) => match ip.octets() {
                    [a, b, c, d, e, f, g, h, ..] => Self::V6([a, b, c, d, e, f, g, h]),
                },
            },
            IncomingAddr::Relay { endpoint_id, .. } => Self::Relayed(*endpoint_id.as_bytes()),
            IncomingAddr::Custom(_) | _ => Self::Other,
        }
    }
}

/// Whether a stranger's connection is turned away while there are `strangers` others of at most
/// `most`: none of the first half, then more and more at random, so that a flood hits itself more
/// often than the one who comes in between (as `MaxStartups` of OpenSSH). `dice` is from 0 to 1.
pub(crate) fn is_turned_away(strangers: usize, most: usize, dice: f64) -> bool {
    let half = most.div_ceil(2);
    if strangers < half {
        return false;
    }
    let over = u32::try_from(strangers - half).unwrap_or(u32::MAX);
    let room = u32::try_from(most - half).unwrap_or(u32::MAX);
    strangers >= most || dice < f64::from(over) / f64::from(room)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;

    fn source(number: u32) -> Source {
        Source::V4(number.to_be_bytes())
    }

    #[test]
    fn an_address_has_its_rate_and_its_impostors_do_not_use_it_up() {
        let (door, now) = (Door::new(&Limits::default()), Instant::now());
        let answers = |is_proven| (0..200).map(move |_| is_proven);
        let come_in = |is_proven| {
            let answers = answers(is_proven).map(|proven| door.answer(source(1), proven, now));
            answers.filter(|it| *it == Answer::ComeIn).count()
        };
        assert_eq!(come_in(false), 64);
        assert_eq!(door.answer(source(1), false, now), Answer::Prove);
        assert_eq!(come_in(true), 64);
        assert_eq!(door.answer(source(1), true, now), Answer::GoAway);
        assert_eq!(door.answer(source(2), false, now), Answer::ComeIn);
        let later = now + Duration::from_secs(1);
        assert_eq!(door.answer(source(1), true, later), Answer::ComeIn);
    }

    #[test]
    fn all_together_have_a_rate_too() {
        let (door, now) = (Door::new(&Limits::default()), Instant::now());
        let answers = (0..10_000).map(|number| door.answer(source(number), true, now));
        assert_eq!(answers.filter(|it| *it == Answer::ComeIn).count(), 512);
    }

    #[tokio::test]
    async fn while_many_are_under_way_an_address_has_to_be_proven() {
        let (door, now) = (Door::new(&Limits::default()), Instant::now());
        let places = Arc::clone(&door.places).acquire_many_owned(32).await;
        assert_eq!(door.answer(source(1), false, now), Answer::Prove);
        assert_eq!(door.answer(source(1), true, now), Answer::ComeIn);
        drop(places);
        assert_eq!(door.answer(source(1), false, now), Answer::ComeIn);
    }

    proptest! {
        #[test]
        fn strangers_are_turned_away_more_often_the_more_there_are(
            most in 1..2000_usize,
            strangers in 0..2100_usize,
            dice in 0.0..1.0,
        ) {
            let now = is_turned_away(strangers, most, dice);
            prop_assert!(!now || is_turned_away(strangers + 1, most, dice));
            prop_assert!(strangers < most || now);
            prop_assert!(strangers >= most.div_ceil(2) || !now);
        }
    }
}
