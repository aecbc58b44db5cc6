//! Who is on the same local network: those who want to be seen, and nobody else.

use anyhow::{Context, Result};
use e2e::{Control, Home, Malai, lab::Lab, wait_until};
use nix::sys::signal::Signal;
use serde_json::{Value, json};

/// A `malai.toml` for a machine that is found on its local network alone.
fn config(visible: bool, name: &str) -> String {
    format!(
        "version = 1\n\n[network]\nrelay = \"none\"\nlookup = [\"mdns\"]\nvisible = {visible}\n\n\
         [engine]\nname = \"{name}\"\n\n[service.shop]\nupstream = 9\nallow = \"anyone\"\n"
    )
}

/// An engine at one host of the network.
async fn at(lab: &Lab, host: &str, home: &Home) -> Result<Malai> {
    let command = lab.inside(host, &home.command(&["serve", "--json"])?)?;
    let serve = Malai::start(command, &format!("{host}: malai serve"))?;
    serve.event("identity").await?;
    Ok(serve)
}

async fn nearby(home: &Home) -> Result<Value> {
    let heard = home.run(&["peers", "--nearby", "--json"]).await?.json()?;
    Ok(heard["peers"].clone())
}

#[tokio::test]
async fn only_who_wants_to_be_seen_is_listed_and_for_as_long_as_it_is_there() -> Result<()> {
    let lab = Lab::lan().await?;
    let watcher = Home::with_config(&config(false, "watcher"))?;
    let visible = Home::with_config(&config(true, "alice"))?;
    let hidden = Home::with_config(&config(false, "mallory"))?;
    let (id, hidden_id) = (visible.id().await?, hidden.id().await?);
    let _watching = at(&lab, "host-a", &watcher).await?;
    let mut seen = at(&lab, "host-b", &visible).await?;
    let _unseen = at(&lab, "host-c", &hidden).await?;
    let alice = json!([{"id52": id, "suggested_name": "alice"}]);
    wait_until("the neighbour", || async {
        Ok(nearby(&watcher).await? == alice)
    })
    .await?;

    // Who is not seen is found all the same by those who know the key, and stays unlisted.
    let link = format!("{hidden_id}/shop");
    let services = watcher.run(&["services", &link, "--json"]).await?;
    assert_eq!(services.code, 0, "{services:?}");
    assert_eq!(nearby(&watcher).await?, alice);
    let line = watcher.run(&["peers", "--nearby"]).await?.stdout;
    assert_eq!(line, format!("suggests alice\t{id}\n"));

    // A name is taken: another one is suggested. The peer has a name: that is what is said.
    let add = ["peer", "add", "alice", &hidden_id];
    assert_eq!(watcher.run(&add).await?.code, 0);
    let other = json!([{"id52": id, "suggested_name": "alice-2"}]);
    assert_eq!(nearby(&watcher).await?, other);
    assert_eq!(
        watcher.run(&["peer", "add", "shopkeeper", &id]).await?.code,
        0
    );
    let known = json!([{"id52": id, "name": "shopkeeper"}]);
    assert_eq!(nearby(&watcher).await?, known);

    seen.signal(Signal::SIGTERM)?;
    seen.exit().await?;
    wait_until("nobody", || async {
        Ok(nearby(&watcher).await? == json!([]))
    })
    .await
}

#[tokio::test]
async fn being_seen_is_switched_while_the_engine_runs() -> Result<()> {
    let lab = Lab::lan().await?;
    let watcher = Home::with_config(&config(false, "watcher"))?;
    let other = Home::with_config(&config(false, "bob"))?;
    let id = other.id().await?;
    let _watching = at(&lab, "host-a", &watcher).await?;
    let _serving = at(&lab, "host-b", &other).await?;
    let mut control = Control::connect(&other).await?;
    let set = |visible: bool| {
        json!({
            "request": "set-network", "relay": {"kind": "none"}, "lookup": ["mdns"],
            "visible": visible,
        })
    };
    for (name, is_seen) in [("bob", true), ("robert", true), ("robert", false)] {
        control
            .get(&json!({"request": "set-name", "name": name}))
            .await?;
        control.get(&set(is_seen)).await?;
        let settings = control.get(&json!({"request": "settings"})).await?;
        assert_eq!(settings["network"]["visible"], is_seen);
        assert_eq!(settings["restart_needed"], false, "{settings}");
        let wanted = match is_seen {
            true => json!([{"id52": id, "suggested_name": name}]),
            false => json!([]),
        };
        wait_until("the change", || async {
            Ok(nearby(&watcher).await? == wanted)
        })
        .await
        .with_context(|| format!("{name}, seen: {is_seen}"))?;
    }
    Ok(())
}

#[tokio::test]
async fn who_shares_nothing_and_is_not_seen_is_not_found() -> Result<()> {
    let lab = Lab::lan().await?;
    let quiet = config(false, "quiet");
    let (nothing, _) = quiet.split_once("[service.shop]").context("no service")?;
    let (asker, silent) = (Home::with_config(&quiet)?, Home::with_config(nothing)?);
    let id = silent.id().await?;
    let _asking = at(&lab, "host-a", &asker).await?;
    let _silent = at(&lab, "host-b", &silent).await?;
    let refused = asker.run(&["services", &id, "--json"]).await?;
    assert_eq!(refused.code, 5, "{refused:?}");

    // From the first share on it can be found.
    let mut control = Control::connect(&silent).await?;
    let share = json!({
        "request": "share", "upstream": ["127.0.0.1:9"], "name": "shop", "allow": ["anyone"],
    });
    control.get(&share).await?;
    wait_until("the share to be found", || async {
        Ok(asker.run(&["services", &id, "--json"]).await?.code == 0)
    })
    .await?;
    assert_eq!(nearby(&asker).await?, json!([]));
    Ok(())
}
