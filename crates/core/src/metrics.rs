//! What was counted, as text that Prometheus reads; pure.
//!
//! Labels are names that the owner gave, and words of ours: never keys, paths or anything that
//! others choose, so that nobody can make their number grow.

use std::{fmt::Write as _, time::Duration};

use fastn_p2p::TurnedAway;

use crate::meter::{Fault, Figures, LATENCIES_MS, Refusal};

/// Everything at one moment.
#[derive(Debug, Default)]
pub(crate) struct Snapshot {
    pub(crate) uptime: Duration,
    /// Shares, by name.
    pub(crate) shares: Vec<(String, Figures)>,
    /// Bridges, by name.
    pub(crate) bridges: Vec<(String, Figures)>,
    /// Service and address of each backend, and whether it works.
    pub(crate) backends: Vec<(String, String, bool)>,
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
        self.rest(&mut text);
        text
    }

    fn all(&self) -> impl Iterator<Item = (&'static str, &String, &Figures)> {
        let shares = self.shares.iter().map(|(name, it)| ("share", name, it));
        let bridges = self.bridges.iter().map(|(name, it)| ("bridge", name, it));
        shares.chain(bridges)
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
                let labels = [("side", side), ("name", of.as_str()), ("le", end.as_str())];
                line(text, "response_seconds_bucket", &labels, count);
            }
            let labels = [("side", side), ("name", of.as_str())];
            let count = figures.up_to.last().copied().unwrap_or_default();
            line(text, "response_seconds_sum", &labels, seconds(figures.took));
            line(text, "response_seconds_count", &labels, count);
        }
    }

    fn rest(&self, text: &mut String) {
        head(
            text,
            "backend_up",
            "gauge",
            "Whether a backend works, as far as is known.",
        );
        for (service, address, up) in &self.backends {
            let labels = [("name", service.as_str()), ("backend", address.as_str())];
            line(text, "backend_up", &labels, u8::from(*up));
        }
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
    }
}

fn head(text: &mut String, name: &str, kind: &str, help: &str) {
    push(
        text,
        format_args!("# HELP malai_{name} {help}\n# TYPE malai_{name} {kind}\n"),
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
    push(text, format_args!("malai_{name}{labels} {value}\n"));
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
mod tests {
    use malai_api::Traffic;

    use super::*;

    fn snapshot() -> Snapshot {
        let figures = Figures {
            traffic: Traffic {
                requests: 3,
                streams_open: 1,
                bytes_in: 20,
                bytes_out: 30,
            },
            failures: [0, 0, 1, 0],
            refusals: [4, 0, 0, 0, 0, 0],
            up_to: [1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3],
            took: Duration::from_millis(12_500),
        };
        Snapshot {
            uptime: Duration::from_secs(61),
            shares: vec![("shop".to_owned(), figures)],
            backends: vec![("shop".to_owned(), "unix:/a\"b".to_owned(), false)],
            peers: [2, 0],
            turned_away: TurnedAway {
                handshakes: 5,
                ..TurnedAway::default()
            },
            ..Snapshot::default()
        }
    }

    #[test]
    fn says_what_was_counted() {
        let text = snapshot().text();
        for expected in [
            "malai_uptime_seconds 61\n",
            "malai_requests_total{side=\"share\",name=\"shop\"} 3\n",
            "malai_failures_total{side=\"share\",name=\"shop\",fault=\"service\"} 1\n",
            "malai_refused_total{side=\"share\",name=\"shop\",reason=\"peer-rate\"} 4\n",
            "malai_turned_away_total{what=\"handshake\"} 5\n",
            "malai_response_seconds_bucket{side=\"share\",name=\"shop\",le=\"0.005\"} 1\n",
            "malai_response_seconds_bucket{side=\"share\",name=\"shop\",le=\"+Inf\"} 3\n",
            "malai_response_seconds_sum{side=\"share\",name=\"shop\"} 12.5\n",
            "malai_backend_up{name=\"shop\",backend=\"unix:/a\\\"b\"} 0\n",
            "malai_peers{way=\"direct\"} 2\n",
        ] {
            assert!(text.contains(expected), "{expected} in\n{text}");
        }
    }

    #[test]
    fn every_line_has_the_form_that_is_read() {
        for line in snapshot().text().lines() {
            let is_comment = line.starts_with("# HELP malai_") || line.starts_with("# TYPE malai_");
            let value = line
                .rsplit_once(' ')
                .and_then(|(_, value)| value.parse::<f64>().ok());
            assert!(is_comment || value.is_some(), "{line}");
        }
    }
}
