//! Connecting by the window, and the people it knows.

use anyhow::Result;
use e2e::{Origin, client, desktop::Window};

use crate::desk::{Desk, shared_with};

/// Opens a link that was sent by somebody.
async fn open_link(window: &Window, link: &str) -> Result<()> {
    window.press("go-connect").await?;
    window.fill("link-input", link).await?;
    window.press("read").await?;
    window.press("open-link").await
}

#[tokio::test]
async fn a_link_is_opened_copied_and_disconnected() -> Result<()> {
    let mut desk = Desk::new().await?;
    let (home, friend) = (desk.home()?, desk.home()?);
    let origin = Origin::start().await?;
    let (_share, link) = shared_with(&home, &friend, origin.address()).await?;
    let opened = desk.open(&home, &[]).await?;
    let window = &opened.window;
    open_link(window, &link).await?;

    let address = window.text_of("address").await?;
    window.press("copy-address").await?;
    assert_eq!(desk.session.clipboard_begins("http://").await?, address);
    let url = format!("{}/sized", address.trim_end_matches('/'));
    assert_eq!(client::get(&url).await?.body.len(), 12_345);
    window.says("direct").await?;
    opened
        .tray
        .row(&["Bridged", "shop", "Open in browser"])
        .await?;

    window.press("nav-home").await?;
    window
        .press_first("[data-testid=\"bridge-shop\"] [data-testid=\"stop\"]")
        .await?;
    window.is_gone("bridge-shop").await?;
    opened.tray.row(&["Bridged", "Nothing is bridged"]).await?;
    assert!(client::get(&url).await.is_err(), "the port is still open");
    opened.quit().await
}

#[tokio::test]
async fn a_peer_gets_a_name_and_shows_what_it_offers() -> Result<()> {
    let mut desk = Desk::new().await?;
    let (home, friend) = (desk.home()?, desk.home()?);
    let origin = Origin::start().await?;
    let (_share, link) = shared_with(&home, &friend, origin.address()).await?;
    let opened = desk.open(&home, &[]).await?;
    let window = &opened.window;
    // Offline a peer is found by the addresses in its link alone.
    open_link(window, &link).await?;
    window.fill("pet-name", "alice").await?;
    window.press("save-pet-name").await?;

    window.press("nav-peers").await?;
    window.test_id("peer-alice").await?;
    opened.tray.row(&["Peers", "alice"]).await?;
    window
        .press_first("[data-testid=\"peer-alice\"] [data-testid=\"connect-peer\"]")
        .await?;
    window.says("Services of alice").await?;
    window.press("services").await?;
    window.test_id("service-shop").await?;
    assert!(home.config()?.contains("[peer.alice]"));
    opened.quit().await
}

#[tokio::test]
async fn a_peer_is_added_by_its_id52_and_forgotten() -> Result<()> {
    let mut desk = Desk::new().await?;
    let (home, friend) = (desk.home()?, desk.home()?);
    let id = friend.id().await?;
    let opened = desk.open(&home, &[]).await?;
    let window = &opened.window;
    window.press("nav-peers").await?;
    window.fill("peer-id52", "not a key").await?;
    window.fill("peer-name", "bob").await?;
    window.press("add-peer-button").await?;
    window.find("[role=\"alert\"]").await?;
    window.fill("peer-id52", &id).await?;
    window.press("add-peer-button").await?;
    window.test_id("peer-bob").await?;
    assert!(home.config()?.contains(&id));

    window
        .press_first("[data-testid=\"peer-bob\"] [data-testid=\"forget\"]")
        .await?;
    window.press("confirm-forget").await?;
    window.is_gone("peer-bob").await?;
    assert!(!home.config()?.contains(&id));
    opened.quit().await
}
