//! Settings that survive a restart.

use std::fs;

use anyhow::{Context, Result};
use e2e::{Home, wait_until};

use crate::desk::Desk;

/// What starts with the session, where desktops look for it.
fn autostart(home: &Home) -> Result<Option<String>> {
    for place in [".config/autostart", "xdg_config_home/autostart"] {
        let Ok(mut entries) = fs::read_dir(home.path(place)) else {
            continue;
        };
        if let Some(entry) = entries.next() {
            return Ok(Some(fs::read_to_string(entry?.path())?));
        }
    }
    Ok(None)
}

#[tokio::test]
async fn start_at_login_is_written_for_a_hidden_start_and_taken_back() -> Result<()> {
    let mut desk = Desk::new().await?;
    let home = desk.home()?;
    let opened = desk.open(&home, &[]).await?;
    opened.window.press("nav-settings").await?;
    assert!(!opened.window.is_ticked("start-at-login").await?);
    opened.window.press("start-at-login").await?;
    wait_until("the autostart file", || async {
        Ok(autostart(&home)?.is_some())
    })
    .await?;
    let text = autostart(&home)?.context("no autostart file")?;
    let exec = text.lines().find(|line| line.starts_with("Exec="));
    let exec = exec.with_context(|| format!("no Exec: {text}"))?;
    assert!(
        exec.contains("malai-desktop") && exec.contains("--hidden"),
        "{text}"
    );
    opened.quit().await?;

    let again = desk.open(&home, &[]).await?;
    again.window.press("nav-settings").await?;
    assert!(again.window.is_ticked("start-at-login").await?);
    again.window.press("start-at-login").await?;
    wait_until("no autostart file", || async {
        Ok(autostart(&home)?.is_none())
    })
    .await?;
    again.quit().await
}

#[tokio::test]
async fn notifications_and_network_stay_as_they_were_set() -> Result<()> {
    let mut desk = Desk::new().await?;
    let home = desk.home()?;
    let opened = desk.open(&home, &[]).await?;
    let window = &opened.window;
    window.press("nav-settings").await?;
    assert!(window.is_ticked("notifications").await?, "the default");
    window.press("notifications").await?;
    window.press("lookup-mdns").await?;
    window.press("save-network").await?;
    window.test_id("restart-needed").await?;
    assert!(home.config()?.contains("mdns"), "{}", home.config()?);
    opened.quit().await?;

    let again = desk.open(&home, &[]).await?;
    again.window.press("nav-settings").await?;
    assert!(!again.window.is_ticked("notifications").await?);
    assert!(again.window.is_ticked("lookup-mdns").await?);
    again.window.is_gone("restart-needed").await?;
    again.quit().await
}

#[tokio::test]
async fn an_exported_key_is_imported_by_another_home() -> Result<()> {
    let mut desk = Desk::new().await?;
    let (home, other) = (desk.home()?, desk.home()?);
    let id = home.id().await?;
    let key = home.path("exported.key");
    let opened = desk.open(&home, &[]).await?;
    opened.window.press("nav-settings").await?;
    opened.window.press("export").await?;
    opened
        .window
        .fill("key-path", &key.display().to_string())
        .await?;
    opened.window.press("confirm-export").await?;
    opened.window.says("The key is exported").await?;
    opened.quit().await?;

    assert_ne!(other.id().await?, id);
    let opened = desk.open(&other, &[]).await?;
    opened.window.press("nav-settings").await?;
    opened.window.press("import").await?;
    opened
        .window
        .fill("key-path", &key.display().to_string())
        .await?;
    opened.window.press("sure").await?;
    opened.window.press("confirm-import").await?;
    opened.window.test_id("restart-needed").await?;
    opened.quit().await?;
    assert_eq!(other.id().await?, id);
    Ok(())
}
