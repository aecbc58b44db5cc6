//! Failures of the proxy, and how they are told to people and programs.

use std::{error::Error, fmt, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode,
    header::{ACCEPT, CACHE_CONTROL, CONNECTION, CONTENT_TYPE, REFRESH, RETRY_AFTER},
};

use super::{ProxyBody, headers::has};
use crate::meter::Fault;

/// When to try again where all is in use.
const OVERLOADED: Duration = Duration::from_secs(1);

/// The header that carries a failure's stable code.
pub(crate) static ERROR_HEADER: HeaderName = HeaderName::from_static("malai-error");

/// Whose fault a failure is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    /// The client's: never held against a peer or an upstream.
    Downstream,
    /// The peer's, or the network's on the way to it.
    Peer,
    /// The service's behind the share.
    Upstream,
    /// Ours.
    Internal,
}

impl Side {
    /// As it is counted.
    pub(crate) fn fault(self) -> Fault {
        match self {
            Self::Downstream => Fault::Client,
            Self::Peer => Fault::Peer,
            Self::Upstream => Fault::Service,
            Self::Internal => Fault::Malai,
        }
    }
}

/// Why a request has no answer of its service.
#[derive(Debug, Clone)]
pub(crate) struct ProxyError {
    /// Whose fault it is.
    pub(crate) side: Side,
    /// Stable, for programs.
    pub(crate) code: &'static str,
    /// The status it is answered with.
    pub(crate) status: StatusCode,
    /// What happened and what to do, for people.
    pub(crate) message: String,
    /// The same for the owner of the service, who alone may know where it is.
    owner: Option<String>,
    /// After which it may work; a second when overloaded and nothing else is known.
    retry_after: Option<Duration>,
    source: Option<Arc<dyn Error + Send + Sync>>,
}

impl fmt::Display for ProxyError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl Error for ProxyError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source
            .as_ref()
            .map(|source| &**source as &(dyn Error + 'static))
    }
}

impl ProxyError {
    fn new(side: Side, code: &'static str, status: StatusCode, message: impl Into<String>) -> Self {
        Self {
            side,
            code,
            status,
            message: message.into(),
            owner: None,
            retry_after: None,
            source: None,
        }
    }

    /// The client asked for something malformed or not meant for us.
    pub(crate) fn client(
        code: &'static str,
        status: StatusCode,
        message: impl Into<String>,
    ) -> Self {
        Self::new(Side::Downstream, code, status, message)
    }

    /// CONNECT would make a proxy of a share.
    pub(crate) fn connect_refused() -> Self {
        Self::client(
            "no-connect",
            StatusCode::METHOD_NOT_ALLOWED,
            "A shared service is no proxy: CONNECT leads nowhere.",
        )
    }

    /// The body is longer than the service takes.
    pub(crate) fn too_large(limit: u64) -> Self {
        Self::client(
            "too-large",
            StatusCode::PAYLOAD_TOO_LARGE,
            format!("The service takes at most {limit} bytes in one request."),
        )
    }

    /// The peer has made more requests than its rate allows, and can make the next after `wait`.
    pub(crate) fn too_many_requests(wait: Duration) -> Self {
        let mut error = Self::client(
            "too-many-requests",
            StatusCode::TOO_MANY_REQUESTS,
            "The service's owner allows each peer so many requests a second, and these were more. \
             Try again in a moment.",
        );
        error.retry_after = Some(wait);
        error
    }

    /// The peer does not let us, or has no such service: the two look the same.
    pub(crate) fn denied() -> Self {
        Self::new(
            Side::Peer,
            "not-permitted",
            StatusCode::FORBIDDEN,
            "The other side shares no such service with you. Ask its owner to allow your id52 \
             (`malai id` shows it), and check the name of the service.",
        )
    }

    /// The owner of the service could have let us in and has not, if there is any.
    pub(crate) fn not_admitted() -> Self {
        Self::new(
            Side::Peer,
            "pending",
            StatusCode::FORBIDDEN,
            "The other side was asked to let you in, and nobody has. Ask the service's owner to \
             look at their malai, and then try again.",
        )
    }

    /// The owner of the service is being asked, if there is any.
    pub(crate) fn waiting() -> Self {
        Self::new(
            Side::Peer,
            "pending",
            StatusCode::FORBIDDEN,
            "Waiting for approval: the other side is being asked to let you in. This page goes on \
             by itself.",
        )
    }

    /// A domain stands for a peer, and means nobody for certain.
    pub(crate) fn peer_unnamed(
        code: &'static str,
        status: StatusCode,
        message: impl Into<String>,
    ) -> Self {
        Self::new(Side::Peer, code, status, message)
    }

    /// The peer could not be reached in time.
    pub(crate) fn peer_offline(message: impl Into<String>) -> Self {
        Self::new(
            Side::Peer,
            "peer-offline",
            StatusCode::GATEWAY_TIMEOUT,
            message,
        )
    }

    /// The peer is there and refuses for now, or went away in the middle.
    pub(crate) fn peer_failed(message: impl Into<String>) -> Self {
        Self::new(Side::Peer, "peer-failed", StatusCode::BAD_GATEWAY, message)
    }

    /// The peer is there, and took longer than the bridge waits.
    pub(crate) fn peer_slow(message: impl Into<String>) -> Self {
        Self::new(
            Side::Peer,
            "peer-slow",
            StatusCode::GATEWAY_TIMEOUT,
            message,
        )
    }

    /// The peer's malai has answered `code` in place of the service.
    pub(crate) fn told_by_peer(code: &'static str, status: StatusCode) -> Self {
        let message = "The other side is there, and its service cannot be used now. Try again in \
                       a moment.";
        Self::new(Side::Peer, code, status, message)
    }

