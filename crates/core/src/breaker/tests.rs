//! The breaker, by examples and against a model that remembers everything.

use proptest::{collection, prelude::*};

use super::{window::PARTS, *};

const WINDOW: Duration = Duration::from_secs(10);
const GOOD: Outcome = Outcome::Worked(Duration::ZERO);
const LATE: Outcome = Outcome::Worked(Duration::from_secs(3));

fn limits() -> BreakerLimits {
    BreakerLimits {
        failures: Some(3),
        successes: 1,
        error_rate: Some(0.5),
        slow: Some(Duration::from_secs(2)),
        slow_rate: 0.5,
        window: WINDOW,
        requests: 10,
    }
}

/// Sends one request, if it is let through, and tells what came of it.
fn send(breaker: &mut Breaker, outcome: Outcome, now: Instant) -> Option<Change> {
    let permit = breaker.ask(now)?;
    breaker.told(permit, outcome, now, 0.0)
}

fn opened(failures: u32, successes: u32, now: Instant) -> Breaker {
    let mut breaker = Breaker::new(BreakerLimits {
        failures: Some(failures),
        successes,
        ..limits()
    });
    for _ in 0..failures {
        send(&mut breaker, Outcome::Failed, now);
    }
    assert_eq!(breaker.state(now), BreakerState::Open);
    breaker
}

#[test]
fn failures_in_a_row_open_it_and_others_do_not() {
    let (mut breaker, now) = (Breaker::new(limits()), Instant::now());
    for _ in 0..4 {
        assert_eq!(send(&mut breaker, GOOD, now), None);
        assert_eq!(send(&mut breaker, Outcome::Failed, now), None);
    }
    assert_eq!(send(&mut breaker, Outcome::Failed, now), None);
    let change = send(&mut breaker, Outcome::Failed, now);
    assert_eq!(change, Some(Change::Opened(Cause::Failures)));
    assert!(breaker.ask(now).is_none());
}

#[test]
fn a_share_of_failures_opens_it_once_there_are_enough_requests() {
    let (mut breaker, now) = (Breaker::new(limits()), Instant::now());
    for _ in 0..4 {
        send(&mut breaker, GOOD, now);
        assert_eq!(send(&mut breaker, Outcome::Failed, now), None);
    }
    send(&mut breaker, GOOD, now);
    let change = send(&mut breaker, Outcome::Failed, now);
    assert_eq!(change, Some(Change::Opened(Cause::ErrorRate)));
}

#[test]
fn a_share_of_slow_answers_opens_it() {
    let (mut breaker, now) = (Breaker::new(limits()), Instant::now());
    for _ in 0..5 {
        assert_eq!(send(&mut breaker, GOOD, now), None);
    }
    for _ in 0..4 {
        assert_eq!(send(&mut breaker, LATE, now), None);
    }
    let change = send(&mut breaker, LATE, now);
    assert_eq!(change, Some(Change::Opened(Cause::Slow)));
}

#[test]
fn what_is_long_ago_counts_no_more() {
    let (mut breaker, now) = (Breaker::new(limits()), Instant::now());
    for _ in 0..4 {
        send(&mut breaker, GOOD, now);
        send(&mut breaker, Outcome::Failed, now);
    }
    let later = now + WINDOW;
    send(&mut breaker, GOOD, later);
    assert_eq!(send(&mut breaker, Outcome::Failed, later), None);
}

#[test]
fn a_probe_that_works_closes_it_and_a_slow_one_does_not() {
    let now = Instant::now();
    let mut breaker = opened(1, 2, now);
    let mut later = now + FIRST_REST;
    assert_eq!(breaker.state(later), BreakerState::HalfOpen);
    assert_eq!(send(&mut breaker, LATE, later), None);
    assert_eq!(breaker.state(later), BreakerState::Open);
    later += breaker.rest(later);
    assert_eq!(send(&mut breaker, GOOD, later), None);
    assert_eq!(send(&mut breaker, GOOD, later), Some(Change::Closed));
    assert_eq!(breaker.state(later), BreakerState::Closed);
}

