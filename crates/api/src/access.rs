//! Who asks to be let in, who was, and by which links.

use serde::{Deserialize, Serialize};

/// A peer that asked for a service which it may not use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub struct AccessRequest {
    /// The peer's id52.
    pub peer: String,
    /// Our pet name for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The service it asked for.
    pub service: String,
    /// When it asked, in seconds since 1970.
    pub asked: u64,
    /// Since when we know the peer, in seconds since 1970; missing for one without a pet name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known_since: Option<u64>,
    /// Seconds for which it goes on waiting; missing when it has been sent away unanswered, and can
    /// still be let in for the next time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waits_secs: Option<u64>,
}

/// For how long a peer is let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(tag = "admission", rename_all = "lowercase")]
pub enum Admission {
    /// Until its connection to us ends.
    Once,
    /// For a time.
    For {
        /// Seconds, at least one.
        secs: u64,
    },
    /// Until it is taken back.
    Always,
}

/// What has let a peer in that `malai.toml` does not name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Through {
    /// A link with an invite.
    Invite,
    /// The owner of the service.
    Owner,
}

/// A peer that was let in to a service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub struct Guest {
    /// The peer's id52.
    pub peer: String,
    /// Since when, in seconds since 1970.
    pub since: u64,
    /// When it ends by itself, in seconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<u64>,
    /// Whether it ends with the peer's connection.
    #[serde(default)]
    pub once: bool,
    /// What has let it in.
    pub through: Through,
}

/// A link that lets people in; its secret is known to nobody but those who have it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub struct InviteStatus {
    /// Names it, to revoke it; gives nothing away.
    pub id: String,
    /// The service it lets in to.
    pub service: String,
    /// When it was made, in seconds since 1970.
    pub made: u64,
    /// Whether only the first who opens it is let in.
    pub once: bool,
    /// Whether a PIN is asked for as well.
    #[serde(default)]
    pub pin: bool,
    /// When it ends, in seconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<u64>,
    /// Whether it can still let somebody in.
    pub open: bool,
    /// Those whom it has let in, by id52.
    pub guests: Vec<String>,
}

/// One line of the record of who used what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub struct LogEntry {
    /// When, in seconds since 1970.
    pub at: u64,
    /// What happened.
    pub what: LogKind,
    /// The peer's id52; missing where a whole service or link is meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peer: Option<String>,
    /// Our pet name for it at that time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The service; missing where none is meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// More about it, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum LogKind {
    /// A peer used a service; again only after some minutes.
    Used,
    /// A peer was refused.
    Refused,
    /// A peer asked its owner to be let in.
    Asked,
    /// A link has let a peer in.
    Joined,
    /// The owner has let a peer in.
    Admitted,
    /// The owner has denied a peer, or taken back what it had.
    Denied,
    /// The owner has blocked a peer, or has it blocked no more.
    Blocked,
    /// A link was made.
    Invited,
    /// A link was taken back.
    Revoked,
    /// Somebody showed secrets of links that do not exist.
    Guessed,
}
