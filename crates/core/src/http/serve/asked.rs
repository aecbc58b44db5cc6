//! The head of a request, where its connection needs no more than that.

use std::mem::MaybeUninit;

use bytes::Bytes;
use http::{
    HeaderMap, HeaderName, Method, Request, Uri, Version,
    header::{EXPECT, TE, TRANSFER_ENCODING, UPGRADE},
};

use crate::http::{
    ProxyBody,
    headers::has_any,
    raw::{MOST_HEADERS, headers_in},
};

/// With these a request asks for more of its connection than an answer; who says `TE` may get
/// trailers.
static MORE_THAN_AN_ANSWER: [HeaderName; 4] = [UPGRADE, EXPECT, TE, TRANSFER_ENCODING];

/// The request whose whole head is `bytes` and that has no body; nothing where it is none, or wants
/// more of its connection than an answer: those are hyper's. The room of `spare` is used for its
/// headers.
pub(super) fn parse(bytes: &Bytes, spare: HeaderMap) -> Option<Request<ProxyBody>> {
    let mut room = [const { MaybeUninit::uninit() }; MOST_HEADERS];
    let mut head = httparse::Request::new(&mut []);
    let parsed = httparse::ParserConfig::default()
        .parse_request_with_uninit_headers(&mut head, bytes, &mut room);
    let is_whole = parsed.ok()?.is_complete();
    let (Some(method), Some(path), Some(1), true) =
        (head.method, head.path, head.version, is_whole)
    else {
        return None;
    };
    let method = Method::from_bytes(method.as_bytes()).ok()?;
    let headers = headers_in(bytes, head.headers, spare).ok()?;
    if method == Method::CONNECT || has_any(&headers, &MORE_THAN_AN_ANSWER) {
        return None;
    }
    let mut request = Request::new(ProxyBody::default());
    *request.method_mut() = method;
    *request.uri_mut() = Uri::from_maybe_shared(bytes.slice_ref(path.as_bytes())).ok()?;
    *request.version_mut() = Version::HTTP_11;
    *request.headers_mut() = headers;
    Some(request)
}
