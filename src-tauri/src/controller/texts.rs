//! What is said to the user, in one place.

use std::time::Duration;

use malai_api::Failure;

use crate::{asking::Answer, menu::plain};

pub(super) const NEEDS_A_LOOK: &str = "malai: something needs a look";

pub(super) const ID_COPIED: &str = "Your id52 is copied";

pub(super) const ID_COPIED_BODY: &str =
    "Give it to somebody who is to let you in or whom you want to reach.";

pub(super) const PEER_COPIED: &str = "The peer's id52 is copied";

pub(super) const ADDRESS_COPIED: &str = "The address is copied";

pub(super) fn sharing(service: &str) -> String {
    format!("Sharing {}: link copied", plain(service))
}

/// Who may use a service whose link is copied: `allow` is what the user has said about it.
pub(super) fn who_may(upstream: &[String], allow: &[String]) -> String {
    let place = upstream.first().map(|upstream| plain(upstream));
    let place = place.unwrap_or_else(|| "it".to_owned());
    if allow.is_empty() {
        format!("Whoever you give the link to can open {place}, nobody else.")
    } else {
        format!("Those whom you have allowed can open {place} by it, nobody else.")
    }
}

pub(super) fn link_copied(service: &str) -> String {
    format!("Link to {} copied", plain(service))
}

pub(super) fn link_for_one_copied(service: &str) -> String {
    format!("Link to {} for one person copied", plain(service))
}

pub(super) const FOR_ONE: &str = "The first who opens it is let in, nobody after.";

pub(super) fn end_set(service: &str, length: Option<Duration>) -> String {
    let service = plain(service);
    match length {
        Some(length) => format!("{service} stops in {}", humantime::format_duration(length)),
        None => format!("{service} goes on"),
    }
}

pub(super) const END_SET_BODY: &str = "You can stop it at any time before.";

pub(super) const END_NOT_SET: &str = "The end stays as it was";

/// Said when an answer was not taken.
pub(super) fn not_answered(answer: Answer) -> &'static str {
    match answer {
        Answer::Once | Answer::Hour | Answer::Always => "Nobody was let in",
        Answer::Deny => "Nobody was denied",
        Answer::Block => "Nobody was blocked",
    }
}

pub(super) fn not_shared(port: u16) -> String {
    format!("localhost:{port} is not shared")
}

pub(super) fn not_stopped(name: &str) -> String {
    format!("{} goes on", plain(name))
}

pub(super) fn not_connected(service: &str) -> String {
    format!("Cannot connect to {}", plain(service))
}

pub(super) const NEW_KEY_BODY: &str =
    "What you said about them goes for it, and the one before may do nothing any more.";

pub(super) fn has_a_new_key(name: &str) -> String {
    format!("{} has a new key", plain(name))
}

pub(super) const NOT_COPIED: &str = "Nothing was copied";

pub(super) const NOT_OPENED: &str = "Nothing was opened";

/// A message as a sentence of its own.
pub(super) fn sentence(failure: &Failure) -> String {
    let mut letters = failure.message.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string());
    let mut text = first.unwrap_or_default() + letters.as_str();
    if !text.ends_with(['.', '!', '?']) {
        text.push('.');
    }
    text
}
