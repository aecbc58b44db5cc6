//! Where a service's traffic goes: its backends, and kept connections to each.

mod asking;
mod backend;
mod checks;
mod health;
mod probe;
mod tls;
mod turns;

use std::sync::Arc;

use http::{HeaderValue, Version};
use tokio_util::sync::{CancellationToken, DropGuard};

pub(crate) use self::{
    backend::Backend,
    checks::Checks,
    probe::{MOST_PROBED, answers, takes},
    tls::Tls,
    turns::Turns,
};
use self::{health::Thresholds, turns::Target};
use crate::{
    config::{Place, PoolConfig, TimeoutsConfig, UpstreamAddress},
    http::{Pool, PoolLimits, ProxyError},
    policy::Allowed,
    shutdown::Shutdown,
    stream::Stream,
};

/// Failures in a row after which a backend that nothing checks is tried last.
const FALL: u32 = 3;

/// The backends of a service, in the order in which they are tried.
#[derive(Debug)]
pub(crate) struct Upstream {
    targets: Vec<Arc<Target>>,
    /// Ends the checks, where there are some.
    checks: Option<DropGuard>,
    /// The Host that the first backend expects.
    host: Option<HeaderValue>,
}

impl Upstream {
    pub(crate) fn new(
        addresses: &[UpstreamAddress],
        timeouts: TimeoutsConfig,
        pool: PoolConfig,
        checks: Option<&Checks>,
        tasks: &Shutdown,
    ) -> Self {
        let limits = PoolLimits {
            size: pool.size,
            idle: pool.idle,
            wait: pool.wait,
        };
        let unchecked = Thresholds {
            fall: FALL,
            rise: 1,
        };
        let thresholds = checks.map_or(unchecked, |checks| Thresholds {
            fall: checks.config.fall,
            rise: checks.config.rise,
        });
        let targets = addresses.iter().map(|address| {
            let backend = Backend::new(address.clone(), timeouts.connect, tasks.clone());
            Arc::new(Target::new(Pool::new(backend, limits), thresholds))
        });
        let targets: Vec<_> = targets.collect();
        let ended = CancellationToken::new();
        for (checks, target) in checks
            .iter()
            .flat_map(|it| targets.iter().map(move |to| (it, to)))
        {
            checks.begin(target, ended.clone(), tasks);
        }
        Self {
            targets,
            checks: checks.map(|_| ended.drop_guard()),
            host: addresses.first().and_then(host_of),
        }
    }

    /// The backends in the order in which they are tried. Only who is allowed gets here.
    pub(crate) fn turns(&self, _allowed: &Allowed) -> Turns<'_> {
        Turns::new(&self.targets, self.checks.is_some())
    }

    /// Each backend, and whether it works as far as is known.
    pub(crate) fn backends(&self) -> impl Iterator<Item = (String, bool)> {
        let targets = self.targets.iter();
        targets.map(|target| (target.pool.dial.address().to_string(), target.is_up()))
    }

    /// What is answered when checks have taken all backends out.
    pub(crate) fn none_left(&self) -> ProxyError {
        ProxyError::upstream_down(
            "The service behind this share is down: its health checks fail. It is used again as \
             soon as they do not.",
        )
    }

    /// Connects to the first backend that answers. Only who is allowed gets here.
    pub(crate) async fn connect(&self, allowed: &Allowed) -> Result<Stream, ProxyError> {
        let mut failure = None;
        for turn in self.turns(allowed) {
            match turn.pool().dial.connect().await {
                Ok(stream) => {
                    turn.worked();
                    return Ok(stream);
                }
                Err(error) => {
                    turn.failed(&error);
                    failure = Some(error);
                }
            }
        }
        Err(failure.unwrap_or_else(|| self.none_left()))
    }

    /// The Host that the first backend expects.
    pub(crate) fn host(&self) -> Option<HeaderValue> {
        self.host.clone()
    }

    /// HTTP/2 for `h2c://` backends, else HTTP/1.1.
    pub(crate) fn version(&self) -> Version {
        let first = self.targets.first();
        first.map_or(Version::HTTP_11, |target| {
            asking::version_of(target.pool.dial.address())
        })
    }
}

fn host_of(address: &UpstreamAddress) -> Option<HeaderValue> {
    let host = match &address.place {
        Place::Tcp { .. } => address.place.to_string(),
        Place::Unix(_) => "localhost".to_owned(),
    };
    HeaderValue::from_str(&host).ok()
}
