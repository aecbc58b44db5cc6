//! Links with an invite: whom they let in, and for how long.

use anyhow::{Context, Result, ensure};
use e2e::{Home, Malai, OFFLINE, Origin, client, within};
use http_body_util::BodyExt;
use hyper::{Request, StatusCode};
use nix::sys::signal::Signal;
use serde_json::Value;

/// An engine that shares `shop` to nobody, kept in its `malai.toml`.
async fn kept(origin: &Origin) -> Result<(Home, Malai)> {
    let home = Home::with_config(&format!(
        "{OFFLINE}\n[service.shop]\nupstream = \"{}\"\n",
        origin.address()
    ))?;
    let serve = serve(&home).await?;
    Ok((home, serve))
}

async fn serve(home: &Home) -> Result<Malai> {
    let serve = home.start(&["serve", "--json"])?;
    serve
        .event_where("shared", |event| event["service"] == "shop")
        .await?;
    Ok(serve)
}

/// The link of `malai invite shop` with more arguments.
async fn invite(home: &Home, more: &[&str]) -> Result<String> {
    let mut args = vec!["invite", "shop", "--json"];
    args.extend(more);
    let printed = home.run(&args).await?.json()?;
    let link = printed["link"].as_str().context("no link")?;
    ensure!(link.contains("k="), "no invite in {link}");
    Ok(link.to_owned())
}

/// A bridge of `home` to `link`, and its URL.
async fn bridge(home: &Home, link: &str) -> Result<(Malai, String)> {
    let bridge = home.start(&["bridge", link, "--json"])?;
    let bridged = bridge.event("bridged").await?;
    let url = bridged["url"].as_str().context("no url")?.to_owned();
    Ok((bridge, url))
}

/// Ends a command in order, so that the next one on its home finds no engine that is going.
async fn end(mut malai: Malai) -> Result<()> {
    malai.signal(Signal::SIGTERM)?;
    malai.exit().await?;
    Ok(())
}

/// What a home of its own gets by `link`.
async fn status_by(home: &Home, link: &str) -> Result<StatusCode> {
    let (bridge, url) = bridge(home, link).await?;
    let reply = client::get(&format!("{url}sized")).await?;
    end(bridge).await?;
    Ok(reply.status)
}

/// What `malai status` says of `shop`.
async fn shop(home: &Home) -> Result<Value> {
    let status = home.run(&["status", "--json"]).await?.json()?;
    let services = status["services"].as_array().context("no services")?;
    let shop = services.iter().find(|service| service["name"] == "shop");
    Ok(shop.context("no shop")?.clone())
}

/// The same link with another secret.
fn with_secret(link: &str, secret: &str) -> Result<String> {
    let (rest, _) = link.split_once("k=").context("no invite")?;
    Ok(format!("{rest}k={secret}"))
}

#[tokio::test]
async fn a_stranger_with_the_link_is_let_in_and_pinned() -> Result<()> {
    let origin = Origin::start().await?;
    let (home, serve) = kept(&origin).await?;
    let visitor = Home::new()?;
    let link = invite(&home, &[]).await?;
    assert_eq!(shop(&home).await?["invites"], true);

    let (bridge, url) = bridge(&visitor, &link).await?;
    let reply = client::get(&format!("{url}sized")).await?;
    assert_eq!(reply.body.len(), 12_345);
    let told = serve.event("access").await?;
    assert_eq!(told["decision"], "allowed");
    let id = visitor.id().await?;
    assert_eq!(told["peer"], id.as_str());
    let guests = shop(&home).await?["guests"].clone();
    assert_eq!(guests[0]["peer"], id.as_str());
    assert_eq!(guests[0]["through"], "invite");

    // From here on it is the key that counts: the plain link leads there, too.
    let (plain, _) = link.split_once("&k=").context("no invite")?;
    end(bridge).await?;
    assert_eq!(status_by(&visitor, plain).await?, StatusCode::OK);
    assert_eq!(
        status_by(&Home::new()?, plain).await?,
        StatusCode::FORBIDDEN
    );
    Ok(())
}

