//! Where a service's traffic goes: its backends, and kept connections to each.

mod asking;
mod backend;
mod probe;
mod tls;

pub(crate) use backend::Backend;
use http::{HeaderValue, Version};
pub(crate) use probe::{MOST_PROBED, answers, takes};

use crate::{
    config::{Place, PoolConfig, TimeoutsConfig, UpstreamAddress},
    http::{Pool, PoolLimits, ProxyError},
    policy::Allowed,
    shutdown::Shutdown,
    stream::Stream,
};

/// The backends of a service, in the order in which they are tried.
#[derive(Debug)]
pub(crate) struct Upstream {
    pools: Vec<Pool<Backend>>,
    /// The Host that the first backend expects.
    host: Option<HeaderValue>,
}

impl Upstream {
    pub(crate) fn new(
        addresses: &[UpstreamAddress],
        timeouts: TimeoutsConfig,
        pool: PoolConfig,
        tasks: &Shutdown,
    ) -> Self {
        let limits = PoolLimits {
            size: pool.size,
            idle: pool.idle,
            wait: pool.wait,
        };
        let pools = addresses.iter().map(|address| {
            Pool::new(
                Backend::new(address.clone(), timeouts.connect, tasks.clone()),
                limits,
            )
        });
        Self {
            pools: pools.collect(),
            host: addresses.first().and_then(host_of),
        }
    }

    /// The pools in the order in which they are tried. Only who is allowed gets here.
    pub(crate) fn pools(&self, _allowed: &Allowed) -> impl Iterator<Item = &Pool<Backend>> {
        self.pools.iter()
    }

    /// Connects to the first backend that answers. Only who is allowed gets here.
    pub(crate) async fn connect(&self, allowed: &Allowed) -> Result<Stream, ProxyError> {
        let mut failure = None;
        for pool in self.pools(allowed) {
            match pool.dial.connect().await {
                Ok(stream) => return Ok(stream),
                Err(error) => failure = Some(error),
            }
        }
        Err(failure.unwrap_or_else(|| ProxyError::upstream_down("The service has no upstream.")))
    }

    /// The Host that the first backend expects.
    pub(crate) fn host(&self) -> Option<HeaderValue> {
        self.host.clone()
    }

    /// HTTP/2 for `h2c://` backends, else HTTP/1.1.
    pub(crate) fn version(&self) -> Version {
        let first = self.pools.first();
        first.map_or(Version::HTTP_11, |pool| {
            asking::version_of(pool.dial.address())
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
