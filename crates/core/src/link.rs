//! Links: what one person sends to another, and all that `malai bridge` accepts in its place.
//!
//! A share link is `malai://<id52>/<service>?a=<ip:port>&r=<relay>&n=<name>&k=<invite>`: addresses
//! and relay are hints, so that it works with no lookup at all; `n` is what its owner suggests to be
//! called, and only ever a suggestion; `k` is a secret and never shown by `Debug`.
//! Nothing here panics or trusts, whatever the text: links come from strangers.

use std::{fmt, net::SocketAddr, str::FromStr};

use fastn_p2p::{Id52Error, PublicKey};
use url::Url;

use crate::config::{BridgeTarget, NameError, PeerName, check_name, check_pet_name, server_url};

mod target;

/// The longest link that is read, in bytes; it bounds the addresses in it too.
const LINK_MAX: usize = 4096;

/// The longest invite secret, in characters.
const INVITE_MAX: usize = 256;

const SCHEME: &str = "malai://";

/// A link to a service of a peer.
#[derive(Clone, PartialEq, Eq)]
pub struct ShareLink {
    /// Whose service.
    pub peer: PublicKey,
    /// Which service; the peer's only or default one when empty.
    pub service: String,
    /// Addresses to try first.
    pub addresses: Vec<SocketAddr>,
    /// A relay the peer uses.
    pub relay: Option<Url>,
    /// What the peer suggests to be called: a pet name.
    pub name: Option<String>,
    /// An invite's secret: 1 to 256 of `A-Z`, `a-z`, `0-9`, `-` and `_`; a `~` in front says that a
    /// PIN goes before it.
    pub invite: Option<String>,
}

/// Why a text leads nowhere.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LinkError {
    /// There is no text.
    #[error("the link is empty; write a share link, `peer/service` or an id52")]
    Empty,
    /// It is longer than any link.
    #[error("the link is too long; a link has at most {LINK_MAX} characters")]
    TooLong,
    /// What should be the key is none.
    #[error(transparent)]
    Id52(#[from] Id52Error),
    /// The service has no possible name.
    #[error(transparent)]
    Service(NameError),
    /// The peer has no possible name.
    #[error("`{0}` is not a peer; write a pet name, an id52 or a domain")]
    Peer(String),
    /// There is more than one service.
    #[error("a link names one service; this one has more than one `/` after the peer")]
    Segments,
    /// An address hint is none.
    #[error("an address in the link is damaged; ask for the link again")]
    Address,
    /// The relay hint is none.
    #[error("the relay in the link is damaged; ask for the link again")]
    Relay,
    /// The invite is none.
    #[error("the invite in the link is damaged; ask for the link again")]
    Invite,
    /// It is a port.
    #[error("`{0}` is a port, which names no peer; to share it use `malai share {0}`")]
    Port(u16),
    /// It is a machine's address.
    #[error("`{0}` is an address; a peer is named by its id52, a pet name or a domain")]
    MachineAddress(String),
    /// It is a URL of another kind.
    #[error("this is a web address, not a link; a share link starts with {SCHEME}")]
    WebAddress,
    /// It is a share link of another kind.
    #[error("a share link starts with {SCHEME}")]
    Scheme,
}

impl FromStr for ShareLink {
    type Err = LinkError;

    /// Query keys other than `a`, `r`, `n` and `k` are passed over: newer links may have more. So is
    /// a suggested name that is none, since the link works without it.
    fn from_str(text: &str) -> Result<Self, LinkError> {
        let rest = share_link_rest(checked_length(text)?).ok_or(LinkError::Scheme)?;
        let (rest, _fragment) = rest.split_once('#').unwrap_or((rest, ""));
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (peer, service) = path.split_once('/').unwrap_or((path, ""));
        let mut link = Self {
            peer: peer.parse()?,
            service: parse_service(service)?,
            addresses: Vec::new(),
            relay: None,
            name: None,
            invite: None,
        };
        for (key, value) in url::form_urlencoded::parse(query.as_bytes()) {
            match &*key {
                "a" => link
                    .addresses
                    .push(value.parse().map_err(|_| LinkError::Address)?),
                "r" => link.relay = Some(parse_relay(&value)?),
                "n" if check_pet_name(&value).is_ok() => link.name = Some(value.into_owned()),
                "k" => link.invite = Some(parse_invite(&value)?),
                _ => {}
            }
        }
        Ok(link)
    }
}

/// The text, when its length is one that a link can have; space around it is cut.
fn checked_length(text: &str) -> Result<&str, LinkError> {
    match text.trim() {
        "" => Err(LinkError::Empty),
        text if text.len() > LINK_MAX => Err(LinkError::TooLong),
        text => Ok(text),
    }
}

/// What follows the scheme, which is compared without case as RFC 3986 §3.1 says.
fn share_link_rest(text: &str) -> Option<&str> {
    let (scheme, rest) = text.split_at_checked(SCHEME.len())?;
    scheme.eq_ignore_ascii_case(SCHEME).then_some(rest)
}

/// A service's name, or nothing for the peer's only or default one.
fn parse_service(text: &str) -> Result<String, LinkError> {
    let text = text.strip_suffix('/').unwrap_or(text);
    if text.contains('/') {
        return Err(LinkError::Segments);
    }
    if !text.is_empty() {
        check_name(text).map_err(LinkError::Service)?;
    }
    Ok(text.to_owned())
}

fn parse_relay(text: &str) -> Result<Url, LinkError> {
    server_url(text).ok_or(LinkError::Relay)
}

fn parse_invite(text: &str) -> Result<String, LinkError> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '~');
    let formed = (1..=INVITE_MAX).contains(&text.len()) && text.chars().all(allowed);
    formed.then(|| text.to_owned()).ok_or(LinkError::Invite)
}

impl fmt::Display for ShareLink {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{SCHEME}{}/{}", self.peer, self.service)?;
        let addresses = self
            .addresses
            .iter()
            .map(|address| ("a", address.to_string()));
        let relay = self.relay.iter().map(|relay| ("r", relay.to_string()));
        let name = self.name.iter().map(|name| ("n", name.clone()));
        let invite = self.invite.iter().map(|invite| ("k", invite.clone()));
        let pairs = addresses.chain(relay).chain(name).chain(invite);
        for (index, (key, value)) in pairs.enumerate() {
            let separator = if index == 0 { '?' } else { '&' };
            write!(formatter, "{separator}{key}={}", encoded(&value))?;
        }
        Ok(())
    }
}

/// Percent-codes all but what a query may hold and chats leave in one piece.
fn encoded(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    for byte in value.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' => text.push(char::from(byte)),
            b'-' | b'.' | b'_' | b'~' | b':' | b'/' => text.push(char::from(byte)),
            _ => text.push_str(&format!("%{byte:02X}")),
        }
    }
    text
}

impl fmt::Debug for ShareLink {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&BridgeTarget::from(self.clone()), formatter)
    }
}

impl From<ShareLink> for BridgeTarget {
    fn from(link: ShareLink) -> Self {
        Self {
            peer: PeerName::Key(link.peer),
            service: link.service,
            addresses: link.addresses,
            relay: link.relay,
            invite: link.invite,
        }
    }
}

#[cfg(test)]
mod tests;
