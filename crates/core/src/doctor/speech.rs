//! What both ends of a doctor's stream say: one message in JSON with its length in front.
//!
//! What a peer says is never trusted: texts that people see are from closed sets, and a version is
//! held against its form.

use std::io;

use malai_api::{Examined, Verdict};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::Found;
use crate::wire::{TheirCheck, Told};

/// The longest message; one of ours has some hundred bytes.
const LONGEST: usize = 8 * 1024;
/// Checks in one message.
const MOST_CHECKS: usize = 32;
/// The longest version that is shown.
const LONGEST_VERSION: usize = 32;

/// What a peer may hear of: the way between both depends on it, and it tells nothing else.
const FOR_PEERS: [Examined; 6] = [
    Examined::Dns,
    Examined::Lookup,
    Examined::Udp,
    Examined::Relay,
    Examined::Clock,
    Examined::Limits,
];

/// The worst of each check that a peer may hear of.
pub(crate) fn checks_for_peers(found: &[Found]) -> Vec<TheirCheck> {
    let worst = |check: Examined| {
        let verdicts = found.iter().filter(|it| it.check == check);
        verdicts.map(|it| it.verdict).max()
    };
    let told = FOR_PEERS.iter().filter_map(|check| {
        Some(TheirCheck {
            check: check.name().to_owned(),
            verdict: worst(*check)?.name().to_owned(),
        })
    });
    told.collect()
}

/// What is understood of a peer's checks; the rest is passed over.
pub(super) fn understood(checks: &[TheirCheck]) -> Vec<(Examined, Verdict)> {
    let known = |it: &TheirCheck| {
        let check = FOR_PEERS.iter().find(|check| check.name() == it.check)?;
        let verdicts = [
            Verdict::Skipped,
            Verdict::Ok,
            Verdict::Warning,
            Verdict::Problem,
        ];
        let verdict = verdicts.iter().find(|each| each.name() == it.verdict)?;
        Some((*check, *verdict))
    };
    checks.iter().take(MOST_CHECKS).filter_map(known).collect()
}

/// A version that looks like one.
pub(super) fn version(told: &Told) -> Option<&str> {
    let is_version = |c: char| c.is_ascii_alphanumeric() || ".-+".contains(c);
    let version = told.version.as_str();
    let usable = !version.is_empty() && version.len() <= LONGEST_VERSION;
    (usable && version.chars().all(is_version)).then_some(version)
}

/// Writes what is told.
pub(crate) async fn write_told(
    stream: &mut (impl AsyncWrite + Unpin),
    told: &Told,
) -> io::Result<()> {
    let text = serde_json::to_vec(told)?;
    let length = u32::try_from(text.len()).map_err(|_| too_long())?;
    stream.write_u32(length).await?;
    stream.write_all(&text).await
}

/// Reads what is told. Not cancel safe.
pub(super) async fn read_told(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Told> {
    let length = usize::try_from(stream.read_u32().await?).unwrap_or(usize::MAX);
    if length > LONGEST {
        return Err(too_long());
    }
    let mut text = vec![0; length];
    stream.read_exact(&mut text).await?;
    Ok(serde_json::from_slice(&text)?)
}

fn too_long() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "message too long")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn block_on<T>(future: impl Future<Output = T>) -> T {
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        runtime.unwrap().block_on(future)
    }

    fn told(version: &str) -> Told {
        Told {
            version: version.to_owned(),
            ..Told::default()
        }
    }

    #[test]
    fn names_are_those_of_json() {
        for check in FOR_PEERS.into_iter().chain([Examined::PeerClock]) {
            let text = serde_json::to_string(&check).unwrap();
            assert_eq!(text, format!("\"{}\"", check.name()));
        }
        for verdict in [Verdict::Skipped, Verdict::Problem] {
            let text = serde_json::to_string(&verdict).unwrap();
            assert_eq!(text, format!("\"{}\"", verdict.name()));
        }
    }

    #[test]
    fn peers_hear_of_the_way_between_both_and_of_nothing_else() {
        let found = [
            Found::ok(Examined::Udp, "fine", "fine"),
            Found::problem(Examined::Relay, "bad", "relay.secret.example"),
            Found::ok(Examined::Relay, "fine", "fine"),
            Found::problem(Examined::Upstream, "bad", "the shop is down"),
            Found::problem(Examined::Config, "bad", "/home/me"),
        ];
        let told = checks_for_peers(&found);
        let text = serde_json::to_string(&told).unwrap();
        let expected = r#"[{"check":"udp","verdict":"ok"},{"check":"relay","verdict":"problem"}]"#;
        assert_eq!(text, expected);
        assert_eq!(
            understood(&told),
            [
                (Examined::Udp, Verdict::Ok),
                (Examined::Relay, Verdict::Problem)
            ]
        );
    }

    #[test]
    fn words_of_a_peer_are_not_shown_to_people() {
        let odd = [
            ("udp", "call +1 900"),
            ("upstream", "ok"),
            ("Run this", "problem"),
        ];
        let odd = odd.map(|(check, verdict)| TheirCheck {
            check: check.to_owned(),
            verdict: verdict.to_owned(),
        });
        assert!(understood(&odd).is_empty());
        assert_eq!(version(&told("0.1.0-rc.1+b")), Some("0.1.0-rc.1+b"));
        for odd in ["", "1.0 \u{1b}[31m", "see http://example", &"1".repeat(33)] {
            assert_eq!(version(&told(odd)), None, "{odd}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(version in "[0-9.]{0,20}", time: u64, direct: bool) {
            let told = Told { version, time, direct, ..Told::default() };
            let mut bytes = Vec::new();
            block_on(write_told(&mut bytes, &told)).unwrap();
            prop_assert_eq!(block_on(read_told(&mut &bytes[..])).unwrap(), told);
        }

        #[test]
        fn any_bytes_are_read_without_panic(bytes in any::<Vec<u8>>()) {
            drop(block_on(read_told(&mut &bytes[..])));
        }
    }
}
