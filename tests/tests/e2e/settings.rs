//! Settings that a window changes: they survive a restart, and an identity moves by a file.

use std::os::unix::fs::PermissionsExt;

use anyhow::{Context, Result};
use e2e::{Control, Home, Malai};
use nix::sys::signal::Signal;
use serde_json::{Value, json};

async fn engine(home: &Home) -> Result<(Malai, Control)> {
    let serve = home.start(&["serve", "--json"])?;
    serve.event("identity").await?;
    let control = Control::connect(home).await?;
    Ok((serve, control))
}

async fn settings(control: &mut Control) -> Result<Value> {
    control.get(&json!({"request": "settings"})).await
}

#[tokio::test]
async fn a_network_that_was_set_is_used_from_the_next_start_on() -> Result<()> {
    let home = Home::new()?;
    let (mut serve, mut control) = engine(&home).await?;
    let before = settings(&mut control).await?;
    assert_eq!(before["restart_needed"], false, "{before}");
    assert_eq!(before["home"], home.dir().display().to_string());
    assert_eq!(before["network"]["relay"]["kind"], "none");
    let set = json!({
        "request": "set-network", "relay": {"kind": "none"}, "lookup": ["mdns"],
    });
    control.get(&set).await?;
    let after = settings(&mut control).await?;
    assert_eq!(after["network"]["lookup"], json!(["mdns"]), "{after}");
    assert_eq!(after["restart_needed"], true, "{after}");
    assert!(home.config()?.contains("lookup = [\"mdns\"]"));
    serve.signal(Signal::SIGTERM)?;
    serve.exit().await?;

    let (_serve, mut control) = engine(&home).await?;
    let again = settings(&mut control).await?;
    assert_eq!(again["network"], after["network"]);
    assert_eq!(again["restart_needed"], false, "{again}");
    Ok(())
}

#[tokio::test]
async fn an_exported_identity_is_that_of_the_home_that_imports_it() -> Result<()> {
    let (one, other) = (Home::new()?, Home::new()?);
    let (_serve, mut control) = engine(&one).await?;
    let path = one.path("my.key");
    let export = json!({"request": "export-identity", "path": path});
    control.get(&export).await?;
    assert_eq!(control.refused(&export).await?, "export-exists");
    let mode = std::fs::metadata(&path)?.permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    let (mut serve, mut control) = engine(&other).await?;
    let mine = control.get(&json!({"request": "identity"})).await?;
    control.get(&json!({"request": "subscribe"})).await?;
    let import = json!({"request": "import-identity", "path": path});
    control.get(&import).await?;
    let said = control
        .event_where("error", |event| event["code"] == "restart-needed")
        .await?;
    let said = said["message"].as_str().context("no message")?;
    assert!(said.contains(".backup"), "{said}");
    assert_eq!(settings(&mut control).await?["restart_needed"], true);
    assert_eq!(control.get(&json!({"request": "identity"})).await?, mine);
    let secret = std::fs::read_to_string(&path)?;
    let heard = format!("{said}{}", serve.said());
    assert!(!heard.contains(secret.trim()), "the secret is told");
    serve.signal(Signal::SIGTERM)?;
    serve.exit().await?;
    assert_eq!(other.id().await?, one.id().await?);

    // The same file is what the command line reads.
    let third = Home::new()?;
    let path = path.display().to_string();
    let imported = third.run(&["import", "--file", &path]).await?;
    assert_eq!(imported.code, 0, "{imported:?}");
    assert_eq!(third.id().await?, one.id().await?);
    Ok(())
}
