//! A circuit breaker for one place that requests go to: a backend, or a peer; pure.
//!
//! Closed, everything passes. Failures in a row, too large a share of failures, or too large a share
//! of slow answers open it, and then nothing passes for a rest that doubles each time. After the
//! rest it is half-open: exactly one request at a time, the probe, tells whether the place is back.
//! The time and what chance decides are arguments; whoever got a [`Permit`] tells what came of it,
//! and tells only what is the place's own fault or merit.

mod window;

#[cfg(test)]
mod tests;

use std::time::Duration;

use malai_api::BreakerState;
use tokio::time::Instant;

pub(crate) use self::window::Window;
use crate::config::BreakerConfig;

/// How long nothing passes after it has opened.
pub(crate) const FIRST_REST: Duration = Duration::from_millis(500);
/// The longest that nothing passes, so that a place is used soon after it is back.
pub(crate) const LONGEST_REST: Duration = Duration::from_secs(10);
/// The share of a rest that chance may take off it, so that many breakers do not probe together.
const JITTER: f64 = 0.2;

/// When a breaker opens, and when it closes again.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct BreakerLimits {
    /// Failures in a row that open it; at least 1, and any number when missing.
    pub(crate) failures: Option<u32>,
    /// Probes in a row that have to work before it closes; at least 1.
    pub(crate) successes: u32,
    /// The share of requests that fail which opens it, above 0 and up to 1; any when missing.
    pub(crate) error_rate: Option<f64>,
    /// An answer that takes longer is slow; none is when missing.
    pub(crate) slow: Option<Duration>,
    /// The share of requests with slow answers that opens it, above 0 and up to 1.
    pub(crate) slow_rate: f64,
    /// Shares are of the requests of this last time.
    pub(crate) window: Duration,
    /// Requests in that time before a share means anything; at least 1.
    pub(crate) requests: u32,
}

impl From<&BreakerConfig> for BreakerLimits {
    /// One probe that works is enough.
    fn from(config: &BreakerConfig) -> Self {
        Self {
            failures: config.active.then_some(config.failures),
            successes: 1,
            error_rate: config.active.then_some(config.error_rate),
            slow: config.slow.filter(|_| config.active),
            slow_rate: config.slow_rate,
            window: config.window,
            requests: config.requests,
        }
    }
}

/// The right to send one request; ends by [`Breaker::told`] or [`Breaker::untold`].
#[derive(Debug)]
#[must_use]
pub(crate) struct Permit {
    kind: Kind,
    generation: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Usual,
    Probe,
    Forced,
}

/// What came of a request, as far as the place has to do with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It was answered, after as long as this.
    Worked(Duration),
    /// It was not, and that is the place's fault.
    Failed,
}

/// What an outcome has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    /// Nothing passes from here on, because of this.
    Opened(Cause),
    /// Everything passes again.
    Closed,
}

/// Why a breaker has opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cause {
    /// Failures in a row.
    Failures,
    /// The share of failures.
    ErrorRate,
    /// The share of slow answers.
    Slow,
}

/// The breaker of one place.
#[derive(Debug, Clone)]
pub(crate) struct Breaker {
    limits: BreakerLimits,
    /// In a row, while it is closed.
    failures: u32,
    recent: Window<3>,
    open: Option<Open>,
    /// Grows whenever it opens or closes: who was let through before has nothing to say after.
    generation: u64,
}

#[derive(Debug, Clone, Copy)]
struct Open {
    /// Before chance takes its share.
    rest: Duration,
    until: Instant,
    is_probed: bool,
    /// Probes that worked, in a row.
    successes: u32,
}

/// What is counted in the window.
const ALL: usize = 0;
const FAILED: usize = 1;
const SLOW: usize = 2;

impl Breaker {
    pub(crate) fn new(limits: BreakerLimits) -> Self {
        Self {
            limits,
            failures: 0,
            recent: Window::new(limits.window),
            open: None,
            generation: 0,
        }
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.open.is_none()
    }

    pub(crate) fn state(&self, now: Instant) -> BreakerState {
        match self.open {
            None => BreakerState::Closed,
            Some(open) if open.is_probed || now >= open.until => BreakerState::HalfOpen,
            Some(_) => BreakerState::Open,
        }
    }