#[tokio::test]
async fn a_wrong_secret_is_refused_like_an_unknown_service() -> Result<()> {
    let origin = Origin::start().await?;
    let (home, _serve) = kept(&origin).await?;
    let link = invite(&home, &[]).await?;
    let wrong = with_secret(&link, "AAAAAAAAAAAAAAAAAAAAAAAA")?;
    let elsewhere = link.replace("/shop?", "/other?");
    let unknown = wrong.replace("/shop?", "/unknown?");
    let visitor = Home::new()?;
    let mut replies = Vec::new();
    for link in [&wrong, &elsewhere, &unknown] {
        let (bridge, url) = bridge(&visitor, link).await?;
        replies.push(client::get(&url).await?);
        end(bridge).await?;
    }
    for reply in &replies {
        assert_eq!(reply.status, StatusCode::FORBIDDEN);
        assert_eq!(reply.header("malai-error"), "not-permitted");
        assert_eq!(reply.body, replies[0].body);
    }
    assert_eq!(origin.requests(), Vec::<String>::new());
    assert_eq!(shop(&home).await?["guests"], serde_json::json!([]));
    Ok(())
}

#[tokio::test]
async fn a_link_for_once_refuses_the_second() -> Result<()> {
    let origin = Origin::start().await?;
    let (home, _serve) = kept(&origin).await?;
    let (first, second) = (Home::new()?, Home::new()?);
    let link = invite(&home, &["--once"]).await?;
    assert_eq!(status_by(&first, &link).await?, StatusCode::OK);
    assert_eq!(status_by(&second, &link).await?, StatusCode::FORBIDDEN);
    assert_eq!(status_by(&first, &link).await?, StatusCode::OK);
    assert_eq!(shop(&home).await?["invites"], false);
    Ok(())
}

#[tokio::test]
async fn a_guest_of_a_kept_share_outlives_the_engine() -> Result<()> {
    let origin = Origin::start().await?;
    let (home, engine) = kept(&origin).await?;
    let (guest, late) = (Home::new()?, Home::new()?);
    let (once, link) = (invite(&home, &["--once"]).await?, invite(&home, &[]).await?);
    assert_eq!(status_by(&guest, &once).await?, StatusCode::OK);
    end(engine).await?;

    let kept = std::fs::read_to_string(home.path("state/access.json"))?;
    let (_, secret) = link.split_once("k=").context("no invite")?;
    assert!(!kept.contains(secret), "the secret is on the disk: {kept}");
    let engine = serve(&home).await?;
    let again = engine.event("shared").await?["link"].clone();
    // The engine has another port now.
    let again = again.as_str().context("no link")?;
    let (_, once_secret) = once.split_once("k=").context("no invite")?;
    let (once, link) = (
        format!("{again}&k={once_secret}"),
        format!("{again}&k={secret}"),
    );
    assert_eq!(status_by(&guest, again).await?, StatusCode::OK);
    assert_eq!(status_by(&late, &once).await?, StatusCode::FORBIDDEN);
    assert_eq!(status_by(&late, &link).await?, StatusCode::OK);
    let id = guest.id().await?;
    let guests = shop(&home).await?["guests"].clone();
    let guests = guests.as_array().context("no guests")?;
    let is_in = guests.iter().any(|guest| guest["peer"] == id.as_str());
    assert!(is_in, "{guests:?}");

    // Stopped and forgotten, it lets nobody in again under the old name.
    let stopped = home.run(&["stop", "shop", "--forget", "--json"]).await?;
    assert_eq!(stopped.code, 0, "{stopped:?}");
    let kept = std::fs::read_to_string(home.path("state/access.json"))?;
    assert!(!kept.contains("shop"), "{kept}");
    Ok(())
}

