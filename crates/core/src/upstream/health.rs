//! Whether a backend is used, as its checks and its traffic tell; pure, the time is an argument.
//!
//! Two breakers: that of the checks opens and closes by their results alone, and that of the traffic
//! by what comes of requests. A backend is used while neither is open. One that only refuses
//! connections, or that answers although with failures of its own, may be tried even so where there
//! is no other: that costs nothing, and a server that was just started is not kept waiting.

use std::time::Duration;

use malai_api::BreakerState;
use tokio::time::Instant;

use crate::{
    breaker::{Breaker, BreakerLimits, Change, Outcome, Permit},
    config::{BreakerConfig, HealthConfig},
};

/// What is known of one backend.
#[derive(Debug, Clone)]
pub(crate) struct Health {
    traffic: Breaker,
    checks: Option<Breaker>,
    /// Whether trying it costs nothing, by the way it failed last.
    is_harmless: bool,
}

/// What came of a request, as far as the backend has to do with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trial {
    /// It was answered, after as long as this.
    Worked(Duration),
    /// The backend answers that it, or what is behind it, does not work: 502, 503 or 504.
    Unwell,
    /// Nothing takes connections there.
    Refused,
    /// It took the request and broke off, or it took too long.
    Failed,
}

impl Health {
    pub(crate) fn new(breaker: &BreakerConfig, checks: Option<&HealthConfig>) -> Self {
        Self {
            traffic: Breaker::new(breaker.into()),
            checks: checks.map(|checks| Breaker::new(of_checks(checks))),
            is_harmless: true,
        }
    }

    /// Whether it works, as far as is known.
    pub(crate) fn is_up(&self) -> bool {
        self.is_checked_well() && self.traffic.is_closed()
    }

    /// What its traffic has made of it.
    pub(crate) fn state(&self, now: Instant) -> BreakerState {
        self.traffic.state(now)
    }

    /// How long it is left alone from `now` on because of its traffic.
    pub(crate) fn rest(&self, now: Instant) -> Duration {
        self.traffic.rest(now)
    }

    /// Whether its checks find that it works; without any they do.
    pub(crate) fn is_checked_well(&self) -> bool {
        self.checks.as_ref().is_none_or(Breaker::is_closed)
    }

    /// Whether a request may go there at `now`.
    pub(crate) fn lets_pass(&self, now: Instant) -> bool {
        self.is_checked_well() && self.traffic.lets_pass(now)
    }

    /// The same, where there is no other to go to.
    pub(crate) fn may_be_tried(&self) -> bool {
        self.is_checked_well() && (self.traffic.is_closed() || self.is_harmless)
    }

    /// Lets a request go there at `now`, or not.
    pub(crate) fn ask(&mut self, now: Instant) -> Option<Permit> {
        self.is_checked_well().then(|| self.traffic.ask(now))?
    }

    /// The same, where there is no other to go to.
    pub(crate) fn try_anyway(&self) -> Option<Permit> {
        self.may_be_tried().then(|| self.traffic.force())
    }

    /// Takes in what came of a request; tells whether that takes the backend out or brings it back.
    pub(crate) fn told(
        &mut self,
        permit: Permit,
        trial: Trial,
        now: Instant,
        chance: f64,
    ) -> Option<Change> {
        let outcome = match trial {
            Trial::Worked(took) => Outcome::Worked(took),
            Trial::Unwell | Trial::Refused | Trial::Failed => Outcome::Failed,
        };
        // What is too slow is not harmless either.
        self.is_harmless = matches!(trial, Trial::Unwell | Trial::Refused);
        self.traffic.told(permit, outcome, now, chance)
    }

    /// Whoever had `permit` cannot tell what came of it.
    pub(crate) fn untold(&mut self, permit: Permit) {
        self.traffic.untold(permit);
    }

    /// Takes in a check; tells whether that takes the backend out or brings it back.
    pub(crate) fn checked(&mut self, works: bool, now: Instant, chance: f64) -> Option<Change> {
        let was_up = self.is_up();
        let outcome = if works {
            Outcome::Worked(Duration::ZERO)
        } else {
            Outcome::Failed
        };
        let mut change = None;
        if let Some(checks) = &mut self.checks {
            let permit = checks.force();
            change = checks.told(permit, outcome, now, chance);
        }
        // Where nobody asks for anything a check is the probe as well.
        if works && !self.traffic.is_closed() {
            let permit = match self.traffic.ask(now) {
                None if self.is_harmless => Some(self.traffic.force()),
                permit => permit,
            };
            if let Some(permit) = permit {
                self.traffic.told(permit, outcome, now, chance);
            }
        }
        match (was_up, self.is_up()) {
            (false, true) => Some(Change::Closed),
            (true, false) => change,
            (true, true) | (false, false) => None,
        }
    }
}

