//! Which headers belong to one connection, and who may say who is asking.
//!
//! What a message's sender nominated in `Connection` goes first, and only then are headers of ours
//! added: otherwise a client could nominate ours away (RFC 9110, section 7.6.1).

use http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{CONNECTION, CONTENT_LENGTH, COOKIE, HOST, TE, TRANSFER_ENCODING, UPGRADE},
};

/// Never removed, even when nominated: without them a message has another meaning.
const NEVER_NOMINATED: [HeaderName; 3] = [HOST, CONTENT_LENGTH, TRANSFER_ENCODING];

/// What the names of the web UI's cookies begin with; each has the port of its server after it.
pub(crate) const UI_COOKIE_PREFIX: &str = "malai-ui-";

/// Whether the client asks to speak something else on this connection.
///
/// Another HTTP is not something else: behind a `101` for `h2c` a client could send requests that
/// nobody checks, and say in them who it likes to be.
pub(crate) fn is_upgrade(headers: &HeaderMap) -> bool {
    if !has(headers, &UPGRADE) {
        return false;
    }
    let mut protocols = headers
        .get_all(UPGRADE)
        .iter()
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
        .map(<[u8]>::trim_ascii)
        .peekable();
    protocols.peek().is_some()
        && protocols.all(|protocol| !is_http(protocol))
        && tokens(headers).any(|token| token.eq_ignore_ascii_case("upgrade"))
}

fn is_http(protocol: &[u8]) -> bool {
    let begins = |name: &[u8]| {
        protocol
            .get(..name.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(name))
    };
    begins(b"h2") || begins(b"http") || begins(b"tls")
}

/// One `Cookie` where HTTP/2 had several (RFC 9113, section 8.2.3).
pub(super) fn join_cookies(headers: &mut HeaderMap) {
    if !has(headers, &COOKIE) {
        return;
    }
    let mut cookies = headers.get_all(COOKIE).iter();
    if let (Some(first), Some(second)) = (cookies.next(), cookies.next()) {
        let all = [first, second]
            .into_iter()
            .chain(cookies)
            .map(HeaderValue::as_bytes);
        let joined = all.collect::<Vec<_>>().join(&b"; "[..]);
        if let Ok(joined) = HeaderValue::from_bytes(&joined) {
            headers.insert(COOKIE, joined);
        }
    }
}

/// Removes the cookies of the web UI, which a browser sends to every port of one host: whoever is
/// at the other end of a bridge is not to see them.
pub(crate) fn forget_ui_sessions(headers: &mut HeaderMap) {
    forget_cookies(headers, |name| {
        name.starts_with(UI_COOKIE_PREFIX.as_bytes())
    });
}

/// Removes the cookies whose names are such.
pub(crate) fn forget_cookies(headers: &mut HeaderMap, is_such: impl Fn(&[u8]) -> bool) {
    if !has(headers, &COOKIE) || !cookies(headers).any(|(name, _)| is_such(name)) {
        return;
    }
    let others: Vec<_> = cookies(headers)
        .filter(|(name, _)| !is_such(name))
        .map(|(_, pair)| pair)
        .collect();
    let others = others.join(&b"; "[..]);
    headers.remove(COOKIE);
    if let Ok(others) = HeaderValue::from_bytes(&others)
        && !others.is_empty()
    {
        headers.insert(COOKIE, others);
    }
}

/// The value of the first cookie with this name.
pub(crate) fn get_cookie(headers: &HeaderMap, name: &str) -> Option<Vec<u8>> {
    let mut cookies = cookies(headers);
    let (_, pair) = cookies.find(|(it, _)| *it == name.as_bytes())?;
    pair.get(name.len() + 1..).map(<[u8]>::to_vec)
}

/// Each cookie: its name, and the whole of it.
fn cookies(headers: &HeaderMap) -> impl Iterator<Item = (&[u8], &[u8])> {
    let values = headers.get_all(COOKIE).iter();
    let pairs = values.flat_map(|value| value.as_bytes().split(|byte| *byte == b';'));
    pairs.map(|pair| {
        let pair = pair.trim_ascii();
        let end = pair.iter().position(|byte| *byte == b'=');
        (&pair[..end.unwrap_or(pair.len())], pair)
    })
}

/// Whether it belongs to one connection whether or not it is nominated.
fn is_hop_by_hop(name: &HeaderName) -> bool {
    matches!(
        name.as_str(),
        "connection"
            | "keep-alive"
            | "proxy-authenticate"
            | "proxy-authorization"
            | "proxy-connection"
            | "te"
            | "transfer-encoding"
            | "upgrade"
    )
}

/// Removes what belongs to the connection the message came on.
///
/// `TE: trailers` survives, since trailers are passed on; so does the upgrade when `upgrading`.
pub(super) fn remove_hop_by_hop(headers: &mut HeaderMap, upgrading: bool) {
    let found = headers.keys().filter(|name| is_hop_by_hop(name));
    let found: Vec<_> = found.cloned().collect();
    let had = |name| found.contains(&name);
    let upgrade = if upgrading {
        headers.get(UPGRADE).cloned()
    } else {
        None
    };
    let takes_trailers = had(TE)
        && headers.get(TE).is_some_and(|te| {
            te.to_str()
                .is_ok_and(|te| te.to_ascii_lowercase().contains("trailers"))
        });
    if had(CONNECTION) {
        let nominated: Vec<HeaderName> = tokens(headers)
            // It goes anyway, and most servers say it in every answer.
            .filter(|token| *token != "keep-alive")
            .filter_map(|token| token.parse().ok())
            .filter(|name| !NEVER_NOMINATED.contains(name) && *name != TE)
            .collect();
        for name in nominated {
            headers.remove(name);
        }
    }
    for name in &found {
        headers.remove(name);
    }
    if had(TRANSFER_ENCODING) {
        // With both, the length is a lie (RFC 9112, section 6.3).
        headers.remove(CONTENT_LENGTH);
    }
    if takes_trailers {
        headers.insert(TE, HeaderValue::from_static("trailers"));
    }
    if let Some(upgrade) = upgrade {
        headers.insert(UPGRADE, upgrade);
        headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    }
}