#[test]
fn it_rests_longer_each_time_up_to_a_bound_and_chance_shortens_that() {
    let mut now = Instant::now();
    let mut breaker = opened(1, 1, now);
    let mut rests = Vec::new();
    for _ in 0..8 {
        rests.push(breaker.rest(now));
        now += breaker.rest(now);
        send(&mut breaker, Outcome::Failed, now);
    }
    assert!(rests.is_sorted(), "{rests:?}");
    assert_eq!((rests[0], rests[7]), (FIRST_REST, LONGEST_REST));
    now += breaker.rest(now);
    let permit = breaker.ask(now).unwrap();
    breaker.told(permit, Outcome::Failed, now, 1.0);
    assert_eq!(breaker.rest(now), LONGEST_REST.mul_f64(1.0 - JITTER));
}

#[test]
fn a_probe_that_cannot_tell_lets_another_try() {
    let now = Instant::now();
    let mut breaker = opened(1, 1, now);
    let later = now + FIRST_REST;
    let permit = breaker.ask(later).unwrap();
    assert!(breaker.ask(later).is_none());
    breaker.untold(permit);
    assert!(breaker.ask(later).is_some());
}

#[test]
fn whoever_was_let_through_before_it_opened_has_nothing_to_say() {
    let now = Instant::now();
    let mut breaker = Breaker::new(limits());
    let before: Vec<_> = (0..4).filter_map(|_| breaker.ask(now)).collect();
    let mut changes = 0;
    for permit in before {
        let change = breaker.told(permit, Outcome::Failed, now, 0.0);
        changes += usize::from(change.is_some());
    }
    assert_eq!((changes, breaker.rest(now)), (1, FIRST_REST));
    let late = opened(1, 1, now).ask(now + FIRST_REST).unwrap();
    assert_eq!(Breaker::new(limits()).told(late, GOOD, now, 0.0), None);
}

#[test]
fn a_forced_request_closes_it_when_it_works_and_costs_nothing_when_it_does_not() {
    let now = Instant::now();
    let mut breaker = opened(1, 1, now);
    let permit = breaker.force();
    assert_eq!(breaker.told(permit, Outcome::Failed, now, 0.0), None);
    assert_eq!(breaker.rest(now), FIRST_REST);
    let permit = breaker.force();
    assert_eq!(breaker.told(permit, GOOD, now, 0.0), Some(Change::Closed));
}

#[test]
fn without_limits_it_never_opens() {
    let off = BreakerLimits {
        failures: None,
        error_rate: None,
        slow: None,
        ..limits()
    };
    let (mut breaker, now) = (Breaker::new(off), Instant::now());
    for _ in 0..1000 {
        assert_eq!(send(&mut breaker, Outcome::Failed, now), None);
    }
}

/// What a breaker is, told as plainly as it goes: all outcomes are kept, and nothing is counted
/// before it is asked for.
struct Model {
    limits: BreakerLimits,
    start: Option<Instant>,
    /// Since it was last closed: the part of the window, whether it worked and was slow.
    outcomes: Vec<(u64, bool, bool)>,
    /// The rest and its end, and probes in a row that worked.
    open: Option<(Duration, Instant, u32)>,
}

impl Model {
    fn passes(&self, now: Instant) -> bool {
        self.open.is_none_or(|(_, until, _)| now >= until)
    }

    /// One request that is let through and answered at once.
    fn send(&mut self, outcome: Outcome, now: Instant) {
        let slow = matches!((outcome, self.limits.slow), (Outcome::Worked(took), Some(most)) if took > most);
        let works = outcome != Outcome::Failed;
        if let Some((rest, _, successes)) = self.open {
            if !works || slow {
                let rest = (rest * 2).min(LONGEST_REST);
                self.open = Some((rest, now + rest, 0));
            } else if successes + 1 == self.limits.successes {
                (self.open, self.start) = (None, None);
                self.outcomes.clear();
            } else {
                self.open = Some((rest, now, successes + 1));
            }
            return;
        }
        let part = self.limits.window.as_nanos() / PARTS as u128;
        let start = *self.start.get_or_insert(now);
        let place = u64::try_from((now - start).as_nanos() / part).unwrap();
        self.outcomes.push((place, works, slow));
        let recent = |it: &&(u64, bool, bool)| it.0 + PARTS as u64 > place;
        let recent: Vec<_> = self.outcomes.iter().filter(recent).collect();
        let share = |count: usize| count as f64 / recent.len() as f64;
        let failed = share(recent.iter().filter(|it| !it.1).count());
        let slowly = share(recent.iter().filter(|it| it.2).count());
        let in_a_row = self.outcomes.iter().rev().take_while(|it| !it.1).count();
        let enough = recent.len() >= self.limits.requests as usize;
        let opens = self
            .limits
            .failures
            .is_some_and(|most| in_a_row >= most as usize)
            || !works && enough && self.limits.error_rate.is_some_and(|rate| failed >= rate)
            || slow && enough && slowly >= self.limits.slow_rate;
        if opens {
            self.open = Some((FIRST_REST, now + FIRST_REST, 0));
        }
    }
}

