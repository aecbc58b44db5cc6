//! What follows from what was seen of a peer; pure.

use std::time::Duration;

use fastn_p2p::{ConnectError, Path};
use malai_api::{Examined, Verdict};

use super::{Seen, Silence, Speed};
use crate::{
    config::check_name,
    doctor::{Found, clock, place, speech},
    wire::{Offer, Told},
};

/// Services that are named.
const MOST_NAMED: usize = 8;

/// Everything about a peer that was reached, called `name`.
pub(super) fn judge(seen: &Seen, name: &str) -> Vec<Found> {
    let mut found = vec![path(seen, name)];
    match &seen.told {
        Ok((told, speed)) => {
            found.push(there(told, name));
            found.push(their_clock(told, seen.now, name));
            found.push(fast(*speed, name));
            found.push(their_checks(told, name));
        }
        Err(silence) => found.push(silent(*silence, name)),
    }
    found.extend(seen.offer.as_ref().map(|offer| offers(offer, name)));
    found
}

/// A peer that was not reached; no error is that it took too long.
pub(super) fn unreachable(error: Option<&ConnectError>, name: &str) -> Found {
    let check = Examined::Path;
    match error {
        Some(ConnectError::VersionMismatch { .. }) => {
            let seen = format!("{name} is there, and speaks another version of malai");
            Found::problem(check, "the peer speaks another version", seen)
                .advise("bring both ends to the same version")
        }
        Some(ConnectError::Closing) => {
            Found::problem(check, "malai is stopping", "malai is stopping")
        }
        _ => {
            let seen = format!(
                "{name} cannot be reached: no address of it is known, or none of them answers"
            );
            Found::problem(check, "the peer cannot be reached", seen).advise(
                "ask whether malai is running there and online; a link that was made just now has \
                 its present addresses",
            )
        }
    }
}

fn path(seen: &Seen, name: &str) -> Found {
    let check = Examined::Path;
    match seen.path {
        Path::Direct(rtt) => {
            let way = seen.address.map(|address| place::way(address.ip()));
            let way = way.map(|way| format!(" {way}")).unwrap_or_default();
            let seen = format!("{name} is reached directly{way}");
            Found::ok(check, "the peer is reached directly", seen).millis("round_trip", rtt)
        }
        Path::Relayed(rtt) => {
            let seen = format!(
                "{name} is reachable through the relay only: no direct connection came about, so \
                 everything takes the longer way"
            );
            Found::warning(check, "the peer is reached through the relay only", seen)
                .advise(
                    "it works, only slower. For a direct connection at least one of both networks \
                     has to let UDP through and have an easy NAT: `malai doctor` says so at each \
                     end",
                )
                .millis("round_trip", rtt)
        }
        Path::Offline | Path::Connecting => {
            let seen = format!("{name} was reached, and the connection ended again");
            Found::problem(check, "the connection does not stay", seen)
                .advise("try again; if it stays so, look at the network of both ends")
        }
    }
}

fn there(told: &Told, name: &str) -> Found {
    let version = speech::version(told).unwrap_or("of an unknown version");
    let way = match (told.direct, told.address) {
        (true, Some(address)) if address.ip().is_loopback() => format!("directly, at {address}"),
        (true, Some(address)) => format!("directly {}, at {address}", place::way(address.ip())),
        (true, None) => "directly".to_owned(),
        (false, _) => "through the relay".to_owned(),
    };
    let said = format!("{name} runs malai {version} and sees this machine {way}");
    let summary = if told.direct {
        "the peer sees us directly"
    } else {
        "the peer sees us through the relay"
    };
    let found = Found::ok(Examined::Seen, summary, said);
    match told.rtt_ms {
        Some(rtt) if rtt.is_finite() && rtt >= 0.0 => found.figure("their_round_trip", rtt, "ms"),
        _ => found,
    }
}

fn their_clock(told: &Told, now: u64, name: &str) -> Found {
    let check = Examined::PeerClock;
    let apart = Duration::from_secs(now.abs_diff(told.time));
    let seconds = u32::try_from(apart.as_secs()).unwrap_or(u32::MAX);
    let found = if told.time == 0 {
        return Found::skipped(
            check,
            "the peer does not tell the time",
            format!("{name} does not tell what time it has"),
        );
    } else if apart <= clock::NOTICED {
        let seen = format!("the clock of {name} agrees with this machine's");
        Found::ok(check, "both clocks agree", seen)
    } else {
        let seen = format!(
            "the clock of {name} is {} {} this machine's",
            humantime::format_duration(apart),
            if told.time > now {
                "ahead of"
            } else {
                "behind"
            }
        );
        Found::warning(check, "both clocks differ", seen)
            .advise("set the date and time where they are wrong")
    };
    found.figure("apart", f64::from(seconds), "s")
}

fn fast(speed: Speed, name: &str) -> Found {
    let check = Examined::Speed;
    let Some(round_trip) = speed.round_trip else {
        let seen = format!("nothing came back from {name} in time");
        return Found::warning(check, "nothing came back", seen).advise("try again in a moment");
    };
    let millis = round_trip.as_secs_f64() * 1000.0;
    let found = match speed.megabytes_per_second {
        Some(rate) => {
            let seen = format!(
                "a small message takes {millis:.1} ms to {name} and back, and {rate:.1} MB/s go \
                 both ways at once"
            );
            Found::ok(check, "messages come back", seen).figure("throughput", rate, "MB/s")
        }
        None => {
            let seen = format!(
                "a small message takes {millis:.1} ms to {name} and back, and larger ones did not \
                 come back in time"
            );
            Found::warning(check, "the way is very slow", seen)
                .advise("look at what else uses the network of both ends")
        }
    };
    found.millis("echo", round_trip)
}

