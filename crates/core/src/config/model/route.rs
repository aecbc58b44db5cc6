//! What `route` says: other upstreams for some requests of a service.

use std::{cmp::Reverse, fmt, str::FromStr};

use http::{HeaderMap, HeaderName, HeaderValue, Method};

use super::UpstreamAddress;

/// One of `route`; at least one of path, method and header is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteConfig {
    /// A prefix of the path, starting with `/`; any path when missing.
    pub path: Option<String>,
    /// The methods that it is for; any when empty.
    pub method: Vec<Method>,
    /// A header that has to be there.
    pub header: Option<HeaderRule>,
    /// Where such requests go.
    pub upstream: Vec<UpstreamAddress>,
}

/// A header that a request has to have, with this value or with any.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeaderRule {
    /// Its name.
    pub name: HeaderName,
    /// Its whole value; any when missing.
    pub value: Option<HeaderValue>,
}

/// Why a text is not a header to route by.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a header to look for; write `name` or `name: value`")]
pub struct HeaderRuleError(String);

impl RouteConfig {
    /// Whether it is for such a request.
    pub(crate) fn matches(&self, method: &Method, path: &str, headers: &HeaderMap) -> bool {
        let is_under = self.path.as_ref().is_none_or(|it| path.starts_with(it));
        let is_done = self.method.is_empty() || self.method.contains(method);
        is_under && is_done && self.header.as_ref().is_none_or(|it| it.is_in(headers))
    }

    /// What of several that match comes first: the longest path, then one with a header, then one
    /// with a method; sorting by it keeps the order of the file otherwise.
    pub(crate) fn rank(&self) -> impl Ord + use<> {
        let length = self.path.as_ref().map_or(0, String::len);
        let is_open = (self.header.is_none(), self.method.is_empty());
        (Reverse(length), is_open)
    }

    /// Whether both are for the same requests.
    pub(crate) fn is_for_the_same(&self, other: &Self) -> bool {
        let all_in = |a: &Self, b: &Self| a.method.iter().all(|it| b.method.contains(it));
        self.path == other.path
            && self.header == other.header
            && all_in(self, other)
            && all_in(other, self)
    }
}

impl HeaderRule {
    fn is_in(&self, headers: &HeaderMap) -> bool {
        let mut values = headers.get_all(&self.name).iter();
        values.any(|value| self.value.as_ref().is_none_or(|wanted| wanted == value))
    }
}

impl FromStr for HeaderRule {
    type Err = HeaderRuleError;

    fn from_str(text: &str) -> Result<Self, HeaderRuleError> {
        let wrong = || HeaderRuleError(text.to_owned());
        let (name, value) = match text.split_once(':') {
            Some((name, value)) => (name, Some(value.trim())),
            None => (text, None),
        };
        let value = match value {
            Some("") => return Err(wrong()),
            Some(value) => Some(HeaderValue::from_str(value).map_err(|_| wrong())?),
            None => None,
        };
        let name = name.trim().parse().map_err(|_| wrong())?;
        Ok(Self { name, value })
    }
}

impl fmt::Display for HeaderRule {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name.as_str())?;
        match &self.value {
            Some(value) => write!(formatter, ": {}", value.to_str().unwrap_or_default()),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(path: &str, method: &[Method], header: &str) -> RouteConfig {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        RouteConfig {
            path: some(path),
            method: method.to_vec(),
            header: some(header).map(|text| text.parse().unwrap()),
            upstream: vec!["1".parse().unwrap()],
        }
    }

    #[test]
    fn all_that_is_said_has_to_match() {
        let headers = HeaderMap::from_iter([
            (
                HeaderName::from_static("x-canary"),
                HeaderValue::from_static("no"),
            ),
            (
                HeaderName::from_static("x-canary"),
                HeaderValue::from_static("yes"),
            ),
        ]);
        let is_for = |route: RouteConfig| route.matches(&Method::GET, "/api/a", &headers);
        assert!(is_for(route("/api/", &[Method::GET], "x-canary: yes")));
        assert!(is_for(route("", &[], "X-Canary")));
        assert!(!is_for(route("/api/b", &[Method::GET], "x-canary")));
        assert!(!is_for(route("/api/", &[Method::HEAD, Method::POST], "")));
        assert!(!is_for(route("/api/", &[], "x-canary: y")));
        assert!(!is_for(route("", &[], "x-other")));
    }

    #[test]
    fn the_most_special_comes_first() {
        let mut routes = [
            route("", &[Method::GET], ""),
            route("", &[], "a"),
            route("", &[Method::GET], "a"),
            route("/a", &[], ""),
            route("/b", &[Method::GET], ""),
            route("/c", &[], ""),
            route("/api/", &[], ""),
        ];
        routes.sort_by_key(RouteConfig::rank);
        let shown = routes.map(|it| {
            let header = it.header.map(|header| header.to_string());
            (
                it.path.unwrap_or_default(),
                it.method.len(),
                header.is_some(),
            )
        });
        let wanted = [
            ("/api/", 0, false),
            ("/b", 1, false),
            ("/a", 0, false),
            ("/c", 0, false),
            ("", 1, true),
            ("", 0, true),
            ("", 1, false),
        ];
        assert_eq!(
            shown,
            wanted.map(|(path, count, is)| (path.to_owned(), count, is))
        );
    }

    #[test]
    fn a_header_is_a_name_and_maybe_a_value() {
        for text in ["x-canary: yes", "x-canary"] {
            assert_eq!(text.parse::<HeaderRule>().unwrap().to_string(), text);
        }
        for text in ["", ": yes", "x-canary:", "two words: yes", "a: \u{7}"] {
            assert!(text.parse::<HeaderRule>().is_err(), "{text}");
        }
    }
}
