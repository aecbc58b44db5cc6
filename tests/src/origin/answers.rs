//! What the origin answers, path by path.

use std::io;

use bytes::Bytes;
use futures_util::{Stream, StreamExt as _, stream};
use http_body_util::{BodyExt, Empty, Full, StreamBody};
use hyper::{
    HeaderMap, Request, Response, StatusCode,
    body::{Frame, Incoming},
    header::{CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderValue, TRAILER},
};
use serde_json::{Value, json};

use super::{Body, State, upgrades};
use crate::pattern::{self, Checker};

/// Bytes of `/sized`.
const SIZED: u64 = 12_345;

/// A gzip member that holds `compressed` (stored, not deflated).
const GZIP: &[u8] = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\x01\x0a\x00\xf5\xffcompressed\
    \x1e\x4b\x56\x97\x0a\x00\x00\x00";

pub(super) async fn answer(request: Request<Incoming>, state: &State) -> Response<Body> {
    let path = request.uri().path().to_owned();
    let (name, argument) = path[1..].split_once('/').unwrap_or((&path[1..], ""));
    let number: u64 = argument.parse().unwrap_or(0);
    match name {
        "download" => sized(number),
        "chunked" => Response::new(streamed(pattern_stream(number))),
        "upload" => upload(request.into_body()).await,
        "status" => status(number),
        "sized" => sized(SIZED),
        "gated" => gated(state),
        "slow-head" => {
            state.gate().passed().await;
            text("at last")
        }
        "events" => events(state),
        "trailers" => trailers(),
        "duplex" => duplex(request.into_body()),
        "early" => early(),
        "gzip" => gzip(),
        "websocket" => upgrades::websocket(request),
        "shout" => upgrades::shout(request),
        _ => echo(request).await,
    }
}

fn text(text: &'static str) -> Response<Body> {
    Response::new(full(text.into()))
}

fn full(bytes: Bytes) -> Body {
    Full::new(bytes).map_err(|never| match never {}).boxed()
}

pub(super) fn empty() -> Body {
    Empty::new().map_err(|never| match never {}).boxed()
}

fn streamed(frames: impl Stream<Item = io::Result<Frame<Bytes>>> + Send + Sync + 'static) -> Body {
    BodyExt::boxed(StreamBody::new(frames))
}

fn json_of(value: &Value) -> Response<Body> {
    let mut response = Response::new(full(value.to_string().into()));
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    response
}

fn pairs(headers: &HeaderMap) -> Vec<Value> {
    headers
        .iter()
        .map(|(name, value)| json!([name.as_str(), String::from_utf8_lossy(value.as_bytes())]))
        .collect()
}

async fn echo(request: Request<Incoming>) -> Response<Body> {
    let (head, body) = request.into_parts();
    match body.collect().await {
        Ok(body) => {
            let trailers = body.trailers().map(pairs).unwrap_or_default();
            let body = body.to_bytes();
            json_of(&json!({
                "method": head.method.as_str(),
                "path": head.uri.path_and_query().map_or("", |path| path.as_str()),
                "version": format!("{:?}", head.version),
                "authority": head.uri.authority().map(|authority| authority.as_str()),
                "headers": pairs(&head.headers),
                "length": body.len(),
                "body": String::from_utf8_lossy(&body),
                "trailers": trailers,
            }))
        }
        Err(error) => json_of(&json!({ "error": error.to_string() })),
    }
}

fn pattern_stream(length: u64) -> impl Stream<Item = io::Result<Frame<Bytes>>> {
    stream::unfold(0, move |offset| async move {
        let bytes = pattern::bytes_at(offset, length - offset);
        let next = offset + bytes.len() as u64;
        (!bytes.is_empty()).then_some((Ok(Frame::data(bytes)), next))
    })
}

fn sized(length: u64) -> Response<Body> {
    let mut response = Response::new(streamed(pattern_stream(length)));
    response.headers_mut().insert(CONTENT_LENGTH, length.into());
    response
}

async fn upload(mut body: Incoming) -> Response<Body> {
    let mut checker = Checker::default();
    let mut error = None;
    while let Some(frame) = body.frame().await {
        match frame {
            Ok(frame) => checker.take(frame.data_ref().map_or(&[], |data| data)),
            Err(cut) => error = Some(cut.to_string()),
        }
    }
    json_of(&json!({
        "length": checker.length(),
        "first_wrong": checker.first_wrong(),
        "error": error,
    }))
}

fn status(number: u64) -> Response<Body> {
    let code = u16::try_from(number).unwrap_or(0);
    let mut response = Response::new(empty());
    *response.status_mut() = StatusCode::from_u16(code).unwrap_or(StatusCode::BAD_REQUEST);
    response
}

fn gated(state: &State) -> Response<Body> {
    let gate = state.gate();
    let first = stream::iter([Ok(Frame::data("first".into()))]);
    let last = stream::once(async move {
        gate.passed().await;
        Ok(Frame::data("last".into()))
    });
    Response::new(streamed(first.chain(last)))
}

fn events(state: &State) -> Response<Body> {
    let events = stream::unfold(state.events(), |mut events| async {
        let event = events.recv().await.ok()?;
        let frame = Frame::data(format!("data: {event}\n\n").into());
        Some((Ok(frame), events))
    });
    let opening = stream::iter([Ok(Frame::data(": open\n\n".into()))]);
    let mut response = Response::new(streamed(opening.chain(events)));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

fn trailers() -> Response<Body> {
    let mut sum = HeaderMap::new();
    sum.insert("x-sum", HeaderValue::from_static("42"));
    let frames = [Frame::data("counted".into()), Frame::trailers(sum)];
    let mut response = Response::new(streamed(stream::iter(frames.map(Ok))));
    let announced = HeaderValue::from_static("x-sum");
    response.headers_mut().insert(TRAILER, announced);
    response
}

fn duplex(body: Incoming) -> Response<Body> {
    Response::new(body.map_err(io::Error::other).boxed())
}

fn early() -> Response<Body> {
    let mut response = text("too much");
    *response.status_mut() = StatusCode::PAYLOAD_TOO_LARGE;
    response
}

fn gzip() -> Response<Body> {
    let mut response = Response::new(full(GZIP.into()));
    let encoding = HeaderValue::from_static("gzip");
    response.headers_mut().insert(CONTENT_ENCODING, encoding);
    response
}
