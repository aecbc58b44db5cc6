//! Links that come from outside are asked about, never opened by themselves.

use anyhow::Result;
use e2e::{Origin, client};

use crate::desk::{Desk, TITLE, shared_with};

#[tokio::test]
async fn a_link_from_outside_shows_the_window_and_opens_nothing() -> Result<()> {
    let mut desk = Desk::new().await?;
    let (home, friend) = (desk.home()?, desk.home()?);
    let origin = Origin::start().await?;
    let (_share, link) = shared_with(&home, &friend, origin.address()).await?;
    let running = desk.start(&home).await?;
    // As the desktop does when somebody clicks a link on a page.
    let mut opened = home.start_desktop(&[&link])?;
    assert_eq!(opened.exit().await?, 0, "{}", opened.said());
    desk.session.window_is_shown(TITLE, true).await?;
    let menu = running.tray.menu().await?;
    let none = menu.find(&["Bridged", "Nothing is bridged"]);
    assert!(none.is_some(), "{menu}");
    assert!(origin.requests().is_empty(), "{:?}", origin.requests());
    Ok(())
}

#[tokio::test]
async fn a_link_on_the_clipboard_is_offered_in_the_menu() -> Result<()> {
    let mut desk = Desk::new().await?;
    let (home, friend) = (desk.home()?, desk.home()?);
    let origin = Origin::start().await?;
    let (_share, link) = shared_with(&home, &friend, origin.address()).await?;
    let whose: String = friend.id().await?.chars().take(8).collect();
    let running = desk.start(&home).await?;
    running.tray.row(&["Connect to…"]).await?;
    desk.session.set_clipboard(&link).await?;
    running
        .tray
        .click(&[&format!("Connect to {whose}")])
        .await?;
    desk.session.window_is_shown(TITLE, true).await?;
    desk.session.set_clipboard("something else").await?;
    running.tray.row(&["Connect to…"]).await?;
    Ok(())
}

#[tokio::test]
async fn the_window_asks_about_a_link_and_opens_it_when_told_to() -> Result<()> {
    let mut desk = Desk::new().await?;
    let (home, friend) = (desk.home()?, desk.home()?);
    let origin = Origin::start().await?;
    let (_share, link) = shared_with(&home, &friend, origin.address()).await?;
    let opened = desk.open(&home, &[&link]).await?;
    let window = &opened.window;
    assert_eq!(window.text_of("target").await?, "shop of an unknown peer");
    window.says(&friend.id().await?).await?;
    window.says("only if you know who sent it").await?;
    let bridged = home.run(&["status", "--json"]).await?.json()?;
    assert_eq!(bridged["bridges"], serde_json::json!([]), "{bridged}");

    window.press("open-link").await?;
    let address = window.text_of("address").await?;
    let reply = client::get(&format!("{}/sized", address.trim_end_matches('/'))).await?;
    assert_eq!(reply.body.len(), 12_345, "{reply:?}");
    opened.quit().await
}
