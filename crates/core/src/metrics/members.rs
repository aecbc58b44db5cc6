//! What is told of the places that bridges may lead to, by their place in the list.

use std::time::Duration;

use malai_api::{BreakerState, PeerState};

use super::{Snapshot, head, line, seconds};

/// One place that a bridge may lead to.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) bridge: String,
    /// Its place in the list, from 0; it is written from 1.
    pub(crate) place: usize,
    pub(crate) breaker: BreakerState,
    pub(crate) path: (PeerState, Option<Duration>),
}

impl Snapshot {
    pub(super) fn members(&self, text: &mut String) {
        let help = "Requests that went on to another member of the bridge.";
        head(text, "failovers_total", "counter", help);
        for (bridge, (failovers, _)) in &self.repeats {
            line(text, "failovers_total", &[("name", bridge)], failovers);
        }
        let help = "Requests that were sent once more.";
        head(text, "retries_total", "counter", help);
        for (bridge, (_, retries)) in &self.repeats {
            line(text, "retries_total", &[("name", bridge)], retries);
        }
        let help = "Circuit breakers of the members of bridges; 1 at the state that holds.";
        self.each_member(text, "member_breaker", help, |text, member, labels| {
            for state in BreakerState::ALL {
                let [name, place] = labels;
                let labels = [name, place, ("state", state.name())];
                line(
                    text,
                    "member_breaker",
                    &labels,
                    u8::from(state == member.breaker),
                );
            }
        });
        let help = "How the members of bridges are reached; 1 at the way that holds.";
        self.each_member(text, "member_path", help, |text, member, labels| {
            let ways = [
                ("direct", PeerState::Direct),
                ("relayed", PeerState::Relayed),
            ];
            for (way, state) in ways {
                let [name, place] = labels;
                let labels = [name, place, ("way", way)];
                line(
                    text,
                    "member_path",
                    &labels,
                    u8::from(state == member.path.0),
                );
            }
        });
        let help = "Round-trip times to the members of bridges.";
        self.each_member(text, "member_rtt_seconds", help, |text, member, labels| {
            if let Some(rtt) = member.path.1 {
                line(text, "member_rtt_seconds", &labels, seconds(rtt));
            }
        });
    }

    fn each_member(
        &self,
        text: &mut String,
        name: &str,
        help: &str,
        tell: impl Fn(&mut String, &Member, [(&str, &str); 2]),
    ) {
        head(text, name, "gauge", help);
        for member in &self.members {
            let place = (member.place + 1).to_string();
            let labels = [("name", member.bridge.as_str()), ("member", place.as_str())];
            tell(text, member, labels);
        }
    }
}
