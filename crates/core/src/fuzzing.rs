//! What strangers can send, one function for each kind, and what must hold whatever it is.
//!
//! The fuzz targets call these with any bytes. None may panic, wait or grow without bound, and what
//! is accepted must mean one thing: `assert`s say what. A secret shows nowhere: another one in its
//! place changes nothing of what is shown.

#![expect(
    clippy::missing_panics_doc,
    clippy::panic,
    reason = "a panic is how a fuzz target tells what it found"
)]

mod http;

use std::time::Duration;

use fastn_p2p::{PublicKey, fuzzing as streams};
use hickory_resolver::proto::{op::Message, rr::Name};
use malai_api::Request;
use serde::de::DeserializeOwned;

pub use self::http::{http, http_answer, http_pieces, http_request};
use crate::{
    config::{BridgeTarget, Parsed, parse},
    domains::{Answer, Spot, said},
    link::ShareLink,
    rotation::Chain,
    wire,
};

/// The domain whose records [`dns`] looks for.
pub const DOMAIN: &str = "example.com";

/// A stream that a peer opens, up to what a handler would get.
pub fn stream(bytes: &[u8]) {
    let Some((protocol, open)) = streams::opening(bytes) else {
        return;
    };
    let again = streams::stream(&protocol, &open);
    let again = again.as_deref().and_then(streams::opening);
    assert_eq!(again, Some((protocol, open.clone())), "as it was sent");
    if let Ok(open) = serde_json::from_str::<wire::Open>(&open) {
        let other = wire::Open {
            invite: open.invite.as_ref().map(|_| "another".to_owned()),
            ..open.clone()
        };
        assert_eq!(format!("{open:?}"), format!("{other:?}"));
    }
    if let Ok(said) = serde_json::from_str::<wire::Said>(&open) {
        statements(said);
    }
}

/// What a peer answers: a refusal, or what it offers.
pub fn answer(bytes: &[u8]) {
    if let Some(rejection) = streams::refusal(bytes) {
        drop(rejection.to_string());
    }
    json::<wire::Offer>(bytes);
    json::<wire::Noted>(bytes);
}

/// Statements that one key has taken the place of another, as their bytes of JSON.
pub fn rotation(bytes: &[u8]) {
    if let Some(said) = json::<wire::Said>(bytes) {
        statements(said);
    }
}

/// Only what ends with the key of its sender is believed, and nobody can be their own successor.
fn statements(said: wire::Said) {
    let last = said.statements.last().map(|last| *last.new_key());
    if let Some(sender) = last
        && let Some(chain) = Chain::check(said.statements.clone(), &sender)
    {
        assert_eq!(*chain.new_key(), sender);
        assert!(!chain.replaces(&sender));
        assert!(chain.former().count() >= 1);
    }
    let other = fastn_p2p::SecretKey::from_bytes([7; 32]).public();
    if last != Some(other) {
        assert!(Chain::check(said.statements, &other).is_none());
    }
}

/// A link or another name of a service, as somebody pastes it.
pub fn link(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    if let Ok(link) = text.parse::<ShareLink>() {
        let written = link.to_string();
        assert_eq!(
            written.parse::<ShareLink>().as_ref(),
            Ok(&link),
            "{written}"
        );
        if link.invite.is_some() {
            let other = ShareLink {
                invite: Some("another".to_owned()),
                ..link.clone()
            };
            assert_eq!(format!("{link:?}"), format!("{other:?}"));
        }
        assert!(text.parse::<BridgeTarget>().is_ok(), "a link is a target");
    }
    if let Ok(target) = text.parse::<BridgeTarget>() {
        let written = target.to_string();
        let again = written.parse::<BridgeTarget>();
        assert_eq!(again.as_ref(), Ok(&target), "{written}");
    }
    if let Ok(key) = text.parse::<PublicKey>() {
        assert_eq!(key.to_string(), text.to_ascii_lowercase());
    }
}

/// The answer of a DNS server to the question for [`DOMAIN`].
pub fn dns(bytes: &[u8]) {
    let Ok(message) = Message::from_vec(bytes) else {
        return;
    };
    for spot in Spot::ALL {
        let Ok(name) = Name::from_ascii(format!("{}.", spot.name(DOMAIN))) else {
            panic!("{DOMAIN} is a name");
        };
        match said(spot, &message, &name) {
            Some((Answer::Key(named), ttl)) => {
                let id52 = named.key.to_string();
                assert!(holds(bytes, &id52), "only a key that is written there");
                assert!(ttl <= Duration::from_secs(u64::from(u32::MAX)));
            }
            Some((Answer::Several(keys), _)) => assert!(keys.len() > 1),
            Some((answer, _)) => panic!("a message says {answer:?}"),
            None => {}
        }
    }
}

/// Whether the letters of a key are there; strings of a record may cut it in pieces.
fn holds(bytes: &[u8], id52: &str) -> bool {
    let lower = bytes.to_ascii_lowercase();
    id52.bytes().all(|letter| lower.contains(&letter))
}

/// A line to the control socket, or the body of a request to the web UI.
pub fn control(bytes: &[u8]) {
    let Some(request) = json::<Request>(bytes) else {
        return;
    };
    let written = serde_json::to_vec(&request);
    let again = written.ok().and_then(|bytes| json::<Request>(&bytes));
    assert_eq!(again.as_ref(), Some(&request), "as it was asked");
}

/// A configuration: refused with lines that exist, or the same however often it is read.
pub fn config(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    match parse(text) {
        Ok(Parsed { config, .. }) => {
            let again = parse(text).map(|parsed| parsed.config);
            assert!(again.is_ok_and(|again| again == config));
        }
        Err(problems) => {
            let shown = problems.to_string();
            assert!(!shown.is_empty(), "a refusal says why");
            assert!(!shown.contains('\u{1b}'), "and commands no terminal");
        }
    }
}

fn json<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    serde_json::from_slice(bytes).ok()
}
