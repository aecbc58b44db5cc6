//! Links in detail: PINs, lists, taking back, guessing; ends, clocks, and the record of it all.

use anyhow::{Context, Result, ensure};
use e2e::{Control, Home, Malai, Origin, client, wait_until, within};
use http_body_util::BodyExt;
use hyper::{Request, StatusCode};
use nix::sys::signal::Signal;
use serde_json::{Value, json};

use crate::asking::{Owner, Visitor};

/// The answer of `malai invite shop --json`.
async fn invite(owner: &Owner, more: &[&str]) -> Result<Value> {
    let mut args = vec!["invite", "shop", "--json"];
    args.extend(more);
    owner.home.run(&args).await?.json()
}

fn text<'a>(value: &'a Value, key: &str) -> Result<&'a str> {
    value[key]
        .as_str()
        .with_context(|| format!("no {key} in {value}"))
}

async fn status(visitor: &Visitor) -> Result<StatusCode> {
    Ok(client::get(&format!("{}sized", visitor.url)).await?.status)
}

async fn end(mut malai: Malai) -> Result<()> {
    malai.signal(Signal::SIGTERM)?;
    malai.exit().await?;
    Ok(())
}

#[tokio::test]
async fn a_link_with_a_pin_needs_both() -> Result<()> {
    let origin = Origin::start().await?;
    let owner = Owner::asked_for("0s", &origin, "").await?;
    let invited = invite(&owner, &["--pin"]).await?;
    let (link, pin) = (text(&invited, "link")?, text(&invited, "pin")?);
    let home = Home::new()?;
    let without = home.run(&["bridge", link]).await?;
    assert_eq!(without.code, 2, "{without:?}");
    assert!(without.stderr.contains("--pin"), "{without:?}");

    let wrong = if pin == "000000" { "111111" } else { "000000" };
    for (told, expected) in [(wrong, StatusCode::FORBIDDEN), (pin, StatusCode::OK)] {
        let bridge = home.start(&["bridge", link, "--json", "--pin", told])?;
        let bridged = bridge.event("bridged").await?;
        let reply = client::get(text(&bridged, "url")?).await?;
        assert_eq!(reply.status, expected, "{told}");
        end(bridge).await?;
    }
    let listed = owner.home.run(&["invites", "--json"]).await?.json()?;
    assert_eq!(listed["invites"][0]["pin"], true);
    assert_eq!(listed["invites"][0]["guests"], json!([home.id().await?]));
    let kept = std::fs::read_to_string(owner.home.path("state/access.json"))?;
    assert!(!kept.contains(pin), "the PIN is on the disk: {kept}");
    Ok(())
}

#[tokio::test]
async fn a_pin_can_be_tried_only_a_few_times() -> Result<()> {
    let origin = Origin::start().await?;
    let owner = Owner::asked_for("0s", &origin, "").await?;
    let invited = invite(&owner, &["--pin"]).await?;
    let (link, pin) = (text(&invited, "link")?, text(&invited, "pin")?);
    let guesses = (0..)
        .map(|number| format!("{number:06}"))
        .filter(|it| it != pin);
    for guess in guesses.take(5) {
        let with_guess = link.replace("k=~", &format!("k={guess}~"));
        ensure!(with_guess != link, "no PIN is wanted by {link}");
        let visitor = Visitor::to(&with_guess).await?;
        assert_eq!(status(&visitor).await?, StatusCode::FORBIDDEN);
    }
    let right = Visitor::to(&link.replace("k=~", &format!("k={pin}~"))).await?;
    assert_eq!(status(&right).await?, StatusCode::FORBIDDEN);
    let listed = owner.home.run(&["invites", "--json"]).await?.json()?;
    assert_eq!(listed["invites"], json!([]));
    Ok(())
}

