//! Sharing by the window.

use anyhow::Result;
use e2e::{Origin, client};

use crate::desk::{Desk, TITLE, fetch};

#[tokio::test]
async fn a_server_that_was_found_is_shared_watched_and_stopped() -> Result<()> {
    let mut desk = Desk::new().await?;
    let (home, friend) = (desk.strict_home()?, desk.home()?);
    let origin = Origin::start().await?;
    let opened = desk.open(&home, &[]).await?;
    let window = &opened.window;
    desk.session.window_is_shown(TITLE, true).await?;

    window.press("go-share").await?;
    let port = origin.address().port();
    window.press(&format!("server-{port}")).await?;
    window.fill("name", "shop").await?;
    window.press("share").await?;
    let shown = window.text_of("link").await?;
    assert!(
        shown.starts_with("malai://") && shown.contains("k="),
        "{shown}"
    );
    window.test_id("qr").await?;
    window
        .find("[data-testid=\"check-upstream\"][data-outcome=\"good\"]")
        .await?;
    window.press("copy-link").await?;
    assert_eq!(desk.session.clipboard_begins("malai://").await?, shown);

    let (bridge, reply) = fetch(&friend, &shown, "/sized").await?;
    assert_eq!(reply.body.len(), 12_345, "{reply:?}");
    // What happens is seen as it happens.
    window.says("GET /sized").await?;
    window.test_id("guest").await?;
    opened.tray.row(&["Shared", "shop", "Stop"]).await?;

    window.press("stop").await?;
    window.says("Welcome to malai").await?;
    opened.tray.row(&["Shared", "Nothing is shared"]).await?;
    let local = bridge.event("bridged").await?["local"].clone();
    let url = format!("http://{}/sized", local.as_str().unwrap_or_default());
    let refused = client::get(&url).await?;
    assert!(!refused.status.is_success(), "{refused:?}");
    opened.quit().await
}

#[tokio::test]
async fn a_dead_port_is_refused_at_its_field_and_shared_when_told_to() -> Result<()> {
    let mut desk = Desk::new().await?;
    let home = desk.home()?;
    let opened = desk.open(&home, &[]).await?;
    let window = &opened.window;
    window.press("go-share").await?;
    window.fill("port", "3456").await?;
    window.press("share").await?;
    window.test_id("share-anyway").await?;
    opened.tray.row(&["Shared", "Nothing is shared"]).await?;
    window.press("share-anyway").await?;
    window.says("Nothing answers on localhost:3456").await?;
    opened.tray.row(&["Shared", "port-3456"]).await?;
    opened.quit().await
}

#[tokio::test]
async fn what_is_kept_is_there_after_a_restart() -> Result<()> {
    let mut desk = Desk::new().await?;
    let home = desk.home()?;
    let origin = Origin::start().await?;
    let opened = desk.open(&home, &[]).await?;
    let window = &opened.window;
    window.press("go-share").await?;
    window
        .fill("port", &origin.address().port().to_string())
        .await?;
    window.fill("name", "shop").await?;
    window.press_first("details > summary").await?;
    window.press("keep").await?;
    window.press("share").await?;
    window.test_id("link").await?;
    opened.quit().await?;
    assert!(home.config()?.contains("[service.shop]"));

    let again = desk.open(&home, &[]).await?;
    again.window.test_id("share-shop").await?;
    again.quit().await
}

#[tokio::test]
async fn the_window_goes_where_the_menu_says() -> Result<()> {
    let mut desk = Desk::new().await?;
    let home = desk.home()?;
    let opened = desk.open(&home, &[]).await?;
    let heading = |text: &'static str| {
        let window = &opened.window;
        async move { window.says(text).await }
    };
    heading("Welcome to malai").await?;
    for (row, text) in [
        ("Settings…", "Start at login"),
        ("Share another port…", "Port or address"),
        ("Connect to…", "Link, id52 or domain"),
        ("Check my connection…", "This machine"),
        ("Open malai", "Welcome to malai"),
    ] {
        opened.tray.click(&[row]).await?;
        heading(text).await?;
    }
    opened.quit().await
}
