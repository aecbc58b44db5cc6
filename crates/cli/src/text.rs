//! How things read for people: times, sizes, events.

use std::time::{Duration, UNIX_EPOCH};

use malai_api::{Event, Failures, Measured, PeerState, Protocol, Traffic, codes};
use malai_core::engine::Drained;

/// One event in a line; `None` for what needs no telling.
pub(crate) fn event(event: &Event) -> Option<String> {
    match event {
        Event::Identity { id52 } => Some(format!("malai runs as {id52}")),
        Event::Shared {
            service,
            upstream,
            link,
            ..
        } => Some(format!("shared `{service}` ({upstream}): {link}")),
        Event::Bridged { local, url, .. } => {
            let place = if url.is_empty() { local } else { url };
            Some(format!("bridged at {place}"))
        }
        Event::Peer {
            peer,
            state,
            rtt_ms,
        } => Some(format!("{}: {}", short(peer), way(*state, *rtt_ms))),
        Event::Request {
            peer,
            method,
            path,
            status,
            ms,
            ..
        } => Some(format!(
            "{method} {path} {status} in {ms:.0} ms ({})",
            short(peer)
        )),
        Event::Access {
            peer,
            service,
            decision: malai_api::AccessDecision::Pending,
            name,
        } => {
            let who = name.clone().unwrap_or_else(|| short(peer));
            Some(format!(
                "{who} asks for `{service}`: `malai allow {who}` (`--once`, `--for 1h`), \
                 `malai deny {who}` or `malai block {who}`"
            ))
        }
        Event::Access {
            peer,
            service,
            decision: malai_api::AccessDecision::Denied,
            ..
        } => Some(format!("{peer} asked for `{service}` and may not use it")),
        Event::Access {
            peer,
            service,
            decision: malai_api::AccessDecision::Allowed,
            ..
        } => Some(format!("{peer} was let in to `{service}`")),
        Event::Rotated { peer, former, name } => {
            let former = short(former);
            let name = name.as_deref().unwrap_or(&former);
            Some(format!(
                "{name} has a new key, {peer}; the one before is accepted no more"
            ))
        }
        Event::Stopped { service, reason } => Some(format!("`{service}` has ended: {reason}")),
        Event::Error { message, .. } => Some(format!("warning: {message}")),
        Event::Access { .. } | Event::Drained { .. } | _ => None,
    }
}

/// What is said in place of events that nobody could keep.
pub(crate) fn lost_events(count: u64) -> Event {
    Event::Error {
        code: codes::EVENTS_LOST.to_owned(),
        message: format!("{count} events were lost, since they were read too slowly"),
    }
}

/// What stopping let go of.
pub(crate) fn drained(drained: Drained) -> String {
    let Drained { finished, cut } = drained;
    let requests = if finished == 1 { "request" } else { "requests" };
    format!("let {finished} {requests} finish, cut {cut}")
}

/// How a peer is reached.
pub(crate) fn way(state: PeerState, rtt_ms: Option<f64>) -> String {
    let state = match state {
        PeerState::Offline => "offline",
        PeerState::Connecting => "connecting",
        PeerState::Direct => "direct",
        PeerState::Relayed => "relayed",
        _ => "unknown",
    };
    match rtt_ms {
        Some(rtt) => format!("{state} {rtt:.0} ms"),
        None => state.to_owned(),
    }
}

/// How a service is carried.
pub(crate) fn protocol(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::Tcp => "tcp",
        Protocol::Http | _ => "http",
    }
}

/// What went through, in one line.
pub(crate) fn traffic(traffic: Traffic) -> String {
    format!(
        "{} requests, {} open, {} in, {} out",
        traffic.requests,
        traffic.streams_open,
        bytes(traffic.bytes_in),
        bytes(traffic.bytes_out)
    )
}

