//! What the web UI answers, with the headers that keep its page to itself.

use std::{convert::Infallible, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{
    HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode,
    header::{
        ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, COOKIE, ETAG, IF_NONE_MATCH,
        REFERRER_POLICY, RETRY_AFTER, SET_COOKIE, WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS,
    },
};
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited, combinators::UnsyncBoxBody};
use hyper::body::Incoming;
use malai_api::{Failure, Request as Asked, Response as Answer, codes};
use serde::{Deserialize, de::DeserializeOwned};
use tokio::time::{Instant, timeout};

use super::{
    Ui,
    assets::Asset,
    events,
    guard::{Refused, Route},
    sessions::NotOpened,
};
use crate::control::{Dispatch, MAX_LINE_BYTES, Owner};

/// How long a request's body may take.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// What a page may load and who may frame it: nothing but its own files, nobody.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' \
                      data:; connect-src 'self'; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'none'";

/// On every answer, whatever it says.
const ALWAYS: [(HeaderName, &str); 5] = [
    (CONTENT_SECURITY_POLICY, POLICY),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (REFERRER_POLICY, "no-referrer"),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
];

const JSON: HeaderValue = HeaderValue::from_static("application/json");
/// Not even by the browser that asked.
const NOT_KEPT: HeaderValue = HeaderValue::from_static("no-store");
/// Kept, and asked about each time: an upgraded malai has another page at the same address.
const ASKED_ABOUT: HeaderValue = HeaderValue::from_static("no-cache");

pub(super) type Body = UnsyncBoxBody<Bytes, Infallible>;

/// What opens a session.
#[derive(Deserialize)]
struct Token {
    token: String,
}

/// Why a body is no request.
struct Bad {
    status: StatusCode,
    message: String,
}

impl From<Bad> for Response<Body> {
    fn from(bad: Bad) -> Self {
        fail(bad.status, codes::REQUEST_INVALID, &bad.message)
    }
}

/// Answers one request.
pub(super) async fn answer<D: Dispatch>(
    ui: Arc<Ui<D>>,
    request: Request<Incoming>,
) -> Response<Body> {
    let mut response = match ui.names.admit(&request) {
        Ok(route) => routed(&ui, route, request).await,
        Err(refused) => refuse(&refused),
    };
    let headers = response.headers_mut();
    for (name, value) in ALWAYS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

async fn routed<D: Dispatch>(
    ui: &Arc<Ui<D>>,
    route: Route,
    request: Request<Incoming>,
) -> Response<Body> {
    match route {
        Route::File(asset) => return file(asset, request.headers()),
        Route::OpenSession => return open_session(ui, request).await,
        Route::Session | Route::Dispatch | Route::Events => {}
    }
    if !ui.has_session(request.headers()) {
        let message = "this page is not signed in; open the address that `malai serve --ui` prints";
        return no_session("no-session", message);
    }
    match route {
        Route::Dispatch => dispatch(ui, request).await,
        Route::Events => events::answer(ui),
        Route::Session | Route::File(_) | Route::OpenSession => empty(),
    }
}

fn file(asset: &'static Asset, headers: &HeaderMap) -> Response<Body> {
    let tag = asset.tag();
    let is_known = headers
        .get(IF_NONE_MATCH)
        .is_some_and(|known| known.as_bytes() == tag.as_bytes());
    let (status, bytes) = if is_known {
        (StatusCode::NOT_MODIFIED, &b""[..])
    } else {
        (StatusCode::OK, asset.bytes)
    };
    let mut response = whole(status, Bytes::from_static(bytes));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(asset.kind));
    headers.insert(CACHE_CONTROL, ASKED_ABOUT);
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(ETAG, tag);
    }
    response
}

async fn open_session<D: Dispatch>(ui: &Ui<D>, request: Request<Incoming>) -> Response<Body> {
    let token: Token = match read(request).await {
        Ok(token) => token,
        Err(bad) => return bad.into(),
    };
    match ui.open_session(&token.token) {
        Ok(cookie) => {
            let mut response = empty();
            response.headers_mut().insert(SET_COOKIE, cookie);
            response
        }
        Err(NotOpened::Wrong) => {
            let message = "this address was used before or is wrong; `malai serve --ui` has \
                           printed another one since";
            no_session("token-wrong", message)
        }
        Err(NotOpened::TooMany) => {
            let message = "there were too many wrong tokens; try again in a moment";
            let mut response = fail(StatusCode::TOO_MANY_REQUESTS, codes::BUSY, message);
            let headers = response.headers_mut();
            headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
            response
        }
    }
}

