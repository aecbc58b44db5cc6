//! Traces of requests for OpenTelemetry, when `[traces]` says where to.
//!
//! Each side makes two spans of a request: one for what it was asked, and inside it one for what it
//! asked on; the second one's id goes on in `traceparent`. Spans hold the method, the path without
//! its query, the service, the short id of the peer and how it ended, and nothing else of what was
//! said.
//! While traces are off, headers pass through as they are.
//!
//! The exporter is our own (2026-11): the `opentelemetry` crates would be ten more in the tree,
//! protobuf among them (its messages alone: 35 s of compiling), for one JSON document; their queue
//! has a thread beside our `Shutdown` and does not tell what it had to drop.

mod context;
mod exporter;
mod otlp;
mod span;
mod traced;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{SystemTime, UNIX_EPOCH},
};

use arc_swap::ArcSwapOption;
use http::{Method, Request};
use tokio::{sync::mpsc, time::Instant};

pub(crate) use self::traced::Traced;
use self::{context::Context, span::Span};
use crate::{config::TracesConfig, shutdown::Shutdown};

/// Spans that wait to be sent; with more the newest are lost.
const SPANS_WAITING: usize = 4096;

/// Bytes of a path that are told.
const PATH_MAX: usize = 256;

/// Begins traces, or does not; clones share them.
#[derive(Debug, Clone, Default)]
pub struct Traces(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    active: ArcSwapOption<Active>,
    tasks: Shutdown,
    counts: Arc<Counts>,
}

/// Where spans go and which.
#[derive(Debug)]
struct Active {
    config: TracesConfig,
    spans: mpsc::Sender<Span>,
    counts: Arc<Counts>,
}

/// Spans that a collector took, and those that none did.
#[derive(Debug, Default)]
struct Counts {
    sent: AtomicU64,
    lost: AtomicU64,
}

/// Which side of the way from client to service a span is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Bridge,
    Share,
}

impl Traces {
    /// None yet; whatever sends them belongs to `tasks`.
    pub(crate) fn new(tasks: Shutdown) -> Self {
        Self(Arc::new(Inner {
            tasks,
            ..Inner::default()
        }))
    }

    /// Does as `config` says from the next request on; `instance` is who we are among engines.
    pub(crate) fn apply(&self, config: Option<&TracesConfig>, instance: &str) {
        let before = self.0.active.load();
        if before.as_ref().map(|active| &active.config) == config {
            return;
        }
        let active = config.map(|config| {
            let (spans, waiting) = mpsc::channel(SPANS_WAITING);
            let counts = Arc::clone(&self.0.counts);
            let exporter = exporter::Exporter::new(config, instance, counts, &self.0.tasks);
            self.0
                .tasks
                .spawn(exporter.run(waiting, self.0.tasks.clone()));
            Arc::new(Active {
                config: config.clone(),
                spans,
                counts: Arc::clone(&self.0.counts),
            })
        });
        // The exporter before ends when the last span of its time is sent.
        self.0.active.store(active);
    }

    /// Begins to trace `request`, when traces are on.
    pub(crate) fn begin<B>(&self, side: Side, request: &Request<B>) -> Option<Box<Traced>> {
        let active = self.0.active.load_full()?;
        let parent = Context::read(request.headers());
        let trace = parent.map_or_else(|| rand::random::<u128>().max(1), |parent| parent.trace);
        let sampled = parent.map_or_else(
            || is_sampled(trace, active.config.sample),
            |parent| parent.sampled,
        );
        let path = if sampled { request.uri().path() } else { "" };
        Some(Box::new(Traced {
            active,
            side,
            parent: parent.map(|parent| parent.span),
            trace,
            sampled,
            began: Instant::now(),
            began_at: if sampled { now() } else { 0 },
            method: known(request.method()),
            path: path[..path.floor_char_boundary(PATH_MAX)].to_owned(),
            service: String::new(),
            peer: String::new(),
            call: None,
            status: None,
            error: None,
        }))
    }

    /// Spans that a collector took, and those that were lost.
    pub(crate) fn counts(&self) -> [u64; 2] {
        let Counts { sent, lost } = &*self.0.counts;
        [sent.load(Relaxed), lost.load(Relaxed)]
    }
}

impl Side {
    fn name(self) -> &'static str {
        match self {
            Self::Bridge => "bridge",
            Self::Share => "share",
        }
    }
}

/// By the trace's id, so that everybody who decides by the same part decides the same.
fn is_sampled(trace: u128, part: f64) -> bool {
    /// Two to the power of 53: every whole number up to it is exact.
    const WHOLE: f64 = 9_007_199_254_740_992.0;
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        reason = "53 bits are left, which a float holds exactly"
    )]
    let place = (trace as u64 >> 11) as f64;
    place < part * WHOLE
}

/// An id of a span, which is never nothing.
fn id() -> u64 {
    rand::random::<u64>().max(1)
}

/// The method, when it is one of those that are known (OpenTelemetry, HTTP semantic conventions).
fn known(method: &Method) -> Option<&'static str> {
    let all = [
        "GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH",
    ];
    all.into_iter().find(|known| *known == method.as_str())
}

/// Nanoseconds since 1970.
#[expect(
    clippy::disallowed_methods,
    reason = "spans of several machines are put together by the time of day"
)]
fn now() -> u128 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.map_or(0, |now| now.as_nanos())
}

#[cfg(test)]
mod tests;
