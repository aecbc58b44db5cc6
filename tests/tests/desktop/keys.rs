//! Where the key is kept is the user's choice, and never made silently.

use std::{fs, os::unix::fs::PermissionsExt};

use anyhow::Result;
use e2e::{Home, Keychain};

use crate::desk::{Desk, TITLE};

#[tokio::test]
async fn keychain_keeps_the_key_when_there_is_one() -> Result<()> {
    let mut desk = Desk::with(Keychain::unlocked().await?).await?;
    let home = desk.session.undecided_home(Home::new()?);
    let running = desk.start(&home).await?;
    running.tray.click(&["Copy my id52"]).await?;
    desk.notifications.says("id52").await?;
    let user = format!("identity@{}", fs::canonicalize(home.dir())?.display());
    let secret = desk.session.keychain().look_up("malai", &user).await?;
    assert_eq!(secret.len(), 64, "the key in hexadecimal digits");
    assert!(!home.path("identity.key").exists());
    Ok(())
}

#[tokio::test]
async fn without_a_keychain_it_asks_before_it_makes_a_file() -> Result<()> {
    let mut desk = Desk::new().await?;
    let home = desk.session.undecided_home(Home::new()?);
    let malai = home.start_desktop(&["--hidden"])?;
    let tray = desk.panel.next().await?;
    tray.row(&["○ Not running: no keychain answers"]).await?;
    tray.row(&["Choose where the key is kept…"]).await?;
    desk.session.window_is_shown(TITLE, true).await?;
    assert!(!home.path("identity.key").exists(), "{}", malai.said());
    Ok(())
}

#[tokio::test]
async fn the_window_says_where_the_file_would_be_and_makes_it_when_told_to() -> Result<()> {
    let mut desk = Desk::new().await?;
    let home = desk.session.undecided_home(Home::new()?);
    let file = home.path("identity.key");
    let opened = desk.open(&home, &[]).await?;
    opened.window.says(&file.display().to_string()).await?;
    assert!(!file.exists());
    opened.window.press("use-key-file").await?;
    opened.window.says("Welcome to malai").await?;
    opened.tray.row(&["Copy my id52"]).await?;
    let mode = fs::metadata(&file)?.permissions().mode() & 0o777;
    assert_eq!(mode, 0o600, "{mode:o}");
    opened.quit().await?;

    // It asks once.
    let again = desk.open(&home, &[]).await?;
    again.window.says("Welcome to malai").await?;
    again.quit().await
}