async fn dispatch<D: Dispatch>(ui: &Ui<D>, request: Request<Incoming>) -> Response<Body> {
    match read::<Asked>(request).await {
        // What is not kept stays until it is stopped, as with the tray: a page may be closed.
        Ok(asked) => {
            let answer = ui.engine.dispatch(asked, &Owner::engine()).await;
            say(StatusCode::OK, &answer)
        }
        Err(bad) => bad.into(),
    }
}

/// Reads a body of JSON, or says what is wrong with it.
async fn read<T: DeserializeOwned>(request: Request<Incoming>) -> Result<T, Bad> {
    let body = Limited::new(request.into_body(), MAX_LINE_BYTES).collect();
    let bad = |status, message: String| Err(Bad { status, message });
    match timeout(BODY_TIMEOUT, body).await {
        Ok(Ok(body)) => serde_json::from_slice(&body.to_bytes()).or_else(|error| {
            let message = format!("this is not a request malai knows: {error}");
            bad(StatusCode::BAD_REQUEST, message)
        }),
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            let message = format!("a request has at most {MAX_LINE_BYTES} bytes");
            bad(StatusCode::PAYLOAD_TOO_LARGE, message)
        }
        Ok(Err(_)) => bad(StatusCode::BAD_REQUEST, "the request broke off".to_owned()),
        Err(_) => bad(
            StatusCode::REQUEST_TIMEOUT,
            "the request took too long".to_owned(),
        ),
    }
}

impl<D> Ui<D> {
    fn has_session(&self, headers: &HeaderMap) -> bool {
        let values = headers.get_all(COOKIE).iter();
        let texts = values.filter_map(|value| value.to_str().ok());
        let pairs = texts.flat_map(|text| text.split(';'));
        let mut ours = pairs
            .filter_map(|pair| pair.trim().split_once('='))
            .filter(|(name, _)| *name == self.cookie);
        let sessions = self.sessions();
        ours.any(|(_, session)| sessions.knows(session))
    }

    /// Opens a session with the cookie that is its own; the next token is told to the owner.
    fn open_session(&self, token: &str) -> Result<HeaderValue, NotOpened> {
        let mut sessions = self.sessions();
        let session = sessions.open(token, Instant::now())?;
        self.tokens.send_replace(sessions.token().clone());
        drop(sessions);
        let (name, value) = (&self.cookie, session.reveal());
        let cookie = format!("{name}={value}; Path=/; HttpOnly; SameSite=Strict");
        let mut cookie = HeaderValue::try_from(cookie).map_err(|_| NotOpened::Wrong)?;
        cookie.set_sensitive(true);
        Ok(cookie)
    }
}

fn refuse(refused: &Refused) -> Response<Body> {
    let mut response = fail(refused.status, refused.code, refused.message);
    if let Some(allow) = refused.allow {
        let headers = response.headers_mut();
        headers.insert(ALLOW, HeaderValue::from_static(allow));
    }
    response
}

fn no_session(code: &str, message: &str) -> Response<Body> {
    let mut response = fail(StatusCode::UNAUTHORIZED, code, message);
    let headers = response.headers_mut();
    headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Cookie"));
    response
}

pub(super) fn fail(status: StatusCode, code: &str, message: &str) -> Response<Body> {
    say(status, &Answer::Error(Failure::new(code, message)))
}

fn say(status: StatusCode, answer: &Answer) -> Response<Body> {
    let (status, bytes) = match serde_json::to_vec(answer) {
        Ok(bytes) => (status, bytes),
        Err(error) => {
            tracing::warn!(%error, "an answer of the web UI cannot be written");
            (StatusCode::INTERNAL_SERVER_ERROR, Vec::new())
        }
    };
    let mut response = whole(status, bytes.into());
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, JSON);
    headers.insert(CACHE_CONTROL, NOT_KEPT);
    response
}

fn empty() -> Response<Body> {
    let mut response = whole(StatusCode::NO_CONTENT, Bytes::new());
    response.headers_mut().insert(CACHE_CONTROL, NOT_KEPT);
    response
}

fn whole(status: StatusCode, bytes: Bytes) -> Response<Body> {
    let mut response = Response::new(Full::new(bytes).boxed_unsync());
    *response.status_mut() = status;
    response
}
