//! A browser's page that waits to be let in: one stream waits at the peer's door in its place, while
//! the page itself looks again every now and then.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use fastn_p2p::Waiting;
use tokio::time::Instant;

use crate::{http::ProxyError, shutdown::Shutdown};

/// A refusal that no page has fetched within this time is told to none: pages look every 2 s.
const STALE: Duration = Duration::from_secs(10);

/// What waits for one bridge; clones are the same.
#[derive(Debug, Clone)]
pub(super) struct Knock {
    waiting: Waiting,
    state: Arc<Mutex<Knocking>>,
}

/// How it stands.
#[derive(Debug, Clone, Default)]
pub(super) enum Knocking {
    /// Nothing waits.
    #[default]
    Idle,
    /// A stream waits.
    Waits,
    /// It was refused just now; told once, and then it is idle again.
    Refused(ProxyError, Instant),
}

impl Knock {
    pub(super) fn new(waiting: Waiting) -> Self {
        Self {
            waiting,
            state: Arc::default(),
        }
    }

    /// How it stands.
    pub(super) fn state(&self) -> Knocking {
        let mut state = self.lock();
        match &*state {
            Knocking::Waits => Knocking::Waits,
            // Nobody looks any more.
            Knocking::Refused(_, since) if since.elapsed() > STALE => {
                *state = Knocking::Idle;
                Knocking::Idle
            }
            Knocking::Idle | Knocking::Refused(..) => std::mem::take(&mut state),
        }
    }

    /// Resolves when a stream of the bridge has to wait. Cancel safe.
    pub(super) async fn must_wait(&self) {
        self.waiting.begun().await;
    }

    /// Waits with `knocking`, which `tasks` owns, unless something does already.
    pub(super) fn begin(
        &self,
        knocking: impl Future<Output = Result<(), ProxyError>> + Send + 'static,
        tasks: &Shutdown,
    ) {
        let mut state = self.lock();
        if matches!(*state, Knocking::Waits) {
            return;
        }
        *state = Knocking::Waits;
        drop(state);
        let (knock, shutdown) = (self.clone(), tasks.clone());
        tasks.spawn(async move {
            let answer = tokio::select! {
                biased;
                () = shutdown.draining() => Ok(()),
                answer = knocking => answer,
            };
            *knock.lock() = match answer {
                Ok(()) => Knocking::Idle,
                Err(error) => Knocking::Refused(error, Instant::now()),
            };
        });
    }

    fn lock(&self) -> MutexGuard<'_, Knocking> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn a_refusal_is_told_once_and_an_approval_lets_go() {
        let (knock, tasks) = (Knock::new(Waiting::default()), Shutdown::default());
        let (refuse, refused) = oneshot::channel::<()>();
        let knocking = async {
            refused.await.unwrap();
            Err(ProxyError::not_admitted())
        };
        knock.begin(knocking, &tasks);
        // A second one does not take its place.
        knock.begin(async { Ok(()) }, &tasks);
        assert!(matches!(knock.state(), Knocking::Waits));
        refuse.send(()).unwrap();
        let mut state = Knocking::Waits;
        while matches!(state, Knocking::Waits) {
            tokio::task::yield_now().await;
            state = knock.state();
        }
        assert!(matches!(state, Knocking::Refused(..)));
        assert!(matches!(knock.state(), Knocking::Idle));
    }
}
