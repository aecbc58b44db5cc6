//! The head of a request, where its connection needs no more than that.

use std::mem::MaybeUninit;

use bytes::Bytes;
use http::{Method, Request, Uri, Version};

use crate::http::{
    ProxyBody,
    raw::{MOST_HEADERS, headers_in, says_close, values_of},
};

/// With these a request asks for more of its connection than an answer; who says `TE` may get
/// trailers.
const MORE_THAN_AN_ANSWER: [&str; 4] = ["upgrade", "expect", "te", "transfer-encoding"];

/// The request whose whole head is `bytes` and that has no body; nothing where it is none, or wants
/// more of its connection than an answer: those are hyper's. Also tells whether it is the last one on
/// its connection.
pub(super) fn parse(bytes: &Bytes) -> Option<(Request<ProxyBody>, bool)> {
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
    let found = &*head.headers;
    let wants_more = MORE_THAN_AN_ANSWER
        .iter()
        .any(|name| values_of(found, name).next().is_some());
    if method == Method::CONNECT || wants_more {
        return None;
    }
    let is_last = values_of(found, "connection").any(says_close);
    let mut request = Request::new(ProxyBody::default());
    *request.method_mut() = method;
    *request.uri_mut() = Uri::from_maybe_shared(bytes.slice_ref(path.as_bytes())).ok()?;
    *request.version_mut() = Version::HTTP_11;
    *request.headers_mut() = headers_in(bytes, found).ok()?;
    Some((request, is_last))
}
