//! A running engine, and commands that use it.

use anyhow::{Context, Result};
use e2e::{Home, OFFLINE, Origin, client, wait_until};
use hyper::StatusCode;
use nix::sys::signal::Signal;

/// The names of what `malai ls` lists.
async fn listed(home: &Home) -> Result<Vec<String>> {
    let status = home.run(&["status", "--json"]).await?.json()?;
    let parts = [&status["services"], &status["bridges"]];
    let all = parts
        .into_iter()
        .filter_map(|part| part.as_array())
        .flatten();
    let active = all.filter(|one| one["active"] == true);
    Ok(active
        .filter_map(|one| one["name"].as_str().map(str::to_owned))
        .collect())
}

#[tokio::test]
async fn a_share_in_the_running_engine_ends_with_its_command() -> Result<()> {
    let origin = Origin::start().await?;
    let home = Home::new()?;
    let serve = home.start(&["serve", "--json"])?;
    serve.event("identity").await?;
    let upstream = origin.address().to_string();
    // Ended by Ctrl-C, and killed without a word.
    for signal in [Signal::SIGINT, Signal::SIGKILL] {
        let mut share =
            home.start(&["share", &upstream, "--name", "shop", "--anyone", "--json"])?;
        share.event("shared").await?;
        assert_eq!(listed(&home).await?, ["shop"]);
        share.signal(signal)?;
        share.exit().await?;
        wait_until("the share to end", || async {
            Ok(listed(&home).await?.is_empty())
        })
        .await?;
    }
    assert!(!home.config()?.contains("shop"));
    Ok(())
}

#[tokio::test]
async fn what_is_kept_is_written_beside_the_users_comments_and_survives() -> Result<()> {
    let origin = Origin::start().await?;
    let (home, visitor) = (Home::new()?, Home::new()?);
    let text = format!("# What I share.\n{OFFLINE}\n# Nothing else, please.\n");
    home.configure(&text)?;
    let mut serve = home.start(&["serve", "--json"])?;
    serve.event("identity").await?;
    let upstream = origin.address().to_string();
    let kept = home
        .run(&["share", &upstream, "--name", "shop", "--anyone", "--bg"])
        .await?;
    assert_eq!(kept.code, 0, "{kept:?}");
    let written = home.config()?;
    for line in text.lines() {
        assert!(written.contains(line), "`{line}` is lost:\n{written}");
    }
    assert!(written.contains("[service.shop]"), "{written}");
    serve.signal(Signal::SIGTERM)?;
    serve.exit().await?;

    let serve = home.start(&["serve", "--json"])?;
    let shared = serve.event("shared").await?;
    assert_eq!(shared["service"], "shop");
    let link = shared["link"].as_str().context("no link")?;
    let bridge = visitor.start(&["bridge", link, "--json"])?;
    let bridged = bridge.event("bridged").await?;
    let url = bridged["url"].as_str().context("no url")?;
    let reply = client::get(&format!("{url}sized")).await?;
    assert_eq!(reply.status, StatusCode::OK);

    let stopped = home.run(&["stop", "shop"]).await?;
    assert_eq!(stopped.code, 0, "{stopped:?}");
    assert_eq!(listed(&home).await?, Vec::<String>::new());
    assert!(home.config()?.contains("# Nothing else, please."));
    Ok(())
}

#[tokio::test]
async fn a_bridge_is_kept_too_and_leads_to_the_same_place() -> Result<()> {
    let origin = Origin::start().await?;
    let (home, visitor) = (Home::new()?, Home::new()?);
    let upstream = origin.address().to_string();
    let share = home.start(&["share", &upstream, "--anyone", "--json"])?;
    let shared = share.event("shared").await?;
    let link = shared["link"].as_str().context("no link")?;
    let serve = visitor.start(&["serve", "--json"])?;
    serve.event("identity").await?;
    let kept = visitor
        .run(&["bridge", link, "--name", "shop", "--bg", "--json"])
        .await?;
    assert_eq!(kept.code, 0, "{kept:?}");
    assert!(visitor.config()?.contains("[bridge.shop]"));
    let status = visitor.run(&["status", "--json"]).await?.json()?;
    let local = status["bridges"][0]["local"].as_str().context("no local")?;
    let reply = client::get(&format!("http://{local}/sized")).await?;
    assert_eq!(reply.body.len(), 12_345);
    Ok(())
}