    /// The upstream does not accept connections, or broke off before answering.
    pub(crate) fn upstream_down(message: impl Into<String>) -> Self {
        Self::new(
            Side::Upstream,
            "upstream-down",
            StatusCode::BAD_GATEWAY,
            message,
        )
    }

    /// The upstream took too long.
    pub(crate) fn upstream_slow(message: impl Into<String>) -> Self {
        Self::new(
            Side::Upstream,
            "upstream-slow",
            StatusCode::GATEWAY_TIMEOUT,
            message,
        )
    }

    /// All that may be used at once is in use.
    pub(crate) fn busy(message: impl Into<String>) -> Self {
        Self::new(
            Side::Internal,
            "busy",
            StatusCode::SERVICE_UNAVAILABLE,
            message,
        )
    }

    /// The engine is going away.
    pub(crate) fn shutting_down() -> Self {
        Self::new(
            Side::Internal,
            "shutting-down",
            StatusCode::SERVICE_UNAVAILABLE,
            "malai is shutting down on this side. Try again in a moment.",
        )
    }

    /// The same where trying again may work after `wait`.
    pub(crate) fn after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    /// The same with what caused it.
    pub(crate) fn because(mut self, source: impl Error + Send + Sync + 'static) -> Self {
        self.source = Some(Arc::new(source));
        self
    }

    /// The same with another message for the owner of the service.
    pub(crate) fn with_owner_message(mut self, message: String) -> Self {
        self.owner = Some(message);
        self
    }

    /// What the owner of the service is told; nothing of it may go to a peer.
    pub(crate) fn owner_message(&self) -> &str {
        self.owner.as_deref().unwrap_or(&self.message)
    }

    /// The causes, joined for a log line.
    pub(crate) fn chain(&self) -> String {
        let mut text = self.owner_message().to_owned();
        let mut next = self.source();
        while let Some(error) = next {
            text.push_str(": ");
            text.push_str(&error.to_string());
            next = error.source();
        }
        text
    }
}

/// The failure as an answer: JSON when the client prefers it, else a small page.
pub(crate) fn respond(error: &ProxyError, wants_json: bool) -> Response<ProxyBody> {
    let (kind, text) = if wants_json {
        let json = serde_json::json!({ "code": error.code, "message": error.message });
        ("application/json", json.to_string())
    } else {
        ("text/html; charset=utf-8", page(error))
    };
    let mut response = Response::new(ProxyBody::full(Bytes::from(text)));
    *response.status_mut() = error.status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(&ERROR_HEADER, HeaderValue::from_static(error.code));
    let is_overloaded = error.status == StatusCode::SERVICE_UNAVAILABLE;
    let retry_after = error.retry_after.or(is_overloaded.then_some(OVERLOADED));
    if let Some(after) = retry_after {
        // Whole seconds, and none too early.
        let seconds = after.as_secs() + u64::from(after.subsec_nanos() > 0);
        headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    if [
        StatusCode::METHOD_NOT_ALLOWED,
        StatusCode::MISDIRECTED_REQUEST,
    ]
    .contains(&error.status)
    {
        // What follows a CONNECT is no HTTP, and who takes us for another has more of that.
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// The code of the failure that `response` tells of, if it does.
pub(crate) fn error_code<B>(response: &Response<B>) -> Option<&str> {
    let headers = response.headers();
    has(headers, &ERROR_HEADER).then(|| headers.get(&ERROR_HEADER)?.to_str().ok())?
}

/// The page of somebody who waits to be let in, which looks again by itself.
pub(crate) fn waiting_page() -> Response<ProxyBody> {
    let mut response = respond(&ProxyError::waiting(), false);
    let every = HeaderValue::from_static("2");
    response.headers_mut().insert(REFRESH, every);
    response
}

/// Whether a person looks at the answer in a browser, and asking again does no harm.
pub(crate) fn wants_page<B>(request: &Request<B>) -> bool {
    request.method() == Method::GET && accepts(request.headers(), "text/html")
}

/// Whether the client would rather have JSON than a page.
pub(crate) fn prefers_json(headers: &HeaderMap) -> bool {
    accepts(headers, "json") && !accepts(headers, "text/html")
}

/// Whether `kind` is named among what the client takes.
fn accepts(headers: &HeaderMap, kind: &str) -> bool {
    let named = |value: &HeaderValue| value.to_str().is_ok_and(|value| value.contains(kind));
    has(headers, &ACCEPT) && headers.get_all(ACCEPT).iter().any(named)
}

fn page(error: &ProxyError) -> String {
    let whose = match error.side {
        Side::Downstream => "The request was not understood",
        Side::Peer => "The other side cannot be used",
        Side::Upstream => "The shared service does not answer",
        Side::Internal => "malai cannot take this request now",
    };
    let (message, code, status) = (escape(&error.message), error.code, error.status.as_u16());
    format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>{whose}</title>\
         <style>body{{font:1rem/1.5 system-ui;max-width:36rem;margin:4rem auto;padding:0 1rem}}\
         small{{opacity:.6}}</style>\
         <h1>{whose}</h1><p>{message}</p><p><small>malai: {code} ({status})</small></p></html>\n"
    )
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_never_carries_markup_of_others() {
        let error = ProxyError::peer_failed("<script>alert(1)</script>");
        assert!(!page(&error).contains("<script>"));
    }

    #[test]
    fn json_is_sent_when_asked_for_and_html_is_not() {
        let mut headers = HeaderMap::new();
        assert!(!prefers_json(&headers));
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        assert!(prefers_json(&headers));
        headers.insert(
            ACCEPT,
            HeaderValue::from_static("text/html,application/json"),
        );
        assert!(!prefers_json(&headers));
    }
}
