//! The gateway as it is switched, and what a link suggests to call its owner.

use std::net::SocketAddr;

use anyhow::{Context, Result};
use e2e::{Control, Home, Malai, OFFLINE, Origin, client};
use serde_json::{Value, json};

/// A home that shares `shop` with everybody and suggests to be called `alice`.
async fn alice(origin: &Origin) -> Result<(Home, Malai, String)> {
    let upstream = origin.address();
    let home = Home::with_config(&format!(
        "{OFFLINE}\n[engine]\nname = \"alice\"\n\n\
         [service.shop]\nupstream = \"{upstream}\"\nallow = \"anyone\"\n"
    ))?;
    let serve = home.start(&["serve", "--json"])?;
    let shared = serve.event("shared").await?;
    let link = shared["link"].as_str().context("no link")?.to_owned();
    assert!(link.contains("n=alice"), "{link}");
    Ok((home, serve, link))
}

async fn status(control: &mut Control) -> Result<Value> {
    control.get(&json!({"request": "status"})).await
}

#[tokio::test]
async fn the_gateway_is_switched_while_the_engine_runs() -> Result<()> {
    let origin = Origin::start().await?;
    let (_home, _serve, link) = alice(&origin).await?;
    let visitor = Home::new()?;
    let serve = visitor.start(&["serve", "--json"])?;
    serve.event("identity").await?;
    let mut control = Control::connect(&visitor).await?;
    assert_eq!(status(&mut control).await?["gateway"], Value::Null);
    let bridged = control
        .get(&json!({"request": "bridge", "to": link}))
        .await?;
    let peer = bridged["peer"].clone();

    let on = json!({"request": "set-gateway", "listen": "127.0.0.1:0", "keep": true});
    control.get(&on).await?;
    let gateway = status(&mut control).await?["gateway"].clone();
    let gateway: SocketAddr = gateway.as_str().context("it is off")?.parse()?;
    // A peer without a pet name has no address with a name.
    let named = |status: &Value| status["bridges"][0]["named_url"].clone();
    assert_eq!(named(&status(&mut control).await?), Value::Null);
    let add = json!({"request": "peer-add", "name": "alice", "id52": peer});
    control.get(&add).await?;
    let port = gateway.port();
    let url = format!("http://shop.alice.localhost:{port}/");
    assert_eq!(named(&status(&mut control).await?), url.as_str());
    let page = visitor.run(&["status"]).await?;
    assert!(page.stdout.contains(&url), "{}", page.stdout);
    let request = format!(
        "GET /echo HTTP/1.1\r\nHost: shop.alice.localhost:{port}\r\nConnection: close\r\n\r\n"
    );
    let answer = client::exchange(gateway, request.as_bytes(), false).await?;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");

    // What cannot be had changes nothing.
    let taken = bridged["local"].as_str().context("no address")?;
    let wrong = json!({"request": "set-gateway", "listen": taken, "keep": true});
    assert_eq!(control.refused(&wrong).await?, "port-in-use");
    let still = status(&mut control).await?["gateway"].clone();
    assert_eq!(still, gateway.to_string().as_str());
    let settings = control.get(&json!({"request": "settings"})).await?;
    assert_eq!(settings["gateway"], "127.0.0.1:0");

    control
        .get(&json!({"request": "set-gateway", "keep": true}))
        .await?;
    assert_eq!(status(&mut control).await?["gateway"], Value::Null);
    assert!(
        client::exchange(gateway, request.as_bytes(), false)
            .await
            .is_err()
    );
    control.get(&on).await?;
    let again = status(&mut control).await?["gateway"].clone();
    assert_eq!(again, gateway.to_string().as_str(), "at the same port");
    Ok(())
}

#[tokio::test]
async fn a_gateway_for_one_run_is_not_written_down() -> Result<()> {
    let home = Home::new()?;
    let before = home.config()?;
    let serve = home.start(&["serve", "--gateway", "--json"])?;
    serve.event("identity").await?;
    let on = e2e::wait_until("the gateway", || async {
        let status = home.run(&["status", "--json"]).await?.json()?;
        Ok(status["gateway"].is_string())
    });
    on.await?;
    assert_eq!(home.config()?, before);
    let wrong = Home::new()?.run(&["serve", "--gateway", "nowhere"]).await?;
    assert!(
        wrong.stderr.contains("`nowhere` is not an address"),
        "{wrong:?}"
    );
    Ok(())
}

#[tokio::test]
async fn a_suggested_name_waits_for_a_yes() -> Result<()> {
    let origin = Origin::start().await?;
    let (home, _serve, link) = alice(&origin).await?;
    let (visitor, other) = (Home::new()?, Home::new()?);
    let bridge = visitor.start(&["bridge", &link])?;
    let id = home.id().await?;
    let said = format!("malai peer add alice {id}");
    e2e::wait_until("the suggestion", || async {
        Ok(bridge.said().contains(&said))
    })
    .await?;
    let mut control = Control::connect(&visitor).await?;
    let read = json!({"request": "read", "link": link});
    let target = control.get(&read).await?;
    assert_eq!(target["suggested_name"], "alice");
    assert_eq!(target["name"], Value::Null, "nobody is called so unasked");

    // Somebody else has the name: another one is suggested, and the name stays theirs.
    let theirs = other.id().await?;
    control
        .get(&json!({"request": "peer-add", "name": "alice", "id52": theirs}))
        .await?;
    assert_eq!(control.get(&read).await?["suggested_name"], "alice-2");
    let forged = link.replace("n=alice", "n=Not%20A%20Name");
    let target = control
        .get(&json!({"request": "read", "link": forged}))
        .await?;
    assert_eq!(target["suggested_name"], Value::Null, "{target}");
    control
        .get(&json!({"request": "peer-add", "name": "shopkeeper", "id52": id}))
        .await?;
    let target = control.get(&read).await?;
    assert_eq!(target["name"], "shopkeeper");
    assert_eq!(target["suggested_name"], Value::Null);
    Ok(())
}

#[tokio::test]
async fn a_name_that_is_set_is_in_links_from_then_on() -> Result<()> {
    let home = Home::new()?;
    let serve = home.start(&["serve", "--json"])?;
    serve.event("identity").await?;
    let mut control = Control::connect(&home).await?;
    let share = json!({"request": "share", "upstream": ["127.0.0.1:9"], "name": "shop"});
    let shared = control.get(&share).await?;
    let link = shared["service"]["link"].as_str().context("no link")?;
    assert!(!link.contains("n="), "{link}");
    let wrong = json!({"request": "set-name", "name": "Not A Name"});
    assert_eq!(control.refused(&wrong).await?, "name-invalid");
    control
        .get(&json!({"request": "set-name", "name": "bob"}))
        .await?;
    let link = status(&mut control).await?["services"][0]["link"].clone();
    assert!(
        link.as_str().context("no link")?.contains("n=bob"),
        "{link}"
    );
    assert!(home.config()?.contains("name = \"bob\""));
    let settings = control.get(&json!({"request": "settings"})).await?;
    assert_eq!(settings["name"], "bob");
    control.get(&json!({"request": "set-name"})).await?;
    assert!(!home.config()?.contains("bob"));
    Ok(())
}
