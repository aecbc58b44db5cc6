use proptest::{collection, prelude::*};

use super::*;
use crate::SecretKey;

thread_local! {
    static KEYS: Vec<PublicKey> = (0..8).map(|it| SecretKey::from_bytes([it; 32]).public()).collect();
}

fn key(number: u8) -> PublicKey {
    KEYS.with(|keys| keys[usize::from(number)])
}

fn lines(rate: f64, now: Instant) -> Lines {
    Lines {
        rate: Some(rate),
        ..Lines::new(now)
    }
}

/// Streams of peers that always have `piece` bytes to pass, for `seconds`; what each peer got.
fn greedy(rate: f64, streams: &[(u8, u64)], seconds: u64) -> HashMap<u8, u64> {
    let start = Instant::now();
    let mut lines = lines(rate, start);
    let mut got: HashMap<u8, u64> = HashMap::new();
    let mut waiting: Vec<Option<Ticket>> = vec![None; streams.len()];
    for millisecond in 0..seconds * 1000 {
        let now = start + Duration::from_millis(millisecond);
        let mut moved = true;
        while std::mem::take(&mut moved) {
            for (place, (peer, piece)) in waiting.iter_mut().zip(streams) {
                let paid = match *place {
                    Some(ticket) => lines.turn(ticket, now) == Turn::Paid,
                    None => {
                        *place = lines.owe(key(*peer), *piece, now);
                        place.is_none()
                    }
                };
                if paid {
                    *place = None;
                    *got.entry(*peer).or_default() += piece;
                    moved = true;
                }
            }
        }
    }
    got
}

#[test]
fn a_peer_with_many_streams_gets_no_more_than_one_with_one() {
    let mut streams = vec![(1, 16_384); 50];
    streams.push((2, 16_384));
    let got = greedy(1_000_000.0, &streams, 10);
    let (many, one) = (got[&1], got[&2]);
    assert!(many + one <= 10_200_000, "{got:?}");
    assert!(many + one >= 9_700_000, "{got:?}");
    assert!(many.abs_diff(one) < 600_000, "{got:?}");
}

#[test]
fn what_one_leaves_over_goes_to_the_others() {
    // One moves little pieces, another as much as it can.
    let got = greedy(1_000_000.0, &[(1, 64 * 1024), (2, 64 * 1024)], 5);
    assert!(got[&1].abs_diff(got[&2]) <= 128 * 1024, "{got:?}");
    let alone = greedy(1_000_000.0, &[(1, 64 * 1024)], 5);
    assert!(alone[&1] >= 4_900_000, "{alone:?}");
}

#[test]
fn without_a_rate_nothing_waits() {
    let now = Instant::now();
    let mut lines = Lines::new(now);
    assert_eq!(lines.owe(key(1), u64::MAX, now), None);
    assert_eq!(lines.owe(key(1), u64::MAX, now), None);
}

#[tokio::test(start_paused = true)]
async fn a_stream_takes_the_time_that_the_rate_says_and_a_new_rate_holds_at_once() {
    let throttle = Throttle::new(Some(100_000));
    let mut pace = Pace::new(key(1), throttle.clone());
    let started = Instant::now();
    for _ in 0..100 {
        pace.owe(10_000);
        std::future::poll_fn(|context| pace.poll_paid(context)).await;
    }
    let took = started.elapsed().as_secs_f64();
    assert!((9.0..10.5).contains(&took), "{took} s for 10 s worth");

    pace.owe(100_000_000);
    std::future::poll_fn(|context| pace.poll_paid(context)).await;
    pace.owe(1);
    let mut waiting = Box::pin(std::future::poll_fn(|context| pace.poll_paid(context)));
    assert!(futures_util::poll!(&mut waiting).is_pending());
    throttle.set(None);
    waiting.await;
    assert!(started.elapsed().as_secs_f64() < 20.0);
}

#[tokio::test(start_paused = true)]
async fn one_that_leaves_the_line_holds_nobody_up() {
    let throttle = Throttle::new(Some(100_000));
    let pace = |peer| {
        let mut pace = Pace::new(key(peer), throttle.clone());
        pace.owe(50_000);
        pace
    };
    // Debts for a second and more.
    for _ in 0..2 {
        let mut first = pace(0);
        std::future::poll_fn(|context| first.poll_paid(context)).await;
    }
    let (mut leaver, mut stayer) = (pace(1), pace(2));
    assert!(futures_util::poll!(std::future::poll_fn(|it| leaver.poll_paid(it))).is_pending());
    let staying = std::future::poll_fn(|context| stayer.poll_paid(context));
    let leaving = async {
        tokio::task::yield_now().await;
        drop(leaver);
    };
    tokio::join!(staying, leaving);
    assert!(throttle.lock().lines.queue.is_empty());
    assert!(throttle.lock().wakers.is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn never_more_than_the_rate_and_each_peer_its_part(
        rate in 100_000..10_000_000_u32,
        // Turns are shared and timers have a grain, so whoever takes little at each turn has less.
        pieces in collection::vec((0..4_u8, 16_384..65_536_u64), 1..30),
    ) {
        let rate = f64::from(rate);
        let got = greedy(rate, &pieces, 3);
        let all: u64 = got.values().sum();
        let biggest = pieces.iter().map(|(_, piece)| *piece).max().unwrap_or_default();
        let slack = Duration::from_secs(biggest).as_secs_f64() + LEAST_BURST + rate * 0.2;
        let all = Duration::from_secs(all).as_secs_f64();
        prop_assert!(all <= rate * 3.0 + slack, "{all} of {rate}");
        let part = rate * 3.0 / f64::from(u32::try_from(got.len()).unwrap());
        for (_, bytes) in got {
            let bytes = Duration::from_secs(bytes).as_secs_f64();
            // A peer's turn is late by at most a piece of each stream of all others.
            prop_assert!(bytes + 4.0 * slack >= part, "{bytes} of {part}");
        }
    }
}
