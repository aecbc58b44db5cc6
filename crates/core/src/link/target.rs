//! Where a bridge leads, in every form that a person may write it.
//!
//! Share links, `peer/service`, `id52/service`, `id52`, `peer`, `domain/service`, and the host
//! names of a gateway, which is also how legacy malai wrote its addresses.

use std::{fmt, net::IpAddr, str::FromStr};

use super::{LinkError, ShareLink, checked_length, parse_service, share_link_rest};
use crate::config::{BridgeTarget, PeerName, check_pet_name, is_domain, looks_like_id52};

/// What ends the host names that a gateway answers to.
const GATEWAY_SUFFIX: &str = ".localhost";

impl FromStr for BridgeTarget {
    type Err = LinkError;

    fn from_str(text: &str) -> Result<Self, LinkError> {
        let text = checked_length(text)?;
        if share_link_rest(text).is_some() {
            return Ok(text.parse::<ShareLink>()?.into());
        }
        if let Some((scheme, rest)) = text.split_once("://") {
            let is_web = matches!(scheme.to_ascii_lowercase().as_str(), "http" | "https");
            let host = rest.split(['/', '?', '#']).next().unwrap_or(rest);
            return match gateway_name(host) {
                Some(target) if is_web => target,
                _ if is_web => Err(LinkError::WebAddress),
                _ => Err(LinkError::Scheme),
            };
        }
        if let Some(target) = gateway_name(text) {
            return target;
        }
        // Only a share link has a query, and what is in it may be an invite: not to be repeated.
        if text.contains(['?', '#']) {
            return Err(LinkError::Scheme);
        }
        if let Ok(port) = text.parse() {
            return Err(LinkError::Port(port));
        }
        let (peer, service) = text.split_once('/').unwrap_or((text, ""));
        Ok(plain(parse_peer(peer)?, parse_service(service)?))
    }
}

/// Reads `<id52>.localhost[:port]` and `<service>.<peer>.localhost[:port]`.
fn gateway_name(host: &str) -> Option<Result<BridgeTarget, LinkError>> {
    let (name, port) = host.split_once(':').unwrap_or((host, "0"));
    let split = name.len().checked_sub(GATEWAY_SUFFIX.len())?;
    let (name, suffix) = name.split_at_checked(split)?;
    let is_gateway = suffix.eq_ignore_ascii_case(GATEWAY_SUFFIX) && port.parse::<u16>().is_ok();
    is_gateway.then(|| match name.rsplit_once('.') {
        Some((service, peer)) => Ok(plain(parse_peer(peer)?, parse_service(service)?)),
        None => Ok(plain(PeerName::Key(name.parse()?), String::new())),
    })
}

fn parse_peer(text: &str) -> Result<PeerName, LinkError> {
    if looks_like_id52(text) {
        return Ok(PeerName::Key(text.parse()?));
    }
    let lower = text.to_ascii_lowercase();
    // A name of this machine, which the DNS knows nothing of (RFC 6761, section 6.3).
    if lower.ends_with(GATEWAY_SUFFIX) {
        return Err(LinkError::MachineAddress(text.to_owned()));
    }
    if is_domain(text) {
        return Ok(PeerName::Domain(lower));
    }
    let without_port = text.rsplit_once(':').map_or(text, |(host, _)| host);
    let without_brackets = without_port.trim_matches(['[', ']']);
    let is_address = |text: &str| text.parse::<IpAddr>().is_ok() || text == "localhost";
    if is_address(text) || is_address(without_brackets) {
        return Err(LinkError::MachineAddress(text.to_owned()));
    }
    check_pet_name(text).map_err(|_| LinkError::Peer(text.to_owned()))?;
    Ok(PeerName::Pet(text.to_owned()))
}

fn plain(peer: PeerName, service: String) -> BridgeTarget {
    BridgeTarget {
        peer,
        service,
        addresses: Vec::new(),
        relay: None,
        invite: None,
    }
}

impl fmt::Display for BridgeTarget {
    /// A share link where there are hints or an invite, else `peer/service`; hints for a peer
    /// that is named otherwise than by its key have no written form.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let has_hints = !self.addresses.is_empty() || self.relay.is_some() || self.invite.is_some();
        if let PeerName::Key(peer) = self.peer
            && has_hints
        {
            let link = ShareLink {
                peer,
                service: self.service.clone(),
                addresses: self.addresses.clone(),
                relay: self.relay.clone(),
                name: None,
                invite: self.invite.clone(),
            };
            return write!(formatter, "{link}");
        }
        let peer = self.peer.to_string();
        // A name of digits alone would be read as a port.
        if self.service.is_empty() && peer.parse::<u16>().is_err() {
            return formatter.write_str(&peer);
        }
        write!(formatter, "{peer}/{}", self.service)
    }
}

impl fmt::Display for PeerName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(key) => write!(formatter, "{key}"),
            Self::Pet(name) | Self::Domain(name) => formatter.write_str(name),
        }
    }
}
