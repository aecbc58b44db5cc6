//! The names a bridge answers to, and the gateway that routes by them.

use anyhow::{Context, Result};
use e2e::{Home, OFFLINE, Origin, Pair, client, wait_until};

/// The answer to a GET with this `Host`.
async fn asked_as(address: std::net::SocketAddr, host: &str) -> Result<String> {
    let request = format!("GET /echo HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    client::exchange(address, request.as_bytes(), false).await
}

#[tokio::test]
async fn answers_to_its_own_names_only() -> Result<()> {
    let origin = Origin::start().await?;
    let pair = Pair::http(origin.address()).await?;
    let port = pair.local.port();
    for host in [
        "localhost",
        "127.0.0.1",
        "[::1]",
        "shop.localhost",
        "LocalHost",
    ] {
        let answer = asked_as(pair.local, &format!("{host}:{port}")).await?;
        assert!(answer.starts_with("HTTP/1.1 200"), "{host}: {answer}");
    }
    let reached = origin.requests().len();
    for host in [
        "evil.example",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "evillocalhost",
        "192.168.1.1",
        ":80",
        "localhost@evil.example",
    ] {
        let answer = asked_as(pair.local, host).await?;
        assert!(
            answer.starts_with("HTTP/1.1 421") || answer.starts_with("HTTP/1.1 400"),
            "{host}: {answer}"
        );
    }
    let answer = asked_as(pair.local, &format!("evil.example:{port}")).await?;
    assert!(answer.starts_with("HTTP/1.1 421"), "{answer}");
    assert!(answer.to_lowercase().contains("malai-error: "), "{answer}");
    assert_eq!(
        origin.requests().len(),
        reached,
        "a foreign name came through"
    );
    Ok(())
}

#[tokio::test]
async fn answers_to_names_that_the_user_gave_it() -> Result<()> {
    let origin = Origin::start().await?;
    let pair = Pair::http(origin.address()).await?;
    let text = format!(
        "{OFFLINE}\n[bridge.shop]\nto = \"{}\"\nlisten = \"127.0.0.1:0\"\n\
         hosts = [\"shop.test\"]\n",
        pair.link
    );
    let other = Home::with_config(&text)?;
    std::fs::copy(
        pair.bridge_home.path("identity.key"),
        other.path("identity.key"),
    )?;
    let serve = other.start(&["serve", "--json"])?;
    let local = serve.event("bridged").await?["local"]
        .as_str()
        .context("no address")?
        .parse()?;
    let answer = asked_as(local, "shop.test").await?;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let answer = asked_as(local, "other.test").await?;
    assert!(answer.starts_with("HTTP/1.1 421"), "{answer}");
    Ok(())
}

/// Everything after `a=` in a link, once for each address.
fn addresses(link: &str) -> Vec<&str> {
    let query = link.split_once('?').map_or("", |(_, query)| query);
    let pairs = query.split('&');
    pairs.filter_map(|pair| pair.strip_prefix("a=")).collect()
}

#[tokio::test]
async fn the_gateway_routes_by_peer_and_service() -> Result<()> {
    let origin = Origin::start().await?;
    let pair = Pair::http(origin.address()).await?;
    let (id, address) = (&pair.share_id, addresses(&pair.link)[0].replace("%3A", ":"));
    let gateway = Home::with_config(&format!(
        "{OFFLINE}\n[gateway]\nlisten = \"127.0.0.1:0\"\n\n\
         [peer.alice]\nid = \"{id}\"\naddresses = [\"{address}\"]\n"
    ))?;
    std::fs::copy(
        pair.bridge_home.path("identity.key"),
        gateway.path("identity.key"),
    )?;
    let serve = gateway.start(&["serve", "--json"])?;
    serve.event("identity").await?;
    wait_until("the gateway", || async {
        let status = gateway.run(&["status", "--json"]).await?;
        Ok(status.code == 0 && status.json()?["gateway"].is_string())
    })
    .await?;
    let status = gateway.run(&["status", "--json"]).await?.json()?;
    let local: std::net::SocketAddr = status["gateway"].as_str().context("gateway")?.parse()?;
    let port = local.port();
    for host in [
        format!("shop.alice.localhost:{port}"),
        format!("shop.{id}.localhost:{port}"),
        format!("{id}.localhost:{port}"),
        format!("alice.localhost:{port}"),
    ] {
        let answer = asked_as(local, &host).await?;
        assert!(answer.starts_with("HTTP/1.1 200"), "{host}: {answer}");
    }
    for host in [
        format!("shop.nobody.localhost:{port}"),
        format!("localhost:{port}"),
        format!("shop.alice.example:{port}"),
        format!("{}.localhost:{port}", "0".repeat(52)),
    ] {
        let answer = asked_as(local, &host).await?;
        assert!(!answer.starts_with("HTTP/1.1 2"), "{host}: {answer}");
        assert!(
            answer.to_lowercase().contains("malai-error: "),
            "{host}: {answer}"
        );
    }
    Ok(())
}
