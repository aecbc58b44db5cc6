//! Makes the upstreams of one service: a backend that several of them have is one backend, with one
//! pool, one breaker and one check.

use std::{collections::BTreeMap, sync::Arc};

use tokio_util::sync::{CancellationToken, DropGuard};

use super::{Backend, Checks, Upstream, health::Health, target::Target};
use crate::{
    config::{ServiceConfig, UpstreamAddress},
    http::{Pool, PoolLimits},
    retries::Retries,
    shutdown::Shutdown,
};

/// The upstreams of one service while they are made.
#[derive(Debug)]
pub(crate) struct Making<'a> {
    config: &'a ServiceConfig,
    checks: Option<&'a Checks>,
    retries: Arc<Retries>,
    tasks: &'a Shutdown,
    known: BTreeMap<UpstreamAddress, Arc<Target>>,
    ended: CancellationToken,
    /// Ends the checks when the last upstream is gone.
    checked: Option<Arc<DropGuard>>,
}

impl<'a> Making<'a> {
    /// Backends are used as `config` says, and take what goes out once more from `retries`.
    pub(crate) fn new(
        config: &'a ServiceConfig,
        checks: Option<&'a Checks>,
        retries: Arc<Retries>,
        tasks: &'a Shutdown,
    ) -> Self {
        let ended = CancellationToken::new();
        Self {
            config,
            checks,
            retries,
            tasks,
            known: BTreeMap::new(),
            checked: checks.map(|_| Arc::new(ended.clone().drop_guard())),
            ended,
        }
    }

    /// The upstream of these addresses.
    pub(crate) fn upstream(&mut self, addresses: &[UpstreamAddress]) -> Upstream {
        let targets = addresses.iter().map(|address| {
            let bare = address.bare();
            let target = match self.known.get(&bare) {
                Some(target) => Arc::clone(target),
                None => self.target(bare),
            };
            (target, address.weight)
        });
        let targets = targets.collect();
        Upstream::new(self.config, targets, self.checked.clone())
    }

    fn target(&mut self, address: UpstreamAddress) -> Arc<Target> {
        let config = self.config;
        let limits = PoolLimits {
            size: config.pool.size,
            idle: config.pool.idle,
            wait: config.pool.wait,
        };
        let connect = config.timeouts.connect;
        let backend = Backend::new(address.clone(), connect, self.tasks.clone());
        let pool = Pool::new(backend.retrying(Arc::clone(&self.retries)), limits);
        let health = Health::new(&config.breaker, self.checks.map(|it| &it.config));
        let target = Arc::new(Target::new(pool, health));
        if let Some(checks) = self.checks {
            checks.begin(&target, self.ended.clone(), self.tasks);
        }
        self.known.insert(address, Arc::clone(&target));
        target
    }
}
