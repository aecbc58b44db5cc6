//! Clients that speak HTTP/2 to the bridge, with prior knowledge.

use anyhow::Result;
use e2e::{Origin, Pair, client};
use hyper::{Request, StatusCode};

#[tokio::test]
async fn get_and_post_by_h2c() -> Result<()> {
    let origin = Origin::start().await?;
    let pair = Pair::http(origin.address()).await?;
    let request = Request::get(pair.url("/download/3000000")).body(client::empty())?;
    let reply = client::send_h2c(request).await?;
    assert_eq!(reply.status, StatusCode::OK);
    assert_eq!(reply.body.len(), 3_000_000);

    let request = Request::post(pair.url("/echo")).header("malai-peer", "forged");
    let reply = client::send_h2c(request.body(client::full("by two"))?).await?;
    let seen = reply.json()?;
    assert_eq!(seen["body"], "by two");
    let headers = seen["headers"].to_string();
    assert!(headers.contains(&pair.bridge_id), "{headers}");
    assert!(!headers.contains("forged"), "{headers}");

    let request = Request::head(pair.url("/sized")).body(client::empty())?;
    let reply = client::send_h2c(request).await?;
    assert_eq!(reply.header("content-length"), "12345");
    Ok(())
}

#[tokio::test]
async fn trailers_pass_to_h2c() -> Result<()> {
    let origin = Origin::start().await?;
    let pair = Pair::http(origin.address()).await?;
    let request = Request::get(pair.url("/trailers")).header("te", "trailers");
    let reply = client::send_h2c(request.body(client::empty())?).await?;
    let trailers = reply.trailers.unwrap_or_default();
    assert_eq!(trailers["x-sum"], "42");
    Ok(())
}

#[tokio::test]
async fn a_foreign_authority_is_421_in_h2c_too() -> Result<()> {
    let origin = Origin::start().await?;
    let pair = Pair::http(origin.address()).await?;
    let request = Request::get("http://evil.example/echo").body(client::empty())?;
    let reply = client::send_h2c_to(pair.local, request).await?;
    assert_eq!(reply.status, StatusCode::MISDIRECTED_REQUEST);
    assert_eq!(origin.requests(), Vec::<String>::new());
    Ok(())
}