/// Removes everything by which a request could claim who sent it.
pub(crate) fn forget_sender(headers: &mut HeaderMap) {
    let claims: Vec<HeaderName> = headers
        .keys()
        .filter(|name| {
            // Many a server hands `a_b` and `a-b` to its application under the same name.
            let name = name.as_str();
            begins_like(name, "malai-")
                || begins_like(name, "x-forwarded-")
                || name == "forwarded"
                || (name.len() == 9 && begins_like(name, "x-real-ip"))
        })
        .cloned()
        .collect();
    for name in claims {
        headers.remove(name);
    }
}

/// Whether `name` begins with `start`, its underscores taken for hyphens.
fn begins_like(name: &str, start: &str) -> bool {
    let same = |(a, b): (u8, u8)| a == b || (a == b'_' && b == b'-');
    name.len() >= start.len() && name.bytes().zip(start.bytes()).all(same)
}

/// Whether `name` is among `headers`, of which there are few: the map itself hashes what it is asked
/// for, which takes as long as looking at a dozen of them.
pub(crate) fn has(headers: &HeaderMap, name: &HeaderName) -> bool {
    headers.keys().any(|it| it == name)
}

/// Removes `name`, which most messages do not have.
pub(crate) fn remove(headers: &mut HeaderMap, name: &HeaderName) {
    if has(headers, name) {
        headers.remove(name);
    }
}

/// What `Connection` names.
pub(super) fn tokens(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let values = has(headers, &CONNECTION).then(|| headers.get_all(CONNECTION));
    let values = values.into_iter().flatten();
    values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| {
                (
                    HeaderName::from_static(name),
                    HeaderValue::from_static(value),
                )
            })
            .collect()
    }

    #[test]
    fn cookies_of_the_web_ui_go_and_others_stay() {
        let left = |cookies: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for cookie in cookies {
                headers.append(COOKIE, HeaderValue::from_static(cookie));
            }
            forget_ui_sessions(&mut headers);
            let values = headers.get_all(COOKIE).iter();
            values
                .map(|value| value.to_str().unwrap().to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(left(&["a=1; malai-ui-4100=secret; b=2"]), ["a=1; b=2"]);
        assert_eq!(left(&["malai-ui-1=x;malai-ui-2=y"]), [""; 0]);
        assert_eq!(left(&["a=1", "malai-ui-1=x"]), ["a=1"]);
        assert_eq!(left(&["a=malai-ui-1", "b=2"]), ["a=malai-ui-1", "b=2"]);
        assert_eq!(left(&["a=1;b=2", "c=3"]), ["a=1;b=2", "c=3"]);
    }

    #[test]
    fn removes_what_is_nominated_but_not_the_framing() {
        let mut map = headers(&[
            ("connection", "x-private, Content-Length, close"),
            ("x-private", "1"),
            ("content-length", "3"),
            ("x-public", "1"),
            ("keep-alive", "timeout=5"),
        ]);
        remove_hop_by_hop(&mut map, false);
        assert_eq!(map, headers(&[("content-length", "3"), ("x-public", "1")]));
    }

    #[test]
    fn keeps_an_upgrade_only_when_upgrading() {
        let asked = headers(&[("connection", "Upgrade"), ("upgrade", "websocket")]);
        assert!(is_upgrade(&asked));
        let mut kept = asked.clone();
        remove_hop_by_hop(&mut kept, true);
        assert!(is_upgrade(&kept));
        let mut removed = asked;
        remove_hop_by_hop(&mut removed, false);
        assert!(removed.is_empty());
    }

    #[test]
    fn another_http_is_no_upgrade() {
        for protocol in ["h2c", "websocket, H2C", "HTTP/2.0", "TLS/1.3"] {
            let asked = headers(&[("connection", "upgrade"), ("upgrade", protocol)]);
            assert!(!is_upgrade(&asked), "{protocol}");
        }
    }

    #[test]
    fn cookies_of_http2_become_one() {
        let mut map = headers(&[("cookie", "a=1"), ("cookie", "b=2")]);
        map.append(COOKIE, HeaderValue::from_static("c=3"));
        let before = map.get_all(COOKIE).iter().count();
        join_cookies(&mut map);
        assert!(before > 1);
        assert!(map[COOKIE].as_bytes().ends_with(b"; c=3"));
        assert_eq!(map.get_all(COOKIE).iter().count(), 1);
    }

    #[test]
    fn keeps_only_trailers_of_te() {
        let mut map = headers(&[("te", "gzip, trailers")]);
        remove_hop_by_hop(&mut map, false);
        assert_eq!(map, headers(&[("te", "trailers")]));
    }

    #[test]
    fn nobody_claims_to_be_someone() {
        let mut map = headers(&[
            ("malai-peer", "me"),
            ("x-forwarded-for", "1.2.3.4"),
            ("forwarded", "for=1.2.3.4"),
            ("x-real-ip", "1.2.3.4"),
            ("malai_peer", "me"),
            ("accept", "*/*"),
        ]);
        forget_sender(&mut map);
        assert_eq!(map, headers(&[("accept", "*/*")]));
    }
}
