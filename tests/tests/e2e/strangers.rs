//! Peers who speak QUIC and nothing that makes sense, or nothing at all.

use std::net::SocketAddr;

use anyhow::{Context, Result, ensure};
use e2e::{Home, OFFLINE, Origin, Pair, client, within};
use iroh::{
    Endpoint, EndpointAddr, EndpointId, RelayMode,
    endpoint::{Connection, presets},
};

/// What malai's own peers say first.
pub(super) const ALPN: &[u8] = b"/malai/p2p/1";

/// A connection of a stranger to the share's engine.
pub(super) async fn stranger(pair: &Pair, alpn: &[u8]) -> Result<(Endpoint, Connection)> {
    let endpoint = Endpoint::builder(presets::Minimal)
        .relay_mode(RelayMode::Disabled)
        .bind()
        .await?;
    let (_, rest) = pair.link.split_once("a=").context("no address")?;
    let address = rest.split('&').next().unwrap_or_default();
    let address: SocketAddr = address.replace("%3A", ":").parse()?;
    let id = EndpointId::from_bytes(&e2e::key_bytes(&pair.share_id)?)?;
    let whole = EndpointAddr::new(id).with_ip_addr(address);
    let connection = within("a connection", endpoint.connect(whole, alpn)).await??;
    Ok((endpoint, connection))
}

/// Checks that everybody else is served as before.
async fn still_serves(pair: &mut Pair) -> Result<()> {
    let reply = client::get(&pair.url("/sized")).await?;
    assert_eq!(reply.body.len(), 12_345);
    assert!(pair.share.is_running()?);
    assert!(!pair.said().contains("panicked"), "{}", pair.said());
    Ok(())
}

#[tokio::test]
async fn garbage_resets_its_own_stream_and_nothing_else() -> Result<()> {
    let origin = Origin::start().await?;
    let mut pair = Pair::http(origin.address()).await?;
    let (endpoint, connection) = stranger(&pair, ALPN).await?;
    let long = u32::MAX.to_be_bytes();
    let json = |text: &str| {
        let length = u32::try_from(text.len()).unwrap_or(0).to_be_bytes();
        [&length, text.as_bytes()].concat()
    };
    for garbage in [
        b"GET / HTTP/1.1\r\n\r\n".to_vec(),
        long.to_vec(),
        json("not json"),
        json("{}"),
        json(r#"{"protocol":"malai/http/99","open":{"service":"shop"}}"#),
        json(r#"{"protocol":"malai/http/1","open":{"service":"../../etc/passwd"}}"#),
        json(r#"{"protocol":"malai/http/1","open":{"service":["shop"]}}"#),
        json(r#"{"protocol":["malai/http/1"],"open":null}"#),
        vec![0; 100_000],
    ] {
        let (mut send, mut receive) = connection.open_bi().await?;
        // Refused while we still write, perhaps.
        drop(send.write_all(&garbage).await);
        drop(send.finish());
        let answer = within("an end", receive.read_to_end(1_000_000)).await?;
        if let Ok(answer) = answer {
            assert_eq!(answer.first(), Some(&1), "a rejection: {answer:?}");
        }
        assert!(
            connection.close_reason().is_none(),
            "the connection goes on"
        );
    }
    assert_eq!(origin.requests(), Vec::<String>::new());
    still_serves(&mut pair).await?;
    endpoint.close().await;
    Ok(())
}

#[tokio::test]
async fn a_peer_that_says_nothing_keeps_nobody_waiting() -> Result<()> {
    let origin = Origin::start().await?;
    let mut pair = Pair::http(origin.address()).await?;
    let (endpoint, connection) = stranger(&pair, ALPN).await?;
    still_serves(&mut pair).await?;

    // Half a header, and then nothing: given up after a while, and only this stream.
    let (mut send, mut receive) = connection.open_bi().await?;
    send.write_all(&[0, 0]).await?;
    still_serves(&mut pair).await?;
    let end = within("the share to give up", receive.read_to_end(1000)).await?;
    ensure!(end.is_err() || end?.first() == Some(&1), "not accepted");
    still_serves(&mut pair).await?;
    endpoint.close().await;
    Ok(())
}

#[tokio::test]
async fn another_protocol_is_refused_in_the_handshake() -> Result<()> {
    let origin = Origin::start().await?;
    let mut pair = Pair::http(origin.address()).await?;
    assert!(stranger(&pair, b"/somebody/else/7").await.is_err());
    still_serves(&mut pair).await
}

#[tokio::test]
async fn more_streams_than_allowed_wait_and_hurt_nobody() -> Result<()> {
    let origin = Origin::start().await?;
    let mut pair = Pair::http(origin.address()).await?;
    let (endpoint, connection) = stranger(&pair, ALPN).await?;
    let mut streams = Vec::new();
    for _ in 0..2000 {
        // One byte, so that the other end sees the stream at all.
        let opened =
            tokio::time::timeout(std::time::Duration::from_millis(200), connection.open_bi());
        let Ok(opened) = opened.await else {
            break;
        };
        let (mut send, receive) = opened?;
        drop(send.write_all(&[0]).await);
        streams.push((send, receive));
    }
    still_serves(&mut pair).await?;
    assert!(pair.share.peak_memory()? < 128 * 1024 * 1024);
    endpoint.close().await;
    Ok(())
}

#[tokio::test]
async fn whoever_answers_at_an_address_with_another_key_hears_nothing() -> Result<()> {
    let origin = Origin::start().await?;
    let pair = Pair::http(origin.address()).await?;
    // The address is that of an engine that would let us in; the key is somebody else's.
    let wanted = Home::new()?.id().await?;
    let link = pair.link.replace(&pair.share_id, &wanted);
    pair.bridge_home.configure(OFFLINE)?;
    let bridge = pair.bridge_home.start(&["bridge", &link, "--json"])?;
    let event = bridge.event("bridged").await?;
    let local = event["local"].as_str().context("no address")?;
    let reply = client::get(&format!("http://{local}/")).await?;
    assert_eq!(reply.status, 504, "{reply:?}");
    assert_eq!(reply.header("malai-error"), "peer-offline");
    assert!(origin.requests().is_empty(), "{:?}", origin.requests());
    Ok(())
}
