//! What was counted, as text that Prometheus reads; pure.
//!
//! Labels are names that the owner gave, and words of ours: never keys, paths or anything that
//! others choose, so that nobody can make their number grow.

mod backends;
mod members;

use std::{fmt::Write as _, time::Duration};

use fastn_p2p::TurnedAway;
use malai_api::BackendStatus;

pub(crate) use self::members::Member;
use crate::{
    meter::{Fault, Figures, LATENCIES_MS, Refusal},
    process::Usage,
};

/// What the gateway is called among services and bridges.
const GATEWAY: &str = "gateway";

/// Everything at one moment.
#[derive(Debug, Default)]
pub(crate) struct Snapshot {
    pub(crate) uptime: Duration,
    /// Shares, by name.
    pub(crate) shares: Vec<(String, Figures)>,
    /// Bridges, by name.
    pub(crate) bridges: Vec<(String, Figures)>,
    /// The gateway, while there is one.
    pub(crate) gateway: Option<Figures>,
    pub(crate) usage: Usage,
    /// Log lines that could not be written.
    pub(crate) log_lines_lost: u64,
    /// Spans that a collector took, and those that were lost.
    pub(crate) spans: [u64; 2],
    /// The places that bridges may lead to.
    pub(crate) members: Vec<Member>,
    /// Of bridges by name: requests that went on to another member, and those sent once more.
    pub(crate) repeats: Vec<(String, (u64, u64))>,
    /// Service of each backend, and what is known of it.
    pub(crate) backends: Vec<(String, BackendStatus)>,
    /// Peers that are connected directly, and through a relay.
    pub(crate) peers: [usize; 2],
    /// Those who wait to be let in.
    pub(crate) asking: usize,
    /// What was turned away before anything was asked about it.
    pub(crate) turned_away: TurnedAway,
}

