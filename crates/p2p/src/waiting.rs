//! How many streams wait for a person at the other end.

use tokio::sync::watch;

/// Counts streams whose peer has to ask somebody before it answers; clones count together.
#[derive(Debug, Clone, Default)]
pub struct Waiting(watch::Sender<usize>);

/// One stream that waits.
#[derive(Debug)]
pub(crate) struct WaitingGuard(watch::Sender<usize>);

impl Waiting {
    /// Whether any stream waits now.
    #[must_use]
    pub fn any(&self) -> bool {
        *self.0.borrow() > 0
    }

    /// Resolves as soon as a stream waits. Cancel safe.
    pub async fn begun(&self) {
        // The sender is in `self`, so there is always a next value.
        if self
            .0
            .subscribe()
            .wait_for(|count| *count > 0)
            .await
            .is_err()
        {
            std::future::pending().await
        }
    }

    pub(crate) fn enter(&self) -> WaitingGuard {
        self.0.send_modify(|count| *count += 1);
        WaitingGuard(self.0.clone())
    }
}

impl Drop for WaitingGuard {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}
