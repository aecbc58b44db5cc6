//! Where a service's traffic goes: its backends, and kept connections to each.

mod asking;
mod backend;
mod checks;
mod health;
mod making;
mod probe;
mod sticky;
mod target;
mod tls;
mod turns;

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use http::{HeaderMap, HeaderValue};
use malai_api::BackendStatus;
use tokio_util::sync::DropGuard;

use self::target::Target;
pub(crate) use self::{
    backend::Backend,
    checks::Checks,
    making::Making,
    probe::{MOST_PROBED, answers, takes},
    sticky::Kept,
    tls::Tls,
    turns::Turns,
};
use crate::{
    balance::Spread,
    config::{Place, ServiceConfig, Sticky, UpstreamAddress},
    http::ProxyError,
    meter::Open,
    policy::Allowed,
    stream::Stream,
};

/// When to try again at the earliest where a probe is under way, which may take some time.
const LEAST_WAIT: Duration = Duration::from_secs(1);

/// The backends of a service, or of one of its routes.
#[derive(Debug)]
pub(crate) struct Upstream {
    /// Each with its weight.
    targets: Vec<(Arc<Target>, u32)>,
    spread: Mutex<Spread>,
    sticky: Option<Sticky>,
    /// Ends the checks, where there are some.
    checks: Option<Arc<DropGuard>>,
}

impl Upstream {
    fn new(
        config: &ServiceConfig,
        targets: Vec<(Arc<Target>, u32)>,
        checks: Option<Arc<DropGuard>>,
    ) -> Self {
        Self {
            spread: Mutex::new(Spread::new(config.balance)),
            sticky: config.sticky.filter(|_| targets.len() > 1),
            targets,
            checks,
        }
    }

    /// What keeps a request with these headers to one backend.
    pub(crate) fn kept(&self, allowed: &Allowed, headers: &mut HeaderMap) -> Kept {
        match self.sticky {
            None => Kept::No,
            Some(Sticky::Peer) => Kept::by_peer(allowed.peer()),
            Some(Sticky::Cookie) => Kept::by_cookie(headers),
        }
    }

    /// The backends in the order in which they are tried. Only who is allowed gets here.
    pub(crate) fn turns(&self, _allowed: &Allowed, kept: Kept) -> Turns<'_> {
        Turns::new(self, kept.key())
    }

    /// Each backend, and what is known of it.
    pub(crate) fn backends(&self) -> impl Iterator<Item = BackendStatus> {
        self.targets().map(Target::status)
    }

    /// Whether there is a backend that a request could go to, as far as is known.
    pub(crate) fn has_some(&self) -> bool {
        let is_checked = self.checks.is_some();
        let mut targets = self.targets();
        // What only refuses connections may be back; without checks somebody has to look.
        targets.any(|it| it.is_up() || (!is_checked && it.may_be_tried()))
    }

    /// What is answered when no backend may be tried.
    pub(crate) fn none_left(&self) -> ProxyError {
        let rests = self.targets().filter(|it| it.is_checked_well());
        match rests.map(Target::rest).min() {
            None => ProxyError::upstream_down(
                "The service behind this share is down: its health checks fail. It is used again \
                 as soon as they do not.",
            ),
            Some(rest) => ProxyError::upstream_down(
                "The service behind this share did not answer several times, and is left alone for \
                 a moment. Try again then.",
            )
            .after(rest.max(LEAST_WAIT)),
        }
    }

    /// Connects to the first backend that answers; it counts as in use for as long as the second
    /// lives. Only who is allowed gets here.
    pub(crate) async fn connect(&self, allowed: &Allowed) -> Result<(Stream, Open), ProxyError> {
        let mut failure = None;
        let kept = self.kept(allowed, &mut HeaderMap::new());
        for turn in self.turns(allowed, kept) {
            let open = turn.begin();
            match turn.pool().dial.connect().await {
                Ok(stream) => {
                    turn.connected();
                    return Ok((stream, open));
                }
                Err(error) => {
                    turn.failed(&error);
                    failure = Some(error);
                }
            }
        }
        Err(failure.unwrap_or_else(|| self.none_left()))
    }

    fn targets(&self) -> impl Iterator<Item = &Target> {
        self.targets.iter().map(|(target, _)| &**target)
    }
}

fn host_of(address: &UpstreamAddress) -> Option<HeaderValue> {
    let host = match &address.place {
        Place::Tcp { .. } => address.place.to_string(),
        Place::Unix(_) => "localhost".to_owned(),
    };
    HeaderValue::from_str(&host).ok()
}
