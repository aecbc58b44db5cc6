//! Looking after backends without any traffic: each is asked at intervals, as `health` says.

use std::{sync::Arc, time::Duration};

use malai_api::Protocol;
use rand::RngExt as _;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::target::Target;
use crate::{config::HealthConfig, http::ProxyError, shutdown::Shutdown};

/// What every backend of one service is asked.
#[derive(Debug, Clone)]
pub(crate) struct Checks {
    /// How often, and what counts.
    pub(crate) config: HealthConfig,
    /// By a request, or by a connection alone.
    pub(crate) protocol: Protocol,
    /// The Host of the request, in place of the backend's own.
    pub(crate) host: Option<String>,
}

impl Checks {
    /// Asks `target` again and again, until `ended` or the end of `tasks`.
    pub(super) fn begin(&self, target: &Arc<Target>, ended: CancellationToken, tasks: &Shutdown) {
        let (checks, target, shutdown) = (self.clone(), Arc::clone(target), tasks.clone());
        tasks.spawn(async move {
            tokio::select! {
                biased;
                () = shutdown.draining() => {}
                () = ended.cancelled() => {}
                () = checks.go_on(&target) => {}
            }
        });
    }

    async fn go_on(&self, target: &Target) {
        loop {
            target.checked(&self.check(target).await);
            sleep(apart(self.config.every)).await;
        }
    }

    async fn check(&self, target: &Target) -> Result<(), ProxyError> {
        let after = self.config.timeout;
        let asked = timeout(after, self.ask(target)).await;
        asked.unwrap_or_else(|_| {
            let message = format!("It did not answer within {after:?}.");
            Err(ProxyError::upstream_slow(message))
        })
    }

    async fn ask(&self, target: &Target) -> Result<(), ProxyError> {
        let backend = &target.pool.dial;
        if self.protocol == Protocol::Tcp {
            return backend.connect().await.map(drop);
        }
        let status = backend.ask(&self.config.path, self.host.as_deref()).await?;
        // What asks for a login, or has nothing there, is up all the same.
        if status.is_server_error() {
            let message = format!("It answered the check with {status}.");
            return Err(ProxyError::upstream_down(message));
        }
        Ok(())
    }
}

/// The time to the next check: a tenth more or less, so that many are not made at once.
fn apart(every: Duration) -> Duration {
    every.mul_f64(rand::rng().random_range(0.9..1.1))
}