fn their_checks(told: &Told, name: &str) -> Found {
    let check = Examined::PeerChecks;
    let checks = speech::understood(&told.checks);
    if checks.is_empty() {
        let seen = format!("{name} did not look at itself in time");
        return Found::skipped(check, "the peer does not say how it is", seen);
    }
    let named = |wanted: Verdict| {
        let those = checks.iter().filter(|(_, verdict)| *verdict == wanted);
        those.map(|(check, _)| words(*check)).collect::<Vec<_>>()
    };
    let (problems, warnings) = (named(Verdict::Problem), named(Verdict::Warning));
    if problems.is_empty() && warnings.is_empty() {
        let seen = format!("{name} finds nothing wrong at its end");
        return Found::ok(check, "the peer finds nothing wrong", seen);
    }
    let mut said = Vec::new();
    if !problems.is_empty() {
        said.push(format!("a problem with {}", problems.join(", ")));
    }
    if !warnings.is_empty() {
        said.push(format!("something to know about {}", warnings.join(", ")));
    }
    let seen = format!("{name} finds at its end {}", said.join(" and "));
    Found::warning(check, "the peer finds something at its end", seen)
        .advise("its owner sees what to do with `malai doctor` there")
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "peers tell of these alone; others have names, too"
)]
fn words(check: Examined) -> &'static str {
    match check {
        Examined::Dns => "the DNS",
        Examined::Lookup => "its published address",
        Examined::Udp => "UDP or its NAT",
        Examined::Relay => "its relay",
        Examined::Clock => "its clock",
        Examined::Limits => "limits of its machine",
        other => other.name(),
    }
}

fn silent(silence: Silence, name: &str) -> Found {
    let check = Examined::Seen;
    match silence {
        Silence::Older => {
            let seen = format!(
                "{name} runs a version of malai that does not tell what it sees; the connection \
                 itself works"
            );
            Found::skipped(check, "the peer's version does not tell", seen)
        }
        Silence::Denied => {
            let seen =
                format!("{name} offers you nothing, so it does not tell what it sees either");
            Found::warning(check, "the peer lets us use nothing", seen).advise(
                "ask its owner for a link, or to let you in by your id52, which `malai id` prints",
            )
        }
        Silence::Busy => {
            let seen = format!("{name} cannot tell what it sees at the moment");
            Found::skipped(check, "the peer is busy", seen).advise("try again in a minute")
        }
        Silence::Broken => {
            let seen = format!("{name} was asked what it sees, and no answer came through");
            Found::problem(check, "the peer does not answer", seen)
                .advise("try again; if it stays so, look at the network of both ends")
        }
    }
}

fn offers(offer: &Offer, name: &str) -> Found {
    let check = Examined::Offers;
    let services = offer.services.iter();
    let named = services.filter(|it| check_name(&it.name).is_ok());
    let (down, up): (Vec<_>, Vec<_>) = named.partition(|it| it.up == Some(false));
    let names = |those: &[&crate::wire::Offered]| {
        let names = those.iter().take(MOST_NAMED).map(|it| it.name.as_str());
        names.collect::<Vec<_>>().join(", ")
    };
    let count = u32::try_from(down.len() + up.len()).unwrap_or(u32::MAX);
    let found = if down.is_empty() {
        let seen = format!("{name} offers you {}", names(&up));
        Found::ok(check, "what the peer offers is up", seen)
    } else {
        let seen = format!("{name} offers you {}, which is down there", names(&down));
        Found::warning(check, "something the peer offers is down", seen)
            .advise("ask its owner to start it")
    };
    found.figure("services", f64::from(count), "")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::TheirCheck;

    fn seen(path: Path, told: Result<(Told, Speed), Silence>) -> Seen {
        Seen {
            path,
            address: Some("192.168.1.7:4000".parse().unwrap()),
            told,
            offer: None,
            now: 1_790_000_000,
        }
    }

    fn told(time: u64) -> Told {
        Told {
            version: "0.1.0".to_owned(),
            time,
            direct: true,
            address: Some("203.0.113.9:4000".parse().unwrap()),
            rtt_ms: Some(12.0),
            checks: vec![TheirCheck {
                check: "relay".to_owned(),
                verdict: "problem".to_owned(),
            }],
        }
    }

    fn verdicts(seen: &Seen) -> Vec<(Examined, Verdict)> {
        let found = judge(seen, "alice");
        found.iter().map(|it| (it.check, it.verdict)).collect()
    }

    #[test]
    fn a_relayed_peer_is_said_to_be_reachable_through_the_relay_only() {
        let seen = seen(
            Path::Relayed(Duration::from_millis(80)),
            Err(Silence::Older),
        );
        let found: malai_api::Finding = judge(&seen, "alice").remove(0).into();
        assert_eq!(found.verdict, Verdict::Warning);
        assert!(found.seen.contains("through the relay only"), "{found:?}");
        assert_eq!(
            verdicts(&seen)[1],
            (Examined::Seen, Verdict::Skipped),
            "an older version is no failure"
        );
    }

    #[test]
    fn the_other_end_is_told_in_our_words() {
        let told = (told(1_790_000_060), Speed::default());
        let seen = seen(Path::Direct(Duration::from_millis(3)), Ok(told));
        assert_eq!(
            verdicts(&seen),
            [
                (Examined::Path, Verdict::Ok),
                (Examined::Seen, Verdict::Ok),
                (Examined::PeerClock, Verdict::Warning),
                (Examined::Speed, Verdict::Warning),
                (Examined::PeerChecks, Verdict::Warning),
            ]
        );
        let checks: malai_api::Finding = judge(&seen, "alice").remove(4).into();
        assert!(checks.seen.contains("a problem with its relay"));
    }
}
