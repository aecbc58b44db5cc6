//! How many requests may be sent once more; pure.
//!
//! Repeats help a single request and hurt a peer that has too much to do already, so there are few
//! of them: a part of what was sent, and a handful for times when little is.

/// Repeats that are there from the start.
const RESERVE: f64 = 10.0;
/// Repeats that are saved up at most.
const MOST_SAVED: f64 = 100.0;

/// The budget of one bridge.
#[derive(Debug, Clone)]
pub(super) struct RetryBudget {
    /// What each request adds.
    share: f64,
    left: f64,
}

impl RetryBudget {
    /// At most `percent` of the requests are repeated; none with 0.
    pub(super) fn new(percent: u8) -> Self {
        let share = f64::from(percent) / 100.0;
        Self {
            share,
            left: if percent == 0 { 0.0 } else { RESERVE },
        }
    }

    /// A request is sent for the first time.
    pub(super) fn sent(&mut self) {
        self.left = (self.left + self.share).min(MOST_SAVED);
    }

    /// Whether one may be sent once more; counts it then.
    pub(super) fn take(&mut self) -> bool {
        let may = self.left >= 1.0;
        if may {
            self.left -= 1.0;
        }
        may
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_in_five_is_repeated_once_the_reserve_is_used() {
        let mut budget = RetryBudget::new(20);
        while budget.take() {}
        let mut repeated = 0;
        for _ in 0..1000 {
            budget.sent();
            repeated += u32::from(budget.take());
        }
        assert!((195..=200).contains(&repeated), "{repeated}");
    }

    #[test]
    fn with_nothing_allowed_nothing_is_repeated() {
        let mut budget = RetryBudget::new(0);
        budget.sent();
        assert!(!budget.take());
    }
}