impl Snapshot {
    /// All of it, in the text format of version 0.0.4.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        head(
            &mut text,
            "build_info",
            "gauge",
            "Always 1, of this version.",
        );
        let version = ("version", env!("CARGO_PKG_VERSION"));
        line(&mut text, "build_info", &[version], 1);
        head(
            &mut text,
            "uptime_seconds",
            "gauge",
            "Since the engine started.",
        );
        line(&mut text, "uptime_seconds", &[], self.uptime.as_secs());
        let requests = |it: &Figures| it.traffic.requests;
        let help = "Requests, or connections of TCP services.";
        self.each(&mut text, "requests_total", "counter", help, requests);
        let open = |it: &Figures| it.traffic.streams_open;
        let help = "Requests and connections under way.";
        self.each(&mut text, "open_requests", "gauge", help, open);
        let received = |it: &Figures| it.traffic.bytes_in;
        let help = "Bytes from the client's side.";
        self.each(&mut text, "received_bytes_total", "counter", help, received);
        let sent = |it: &Figures| it.traffic.bytes_out;
        let help = "Bytes to the client's side.";
        self.each(&mut text, "sent_bytes_total", "counter", help, sent);
        self.failures(&mut text);
        self.refusals(&mut text);
        self.latencies(&mut text);
        backends::write(&mut text, &self.backends);
        self.members(&mut text);
        self.rest(&mut text);
        text
    }

    fn all(&self) -> impl Iterator<Item = (&'static str, &str, &Figures)> {
        let shares = self.shares.iter();
        let shares = shares.map(|(name, it)| ("share", name.as_str(), it));
        let bridges = self.bridges.iter();
        let bridges = bridges.map(|(name, it)| ("bridge", name.as_str(), it));
        let gateway = self.gateway.iter().map(|it| ("gateway", GATEWAY, it));
        shares.chain(bridges).chain(gateway)
    }

    fn each(
        &self,
        text: &mut String,
        name: &str,
        kind: &str,
        help: &str,
        value: impl Fn(&Figures) -> u64,
    ) {
        head(text, name, kind, help);
        for (side, of, figures) in self.all() {
            line(text, name, &[("side", side), ("name", of)], value(figures));
        }
    }

    fn failures(&self, text: &mut String) {
        let name = "failures_total";
        head(
            text,
            name,
            "counter",
            "Requests without an answer of the service.",
        );
        for (side, of, figures) in self.all() {
            for (fault, count) in Fault::ALL.iter().zip(figures.failures) {
                let labels = [("side", side), ("name", of), ("fault", fault.name())];
                line(text, name, &labels, count);
            }
        }
    }

    fn refusals(&self, text: &mut String) {
        let name = "refused_total";
        let help = "Requests and connections refused because of a limit.";
        head(text, name, "counter", help);
        for (side, of, figures) in self.all() {
            for (reason, count) in Refusal::ALL.iter().zip(figures.refusals) {
                let labels = [("side", side), ("name", of), ("reason", reason.name())];
                line(text, name, &labels, count);
            }
        }
        let name = "turned_away_total";
        let help = "What was turned away before anything was asked about it.";
        head(text, name, "counter", help);
        let TurnedAway {
            handshakes,
            strangers,
            streams,
        } = self.turned_away;
        for (what, count) in [
            ("handshake", handshakes),
            ("stranger", strangers),
            ("stream", streams),
        ] {
            line(text, name, &[("what", what)], count);
        }
    }

    fn latencies(&self, text: &mut String) {
        let name = "response_seconds";
        head(
            text,
            name,
            "histogram",
            "From a request's head to that of its answer.",
        );
        for (side, of, figures) in self.all() {
            let ends = LATENCIES_MS.map(|end| seconds(Duration::from_millis(end)));
            let ends = ends.into_iter().chain(["+Inf".to_owned()]);
            for (end, count) in ends.zip(figures.up_to) {
                let labels = [("side", side), ("name", of), ("le", end.as_str())];
                line(text, "response_seconds_bucket", &labels, count);
            }
            let labels = [("side", side), ("name", of)];
            let count = figures.up_to.last().copied().unwrap_or_default();
            line(text, "response_seconds_sum", &labels, seconds(figures.took));
            line(text, "response_seconds_count", &labels, count);
        }
    }

    fn rest(&self, text: &mut String) {
        head(text, "peers", "gauge", "Peers that are connected.");
        for (way, count) in ["direct", "relayed"].into_iter().zip(self.peers) {
            line(text, "peers", &[("way", way)], count);
        }
        head(
            text,
            "asking",
            "gauge",
            "Questions that wait to be answered.",
        );
        line(text, "asking", &[], self.asking);
        let help = "Log lines that could not be written.";
        head(text, "log_lines_lost_total", "counter", help);
        line(text, "log_lines_lost_total", &[], self.log_lines_lost);
        let [sent, lost] = self.spans;
        let help = "Spans of traces that a collector took.";
        head(text, "spans_sent_total", "counter", help);
        line(text, "spans_sent_total", &[], sent);
        head(text, "spans_lost_total", "counter", "Spans that none took.");
        line(text, "spans_lost_total", &[], lost);
        self.process(text);
    }

    /// What is known by the names that every Prometheus client gives it.
    fn process(&self, text: &mut String) {
        let Usage {
            memory_bytes,
            open_files,
            cpu,
        } = self.usage;
        if let Some(bytes) = memory_bytes {
            let name = "process_resident_memory_bytes";
            head(text, name, "gauge", "Memory that is resident.");
            line(text, name, &[], bytes);
        }
        if let Some(files) = open_files {
            let name = "process_open_fds";
            head(text, name, "gauge", "Files and sockets that are open.");
            line(text, name, &[], files);
        }
        if let Some(cpu) = cpu {
            let name = "process_cpu_seconds_total";
            head(text, name, "counter", "Processor time since the start.");
            line(text, name, &[], seconds(cpu));
        }
    }
}

fn head(text: &mut String, name: &str, kind: &str, help: &str) {
    let ours = prefix(name);
    push(
        text,
        format_args!("# HELP {ours}{name} {help}\n# TYPE {ours}{name} {kind}\n"),
    );
}

fn line(text: &mut String, name: &str, labels: &[(&str, &str)], value: impl std::fmt::Display) {
    let labels: Vec<String> = labels
        .iter()
        .map(|(label, value)| format!("{label}=\"{}\"", escaped(value)))
        .collect();
    let labels = match labels.as_slice() {
        [] => String::new(),
        some => format!("{{{}}}", some.join(",")),
    };
    push(
        text,
        format_args!("{}{name}{labels} {value}\n", prefix(name)),
    );
}

/// Ours have our name before theirs; those of the process have that of everybody.
fn prefix(name: &str) -> &'static str {
    if name.starts_with("process_") {
        ""
    } else {
        "malai_"
    }
}

fn push(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    if let Err(error) = text.write_fmt(arguments) {
        // Never so with a String.
        tracing::debug!(%error, "a metric is left out");
    }
}

fn seconds(time: Duration) -> String {
    time.as_secs_f64().to_string()
}

fn escaped(value: &str) -> String {
    value
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}

#[cfg(test)]
mod tests;
