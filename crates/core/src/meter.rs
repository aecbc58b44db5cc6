//! What went through a share or a bridge, counted as it goes.
//!
//! The one source of all figures: of the metrics, of the status, and of the last minutes in the
//! window. Counts only grow for as long as a name lives.

mod history;

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use malai_api::{Failures, Latency, Measured, Traffic};
use tokio::time::Instant;

use self::history::{History, STEP_SECS, Totals};

/// The upper ends of what answers are sorted into by the time that they took, in milliseconds: the
/// usual ones of Prometheus, and some for services that answer at once or late.
pub(crate) const LATENCIES_MS: [u64; 14] = [
    1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000,
];

/// Counts for one share or bridge; clones share the counts.
#[derive(Debug, Clone, Default)]
pub(crate) struct Meter(Arc<Counts>);

#[derive(Debug)]
struct Counts {
    began: Instant,
    /// The step of the history in which something was last counted or read.
    step: AtomicU64,
    history: Mutex<History>,
    requests: AtomicU64,
    open: AtomicU64,
    bytes_in: AtomicU64,
    bytes_out: AtomicU64,
    /// By [`Fault`].
    failures: [AtomicU64; 4],
    /// By [`Refusal`].
    refusals: [AtomicU64; Refusal::ALL.len()],
    /// By [`LATENCIES_MS`], and those that took longer.
    latencies: [AtomicU64; LATENCIES_MS.len() + 1],
    micros: AtomicU64,
}

/// How much a place has to do; clones count together.
#[derive(Debug, Clone, Default)]
pub(crate) struct Loaded(Arc<AtomicU64>);

/// One request or connection of it, for as long as it lives.
#[derive(Debug)]
pub(crate) struct Load(Arc<AtomicU64>);

/// Whose fault it is that a request has no answer of its service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    Client,
    Peer,
    Service,
    Malai,
}

/// Why a request or connection is refused that is allowed otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The peer makes too many requests a second.
    PeerRate,
    /// All peers together make too many of this service.
    Rate,
    /// All peers together make too many of all services.
    EngineRate,
    /// As many are under way as there may be.
    Connections,
    /// The peer has its part of them.
    Share,
    /// The body is too long.
    Body,
}

/// Everything that was counted so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Figures {
    pub(crate) traffic: Traffic,
    /// By [`Fault::ALL`].
    pub(crate) failures: [u64; 4],
    /// By [`Refusal::ALL`].
    pub(crate) refusals: [u64; Refusal::ALL.len()],
    /// How many answers took up to each of [`LATENCIES_MS`], and how many any time at all.
    pub(crate) up_to: [u64; LATENCIES_MS.len() + 1],
    /// The time that all answers took.
    pub(crate) took: Duration,
}

/// Counts one request or connection as open for as long as it lives.
#[derive(Debug)]
pub(crate) struct Open(Meter);

impl Fault {
    /// In the order of [`Figures::failures`].
    pub(crate) const ALL: [Self; 4] = [Self::Client, Self::Peer, Self::Service, Self::Malai];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Peer => "peer",
            Self::Service => "service",
            Self::Malai => "malai",
        }
    }
}

impl Refusal {
    /// In the order of [`Figures::refusals`].
    pub(crate) const ALL: [Self; 6] = [
        Self::PeerRate,
        Self::Rate,
        Self::EngineRate,
        Self::Connections,
        Self::Share,
        Self::Body,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::PeerRate => "peer-rate",
            Self::Rate => "rate",
            Self::EngineRate => "engine-rate",
            Self::Connections => "connections",
            Self::Share => "share",
            Self::Body => "body",
        }
    }
}

impl Meter {
    /// Counts one more request or connection that begins at `now`, open until the result is dropped.
    #[must_use]
    pub(crate) fn begin(&self, now: Instant) -> Open {
        self.tick(now);
        self.0.requests.fetch_add(1, Relaxed);
        self.0.open.fetch_add(1, Relaxed);
        Open(self.clone())
    }

    /// How many are open.
    pub(crate) fn open(&self) -> u64 {
        self.0.open.load(Relaxed)
    }

    /// Counts bytes that came from the client's side.
    pub(crate) fn received(&self, bytes: u64) {
        self.moved(&self.0.bytes_in, bytes);
    }

    /// Counts bytes that went to the client's side.
    pub(crate) fn sent(&self, bytes: u64) {
        self.moved(&self.0.bytes_out, bytes);
    }

    fn moved(&self, count: &AtomicU64, bytes: u64) {
        if bytes > 0 {
            self.tick(Instant::now());
            count.fetch_add(bytes, Relaxed);
        }
    }

    /// Counts the head of an answer that was awaited since `began` and is there `now`, and whose fault
    /// it is that it is none.
    pub(crate) fn answered(&self, began: Instant, now: Instant, fault: Option<Fault>) {
        self.tick(now);
        let took = now.saturating_duration_since(began);
        let ends = LATENCIES_MS.map(Duration::from_millis);
        let place = ends.iter().position(|end| took <= *end);
        let place = place.unwrap_or(LATENCIES_MS.len());
        if let Some(count) = self.0.latencies.get(place) {
            count.fetch_add(1, Relaxed);
        }
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.0.micros.fetch_add(micros, Relaxed);
        if let Some(fault) = fault {
            self.failed(fault);
        }
    }

