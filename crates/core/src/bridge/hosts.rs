//! The names a bridge answers to.
//!
//! A web page of anyone's can make a browser send requests to 127.0.0.1, under a name of the page's
//! own that resolves to it (DNS rebinding). Such a request carries that name in `Host`, so a bridge
//! answers only to names that cannot be anyone's.

use std::{borrow::Cow, net::IpAddr};

use http::{
    HeaderMap, Request, StatusCode,
    header::{HOST, ORIGIN},
    uri::Authority,
};

use crate::{
    config::{BridgeConfig, ListenAddress},
    http::{ProxyError, is_upgrade},
};

/// The names of one bridge.
#[derive(Debug, Clone)]
pub(crate) struct Hosts {
    named: Vec<String>,
    /// A listener that is not on loopback is reached by address.
    listen: Option<IpAddr>,
}

impl Hosts {
    pub(super) fn new(config: &BridgeConfig) -> Self {
        let listen = match &config.listen {
            ListenAddress::Tcp(address) => Some(address.ip()),
            ListenAddress::Unix(_) => None,
        };
        let named = config
            .hosts
            .iter()
            .map(|host| host.to_ascii_lowercase())
            .collect();
        Self { named, listen }
    }

    /// Only the names of this machine.
    pub(crate) fn local() -> Self {
        Self {
            named: Vec::new(),
            listen: None,
        }
    }

    /// Whether `request` is meant for us, and no other page's doing.
    pub(crate) fn check<B>(&self, request: &Request<B>) -> Result<(), ProxyError> {
        let host = host_of(request).ok_or_else(misdirected)?;
        if !self.answer_to(&host) {
            return Err(misdirected());
        }
        if is_upgrade(request.headers()) && !self.is_own_page(request.headers()) {
            return Err(ProxyError::client(
                "foreign-origin",
                StatusCode::FORBIDDEN,
                "A page of another origin may not open a WebSocket here.",
            ));
        }
        Ok(())
    }

    fn answer_to(&self, host: &str) -> bool {
        if host == "localhost" || host.ends_with(".localhost") {
            return true;
        }
        if let Ok(ip) = host.trim_matches(['[', ']']).parse::<IpAddr>() {
            let listens_there =
                |listen: IpAddr| !listen.is_loopback() && (listen.is_unspecified() || listen == ip);
            return ip.is_loopback() || self.listen.is_some_and(listens_there);
        }
        self.named.iter().any(|name| name == host)
    }

    /// Browsers do not apply the same-origin rule to WebSocket; what has no Origin is no browser.
    fn is_own_page(&self, headers: &HeaderMap) -> bool {
        let Some(origin) = headers.get(ORIGIN) else {
            return true;
        };
        let authority = origin
            .to_str()
            .ok()
            .and_then(|origin| origin.split_once("://"));
        let authority = authority.and_then(|(_, authority)| authority.parse::<Authority>().ok());
        authority.is_some_and(|authority| self.answer_to(&authority.host().to_ascii_lowercase()))
    }
}

/// The host that `request` names, lower case and without port.
///
/// A proxy's form of request, whose URI names a place, must name the same one as its Host: what
/// asks for another place than this bridge has taken it for a proxy, which it is not.
pub(super) fn host_of<B>(request: &Request<B>) -> Option<Cow<'_, str>> {
    let header = match request.headers().get(HOST) {
        Some(host) => Some(host.to_str().ok()?),
        None => None,
    };
    let is_in_uri = request.uri().authority().is_some();
    if let Some(host) = header.and_then(plain).filter(|_| !is_in_uri) {
        return Some(Cow::Borrowed(host));
    }
    let header = match header {
        Some(host) => Some(host.parse::<Authority>().ok()?),
        None => None,
    };
    let authority = match (request.uri().authority(), header) {
        (Some(authority), Some(header)) if *authority != header => return None,
        (Some(authority), _) => authority.clone(),
        (None, header) => header?,
    };
    let host = authority.host().to_ascii_lowercase();
    let names_a_host = !host.is_empty() && !authority.as_str().contains('@');
    names_a_host.then_some(Cow::Owned(host))
}

/// The host of `host` or `host:port` where it is written as most clients do, so that there is nothing
/// to parse: in lower case, a name or an IPv4 address.
fn plain(authority: &str) -> Option<&str> {
    let (host, port) = authority.split_once(':').unwrap_or((authority, "0"));
    let is_plain =
        |it: u8| it.is_ascii_lowercase() || it.is_ascii_digit() || matches!(it, b'.' | b'-');
    let is_port = !port.is_empty() && port.bytes().all(|it| it.is_ascii_digit());
    (is_port && !host.is_empty() && host.bytes().all(is_plain)).then_some(host)
}

pub(super) fn misdirected() -> ProxyError {
    ProxyError::client(
        "unknown-host",
        StatusCode::MISDIRECTED_REQUEST,
        "This bridge answers only to localhost, to loopback addresses and to the names in its \
         `hosts`. Open it by one of them, or add the name to `hosts` in malai.toml.",
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_plain_is_read_as_the_parser_reads_it(
            authority in "[a-zA-Z0-9.:@\\[\\]_-]{0,12}|[a-z0-9.-]{0,9}(:[0-9]{0,6})?",
        ) {
            if let Some(host) = plain(&authority) {
                let parsed = authority.parse::<Authority>();
                prop_assert_eq!(parsed.as_ref().map(Authority::host).ok(), Some(host));
                prop_assert_eq!(host.to_ascii_lowercase(), host);
            }
        }
    }

    fn check(host: &str) -> bool {
        let request = Request::builder()
            .uri("/")
            .header(HOST, host)
            .body(())
            .unwrap();
        Hosts {
            named: vec!["shop.test".into()],
            listen: None,
        }
        .check(&request)
        .is_ok()
    }

    #[test]
    fn answers_to_this_machine_only() {
        for host in [
            "localhost",
            "LOCALHOST:80",
            "127.0.0.1:1",
            "127.9.9.9",
            "[::1]:80",
        ] {
            assert!(check(host), "{host}");
        }
        assert!(check("shop.alice.localhost:80"));
        assert!(check("shop.test:8080"));
        for host in [
            "",
            "evil.test",
            "localhost.evil.test",
            "192.168.1.1",
            "a@localhost",
        ] {
            assert!(!check(host), "{host}");
        }
    }

    #[test]
    fn a_foreign_page_opens_no_websocket() {
        let ask = |origin: &str| {
            let request = Request::builder()
                .header(HOST, "localhost")
                .header("connection", "upgrade")
                .header("upgrade", "websocket")
                .header(ORIGIN, origin);
            Hosts::local().check(&request.body(()).unwrap()).is_ok()
        };
        assert!(ask("http://localhost:3000"));
        assert!(!ask("https://evil.test"));
        assert!(!ask("null"));
    }
}
