//! Counts of the last while: what is older falls out bit by bit; pure.

use std::time::Duration;

use tokio::time::Instant;

/// Parts of a window; what is in the oldest falls out at once.
pub(super) const PARTS: usize = 10;

/// Counts of several kinds of things over the last while.
#[derive(Debug, Clone)]
pub(crate) struct Window<const KINDS: usize> {
    part: Duration,
    /// When the first part began.
    start: Option<Instant>,
    /// The newest part, counted from the start.
    newest: u64,
    counts: [[u32; KINDS]; PARTS],
}

impl<const KINDS: usize> Window<KINDS> {
    /// Counts over as long as `span`.
    pub(crate) fn new(span: Duration) -> Self {
        let parts = u32::try_from(PARTS).unwrap_or(u32::MAX);
        Self {
            part: (span / parts).max(Duration::from_nanos(1)),
            start: None,
            newest: 0,
            counts: [[0; KINDS]; PARTS],
        }
    }

    /// Counts one thing of this kind at `now`.
    pub(crate) fn add(&mut self, now: Instant, kind: usize) {
        self.forget(now);
        let place = self.newest % PARTS as u64;
        let part = usize::try_from(place)
            .ok()
            .and_then(|place| self.counts.get_mut(place));
        if let Some(count) = part.and_then(|part| part.get_mut(kind)) {
            *count = count.saturating_add(1);
        }
    }

    /// How many of each kind there were in the window that ends at `now`.
    pub(crate) fn sums(&mut self, now: Instant) -> [u32; KINDS] {
        self.forget(now);
        let mut sums = [0_u32; KINDS];
        for part in &self.counts {
            for (sum, count) in sums.iter_mut().zip(part) {
                *sum = sum.saturating_add(*count);
            }
        }
        sums
    }

    /// Empties the parts that have fallen out by `now`.
    fn forget(&mut self, now: Instant) {
        let start = *self.start.get_or_insert(now);
        let passed = now.saturating_duration_since(start).as_nanos() / self.part.as_nanos();
        let newest = u64::try_from(passed).unwrap_or(u64::MAX);
        let gone = newest.saturating_sub(self.newest).min(PARTS as u64);
        for number in 1..=gone {
            let place = (self.newest + number) % PARTS as u64;
            let part = usize::try_from(place)
                .ok()
                .and_then(|place| self.counts.get_mut(place));
            if let Some(part) = part {
                *part = [0; KINDS];
            }
        }
        self.newest = self.newest.max(newest);
    }
}