    /// Counts a connection that came to nothing, or a request.
    pub(crate) fn failed(&self, fault: Fault) {
        self.tick(Instant::now());
        let place = Fault::ALL.iter().position(|it| *it == fault);
        if let Some(count) = place.and_then(|place| self.0.failures.get(place)) {
            count.fetch_add(1, Relaxed);
        }
    }

    /// Counts what was refused, and why.
    pub(crate) fn refused(&self, reason: Refusal) {
        let place = Refusal::ALL.iter().position(|it| *it == reason);
        if let Some(count) = place.and_then(|place| self.0.refusals.get(place)) {
            count.fetch_add(1, Relaxed);
        }
    }

    /// What has been counted so far.
    pub(crate) fn reading(&self) -> Traffic {
        Traffic {
            requests: self.0.requests.load(Relaxed),
            streams_open: self.open(),
            bytes_in: self.0.bytes_in.load(Relaxed),
            bytes_out: self.0.bytes_out.load(Relaxed),
        }
    }

    /// All of it.
    pub(crate) fn figures(&self) -> Figures {
        let mut so_far = 0;
        let up_to = self.0.latencies.each_ref().map(|count| {
            so_far += count.load(Relaxed);
            so_far
        });
        Figures {
            traffic: self.reading(),
            failures: self.0.failures.each_ref().map(|count| count.load(Relaxed)),
            refusals: self.0.refusals.each_ref().map(|count| count.load(Relaxed)),
            up_to,
            took: Duration::from_micros(self.0.micros.load(Relaxed)),
        }
    }

    /// How requests went, in all and in the last minutes.
    pub(crate) fn measured(&self) -> Measured {
        let step = self.tick(Instant::now());
        let totals = self.totals();
        let [client, peer, service, malai] =
            self.0.failures.each_ref().map(|count| count.load(Relaxed));
        let quantile = |q| quantile(&totals.latencies, q);
        let latency = || {
            Some(Latency {
                p50_ms: quantile(0.5)?,
                p95_ms: quantile(0.95)?,
                p99_ms: quantile(0.99)?,
            })
        };
        Measured {
            failures: Failures {
                client,
                peer,
                service,
                malai,
            },
            latency: latency(),
            recent: self.history(|history| history.recent(step)),
        }
    }

    /// Ends the step before that of `now`, which it returns, when that is not done yet: before
    /// anything of that one is counted.
    fn tick(&self, now: Instant) -> u64 {
        let running = now.saturating_duration_since(self.0.began);
        let now = running.as_secs() / STEP_SECS;
        if self.0.step.load(Relaxed) < now {
            self.history(|history| {
                let step = self.0.step.fetch_max(now, Relaxed);
                if step < now {
                    history.end(step, self.totals());
                }
            });
        }
        now
    }

    fn history<T>(&self, work: impl FnOnce(&mut History) -> T) -> T {
        let history = self.0.history.lock();
        work(&mut history.unwrap_or_else(PoisonError::into_inner))
    }

    fn totals(&self) -> Totals {
        let load = |count: &AtomicU64| count.load(Relaxed);
        Totals {
            requests: load(&self.0.requests),
            failures: self.0.failures.iter().map(load).sum(),
            bytes: load(&self.0.bytes_in) + load(&self.0.bytes_out),
            latencies: self.0.latencies.each_ref().map(load),
        }
    }
}

impl Default for Counts {
    fn default() -> Self {
        Self {
            began: Instant::now(),
            step: AtomicU64::default(),
            history: Mutex::default(),
            requests: AtomicU64::default(),
            open: AtomicU64::default(),
            bytes_in: AtomicU64::default(),
            bytes_out: AtomicU64::default(),
            failures: Default::default(),
            refusals: Default::default(),
            latencies: Default::default(),
            micros: AtomicU64::default(),
        }
    }
}

/// The time in milliseconds within which the part `q` of the answers came, as Prometheus estimates
/// it: even within each of [`LATENCIES_MS`], and the last end for what took longer.
fn quantile(latencies: &[u64; LATENCIES_MS.len() + 1], q: f64) -> Option<f64> {
    let all: u64 = latencies.iter().sum();
    let wanted = q * count(all);
    let mut so_far = 0.0;
    let mut least = 0.0;
    for (end, in_it) in LATENCIES_MS.iter().zip(latencies) {
        let (end, in_it) = (count(*end), count(*in_it));
        if in_it > 0.0 && so_far + in_it >= wanted {
            let estimate = least + (end - least) * (wanted - so_far) / in_it;
            // More digits would promise what an estimate does not hold.
            return Some((estimate * 100.0).round() / 100.0);
        }
        (so_far, least) = (so_far + in_it, end);
    }
    (all > 0).then_some(least)
}

/// Exact below 2^53.
#[expect(
    clippy::cast_precision_loss,
    reason = "counts stay far below 2^53, and an estimate is made of them"
)]
fn count(count: u64) -> f64 {
    count as f64
}

impl Loaded {
    /// Counts one more, until the result is dropped.
    pub(crate) fn begin(&self) -> Load {
        self.0.fetch_add(1, Relaxed);
        Load(Arc::clone(&self.0))
    }

    /// How many there are.
    pub(crate) fn now(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.0.open.fetch_sub(1, Relaxed);
    }
}

#[cfg(test)]
mod tests;
