//! What keeps requests to one backend: the key of who asks, or a cookie of ours.
//!
//! The cookie is a random number that draws lots, not the name of a backend: it tells nothing of
//! where backends are, holds across restarts, and serves several services of one host at once, which
//! share their cookies whatever their port.

use fastn_p2p::PublicKey;
use http::{HeaderMap, HeaderValue, header::SET_COOKIE};

use crate::{
    balance::name_of,
    http::{forget_cookies, get_cookie},
};

/// The cookie's name.
const COOKIE: &str = "malai-backend";
/// The digits of its value.
const DIGITS: usize = 16;

/// What keeps a request to one backend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kept {
    /// Nothing.
    No,
    /// The key of who asks, or a cookie that came with it.
    By(u64),
    /// A cookie that goes out with the answer.
    Newly(u64),
}

impl Kept {
    pub(super) fn by_peer(peer: &PublicKey) -> Self {
        Self::By(name_of(peer.as_bytes()))
    }

    /// Takes the cookie out of `headers`: it is ours, and means nothing to a backend.
    pub(super) fn by_cookie(headers: &mut HeaderMap) -> Self {
        let known = get_cookie(headers, COOKIE).and_then(|value| number(&value));
        forget_cookies(headers, |name| name == COOKIE.as_bytes());
        known.map_or_else(|| Self::Newly(rand::random()), Self::By)
    }

    pub(super) fn key(self) -> Option<u64> {
        match self {
            Self::No => None,
            Self::By(key) | Self::Newly(key) => Some(key),
        }
    }

    /// Adds the cookie to an answer, where it is a new one.
    ///
    /// It ends with the browser, no script sees it, and no other site sends it along; a bridge is
    /// plain HTTP on this machine, so it is not `Secure`.
    pub(crate) fn tell(self, headers: &mut HeaderMap) {
        if let Self::Newly(key) = self
            && let Ok(cookie) = HeaderValue::try_from(format!(
                "{COOKIE}={key:0DIGITS$x}; Path=/; HttpOnly; SameSite=Lax"
            ))
        {
            headers.append(SET_COOKIE, cookie);
        }
    }
}

/// The number in a cookie that is one of ours.
fn number(value: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(value).ok()?;
    let is_ours = text.len() == DIGITS && text.bytes().all(|it| it.is_ascii_hexdigit());
    is_ours.then(|| u64::from_str_radix(text, 16).ok())?
}

#[cfg(test)]
mod tests {
    use http::header::COOKIE as COOKIES;

    use super::*;

    fn with(cookies: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(COOKIES, HeaderValue::from_static(cookies))])
    }

    #[test]
    fn a_cookie_that_was_told_comes_back_as_the_same_key_and_goes_no_further() {
        let mut told = HeaderMap::new();
        Kept::Newly(0xab).tell(&mut told);
        let told = told[SET_COOKIE].to_str().unwrap();
        assert_eq!(
            told,
            "malai-backend=00000000000000ab; Path=/; HttpOnly; SameSite=Lax"
        );
        let mut headers = with("a=1; malai-backend=00000000000000ab; b=2");
        assert_eq!(Kept::by_cookie(&mut headers), Kept::By(0xab));
        assert_eq!(headers[COOKIES], "a=1; b=2");
    }

    #[test]
    fn what_is_not_ours_is_replaced() {
        for cookies in ["malai-backend=+0000000000000ab", "malai-backend=1", "a=1"] {
            let kept = Kept::by_cookie(&mut with(cookies));
            assert!(matches!(kept, Kept::Newly(_)), "{cookies}");
        }
    }

    #[test]
    fn nothing_is_told_to_who_is_known() {
        let mut told = HeaderMap::new();
        Kept::By(1).tell(&mut told);
        Kept::No.tell(&mut told);
        assert!(told.is_empty());
    }
}
