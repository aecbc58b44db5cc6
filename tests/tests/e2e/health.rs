//! Backends that do not work are left out, and are back when they do.

use anyhow::{Context, Result};
use e2e::{Origin, Pair, client, wait_until};
use hyper::StatusCode;
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// A port where nothing listens, yet.
async fn free_port() -> Result<u16> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    Ok(listener.local_addr()?.port())
}

/// What `malai status` says of the backends of `shop`.
async fn backends(pair: &Pair) -> Result<Value> {
    let status = pair.share_home.run(&["status", "--json"]).await?.json()?;
    let services = status["services"].as_array().context("no services")?;
    let shop = services.iter().find(|it| it["name"] == "shop");
    Ok(shop.context("no shop")?["backends"].clone())
}

/// Waits until the backends are up or not, in their order.
async fn are(pair: &Pair, expected: &[bool]) -> Result<()> {
    wait_until("the backends to be found so", || async {
        let found = backends(pair).await?;
        let found = found.as_array().context("no backends")?;
        let up = found.iter().map(|it| it["up"] == true);
        Ok(up.eq(expected.iter().copied()))
    })
    .await
}

#[tokio::test]
async fn a_dead_backend_gets_no_traffic_and_is_used_again_when_it_answers() -> Result<()> {
    let (port, second) = (free_port().await?, Origin::start().await?);
    let upstream = format!(
        "upstream = [\"127.0.0.1:{port}\", \"{}\"]",
        second.address()
    );
    let checked = "health = { every = \"1s\", fall = 1, rise = 1 }";
    let pair = Pair::configured(second.address(), checked).await?;
    let config = pair.share_home.config()?;
    let only = format!("upstream = \"{}\"", second.address());
    pair.share_home
        .configure(&config.replace(&only, &upstream))?;

    are(&pair, &[false, true]).await?;
    for _ in 0..3 {
        assert_eq!(
            client::get(&pair.url("/sized")).await?.status,
            StatusCode::OK
        );
    }
    let shown = pair.share_home.run(&["status"]).await?;
    assert!(
        shown.stdout.contains(&format!("127.0.0.1:{port} is down")),
        "{shown:?}"
    );
    let first = Origin::at(port).await?;
    are(&pair, &[true, true]).await?;
    wait_until("the first backend to be used", || async {
        client::get(&pair.url("/sized")).await?;
        Ok(first.requests().iter().any(|line| line.contains("/sized")))
    })
    .await
}

#[tokio::test]
async fn a_service_that_is_down_is_502_at_once_and_comes_back_by_itself() -> Result<()> {
    let port = free_port().await?;
    let checked = "health = { path = \"/healthz\", every = \"1s\", fall = 1, rise = 1 }";
    let pair = Pair::configured(format!("127.0.0.1:{port}"), checked).await?;
    are(&pair, &[false]).await?;
    wait_until("an answer without a try", || async {
        let reply = client::get(&pair.url("/")).await?;
        assert_eq!(reply.status, StatusCode::BAD_GATEWAY);
        assert_eq!(reply.header("malai-error"), "upstream-down");
        Ok(reply.text().contains("health checks fail"))
    })
    .await?;
    let args = ["services", &pair.share_id, "--json"];
    let services = pair.bridge_home.run(&args).await?.json()?;
    assert_eq!(services["services"][0]["up"], json!(false));

    let origin = Origin::at(port).await?;
    wait_until("the service to be back", || async {
        Ok(client::get(&pair.url("/sized")).await?.status == StatusCode::OK)
    })
    .await?;
    origin.reached("/healthz").await
}

#[tokio::test]
async fn without_checks_a_server_that_was_just_started_is_used_at_once() -> Result<()> {
    let port = free_port().await?;
    let pair = Pair::configured(format!("127.0.0.1:{port}"), "").await?;
    for _ in 0..5 {
        let reply = client::get(&pair.url("/")).await?;
        assert_eq!(reply.status, StatusCode::BAD_GATEWAY);
        assert!(reply.text().contains("Nothing answers"), "{reply:?}");
    }
    assert_eq!(backends(&pair).await?[0]["up"], json!(false));
    let _origin = Origin::at(port).await?;
    assert_eq!(
        client::get(&pair.url("/sized")).await?.status,
        StatusCode::OK
    );
    assert_eq!(backends(&pair).await?[0]["up"], json!(true));
    Ok(())
}