#[tokio::test]
async fn a_link_that_is_taken_back_cuts_whom_it_let_in_and_nobody_else() -> Result<()> {
    let origin = Origin::start().await?;
    let owner = Owner::asked_for("0s", &origin, "").await?;
    let (first, second) = (
        invite(&owner, &["--once"]).await?,
        invite(&owner, &[]).await?,
    );
    let (one, two) = (
        Visitor::to(text(&first, "link")?).await?,
        Visitor::to(text(&second, "link")?).await?,
    );
    assert_eq!(status(&two).await?, StatusCode::OK);
    let request = Request::get(format!("{}gated", one.url)).body(client::empty())?;
    let mut response = client::open(request).await?;
    client::piece(response.body_mut()).await?;
    let listed = owner.home.run(&["invites", "--json"]).await?.json()?;
    let listed = listed["invites"].as_array().context("no invites")?.clone();
    assert_eq!(listed.len(), 2);
    let used = listed
        .iter()
        .find(|it| it["id"] == first["id"])
        .context("not listed")?;
    assert_eq!(
        (&used["once"], &used["open"]),
        (&json!(true), &json!(false))
    );

    owner.says(&["revoke", text(&first, "id")?]).await?;
    let rest = within("the cut", response.into_body().collect()).await?;
    rest.err().context("the body looks complete")?;
    assert_eq!(status(&one).await?, StatusCode::FORBIDDEN);
    assert_eq!(status(&two).await?, StatusCode::OK);
    owner.says(&["revoke", "shop"]).await?;
    assert_eq!(status(&two).await?, StatusCode::FORBIDDEN);
    let late = Visitor::to(text(&second, "link")?).await?;
    assert_eq!(status(&late).await?, StatusCode::FORBIDDEN);
    let nothing = owner.home.run(&["revoke", "0123456789abcdef"]).await?;
    assert_eq!(nothing.code, 1);
    Ok(())
}

#[tokio::test]
async fn who_guesses_secrets_is_not_heard_for_a_while_and_others_are() -> Result<()> {
    let origin = Origin::start().await?;
    let owner = Owner::asked_for("0s", &origin, "").await?;
    let invited = invite(&owner, &[]).await?;
    let link = text(&invited, "link")?;
    let (plain, _) = link.split_once("&k=").context("no invite")?;
    let mut home = Home::new()?;
    for number in 0..8 {
        let visitor = Visitor::of(home, &format!("{plain}&k=guess{number}")).await?;
        assert_eq!(status(&visitor).await?, StatusCode::FORBIDDEN);
        home = visitor.leave().await?;
    }
    let guesser = Visitor::of(home, link).await?;
    assert_eq!(status(&guesser).await?, StatusCode::FORBIDDEN);
    let friend = Visitor::to(link).await?;
    assert_eq!(status(&friend).await?, StatusCode::OK);
    let log = owner.home.run(&["log", "--json"]).await?.json()?;
    let entries = log["entries"].as_array().context("no entries")?;
    assert!(entries.iter().any(|it| it["what"] == "guessed"), "{log}");
    Ok(())
}

#[tokio::test]
async fn a_clock_that_is_set_back_prolongs_nothing() -> Result<()> {
    let origin = Origin::start().await?;
    let owner = Owner::asked_for("0s", &origin, "").await?;
    let invited = invite(&owner, &["--for", "1h"]).await?;
    let visitor = Visitor::to(text(&invited, "link")?).await?;
    assert_eq!(status(&visitor).await?, StatusCode::OK);
    end(owner.engine).await?;
    // As if the engine had run until after the end, and the clock had been set back since.
    let path = owner.home.path("state/access.json");
    let mut kept: Value = serde_json::from_str(&std::fs::read_to_string(&path)?)?;
    let as_of = kept["as_of"].as_u64().context("it is not said when")?;
    kept["as_of"] = json!(as_of + 2 * 3600 * 1000);
    std::fs::write(&path, kept.to_string())?;
    let engine = owner.home.start(&["serve", "--json"])?;
    let link = engine
        .event_where("shared", |event| event["service"] == "shop")
        .await?;
    let back = Visitor::of(visitor.leave().await?, text(&link, "link")?).await?;
    assert_eq!(status(&back).await?, StatusCode::FORBIDDEN);
    Ok(())
}