    /// How long from `now` until a request may pass; nothing when one may.
    pub(crate) fn rest(&self, now: Instant) -> Duration {
        let until = self.open.map(|open| open.until);
        until.map_or(Duration::ZERO, |until| until.saturating_duration_since(now))
    }

    /// Whether [`Self::ask`] would let a request pass at `now`.
    pub(crate) fn lets_pass(&self, now: Instant) -> bool {
        self.open
            .is_none_or(|open| !open.is_probed && now >= open.until)
    }

    /// Lets a request pass at `now`, or not.
    pub(crate) fn ask(&mut self, now: Instant) -> Option<Permit> {
        if !self.lets_pass(now) {
            return None;
        }
        let kind = match &mut self.open {
            None => Kind::Usual,
            Some(open) => {
                open.is_probed = true;
                Kind::Probe
            }
        };
        Some(self.permit(kind))
    }

    /// Lets a request pass in any case, where there is nothing to lose: that it works counts like a
    /// probe that does, and that it fails makes no rest longer.
    pub(crate) fn force(&self) -> Permit {
        self.permit(Kind::Forced)
    }

    fn permit(&self, kind: Kind) -> Permit {
        Permit {
            kind,
            generation: self.generation,
        }
    }

    /// Takes in what came of a request at `now`; `chance`, from 0 to 1, shortens a rest.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "a permit ends with what is told of it"
    )]
    pub(crate) fn told(
        &mut self,
        permit: Permit,
        outcome: Outcome,
        now: Instant,
        chance: f64,
    ) -> Option<Change> {
        let Permit { kind, generation } = permit;
        if kind != Kind::Forced && generation != self.generation {
            return None;
        }
        let is_slow = matches!((outcome, self.limits.slow), (Outcome::Worked(took), Some(limit)) if took > limit);
        let works = outcome != Outcome::Failed;
        let Some(open) = &mut self.open else {
            let cause = self.count(works, is_slow, now)?;
            self.enter(Some(Open {
                rest: FIRST_REST,
                until: now + shortened(FIRST_REST, chance),
                is_probed: false,
                successes: 0,
            }));
            return Some(Change::Opened(cause));
        };
        if kind == Kind::Probe {
            open.is_probed = false;
        }
        if works && !is_slow {
            open.successes += 1;
            if open.successes >= self.limits.successes {
                self.enter(None);
                return Some(Change::Closed);
            }
            return None;
        }
        open.successes = 0;
        if kind == Kind::Probe {
            open.rest = (open.rest * 2).min(LONGEST_REST);
            open.until = now + shortened(open.rest, chance);
        }
        None
    }

    /// Whoever had `permit` cannot tell what came of it: another request may be the probe.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "a permit ends with what is told of it"
    )]
    pub(crate) fn untold(&mut self, permit: Permit) {
        let Permit { kind, generation } = permit;
        if let Some(open) = &mut self.open
            && kind == Kind::Probe
            && generation == self.generation
        {
            open.is_probed = false;
        }
    }

    /// Counts one outcome while closed; tells whether that is too much.
    fn count(&mut self, works: bool, is_slow: bool, now: Instant) -> Option<Cause> {
        self.failures = if works {
            0
        } else {
            self.failures.saturating_add(1)
        };
        self.recent.add(now, ALL);
        if !works {
            self.recent.add(now, FAILED);
        }
        if is_slow {
            self.recent.add(now, SLOW);
        }
        let limits = &self.limits;
        if !works && limits.failures.is_some_and(|most| self.failures >= most) {
            return Some(Cause::Failures);
        }
        let [all, failed, slow] = self.recent.sums(now);
        if all < limits.requests {
            return None;
        }
        let is_reached = |part: u32, share: f64| f64::from(part) >= share * f64::from(all);
        if !works
            && limits
                .error_rate
                .is_some_and(|rate| is_reached(failed, rate))
        {
            return Some(Cause::ErrorRate);
        }
        (is_slow && is_reached(slow, limits.slow_rate)).then_some(Cause::Slow)
    }

    /// Opens or closes it, with nothing left of what was counted before.
    fn enter(&mut self, open: Option<Open>) {
        self.open = open;
        self.failures = 0;
        self.recent = Window::new(self.limits.window);
        self.generation += 1;
    }
}

fn shortened(rest: Duration, chance: f64) -> Duration {
    rest.mul_f64(1.0 - JITTER * chance.clamp(0.0, 1.0))
}
