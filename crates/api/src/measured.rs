//! What was measured of a share or a bridge, and of the engine's process.

use serde::{Deserialize, Serialize};

/// How requests of a share or bridge went, besides how much there was.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub struct Measured {
    /// Requests without an answer of the service, by whose fault that was.
    #[serde(default)]
    pub failures: Failures,
    /// From a request's head to that of its answer; missing while nothing was answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency: Option<Latency>,
    /// The last minutes; missing while nothing went through in them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recent: Option<Recent>,
}

/// Failures by whose fault they were.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Failures {
    /// Of whoever asked.
    pub client: u64,
    /// Of the peer, or of the way to it.
    pub peer: u64,
    /// Of the service behind.
    pub service: u64,
    /// Of malai.
    pub malai: u64,
}

/// Times within which so much of the answers came, in milliseconds, estimated from a histogram.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Latency {
    /// Half of them.
    pub p50_ms: f64,
    /// 95 of 100.
    pub p95_ms: f64,
    /// 99 of 100.
    pub p99_ms: f64,
}

/// The last minutes in steps of the same length, the oldest first; every list is as long.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Recent {
    /// Seconds of one step.
    pub step_secs: u64,
    /// Requests or connections that began.
    pub requests: Vec<u64>,
    /// Failures, whoever's fault.
    pub failures: Vec<u64>,
    /// Bytes, both ways together.
    pub bytes: Vec<u64>,
    /// The time within which 95 of 100 answers came, in milliseconds; `null` where there was none.
    pub p95_ms: Vec<Option<f64>>,
}

/// What the engine's process uses and has in hand.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub struct EngineStatus {
    /// Memory that is resident, in bytes; where the system tells it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_bytes: Option<u64>,
    /// Files and sockets that are open; where the system tells it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open_files: Option<u64>,
    /// Processor time since the start, in seconds; where the system tells it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_secs: Option<f64>,
    /// Peers that are connected directly.
    pub peers_direct: u64,
    /// Peers that are connected through a relay.
    pub peers_relayed: u64,
    /// Requests and connections under way, of all shares and bridges.
    pub streams_open: u64,
    /// Log lines that could not be written.
    pub log_lines_lost: u64,
    /// Spans of traces that no collector took.
    pub spans_lost: u64,
}

impl Failures {
    /// All of them.
    #[must_use]
    pub fn all(&self) -> u64 {
        self.client + self.peer + self.service + self.malai
    }
}
