//! Who owns every task, and how all of them end.
//!
//! The order is always the same: stop accepting, let what is in flight end by the deadline, then
//! cut what is left and report how many that were.

use std::{future::Future, time::Duration};

use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::Instrument;

/// Owns tasks; clones share them.
#[derive(Debug, Clone, Default)]
pub struct Shutdown {
    draining: CancellationToken,
    aborting: CancellationToken,
    tasks: TaskTracker,
    /// The trackers of the wholes that this is a part of.
    wholes: Vec<TaskTracker>,
}

impl Shutdown {
    /// Starts `task` under the current span; it is cut when draining has taken too long.
    pub fn spawn<F>(&self, task: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let aborting = self.aborting.clone();
        let of_wholes: Vec<_> = self.wholes.iter().map(TaskTracker::token).collect();
        // Boxed: each future around it would have it once or twice more. Measured: 9 KiB of an idle
        // connection's 17.
        let task = Box::pin(task);
        self.tasks.spawn(
            async move {
                aborting.run_until_cancelled_owned(task).await;
                drop(of_wholes);
            }
            .in_current_span(),
        );
    }

    /// Resolves when no new work should be taken. Cancel safe.
    pub async fn draining(&self) {
        self.draining.cancelled().await;
    }

    /// Whether no new work should be taken.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.draining.is_cancelled()
    }

    /// A part that can be ended alone and ends with the whole.
    #[must_use]
    pub fn part(&self) -> Self {
        Self {
            draining: self.draining.child_token(),
            aborting: self.aborting.child_token(),
            tasks: TaskTracker::new(),
            wholes: self.wholes.iter().chain([&self.tasks]).cloned().collect(),
        }
    }

    /// Asks every task to end, waits up to `deadline`, then cuts; returns how many were cut.
    pub async fn drain(&self, deadline: Duration) -> usize {
        self.draining.cancel();
        self.tasks.close();
        if tokio::time::timeout(deadline, self.tasks.wait())
            .await
            .is_ok()
        {
            return 0;
        }
        let left = self.tasks.len();
        self.aborting.cancel();
        self.tasks.wait().await;
        left
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn lets_a_task_end_by_itself() {
        let shutdown = Shutdown::default();
        shutdown.spawn(async { tokio::time::sleep(Duration::from_secs(3)).await });
        assert_eq!(shutdown.drain(Duration::from_secs(10)).await, 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_part_ends_alone_and_with_the_whole() {
        let whole = Shutdown::default();
        let (one, two) = (whole.part(), whole.part());
        one.spawn(std::future::pending());
        two.spawn(std::future::pending());
        assert_eq!(one.drain(Duration::ZERO).await, 1);
        assert!(!two.is_draining());
        assert_eq!(whole.drain(Duration::ZERO).await, 1);
        assert!(two.is_draining());
    }

    #[tokio::test(start_paused = true)]
    async fn cuts_what_takes_longer_than_the_deadline() {
        let shutdown = Shutdown::default();
        shutdown.spawn(std::future::pending());
        assert_eq!(shutdown.drain(Duration::from_secs(10)).await, 1);
    }
}