/// How that went, in a few words; nothing where nothing was answered or failed.
pub(crate) fn measured(measured: &Measured) -> String {
    let mut words = String::new();
    let Failures {
        client,
        peer,
        service,
        malai,
    } = measured.failures;
    if measured.failures.all() > 0 {
        let whose = [
            (client, "by who asked"),
            (peer, "by the peer"),
            (service, "by the service"),
            (malai, "by malai"),
        ];
        let whose = whose.iter().filter(|(count, _)| *count > 0);
        let whose: Vec<String> = whose.map(|(count, who)| format!("{count} {who}")).collect();
        words.push_str(&format!(", failed: {}", whose.join(", ")));
    }
    if let Some(latency) = measured.latency {
        words.push_str(&format!(", p95 {}", milliseconds(latency.p95_ms)));
    }
    words
}

/// A short time.
fn milliseconds(ms: f64) -> String {
    if ms < 10.0 {
        format!("{ms:.1} ms")
    } else if ms < 1000.0 {
        format!("{ms:.0} ms")
    } else {
        format!("{:.1} s", ms / 1000.0)
    }
}

/// A number of bytes, in powers of 1024.
pub(crate) fn bytes(count: u64) -> String {
    const UNITS: [&str; 5] = ["KiB", "MiB", "GiB", "TiB", "PiB"];
    if count < 1024 {
        return format!("{count} B");
    }
    // Tenths of the unit, in whole numbers all the way.
    let mut tenths = u128::from(count) * 10 / 1024;
    let mut unit = 0;
    while tenths >= 10_240 && unit + 1 < UNITS.len() {
        tenths /= 1024;
        unit += 1;
    }
    format!("{}.{} {}", tenths / 10, tenths % 10, UNITS[unit])
}

/// A length of time, in its two largest units.
pub(crate) fn time(seconds: u64) -> String {
    let text = humantime::format_duration(Duration::from_secs(seconds)).to_string();
    text.split(' ').take(2).collect::<Vec<_>>().join(" ")
}

/// A moment in seconds since 1970, in UTC.
pub(crate) fn date(secs: u64) -> String {
    // Later ones have no such form.
    const END_OF_9999: u64 = 253_402_300_799;
    let moment = UNIX_EPOCH + Duration::from_secs(secs.min(END_OF_9999));
    humantime::format_rfc3339_seconds(moment).to_string()
}

/// Its day.
pub(crate) fn day(secs: u64) -> String {
    date(secs).split('T').next().unwrap_or_default().to_owned()
}

/// Enough of an id52 to tell peers apart.
pub(crate) fn short(id52: &str) -> String {
    const SHORT: usize = 7;
    id52.chars().take(SHORT).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_read_well() {
        assert_eq!(bytes(0), "0 B");
        assert_eq!(bytes(1023), "1023 B");
        assert_eq!(bytes(1024), "1.0 KiB");
        assert_eq!(bytes(1536 * 1024), "1.5 MiB");
        assert_eq!(bytes(1024 * 1024 * 1024), "1.0 GiB");
    }

    #[test]
    fn what_went_well_needs_few_words() {
        assert_eq!(measured(&Measured::default()), "");
        let went = Measured {
            failures: Failures {
                client: 1,
                service: 2,
                ..Failures::default()
            },
            latency: Some(malai_api::Latency {
                p50_ms: 1.0,
                p95_ms: 4.75,
                p99_ms: 5.0,
            }),
            recent: None,
        };
        let words = ", failed: 1 by who asked, 2 by the service, p95 4.8 ms";
        assert_eq!(measured(&went), words);
        assert_eq!(milliseconds(1234.0), "1.2 s");
    }

    #[test]
    fn times_read_well() {
        assert_eq!(time(0), "0s");
        assert_eq!(time(3 * 3600 + 62), "3h 1m");
        assert_eq!(day(1_790_000_000), "2026-09-21");
        assert_eq!(day(u64::MAX), "9999-12-31");
    }

    #[test]
    fn dates_read_well() {
        assert_eq!(date(0), "1970-01-01T00:00:00Z");
        assert_eq!(date(u64::MAX), "9999-12-31T23:59:59Z");
    }

    #[test]
    fn one_request_is_singular() {
        let one = Drained {
            finished: 1,
            cut: 0,
        };
        assert_eq!(drained(one), "let 1 request finish, cut 0");
    }
}
