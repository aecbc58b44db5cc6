//! Answers and requests that are used while they are still coming.

use anyhow::Result;
use e2e::{Origin, Pair, client, wait_until};
use hyper::{Request, StatusCode, body::Frame};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

#[tokio::test]
async fn server_sent_events_come_one_by_one() -> Result<()> {
    let origin = Origin::start().await?;
    let pair = Pair::http(origin.address()).await?;
    let request = Request::get(pair.url("/events")).header("accept", "text/event-stream");
    let mut response = client::open(request.body(client::empty())?).await?;
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let body = response.body_mut();
    assert_eq!(client::piece(body).await?.as_deref(), Some(": open\n\n"));
    for number in 0..5 {
        assert_eq!(origin.publish(&number.to_string()), 1);
        let expected = format!("data: {number}\n\n");
        assert_eq!(client::piece(body).await?, Some(expected));
    }
    drop(response);
    wait_until("the service to notice that nobody listens", || async {
        // Only sending shows a broken connection.
        Ok(origin.publish("anyone?") == 0)
    })
    .await
}

#[tokio::test]
async fn a_body_goes_both_ways_at_once() -> Result<()> {
    let origin = Origin::start().await?;
    let pair = Pair::http(origin.address()).await?;
    let (frames, body) = client::streamed();
    let request = Request::post(pair.url("/duplex")).body(body)?;
    let mut response = client::open(request).await?;
    assert_eq!(response.status(), StatusCode::OK);
    for word in ["one", "two", "three"] {
        frames.send(Ok(Frame::data(word.into()))).await?;
        let answer = client::piece(response.body_mut()).await?;
        assert_eq!(answer.as_deref(), Some(word));
    }
    drop(frames);
    assert_eq!(client::piece(response.body_mut()).await?, None);
    Ok(())
}

#[tokio::test]
async fn an_early_answer_does_not_wait_for_the_rest_of_the_request() -> Result<()> {
    let origin = Origin::start().await?;
    let pair = Pair::http(origin.address()).await?;
    let (frames, body) = client::streamed();
    frames.send(Ok(Frame::data("a beginning".into()))).await?;
    let request = Request::post(pair.url("/early")).body(body)?;
    let response = client::open(request).await?;
    assert_eq!(response.status(), StatusCode::PAYLOAD_TOO_LARGE);
    let reply = client::read(response).await?;
    assert_eq!(reply.text(), "too much");
    // Nothing of the unfinished request is left behind for the next one.
    assert_eq!(client::get(&pair.url("/sized")).await?.body.len(), 12_345);
    drop(frames);
    Ok(())
}

#[tokio::test]
async fn continues_before_the_body_is_sent() -> Result<()> {
    let origin = Origin::start().await?;
    let pair = Pair::http(origin.address()).await?;
    let mut stream = TcpStream::connect(pair.local).await?;
    let head = format!(
        "POST /echo HTTP/1.1\r\nHost: {}\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\
         Connection: close\r\n\r\n",
        pair.local
    );
    stream.write_all(head.as_bytes()).await?;
    let interim = e2e::within("100", e2e::read_head(&mut stream)).await??;
    assert!(interim.starts_with("HTTP/1.1 100"), "{interim}");
    stream.write_all(b"body").await?;
    let mut rest = String::new();
    e2e::within("the answer", stream.read_to_string(&mut rest)).await??;
    assert!(rest.starts_with("HTTP/1.1 200"), "{rest}");
    assert!(rest.contains(r#""body":"body""#), "{rest}");
    Ok(())
}

#[tokio::test]
async fn a_refusal_comes_instead_of_the_body_that_was_offered() -> Result<()> {
    let origin = Origin::start().await?;
    let pair = Pair::http(origin.address()).await?;
    let mut stream = TcpStream::connect(pair.local).await?;
    let head = format!(
        "POST /early HTTP/1.1\r\nHost: {}\r\nContent-Length: 1000000\r\n\
         Expect: 100-continue\r\n\r\n",
        pair.local
    );
    stream.write_all(head.as_bytes()).await?;
    let mut answer = e2e::within("an answer", e2e::read_head(&mut stream)).await??;
    if answer.starts_with("HTTP/1.1 100") {
        // Allowed, if not elegant: the refusal must come all the same, before any body.
        answer = e2e::within("the refusal", e2e::read_head(&mut stream)).await??;
    }
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    Ok(())
}
