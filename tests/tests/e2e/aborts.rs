//! What is cut off looks cut off, at whichever end it happens.

use std::sync::Arc;

use anyhow::{Context, Result};
use e2e::{Origin, Pair, RawOrigin, client, read_head, within};
use http_body_util::BodyExt;
use hyper::{Request, StatusCode, body::Frame};
use tokio::{io::AsyncWriteExt, sync::Notify};

/// A service that sends `answer` and then is gone.
async fn breaks_off_after(answer: &'static str) -> Result<RawOrigin> {
    RawOrigin::start(move |mut stream, _| async move {
        read_head(&mut stream).await?;
        stream.write_all(answer.as_bytes()).await?;
        Ok(stream.shutdown().await?)
    })
    .await
}

async fn is_seen_as_cut_off(answer: &'static str) -> Result<()> {
    let origin = breaks_off_after(answer).await?;
    let pair = Pair::http(origin.address()).await?;
    let request = Request::get(pair.url("/")).body(client::empty())?;
    let mut response = client::open(request).await?;
    if response.status() == StatusCode::BAD_GATEWAY {
        // It broke off before any of it had been passed on, and that was told.
        return Ok(());
    }
    let first = response.body_mut().frame().await.context("no body")?;
    if first.is_ok() {
        let rest = within("the end of the body", response.into_body().collect()).await?;
        rest.err().context("the body looks complete")?;
    }
    Ok(())
}

#[tokio::test]
async fn a_sized_body_that_breaks_off() -> Result<()> {
    is_seen_as_cut_off("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\npart").await
}

#[tokio::test]
async fn a_chunked_body_that_breaks_off() -> Result<()> {
    is_seen_as_cut_off("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npart\r\n").await
}

#[tokio::test]
async fn a_body_with_a_broken_chunk() -> Result<()> {
    is_seen_as_cut_off(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npart\r\nwrong\r\n",
    )
    .await
}

#[tokio::test]
async fn a_share_that_is_killed_in_mid_body() -> Result<()> {
    let origin = Origin::start().await?;
    let pair = Pair::http(origin.address()).await?;
    let request = Request::get(pair.url("/gated")).body(client::empty())?;
    let mut response = client::open(request).await?;
    let first = client::piece(response.body_mut()).await?;
    assert_eq!(first.as_deref(), Some("first"));
    let Pair { share, .. } = pair;
    drop(share);
    // A killed peer says nothing: only its silence tells.
    let rest = tokio::time::timeout(2 * e2e::DEADLINE, response.into_body().collect()).await?;
    rest.err().context("the body looks complete")?;
    Ok(())
}

#[tokio::test]
async fn a_client_that_leaves_ends_the_work_of_the_service() -> Result<()> {
    let gone = Arc::new(Notify::new());
    let tell = Arc::clone(&gone);
    let origin = RawOrigin::start(move |mut stream, _| {
        let tell = Arc::clone(&tell);
        async move {
            read_head(&mut stream).await?;
            stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await?;
            while stream.write_all(&[b'x'; 1024]).await.is_ok() {}
            tell.notify_one();
            Ok(())
        }
    })
    .await?;
    let pair = Pair::http(origin.address()).await?;
    let request = Request::get(pair.url("/")).body(client::empty())?;
    let mut response = client::open(request).await?;
    client::piece(response.body_mut()).await?;
    drop(response);
    within("the service's connection to break", gone.notified()).await
}

#[tokio::test]
async fn an_upload_that_breaks_off_never_looks_complete() -> Result<()> {
    let origin = Origin::start().await?;
    let pair = Pair::http(origin.address()).await?;
    let (frames, body) = client::streamed();
    let request = Request::post(pair.url("/duplex")).body(body)?;
    let mut response = client::open(request).await?;
    frames.send(Ok(Frame::data("part".into()))).await?;
    let first = client::piece(response.body_mut()).await?;
    assert_eq!(first.as_deref(), Some("part"));
    frames.send(Err(std::io::Error::other("gone"))).await?;
    // `/duplex` answers with the request's own end: had it looked complete, so would this.
    let rest = within("the end", response.into_body().collect()).await?;
    rest.err().context("the upload looked complete")?;
    // And the next request is not read as its rest.
    assert_eq!(client::get(&pair.url("/sized")).await?.body.len(), 12_345);
    Ok(())
}
