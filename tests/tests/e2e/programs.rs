//! The command line as scripts use it: `--json` everywhere, the environment, and old spellings.

use anyhow::{Context, Result};
use e2e::{Home, Origin, Pair, client};
use serde_json::Value;

#[tokio::test]
async fn every_reading_command_prints_one_json_object() -> Result<()> {
    let home = Home::new()?;
    let id = Home::new()?.id().await?;
    let serve = home.start(&["serve", "--json"])?;
    serve.event("identity").await?;
    home.run(&["peer", "add", "alice", &id]).await?;
    for args in [
        &["id"] as &[_],
        &["status"],
        &["status", "--tree"],
        &["ls"],
        &["peers"],
        &["config", "check"],
        &["config", "path"],
        &["config", "show"],
        &["keygen"],
        &["completions", "bash"],
        &["share", "3000", "--name", "shop", "--bg"],
        &["stop", "shop"],
        &["peer", "rm", "alice"],
    ] {
        let finished = home.run(&[args, &["--json"]].concat()).await?;
        assert_eq!(finished.code, 0, "{args:?}: {finished:?}");
        for line in finished.stdout.lines() {
            let value: Value = serde_json::from_str(line).with_context(|| line.to_owned())?;
            assert!(value.is_object(), "{args:?}: {line}");
        }
        // Long-running commands tell events, line by line; all others one object.
        let lines = finished.stdout.lines().count();
        assert!(lines == 1 || args[0] == "share", "{args:?}: {finished:?}");
    }
    Ok(())
}

#[tokio::test]
async fn a_failure_is_an_event_with_a_code_too() -> Result<()> {
    let home = Home::new()?;
    for (args, code) in [
        (&["status"] as &[_], "not-running"),
        (&["peer", "add", "alice", "nonsense"], "argument-invalid"),
    ] {
        let finished = home.run(&[args, &["--json"]].concat()).await?;
        assert_ne!(finished.code, 0, "{finished:?}");
        let told: Value = serde_json::from_str(finished.stdout.trim())
            .with_context(|| format!("{finished:?}"))?;
        assert_eq!(told["event"], "error");
        assert_eq!(told["code"], code);
        let message = told["message"].as_str().context("no message")?;
        assert!(finished.stderr.contains(message), "{finished:?}");
    }
    Ok(())
}

#[tokio::test]
async fn people_get_plain_lines_and_a_drawing_on_request() -> Result<()> {
    let home = Home::new()?;
    let id = home.id().await?;
    let drawn = home.run(&["id", "--qr"]).await?;
    assert_eq!(drawn.stdout.lines().next(), Some(id.as_str()));
    assert!(drawn.stdout.lines().count() > 10, "{drawn:?}");
    let serve = home.start(&["serve", "--json"])?;
    serve.event("identity").await?;
    home.run(&["share", "3000", "--name", "shop", "--bg"])
        .await?;
    let listed = home.run(&["ls"]).await?;
    assert!(listed.stdout.contains("shop"), "{listed:?}");
    assert!(listed.stdout.contains("127.0.0.1:3000"), "{listed:?}");
    let unknown = home.run(&["stop", "no-such-thing"]).await?;
    assert_eq!(unknown.code, 1, "{unknown:?}");
    assert!(unknown.stderr.contains("no-such-thing"), "{unknown:?}");
    Ok(())
}

#[tokio::test]
async fn flags_can_come_from_the_environment() -> Result<()> {
    let origin = Origin::start().await?;
    let home = Home::new()?
        .with_env("MALAI_JSON", "1")
        .with_env("MALAI_NAME", "books")
        .with_env("MALAI_ANYONE", "true");
    let share = home.start(&["share", &origin.address().to_string()])?;
    let shared = share.event("shared").await?;
    assert_eq!(shared["service"], "books");
    share.says("Everybody").await?;
    Ok(())
}

#[tokio::test]
async fn old_spellings_do_the_same() -> Result<()> {
    let origin = Origin::start().await?;
    let port = origin.address().port().to_string();
    for verb in ["http", "tcp"] {
        let (home, visitor) = (Home::new()?, Home::new()?);
        let share = home.start(&[verb, &port, "--public", "--json"])?;
        let shared = share.event("shared").await?;
        assert_eq!(shared["protocol"], verb);
        let link = shared["link"].as_str().context("no link")?;
        let bridge = match verb {
            "http" => visitor.start(&["http-bridge", "-t", link, "--json"])?,
            _ => visitor.start(&["tcp-bridge", link, "--json"])?,
        };
        let bridged = bridge.event("bridged").await?;
        let local = bridged["local"].as_str().context("no address")?;
        let reply = client::get(&format!("http://{local}/sized")).await?;
        assert_eq!(reply.body.len(), 12_345, "{verb}");
    }
    Ok(())
}

#[tokio::test]
async fn a_kind_of_service_that_it_is_not_is_told() -> Result<()> {
    let origin = Origin::start().await?;
    let pair = Pair::http(origin.address()).await?;
    // Bytes to an HTTP service: not there for whoever asks that way.
    let bridge = pair
        .bridge_home
        .start(&["bridge", &pair.link, "--tcp", "--name", "raw", "--json"])?;
    let bridged = bridge
        .event_where("bridged", |event| event["local"] != pair.local.to_string())
        .await?;
    let local = bridged["local"].as_str().context("no address")?.parse()?;
    let request = b"GET /echo HTTP/1.1\r\nHost: localhost\r\n\r\n";
    assert_eq!(client::exchange(local, request, false).await?, "");
    assert_eq!(origin.requests(), Vec::<String>::new());
    Ok(())
}
