//! Whether a body moves on its way to somebody who may not take it.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use tokio::sync::oneshot;

/// Waits until the body that holds the other end of `done` is done with; false when nothing of it
/// was taken for as long as `idle`.
pub(crate) async fn while_moving(
    mut done: oneshot::Receiver<()>,
    progress: &AtomicU64,
    idle: Duration,
) -> bool {
    loop {
        let before = progress.load(Ordering::Relaxed);
        // An error is what is awaited: the sender is dropped together with the body.
        if tokio::time::timeout(idle, &mut done).await.is_ok() {
            return true;
        }
        if progress.load(Ordering::Relaxed) == before {
            return false;
        }
    }
}
