//! Which requests the web UI lets in, and what each of them is.
//!
//! Pure. A browser sends a page's requests to any address with the cookies of that address, so the
//! cookie alone proves nothing: `Host` must be ours (a name of somebody else's can lead here by DNS
//! rebinding), and `Origin` and `Sec-Fetch-Site`, which no page can set, must say that the page is
//! ours, too. A page on another port of this machine is as foreign as any other.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use http::{
    HeaderMap, HeaderName, Method, Request, StatusCode,
    header::{CONTENT_TYPE, HOST, ORIGIN},
};

use super::assets::Asset;

/// What a browser says of who made a request.
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// The port that a URL need not name.
const HTTP_PORT: u16 = 80;

/// What is asked for.
#[derive(Debug)]
pub(super) enum Route {
    File(&'static Asset),
    /// Whether the session is open.
    Session,
    /// To open a session.
    OpenSession,
    Dispatch,
    Events,
}

/// Why a request is not let in.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refused {
    pub(super) status: StatusCode,
    pub(super) code: &'static str,
    pub(super) message: &'static str,
    /// How the address is asked, when it was asked otherwise.
    pub(super) allow: Option<&'static str>,
}

const MISDIRECTED: Refused = Refused {
    status: StatusCode::MISDIRECTED_REQUEST,
    code: "unknown-host",
    message: "The web UI answers only to localhost and loopback addresses with its own port. Open \
              the address that `malai serve --ui` printed; through ssh, forward the same port.",
    allow: None,
};

const FOREIGN: Refused = Refused {
    status: StatusCode::FORBIDDEN,
    code: "foreign-origin",
    message: "Another page sent you here, which the web UI does not allow. Open its address \
              yourself.",
    allow: None,
};

const NOT_FOUND: Refused = Refused {
    status: StatusCode::NOT_FOUND,
    code: "not-found",
    message: "There is nothing at this address.",
    allow: None,
};

const NOT_JSON: Refused = Refused {
    status: StatusCode::UNSUPPORTED_MEDIA_TYPE,
    code: "not-json",
    message: "Requests are sent as `Content-Type: application/json`.",
    allow: None,
};

/// The names under which one web UI is reached, each with its port.
#[derive(Debug)]
pub(super) struct Names(Vec<String>);

impl Names {
    /// Those of what listens on `address`.
    pub(super) fn of(address: SocketAddr) -> Self {
        let port = address.port();
        let loopback = [
            SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
            SocketAddr::from((Ipv6Addr::LOCALHOST, port)),
            address,
        ];
        let addresses = loopback.iter().map(SocketAddr::to_string);
        let mut names: Vec<_> = addresses.chain([format!("localhost:{port}")]).collect();
        if port == HTTP_PORT {
            let bare = names.iter().filter_map(|name| name.rsplit_once(':'));
            let bare: Vec<_> = bare.map(|(host, _)| host.to_owned()).collect();
            names.extend(bare);
        }
        Self(names)
    }

    /// What `request` asks for, if it may be asked at all; whose session it is comes later.
    pub(super) fn admit<B>(&self, request: &Request<B>) -> Result<Route, Refused> {
        let host = self.host_of(request).ok_or(MISDIRECTED)?;
        if !is_of_own_page(request.headers(), &host) {
            return Err(FOREIGN);
        }
        let (method, path) = (request.method(), request.uri().path());
        let route = match (path, method) {
            ("/api/session", &Method::GET) => Route::Session,
            ("/api/session", &Method::POST) => Route::OpenSession,
            ("/api/dispatch", &Method::POST) => Route::Dispatch,
            ("/api/events", &Method::GET) => Route::Events,
            ("/api/session", _) => return Err(wrong_method("GET, POST")),
            ("/api/dispatch", _) => return Err(wrong_method("POST")),
            ("/api/events", _) => return Err(wrong_method("GET")),
            (path, method) => {
                let asset = Asset::at(path).ok_or(NOT_FOUND)?;
                if method != Method::GET && method != Method::HEAD {
                    return Err(wrong_method("GET, HEAD"));
                }
                Route::File(asset)
            }
        };
        if method == Method::POST && !is_json(request.headers()) {
            return Err(NOT_JSON);
        }
        Ok(route)
    }

    /// The name by which we are asked; `None` when it is not one of ours.
    fn host_of<B>(&self, request: &Request<B>) -> Option<String> {
        if request.uri().authority().is_some() {
            // Only proxies are asked so.
            return None;
        }
        let host = single(request.headers(), HOST)?.to_ascii_lowercase();
        self.0.contains(&host).then_some(host)
    }
}

const fn wrong_method(allow: &'static str) -> Refused {
    Refused {
        status: StatusCode::METHOD_NOT_ALLOWED,
        code: "wrong-method",
        message: "This address is asked in another way.",
        allow: Some(allow),
    }
}

/// What has neither header is no browser, and has no page that could have sent it.
fn is_of_own_page(headers: &HeaderMap, host: &str) -> bool {
    let own_origin = !headers.contains_key(ORIGIN)
        || single(headers, ORIGIN).is_some_and(|origin| origin == format!("http://{host}"));
    let own_fetch = !headers.contains_key(SEC_FETCH_SITE)
        || single(headers, SEC_FETCH_SITE)
            .is_some_and(|site| site == "same-origin" || site == "none");
    own_origin && own_fetch
}

/// A page may send other types without asking first.
fn is_json(headers: &HeaderMap) -> bool {
    let Some(kind) = single(headers, CONTENT_TYPE) else {
        return false;
    };
    let essence = kind.split(';').next().unwrap_or_default();
    essence.trim().eq_ignore_ascii_case("application/json")
}

/// A header's value, when there is exactly one.
fn single(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(value)
}

#[cfg(test)]
mod tests;