#[tokio::test]
async fn a_later_temporary_share_of_the_same_name_inherits_nobody() -> Result<()> {
    let origin = Origin::start().await?;
    let (home, visitor) = (Home::new()?, Home::new()?);
    let engine = home.start(&["serve", "--json"])?;
    engine.event("identity").await?;
    let upstream = origin.address().to_string();
    let args = ["share", &upstream, "--name", "shop", "--json"];
    let share = home.start(&args)?;
    share.event("shared").await?;
    let link = invite(&home, &[]).await?;
    assert_eq!(status_by(&visitor, &link).await?, StatusCode::OK);
    assert!(!home.path("state/access.json").exists(), "it was written");
    end(share).await?;

    let second = home.start(&args)?;
    second.event("shared").await?;
    assert_eq!(shop(&home).await?["guests"], serde_json::json!([]));
    assert_eq!(status_by(&visitor, &link).await?, StatusCode::FORBIDDEN);
    Ok(())
}

#[tokio::test]
async fn an_invite_that_ends_cuts_a_running_download() -> Result<()> {
    let origin = Origin::start().await?;
    let (home, _serve) = kept(&origin).await?;
    let visitor = Home::new()?;
    let link = invite(&home, &["--for", "8s"]).await?;
    let (_bridge, url) = bridge(&visitor, &link).await?;
    let request = Request::get(format!("{url}gated")).body(client::empty())?;
    let mut response = client::open(request).await?;
    let first = client::piece(response.body_mut()).await?;
    assert_eq!(first.as_deref(), Some("first"));
    let rest = within("the cut", response.into_body().collect()).await?;
    rest.err().context("the body looks complete")?;
    assert_eq!(client::get(&url).await?.status, StatusCode::FORBIDDEN);
    assert_eq!(shop(&home).await?["guests"], serde_json::json!([]));
    Ok(())
}

#[tokio::test]
async fn bytes_are_let_in_by_a_link_too() -> Result<()> {
    let origin = Origin::start().await?;
    let home = Home::with_config(&format!(
        "{OFFLINE}\n[service.shop]\nupstream = \"{}\"\nprotocol = \"tcp\"\n",
        origin.address()
    ))?;
    let _serve = serve(&home).await?;
    let visitor = Home::new()?;
    let link = invite(&home, &["--once"]).await?;
    // As HTTP it is not to be had, and trying does not use the link up.
    assert_eq!(status_by(&visitor, &link).await?, StatusCode::FORBIDDEN);
    let tcp = visitor.start(&["bridge", &link, "--tcp", "--json"])?;
    let local = tcp.event("bridged").await?;
    let local = local["local"].as_str().context("no address")?;
    let reply = client::get(&format!("http://{local}/sized")).await?;
    assert_eq!(reply.body.len(), 12_345);
    Ok(())
}

#[tokio::test]
async fn an_unreadable_file_lets_nobody_in_and_is_moved_aside() -> Result<()> {
    let origin = Origin::start().await?;
    let (home, engine) = kept(&origin).await?;
    let visitor = Home::new()?;
    let link = invite(&home, &[]).await?;
    assert_eq!(status_by(&visitor, &link).await?, StatusCode::OK);
    end(engine).await?;
    let whole = std::fs::read_to_string(home.path("state/access.json"))?;
    let broken = &whole[..whole.len() / 2];
    std::fs::write(home.path("state/access.json"), broken)?;

    let engine = serve(&home).await?;
    let told = engine.event("error").await?;
    assert_eq!(told["code"], "access-unreadable");
    let (_, secret) = link.split_once("k=").context("no invite")?;
    let again = engine.event("shared").await?["link"].clone();
    let again = format!("{}&k={secret}", again.as_str().context("no link")?);
    assert_eq!(status_by(&visitor, &again).await?, StatusCode::FORBIDDEN);
    let aside = home.path("state/access.unreadable-1.json");
    assert_eq!(std::fs::read_to_string(aside)?, broken);
    Ok(())
}
