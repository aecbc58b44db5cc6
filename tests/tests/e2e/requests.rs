//! Single requests and their answers, whole.

use anyhow::Result;
use e2e::{
    Origin, Pair,
    client::{self, Connection, empty, full},
};
use hyper::{Request, StatusCode};
use serde_json::json;

#[tokio::test]
async fn carries_every_method_with_its_body() -> Result<()> {
    let origin = Origin::start().await?;
    let pair = Pair::http(origin.address()).await?;
    for method in ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"] {
        let request = Request::builder().method(method).uri(pair.url("/echo?q=1"));
        let reply = client::send(request.body(full(format!("{method}'s body")))?).await?;
        assert_eq!(reply.status, StatusCode::OK, "{method}");
        let seen = reply.json()?;
        assert_eq!(seen["method"], method);
        assert_eq!(seen["path"], "/echo?q=1");
        assert_eq!(seen["body"], format!("{method}'s body"));
    }
    Ok(())
}

#[tokio::test]
async fn a_get_has_no_body_and_gains_none() -> Result<()> {
    let origin = Origin::start().await?;
    let pair = Pair::http(origin.address()).await?;
    let seen = client::get(&pair.url("/echo")).await?.json()?;
    assert_eq!(seen["length"], 0);
    let headers = seen["headers"].to_string();
    assert!(!headers.contains("transfer-encoding"), "{headers}");
    Ok(())
}

#[tokio::test]
async fn a_kept_connection_serves_one_request_after_another() -> Result<()> {
    let origin = Origin::start().await?;
    let pair = Pair::http(origin.address()).await?;
    let mut connection = Connection::open(pair.local).await?;
    for number in 0..50 {
        let path = format!("/echo?number={number}");
        let reply = connection.get(&pair.url(&path)).await?;
        assert_eq!(reply.json()?["path"], path);
    }
    Ok(())
}

#[tokio::test]
async fn many_requests_at_once_all_get_their_own_answer() -> Result<()> {
    let origin = Origin::start().await?;
    let pair = Pair::http(origin.address()).await?;
    let requests = (0..64).map(|number| {
        let url = pair.url(&format!("/echo?number={number}"));
        async move { anyhow::Ok((number, client::get(&url).await?.json()?)) }
    });
    for answer in futures_util::future::join_all(requests).await {
        let (number, seen) = answer?;
        assert_eq!(seen["path"], format!("/echo?number={number}"));
    }
    Ok(())
}

#[tokio::test]
async fn answers_without_a_body_leave_the_connection_usable() -> Result<()> {
    let origin = Origin::start().await?;
    let pair = Pair::http(origin.address()).await?;
    let mut connection = Connection::open(pair.local).await?;
    for code in [204_u16, 304] {
        let reply = connection
            .get(&pair.url(&format!("/status/{code}")))
            .await?;
        assert_eq!(reply.status.as_u16(), code);
        assert!(reply.body.is_empty(), "{reply:?}");
        assert_eq!(reply.header("transfer-encoding"), "", "{reply:?}");
    }
    let head = Request::head(pair.url("/sized")).body(empty())?;
    let reply = client::read(connection.open_request(head).await?).await?;
    assert_eq!(reply.header("content-length"), "12345");
    assert!(reply.body.is_empty());
    let reply = connection.get(&pair.url("/sized")).await?;
    assert_eq!(reply.body.len(), 12_345);
    Ok(())
}

#[tokio::test]
async fn other_statuses_pass_as_they_are() -> Result<()> {
    let origin = Origin::start().await?;
    let pair = Pair::http(origin.address()).await?;
    for code in [201_u16, 302, 404, 418, 500, 503, 599] {
        let reply = client::get(&pair.url(&format!("/status/{code}"))).await?;
        assert_eq!(reply.status.as_u16(), code);
        assert_eq!(
            reply.header("malai-error"),
            "",
            "the service said it: {reply:?}"
        );
    }
    Ok(())
}

#[tokio::test]
async fn compressed_bodies_pass_untouched() -> Result<()> {
    let origin = Origin::start().await?;
    let pair = Pair::http(origin.address()).await?;
    let there = client::get(&format!("http://{}/gzip", origin.address())).await?;
    let here = client::get(&pair.url("/gzip")).await?;
    assert_eq!(here.header("content-encoding"), "gzip");
    assert_eq!(here.body, there.body);
    Ok(())
}

#[tokio::test]
async fn trailers_pass_both_ways() -> Result<()> {
    use hyper::{HeaderMap, body::Frame, header::HeaderValue};

    let origin = Origin::start().await?;
    let pair = Pair::http(origin.address()).await?;

    let request = Request::get(pair.url("/trailers")).header("te", "trailers");
    let reply = client::send(request.body(empty())?).await?;
    assert_eq!(reply.text(), "counted");
    let trailers = reply.trailers.unwrap_or_default();
    assert_eq!(trailers.get("x-sum"), Some(&HeaderValue::from_static("42")));

    let (frames, body) = client::streamed();
    let mut trailers = HeaderMap::new();
    trailers.insert("x-check", HeaderValue::from_static("7"));
    frames.send(Ok(Frame::data("some".into()))).await?;
    frames.send(Ok(Frame::trailers(trailers))).await?;
    drop(frames);
    let request = Request::post(pair.url("/echo")).header("trailer", "x-check");
    let seen = client::send(request.body(body)?).await?.json()?;
    assert_eq!(seen["body"], "some");
    assert_eq!(seen["trailers"], json!([["x-check", "7"]]));
    Ok(())
}

#[tokio::test]
async fn every_request_is_an_event_on_both_sides() -> Result<()> {
    let origin = Origin::start().await?;
    let pair = Pair::http(origin.address()).await?;
    client::get(&pair.url("/status/404?secret=1")).await?;
    let told = pair.share.event("request").await?;
    assert_eq!(told["service"], "shop");
    assert_eq!(told["peer"], pair.bridge_id.as_str());
    assert_eq!(told["method"], "GET");
    assert_eq!(told["path"], "/status/404");
    assert_eq!(told["status"], 404);
    let told = pair.bridge.event("request").await?;
    assert_eq!(told["peer"], pair.share_id.as_str());
    assert_eq!(told["status"], 404);
    Ok(())
}