#[tokio::test]
async fn a_share_for_a_time_ends_by_itself() -> Result<()> {
    let origin = Origin::start().await?;
    let home = Home::new()?;
    let upstream = origin.address().to_string();
    let mut share = home.start(&["share", &upstream, "--anyone", "--for", "1s", "--json"])?;
    share.event("shared").await?;
    let stopped = share.event("stopped").await?;
    assert!(stopped["reason"].is_string(), "{stopped}");
    assert_eq!(share.exit().await?, 0);
    Ok(())
}

#[tokio::test]
async fn two_shares_of_one_name_are_refused() -> Result<()> {
    let home = Home::new()?;
    let serve = home.start(&["serve", "--json"])?;
    serve.event("identity").await?;
    let first = home.start(&["share", "3000", "--name", "shop", "--json"])?;
    first.event("shared").await?;
    let second = home.run(&["share", "4000", "--name", "shop"]).await?;
    assert_eq!(second.code, 1, "{second:?}");
    assert!(second.stderr.contains("shop"), "{second:?}");
    Ok(())
}

#[tokio::test]
async fn status_shows_the_way_and_the_traffic() -> Result<()> {
    let origin = Origin::start().await?;
    let pair = e2e::Pair::http(origin.address()).await?;
    client::get(&pair.url("/sized")).await?;
    let status = pair.bridge_home.run(&["status", "--json"]).await?.json()?;
    let bridge = &status["bridges"][0];
    assert_eq!(bridge["state"], "direct", "{status}");
    assert_eq!(bridge["traffic"]["requests"], 1, "{status}");
    assert!(
        bridge["traffic"]["bytes_out"].as_u64() >= Some(12_345),
        "{status}"
    );
    let status = pair.share_home.run(&["status", "--json"]).await?.json()?;
    assert_eq!(status["services"][0]["traffic"]["requests"], 1, "{status}");
    let tree = pair.share_home.run(&["status", "--tree"]).await?;
    assert!(tree.stdout.contains("shop"), "{tree:?}");
    let page = pair.share_home.run(&["status"]).await?;
    assert!(page.stdout.contains("shop"), "{page:?}");
    Ok(())
}

#[tokio::test]
async fn a_socket_left_behind_by_a_killed_engine_is_no_obstacle() -> Result<()> {
    let home = Home::new()?;
    let mut serve = home.start(&["serve", "--json"])?;
    serve.event("identity").await?;
    serve.signal(Signal::SIGKILL)?;
    serve.exit().await?;
    let gone = home.run(&["status"]).await?;
    assert_eq!(gone.code, 3, "{gone:?}");
    let serve = home.start(&["serve", "--json"])?;
    serve.event("identity").await?;
    assert_eq!(home.run(&["status"]).await?.code, 0);
    Ok(())
}

#[tokio::test]
async fn pet_names_are_given_and_forgotten() -> Result<()> {
    let home = Home::new()?;
    let friend = Home::new()?.id().await?;
    let named = || async {
        let listed = home.run(&["peers", "--json"]).await?.json()?;
        anyhow::Ok(listed.to_string().contains(&friend))
    };
    for engine in [false, true] {
        let serve = engine
            .then(|| home.start(&["serve", "--json"]))
            .transpose()?;
        if let Some(serve) = &serve {
            serve.event("identity").await?;
        }
        let added = home.run(&["peer", "add", "alice", &friend]).await?;
        assert_eq!(added.code, 0, "{added:?}");
        assert!(named().await?);
        let removed = home.run(&["peer", "rm", "alice"]).await?;
        assert_eq!(removed.code, 0, "{removed:?}");
        assert!(!named().await?);
    }
    Ok(())
}
