//! Connections that stop speaking HTTP.

use anyhow::{Context, Result};
use e2e::{Origin, Pair, within};
use futures_util::{SinkExt, StreamExt};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_tungstenite::tungstenite::Message;

#[tokio::test]
async fn a_websocket_echoes_text_and_megabytes() -> Result<()> {
    let origin = Origin::start().await?;
    let pair = Pair::http(origin.address()).await?;
    let mut socket = e2e::websocket::open(pair.local, "/websocket").await?;
    let messages = [
        Message::text("hello"),
        Message::text(""),
        Message::binary(vec![7; 1024 * 1024]),
        Message::text("still here"),
    ];
    for message in messages {
        socket.send(message.clone()).await?;
        let answer = within("the echo", socket.next()).await?;
        assert_eq!(answer.context("it has ended")??, message);
    }
    socket.close(None).await?;
    while let Some(message) = within("the close", socket.next()).await? {
        assert!(message?.is_close());
    }
    Ok(())
}

#[tokio::test]
async fn many_websockets_live_beside_requests() -> Result<()> {
    let origin = Origin::start().await?;
    let pair = Pair::http(origin.address()).await?;
    let mut sockets = Vec::new();
    for _ in 0..32 {
        sockets.push(e2e::websocket::open(pair.local, "/websocket").await?);
    }
    for (number, socket) in sockets.iter_mut().enumerate() {
        let message = Message::text(number.to_string());
        socket.send(message.clone()).await?;
        let answer = within("the echo", socket.next()).await?;
        assert_eq!(answer.context("it has ended")??, message);
    }
    let reply = e2e::client::get(&pair.url("/sized")).await?;
    assert_eq!(reply.body.len(), 12_345);
    Ok(())
}

#[tokio::test]
async fn a_protocol_that_nobody_knows_is_upgraded_to_with_half_close() -> Result<()> {
    let origin = Origin::start().await?;
    let pair = Pair::http(origin.address()).await?;
    let mut stream = TcpStream::connect(pair.local).await?;
    // What is sent right behind the head belongs to the new protocol.
    let request = format!(
        "GET /shout HTTP/1.1\r\nHost: {}\r\nConnection: Upgrade\r\nUpgrade: shout/1\r\n\r\nearly ",
        pair.local
    );
    stream.write_all(request.as_bytes()).await?;
    let head = within("101", e2e::read_head(&mut stream)).await??;
    assert!(head.starts_with("HTTP/1.1 101"), "{head}");
    assert!(head.to_lowercase().contains("upgrade: shout/1"), "{head}");
    stream.write_all(b"late").await?;
    stream.shutdown().await?;
    let mut answer = String::new();
    within("the end", stream.read_to_string(&mut answer)).await??;
    assert_eq!(answer, "EARLY LATEBYE");
    Ok(())
}

#[tokio::test]
async fn a_refused_upgrade_is_a_plain_answer() -> Result<()> {
    let origin = Origin::start().await?;
    let pair = Pair::http(origin.address()).await?;
    let request = format!(
        "GET /shout HTTP/1.1\r\nHost: {}\r\nConnection: Upgrade, close\r\nUpgrade: other/1\r\n\r\n",
        pair.local
    );
    let answer = e2e::client::exchange(pair.local, request.as_bytes(), false).await?;
    assert!(answer.starts_with("HTTP/1.1 426"), "{answer}");
    Ok(())
}

#[tokio::test]
async fn a_page_of_another_origin_opens_no_websocket() -> Result<()> {
    let origin = Origin::start().await?;
    let pair = Pair::http(origin.address()).await?;
    let upgrade = |page: &str| {
        format!(
            "GET /websocket HTTP/1.1\r\nHost: {}\r\nOrigin: {page}\r\nConnection: Upgrade\r\n\
             Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
            pair.local
        )
    };
    for page in [
        "http://evil.example",
        "null",
        "https://localhost.evil.example",
    ] {
        let mut stream = TcpStream::connect(pair.local).await?;
        stream.write_all(upgrade(page).as_bytes()).await?;
        let head = within("a refusal", e2e::read_head(&mut stream)).await??;
        assert!(head.starts_with("HTTP/1.1 403"), "{page}: {head}");
    }
    assert_eq!(origin.requests(), Vec::<String>::new());
    let mut stream = TcpStream::connect(pair.local).await?;
    let own = format!("http://{}", pair.local);
    stream.write_all(upgrade(&own).as_bytes()).await?;
    let head = within("101", e2e::read_head(&mut stream)).await??;
    assert!(head.starts_with("HTTP/1.1 101"), "{head}");
    Ok(())
}
