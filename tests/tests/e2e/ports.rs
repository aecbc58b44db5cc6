//! A bridge is found where it was: the same port for the same service, as long as it is free.

use std::{net::SocketAddr, os::unix::fs::PermissionsExt};

use anyhow::{Context, Result};
use e2e::{Control, Home, Malai, OFFLINE, Origin, client};
use hyper::StatusCode;
use nix::sys::signal::Signal;
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// A home that shares `shop` and `docs` with everybody, and its id52.
async fn sharer(origin: &Origin) -> Result<(Home, Malai, String)> {
    let upstream = origin.address();
    let home = Home::with_config(&format!(
        "{OFFLINE}\n[service.docs]\nupstream = \"{upstream}\"\nallow = \"anyone\"\n\n\
         [service.shop]\nupstream = \"{upstream}\"\nallow = \"anyone\"\n"
    ))?;
    let serve = home.start(&["serve", "--json"])?;
    let shared = serve.event_where("shared", |event| event["service"] == "shop");
    let link = shared.await?["link"]
        .as_str()
        .context("no link")?
        .to_owned();
    Ok((home, serve, link))
}

fn local(bridged: &Value) -> Result<SocketAddr> {
    Ok(bridged["local"].as_str().context("no address")?.parse()?)
}

/// Bridges `link` in a process of its own; where it listens.
async fn bridge(home: &Home, link: &str) -> Result<(Malai, SocketAddr)> {
    let bridge = home.start(&["bridge", link, "--json"])?;
    let local = local(&bridge.event("bridged").await?)?;
    Ok((bridge, local))
}

async fn end(mut malai: Malai) -> Result<()> {
    malai.signal(Signal::SIGTERM)?;
    malai.exit().await?;
    Ok(())
}

#[tokio::test]
async fn the_same_service_has_the_same_port_each_time() -> Result<()> {
    let origin = Origin::start().await?;
    let (_home, _serve, shop) = sharer(&origin).await?;
    let docs = shop.replace("/shop?", "/docs?");
    let visitor = Home::new()?;
    let (first, at) = bridge(&visitor, &shop).await?;
    assert_eq!(
        client::get(&format!("http://{at}/sized")).await?.status,
        StatusCode::OK
    );
    end(first).await?;
    let (other, elsewhere) = bridge(&visitor, &docs).await?;
    assert_ne!(elsewhere, at);
    end(other).await?;
    let (again, same) = bridge(&visitor, &shop).await?;
    assert_eq!(same, at);
    end(again).await?;
    let path = visitor.path("state/ports.json");
    let mode = std::fs::metadata(path)?.permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    // Somebody else has it: another one for now, and the old one when it is free again.
    let taken = TcpListener::bind(at).await?;
    let (passing, another) = bridge(&visitor, &shop).await?;
    assert_ne!(another, at);
    end(passing).await?;
    drop(taken);
    let (back, same) = bridge(&visitor, &shop).await?;
    assert_eq!(same, at);
    end(back).await
}

#[tokio::test]
async fn two_bridges_to_one_service_keep_a_port_each() -> Result<()> {
    let origin = Origin::start().await?;
    let (_home, _serve, shop) = sharer(&origin).await?;
    let visitor = Home::new()?;
    let mut seen = Vec::new();
    for _ in 0..2 {
        let serve = visitor.start(&["serve", "--json"])?;
        serve.event("identity").await?;
        let mut control = Control::connect(&visitor).await?;
        let ask = json!({"request": "bridge", "to": shop});
        let one = local(&control.get(&ask).await?)?;
        let other = local(&control.get(&ask).await?)?;
        seen.push((one, other));
        end(serve).await?;
    }
    assert_ne!(seen[0].0, seen[0].1);
    assert_eq!(seen[0], seen[1]);
    Ok(())
}

#[tokio::test]
async fn a_kept_bridge_and_the_gateway_are_where_they_were_after_a_restart() -> Result<()> {
    let origin = Origin::start().await?;
    let (_home, _serve, shop) = sharer(&origin).await?;
    let visitor = Home::with_config(&format!(
        "{OFFLINE}\n[gateway]\nlisten = \"127.0.0.1:0\"\n\n[bridge.shop]\nto = \"{shop}\"\n"
    ))?;
    let mut seen = Vec::new();
    for _ in 0..2 {
        let serve = visitor.start(&["serve", "--json"])?;
        let bridged = serve.event("bridged").await?;
        let status = visitor.run(&["status", "--json"]).await?.json()?;
        // A change of something else moves neither.
        let add = ["peer", "add", "carol", &visitor.id().await?];
        let rm = ["peer", "rm", "carol"];
        assert_eq!(visitor.run(&add).await?.code, 0);
        assert_eq!(visitor.run(&rm).await?.code, 0);
        let later = visitor.run(&["status", "--json"]).await?.json()?;
        assert_eq!(later["gateway"], status["gateway"]);
        let gateway: SocketAddr = status["gateway"].as_str().context("off")?.parse()?;
        seen.push((local(&bridged)?, gateway));
        end(serve).await?;
    }
    assert_eq!(seen[0], seen[1]);
    Ok(())
}

#[tokio::test]
async fn ports_that_cannot_be_read_are_moved_aside_and_told() -> Result<()> {
    let origin = Origin::start().await?;
    let (_home, _serve, shop) = sharer(&origin).await?;
    let visitor = Home::new()?;
    visitor.id().await?;
    std::fs::write(visitor.path("state/ports.json"), "nonsense")?;
    let bridging = visitor.start(&["bridge", &shop, "--json"])?;
    let local = local(&bridging.event("bridged").await?)?;
    assert!(local.ip().is_loopback());
    let aside = std::fs::read_to_string(visitor.path("state/ports.unreadable-1.json"))?;
    assert_eq!(aside, "nonsense");
    end(bridging).await
}