#[tokio::test]
async fn a_share_can_be_given_another_end_while_it_runs() -> Result<()> {
    let origin = Origin::start().await?;
    let owner = Owner::asked_for("0s", &origin, "").await?;
    let mut control = Control::connect(&owner.home).await?;
    let share = json!({
        "request": "share", "name": "demo", "upstream": [origin.address().to_string()],
        "allow": ["anyone"], "for_secs": 3600
    });
    control.get(&share).await?;
    let end_in =
        |service: &str, secs: Value| json!({"request": "end-in", "service": service, "secs": secs});
    let left = async |control: &mut Control| -> Result<Option<u64>> {
        let status = control.get(&json!({"request": "status"})).await?;
        let services = status["services"].as_array().context("no services")?;
        let demo = services.iter().find(|it| it["name"] == "demo");
        Ok(demo.context("it has ended")?["ends_in_secs"].as_u64())
    };
    control.get(&end_in("demo", Value::Null)).await?;
    assert_eq!(left(&mut control).await?, None);
    control.get(&end_in("demo", json!(7200))).await?;
    assert!(left(&mut control).await?.is_some_and(|secs| secs > 3600));
    assert_eq!(
        control.refused(&end_in("shop", json!(60))).await?,
        "argument-invalid"
    );
    assert_eq!(
        control.refused(&end_in("nothing", json!(60))).await?,
        "name-unknown"
    );
    control.get(&end_in("demo", json!(1))).await?;
    let ended = owner
        .engine
        .event_where("stopped", |event| event["service"] == "demo")
        .await?;
    assert_eq!(ended["reason"], "its time is over");
    Ok(())
}

#[tokio::test]
async fn the_record_says_who_used_and_was_refused_what() -> Result<()> {
    let origin = Origin::start().await?;
    let owner = Owner::asked_for("2s", &origin, "").await?;
    let invited = invite(&owner, &[]).await?;
    let (friend, stranger) = (
        Visitor::to(text(&invited, "link")?).await?,
        Visitor::to(&owner.link).await?,
    );
    let id = friend.home.id().await?;
    owner.says(&["peer", "add", "alice", &id]).await?;
    for _ in 0..3 {
        assert_eq!(status(&friend).await?, StatusCode::OK);
    }
    assert_eq!(status(&stranger).await?, StatusCode::FORBIDDEN);
    owner.says(&["deny", "alice"]).await?;
    owner.says(&["block", &stranger.home.id().await?]).await?;
    let kinds = || async {
        let log = owner.home.run(&["log", "--json"]).await?.json()?;
        let entries = log["entries"].as_array().context("no entries")?;
        let kinds = entries.iter().filter_map(|it| it["what"].as_str());
        Ok::<_, anyhow::Error>(kinds.map(str::to_owned).collect::<Vec<_>>())
    };
    let expected = [
        "invited", "joined", "used", "asked", "refused", "denied", "blocked",
    ];
    wait_until("the record", || async {
        Ok(kinds().await?.len() >= expected.len())
    })
    .await?;
    assert_eq!(kinds().await?, expected);

    let path = owner.home.path("state/log.jsonl");
    let kept = std::fs::read_to_string(&path)?;
    let (_, secret) = text(&invited, "link")?
        .split_once("k=")
        .context("no invite")?;
    assert!(!kept.contains(secret), "a secret is on record");
    use std::os::unix::fs::PermissionsExt as _;
    assert_eq!(
        std::fs::metadata(&path)?.permissions().mode() & 0o777,
        0o600
    );
    end(owner.engine).await?;
    // Without an engine it is the same, here only about one peer.
    let printed = owner.home.run(&["log", "--peer", "alice"]).await?;
    assert!(printed.stdout.contains("alice\tused shop"), "{printed:?}");
    assert!(!printed.stdout.contains("was refused"), "{printed:?}");
    Ok(())
}
