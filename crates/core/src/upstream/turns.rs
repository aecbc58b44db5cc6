//! Which backend is tried next.

use std::sync::PoisonError;

use tokio::time::Instant;

use super::{Upstream, target::Turn};

/// The backends in the order in which they are tried: those that are used, as `balance` and
/// `sticky` say, and then those that may be tried although they have failed.
#[derive(Debug)]
pub(crate) struct Turns<'a> {
    upstream: &'a Upstream,
    key: Option<u64>,
    tried: Vec<bool>,
}

impl<'a> Turns<'a> {
    pub(super) fn new(upstream: &'a Upstream, key: Option<u64>) -> Self {
        Self {
            upstream,
            key,
            tried: vec![false; upstream.targets.len()],
        }
    }

    /// One that is used and was not tried yet.
    fn choose(&mut self, now: Instant) -> Option<usize> {
        let targets = self.upstream.targets.iter().zip(&self.tried);
        let candidates: Vec<_> = targets
            .map(|((target, weight), tried)| {
                let mut candidate = target.candidate(*weight, now);
                candidate.usable &= !tried;
                candidate
            })
            .collect();
        let chance = [rand::random(), rand::random()];
        let spread = &self.upstream.spread;
        let mut spread = spread.lock().unwrap_or_else(PoisonError::into_inner);
        spread.choose(&candidates, self.key, chance)
    }

    fn take(&mut self, index: usize) -> bool {
        let tried = self.tried.get_mut(index);
        tried.is_some_and(|tried| !std::mem::replace(tried, true))
    }
}

impl<'a> Iterator for Turns<'a> {
    type Item = Turn<'a>;

    fn next(&mut self) -> Option<Turn<'a>> {
        let (now, upstream) = (Instant::now(), self.upstream);
        if let [(only, _)] = &*upstream.targets {
            // There is nothing to choose, as with most services.
            let turn = || only.turn(now).or_else(|| only.turn_anyway(now));
            return self.take(0).then(turn).flatten();
        }
        while let Some(index) = self.choose(now) {
            self.take(index);
            let target = upstream.targets.get(index);
            let turn = target.and_then(|(target, _)| target.turn(now));
            if turn.is_some() {
                return turn;
            }
        }
        // A server that was just started is not kept waiting for the end of a rest.
        let rest = upstream.targets.iter().enumerate();
        for (index, (target, _)) in rest {
            if self.take(index)
                && let Some(turn) = target.turn_anyway(now)
            {
                return Some(turn);
            }
        }
        None
    }
}
