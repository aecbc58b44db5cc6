//! What went through a share or a bridge, counted as it goes.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use malai_api::Traffic;

/// The upper ends of what answers are sorted into by the time that they took, in milliseconds; the
/// usual ones of Prometheus.
pub(crate) const LATENCIES_MS: [u64; 11] = [5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000];

/// Counts for one share or bridge; clones share the counts.
#[derive(Debug, Clone, Default)]
pub(crate) struct Meter(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
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
    /// Counts one more request or connection, open until the result is dropped.
    #[must_use]
    pub(crate) fn begin(&self) -> Open {
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
        self.0.bytes_in.fetch_add(bytes, Relaxed);
    }

    /// Counts bytes that went to the client's side.
    pub(crate) fn sent(&self, bytes: u64) {
        self.0.bytes_out.fetch_add(bytes, Relaxed);
    }

    /// Counts how long the head of an answer took, and whose fault it is that it is none.
    pub(crate) fn answered(&self, took: Duration, fault: Option<Fault>) {
        let ends = LATENCIES_MS.map(Duration::from_millis);
        let place = ends.iter().position(|end| took <= *end);
        let place = place.unwrap_or(LATENCIES_MS.len());
        if let Some(count) = self.0.latencies.get(place) {
            count.fetch_add(1, Relaxed);
        }
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.0.micros.fetch_add(micros, Relaxed);
        let fault = fault.and_then(|fault| Fault::ALL.iter().position(|it| *it == fault));
        if let Some(count) = fault.and_then(|place| self.0.failures.get(place)) {
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
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.0.open.fetch_sub(1, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_sorted_by_their_time_and_failures_by_their_fault() {
        let meter = Meter::default();
        meter.answered(Duration::from_millis(5), None);
        meter.answered(Duration::from_millis(6), Some(Fault::Service));
        meter.answered(Duration::from_secs(60), Some(Fault::Service));
        let figures = meter.figures();
        assert_eq!(figures.up_to, [1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3]);
        assert_eq!(figures.failures, [0, 0, 2, 0]);
        assert_eq!(figures.took, Duration::from_millis(60_011));
    }
}