/// Checks are too few for shares.
fn of_checks(config: &HealthConfig) -> BreakerLimits {
    BreakerLimits {
        failures: Some(config.fall),
        successes: config.rise,
        error_rate: None,
        slow: None,
        slow_rate: 1.0,
        window: config.every,
        requests: u32::MAX,
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection, prelude::*};

    use super::*;
    use crate::breaker::{FIRST_REST, LONGEST_REST};

    fn health(failures: u32, checks: Option<(u32, u32)>) -> Health {
        let breaker = BreakerConfig {
            failures,
            ..BreakerConfig::default()
        };
        let checks = checks.map(|(fall, rise)| HealthConfig {
            fall,
            rise,
            ..HealthConfig::default()
        });
        Health::new(&breaker, checks.as_ref())
    }

    fn send(health: &mut Health, trial: Trial, now: Instant) -> Option<Change> {
        let permit = health.ask(now)?;
        health.told(permit, trial, now, 0.0)
    }

    #[test]
    fn some_checks_in_a_row_take_it_out_and_some_bring_it_back() {
        let (mut health, now) = (health(5, Some((3, 2))), Instant::now());
        let mut check = |works| (health.checked(works, now, 0.0), health.is_up());
        for works in [false, false, true, false, false] {
            assert_eq!(check(works), (None, true));
        }
        assert!(matches!(check(false), (Some(Change::Opened(_)), false)));
        for works in [true, false, true] {
            assert_eq!(check(works), (None, false));
        }
        assert_eq!(check(true), (Some(Change::Closed), true));
    }

    #[test]
    fn what_its_checks_have_taken_out_gets_no_request_at_all() {
        let (mut health, now) = (health(5, Some((1, 1))), Instant::now());
        health.checked(false, now, 0.0);
        assert!(health.ask(now + LONGEST_REST).is_none());
        assert!(health.try_anyway().is_none());
    }

    #[test]
    fn what_refuses_or_answers_may_be_tried_anyway_and_what_hangs_may_not() {
        let now = Instant::now();
        for (trial, may) in [
            (Trial::Refused, true),
            (Trial::Unwell, true),
            (Trial::Failed, false),
        ] {
            let mut health = health(1, None);
            send(&mut health, trial, now);
            assert!(health.ask(now).is_none());
            assert_eq!(health.try_anyway().is_some(), may, "{trial:?}");
            if let Some(permit) = health.try_anyway() {
                let change = health.told(permit, Trial::Worked(Duration::ZERO), now, 0.0);
                assert_eq!(change, Some(Change::Closed));
            }
        }
    }

    #[test]
    fn a_check_that_works_is_the_probe_where_nobody_asks() {
        let (mut health, now) = (health(1, Some((3, 2))), Instant::now());
        send(&mut health, Trial::Failed, now);
        assert_eq!(health.checked(true, now, 0.0), None);
        let later = now + FIRST_REST;
        assert_eq!(health.checked(true, later, 0.0), Some(Change::Closed));
    }

    #[test]
    fn a_breaker_that_is_off_never_takes_it_out() {
        let off = BreakerConfig {
            active: false,
            slow: Some(Duration::ZERO),
            ..BreakerConfig::default()
        };
        let (mut health, now) = (Health::new(&off, None), Instant::now());
        for _ in 0..100 {
            send(&mut health, Trial::Failed, now);
            send(&mut health, Trial::Worked(Duration::from_secs(9)), now);
        }
        assert!(health.is_up());
    }

    fn trial() -> impl Strategy<Value = Trial> {
        prop_oneof![
            (0..100_u64).prop_map(|ms| Trial::Worked(Duration::from_millis(ms))),
            Just(Trial::Unwell),
            Just(Trial::Refused),
            Just(Trial::Failed),
        ]
    }

    proptest! {
        #[test]
        fn what_works_from_here_on_is_used_again(
            steps in collection::vec((any::<bool>(), trial(), 0..3_000_u64), 1..200),
            failures in 1..5_u32,
            checks in proptest::option::of((1..5_u32, 1..5_u32)),
        ) {
            let (mut health, mut now) = (health(failures, checks), Instant::now());
            for (is_check, trial, later) in steps {
                now += Duration::from_millis(later);
                if is_check && checks.is_some() {
                    health.checked(matches!(trial, Trial::Worked(_)), now, 0.5);
                } else {
                    send(&mut health, trial, now);
                }
                prop_assert!(health.is_up() <= health.lets_pass(now));
            }
            for _ in 0..checks.map_or(0, |(_, rise)| rise) {
                health.checked(true, now, 0.5);
            }
            now += LONGEST_REST;
            send(&mut health, Trial::Worked(Duration::ZERO), now);
            prop_assert!(health.is_up());
        }
    }
}
