//! What is right and what is wrong with an engine and its way to others.
//!
//! Checks, verdicts and summaries are from closed sets; what was seen is in words that may name
//! services, paths and addresses, which is why the text to pass on is made by the engine.

use serde::{Deserialize, Serialize};

/// All that was looked at.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub struct Diagnosis {
    /// malai's version.
    pub version: String,
    /// The operating system and the processor's kind, such as `linux x86_64`.
    pub system: String,
    /// When it was looked, in seconds since 1970, by this machine's clock.
    pub at: u64,
    /// What was found on this machine.
    pub findings: Vec<Finding>,
    /// What was found on the way to a peer, when one was named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peer: Option<PeerDiagnosis>,
    /// All of it as a text to pass on: without secrets, names, paths, and whole keys or addresses.
    pub text: String,
}

/// What was found on the way to a peer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct PeerDiagnosis {
    /// Its id52.
    pub id52: String,
    /// Our pet name for it, or the beginning of its id52.
    pub name: String,
    /// Whether there is a connection to it.
    pub reached: bool,
    /// What was found.
    pub findings: Vec<Finding>,
}

/// What one check has found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub struct Finding {
    /// What was looked at.
    pub check: Examined,
    /// Which of several: the name of a service or of a bridge, the host of a relay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
    /// How it is.
    pub verdict: Verdict,
    /// The same in a few words, which name nothing and nobody.
    pub summary: String,
    /// What was seen, in plain words.
    pub seen: String,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub advice: Option<String>,
    /// What was measured.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(test, ts(as = "Option<Vec<Figure>>"))]
    pub figures: Vec<Figure>,
}

/// Something that was measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Figure {
    /// What, from a closed set, such as `latency`.
    pub name: String,
    /// How much.
    pub value: f64,
    /// Of what: `ms`, `s`, `MB`, `MB/s`, or nothing for a number.
    pub unit: String,
}

/// How something is.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Verdict {
    /// Not wanted, or nothing to look at.
    #[default]
    Skipped,
    /// As it should be.
    Ok,
    /// It works, and something about it should be known.
    Warning,
    /// It does not work.
    Problem,
}

/// What can be looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Examined {
    /// Which version it is, and whether it runs.
    Version,
    /// `malai.toml`.
    Config,
    /// The secret key and where it is kept.
    Identity,
    /// Who can read what the engine keeps.
    Home,
    /// Room on the disk.
    Disk,
    /// What the system allows a program.
    Limits,
    /// Names of servers.
    Dns,
    /// The server that says where we are.
    Lookup,
    /// UDP, and the kind of NAT.
    Udp,
    /// Relays.
    Relay,
    /// The time of day.
    Clock,
    /// Local ports.
    Ports,
    /// What is shared.
    Upstream,
    /// The way to a peer.
    Path,
    /// What the peer sees of us.
    Seen,
    /// The peer's clock, against ours.
    PeerClock,
    /// How fast the way to a peer is.
    Speed,
    /// What the peer offers us.
    Offers,
    /// What the peer finds about itself.
    PeerChecks,
}

impl Examined {
    /// As it is written.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Version => "version",
            Self::Config => "config",
            Self::Identity => "identity",
            Self::Home => "home",
            Self::Disk => "disk",
            Self::Limits => "limits",
            Self::Dns => "dns",
            Self::Lookup => "lookup",
            Self::Udp => "udp",
            Self::Relay => "relay",
            Self::Clock => "clock",
            Self::Ports => "ports",
            Self::Upstream => "upstream",
            Self::Path => "path",
            Self::Seen => "seen",
            Self::PeerClock => "peer-clock",
            Self::Speed => "speed",
            Self::Offers => "offers",
            Self::PeerChecks => "peer-checks",
        }
    }
}

impl Verdict {
    /// As it is written.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Skipped => "skipped",
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Problem => "problem",
        }
    }
}

impl Diagnosis {
    /// The worst of all verdicts.
    #[must_use]
    pub fn worst(&self) -> Verdict {
        let peer = self.peer.iter().flat_map(|peer| &peer.findings);
        let all = self.findings.iter().chain(peer);
        all.map(|finding| finding.verdict).max().unwrap_or_default()
    }
}