fn outcome() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        4 => (0..4_000_u64).prop_map(|ms| Outcome::Worked(Duration::from_millis(ms))),
        3 => Just(Outcome::Failed),
    ]
}

fn any_limits() -> impl Strategy<Value = BreakerLimits> {
    let rows = (proptest::option::of(1..6_u32), 1..4_u32);
    let shares = (proptest::option::of(1..=4_u32), 1..=4_u32);
    let slow = proptest::option::of(500..3_000_u64);
    (rows, shares, slow, 1..20_u32, 1..20_u64).prop_map(
        |((failures, successes), (error_rate, slow_rate), slow, requests, window)| BreakerLimits {
            failures,
            successes,
            // Quarters have an exact form, so that both sides round alike.
            error_rate: error_rate.map(|quarters| f64::from(quarters) / 4.0),
            slow: slow.map(Duration::from_millis),
            slow_rate: f64::from(slow_rate) / 4.0,
            window: Duration::from_secs(window),
            requests,
        },
    )
}

proptest! {
    #[test]
    fn it_does_what_the_model_does(
        limits in any_limits(),
        steps in collection::vec((outcome(), 0..1_500_u64), 1..300),
    ) {
        let (mut breaker, mut now) = (Breaker::new(limits), Instant::now());
        let mut model = Model { limits, start: None, outcomes: Vec::new(), open: None };
        for (outcome, later) in steps {
            now += Duration::from_millis(later);
            prop_assert_eq!(breaker.lets_pass(now), model.passes(now));
            prop_assert_eq!(breaker.is_closed(), model.open.is_none());
            let Some(permit) = breaker.ask(now) else { continue };
            if !breaker.is_closed() {
                prop_assert!(breaker.ask(now).is_none(), "two probes at once");
            }
            breaker.told(permit, outcome, now, 0.0);
            model.send(outcome, now);
        }
    }

    #[test]
    fn however_late_outcomes_come_there_is_one_probe_and_it_recovers(
        limits in any_limits(),
        steps in collection::vec((0..5_u8, outcome(), 0..2_000_u64, 0.0..1.0), 1..300),
    ) {
        let (mut breaker, mut now) = (Breaker::new(limits), Instant::now());
        let mut waiting: Vec<Permit> = Vec::new();
        for (what, outcome, later, chance) in steps {
            now += Duration::from_millis(later);
            if what < 3 {
                waiting.extend(breaker.ask(now));
            } else if !waiting.is_empty() {
                let permit = waiting.swap_remove(waiting.len() / 2);
                if what == 3 {
                    breaker.told(permit, outcome, now, chance);
                } else {
                    breaker.untold(permit);
                }
            }
            let probes = waiting.iter().filter(|permit| {
                permit.kind == Kind::Probe && permit.generation == breaker.generation
            });
            prop_assert!(probes.count() <= 1);
            prop_assert!(breaker.rest(now) <= LONGEST_REST);
        }
        // From whatever state: what works from here on is used again.
        for permit in waiting {
            breaker.untold(permit);
        }
        for _ in 0..limits.successes {
            now += LONGEST_REST;
            if !breaker.is_closed() {
                let permit = breaker.ask(now).unwrap();
                breaker.told(permit, GOOD, now, 0.5);
            }
        }
        prop_assert!(breaker.is_closed());
    }
}
