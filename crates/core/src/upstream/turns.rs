//! Which backend is tried next, and what came of it.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::time::Instant;
use tracing::{info, warn};

use super::{
    Backend,
    health::{Health, Thresholds, Use},
};
use crate::http::{Pool, ProxyError, Side};

/// One backend of a service: kept connections to it, and what is known of it.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) pool: Pool<Backend>,
    health: Mutex<Health>,
}

/// A backend that is tried; whoever got it says what came of it, and a request that went away in
/// the middle has nothing to say.
#[derive(Debug)]
pub(crate) struct Turn<'a> {
    target: &'a Target,
    told: bool,
}

/// The backends in the order in which they are tried: those that work, and then those that rest,
/// unless checks look after them.
#[derive(Debug)]
pub(crate) struct Turns<'a> {
    targets: &'a [Arc<Target>],
    next: usize,
    resting: VecDeque<usize>,
    are_checked: bool,
}

impl Target {
    pub(super) fn new(pool: Pool<Backend>, thresholds: Thresholds) -> Self {
        Self {
            pool,
            health: Mutex::new(Health::new(thresholds)),
        }
    }

    /// Whether it works, as far as is known.
    pub(crate) fn is_up(&self) -> bool {
        self.health().is_up()
    }

    pub(super) fn worked(&self) {
        if self.health().succeeded() {
            let backend = self.pool.dial.address();
            info!(%backend, "a backend works again");
        }
    }

    pub(super) fn failed(&self, error: &ProxyError) {
        let is_out = self.health().failed(Instant::now());
        if is_out {
            let (backend, error) = (self.pool.dial.address(), error.chain());
            warn!(%backend, error, "a backend does not work");
        }
    }

    fn health(&self) -> MutexGuard<'_, Health> {
        self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<'a> Turns<'a> {
    pub(super) fn new(targets: &'a [Arc<Target>], are_checked: bool) -> Self {
        Self {
            targets,
            next: 0,
            resting: VecDeque::new(),
            are_checked,
        }
    }
}

impl<'a> Iterator for Turns<'a> {
    type Item = Turn<'a>;

    fn next(&mut self) -> Option<Turn<'a>> {
        while let Some(target) = self.targets.get(self.next) {
            self.next += 1;
            if target.health().ask(Instant::now()) != Use::No {
                return Some(Turn::of(target));
            }
            self.resting.push_back(self.next - 1);
        }
        // A server that was just started is not kept waiting for the end of a rest.
        let resting = (!self.are_checked).then(|| self.resting.pop_front());
        self.targets.get(resting??).map(|target| Turn::of(target))
    }
}

impl<'a> Turn<'a> {
    fn of(target: &'a Target) -> Self {
        Self {
            target,
            told: false,
        }
    }

    /// Kept connections to it.
    pub(crate) fn pool(&self) -> &'a Pool<Backend> {
        &self.target.pool
    }

    /// It has answered.
    pub(crate) fn worked(mut self) {
        self.told = true;
        self.target.worked();
    }

    /// It has not; what is not its fault does not count.
    pub(crate) fn failed(mut self, error: &ProxyError) {
        if error.side == Side::Upstream {
            self.told = true;
            self.target.failed(error);
        }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if !self.told {
            self.target.health().untold();
        }
    }
}
