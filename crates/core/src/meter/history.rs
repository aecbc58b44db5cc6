//! The last minutes of what was counted, as differences of the counts; pure.

use std::collections::VecDeque;

use malai_api::Recent;

use super::{LATENCIES_MS, quantile};

/// The length of one step, in seconds.
pub(super) const STEP_SECS: u64 = 5;

/// Steps that are shown: five minutes.
const STEPS: u64 = 60;

/// Counts as they were at the end of each step in which something was counted.
#[derive(Debug, Default)]
pub(super) struct History {
    ended: VecDeque<(u64, Totals)>,
}

/// What is kept of the counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Totals {
    pub(super) requests: u64,
    pub(super) failures: u64,
    pub(super) bytes: u64,
    pub(super) latencies: [u64; LATENCIES_MS.len() + 1],
}

impl History {
    /// `step`, and all before the present one, ended with these counts.
    pub(super) fn end(&mut self, step: u64, totals: Totals) {
        if self.ended.back().is_some_and(|(_, last)| *last == totals) {
            return;
        }
        self.ended.push_back((step, totals));
        // One more than is shown, for the difference to it.
        while u64::try_from(self.ended.len()).is_ok_and(|length| length > STEPS + 1) {
            self.ended.pop_front();
        }
    }

    /// The steps before `now`; nothing when nothing went through in them.
    pub(super) fn recent(&self, now: u64) -> Option<Recent> {
        let first = now.saturating_sub(STEPS);
        let mut recent = Recent {
            step_secs: STEP_SECS,
            ..Recent::default()
        };
        let mut ended = self.ended.iter().peekable();
        let mut before = Totals::default();
        while let Some((_, totals)) = ended.next_if(|(step, _)| *step < first) {
            before = *totals;
        }
        let quiet = before;
        for step in first..now {
            let totals = ended.next_if(|(ended, _)| *ended == step);
            let totals = totals.map_or(before, |(_, totals)| *totals);
            let past = totals.since(&before);
            recent.requests.push(past.requests);
            recent.failures.push(past.failures);
            recent.bytes.push(past.bytes);
            recent.p95_ms.push(quantile(&past.latencies, 0.95));
            before = totals;
        }
        (before != quiet).then_some(recent)
    }
}

impl Totals {
    fn since(&self, before: &Self) -> Self {
        let mut latencies = self.latencies;
        for (count, before) in latencies.iter_mut().zip(before.latencies) {
            *count -= before;
        }
        Self {
            requests: self.requests - before.requests,
            failures: self.failures - before.failures,
            bytes: self.bytes - before.bytes,
            latencies,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn totals(requests: u64) -> Totals {
        Totals {
            requests,
            bytes: requests * 10,
            ..Totals::default()
        }
    }

    #[test]
    fn shows_differences_and_steps_without_anything_between() {
        let mut history = History::default();
        history.end(0, totals(2));
        history.end(3, totals(5));
        let recent = history.recent(5).unwrap();
        assert_eq!(recent.requests, [2, 0, 0, 3, 0]);
        assert_eq!(recent.bytes, [20, 0, 0, 30, 0]);
        assert_eq!(recent.p95_ms, [None; 5]);
    }

    #[test]
    fn forgets_what_is_long_ago() {
        let mut history = History::default();
        for step in 0..200 {
            history.end(step, totals(step + 1));
        }
        assert_eq!(history.ended.len(), 61);
        assert_eq!(history.recent(200).unwrap().requests, [1; 60]);
        let later = history.recent(230).unwrap().requests;
        assert_eq!(later.iter().sum::<u64>(), 30);
        assert_eq!(history.recent(260), None);
        assert_eq!(history.recent(100_000), None);
    }

    #[test]
    fn has_nothing_to_show_of_nothing() {
        assert_eq!(History::default().recent(0), None);
        assert_eq!(History::default().recent(100), None);
    }
}
