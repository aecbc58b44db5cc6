//! *Check my connection…*, from the tray to what was found.

use anyhow::Result;
use e2e::{Origin, dead_address};

use crate::desk::{Desk, shared_with};

#[tokio::test]
async fn the_tray_begins_a_check_whose_report_can_be_copied() -> Result<()> {
    let mut desk = Desk::new().await?;
    let (home, friend) = (desk.home()?, desk.home()?);
    let origin = Origin::start().await?;
    let (_share, link) = shared_with(&home, &friend, origin.address()).await?;
    let config = home.config()?;
    let (id, address) = (friend.id().await?, address_in(&link));
    let down = dead_address().await?;
    home.configure(&format!(
        "{config}\n[peer.alice]\nid = \"{id}\"\naddresses = [\"{address}\"]\n\n\
         [service.orders]\nupstream = \"{down}\"\n"
    ))?;
    let opened = desk.open(&home, &[]).await?;
    let window = &opened.window;
    window.says("orders").await?;

    opened.tray.click(&["Check my connection…"]).await?;
    window
        .find("[data-testid=\"finding-upstream\"][data-verdict=\"problem\"]")
        .await?;
    window.says("Start what is shared").await?;
    window.press("copy-report").await?;
    let report = desk.session.clipboard_begins("malai ").await?;
    assert!(
        report.contains("problem  upstream: a service is down"),
        "{report}"
    );
    assert!(
        !report.contains("orders") && !report.contains("127.0.0"),
        "{report}"
    );

    window.press("check-peer").await?;
    window
        .find("[data-testid=\"finding-path\"][data-verdict=\"ok\"]")
        .await?;
    window.says("Alice runs malai").await?;

    // From another page the tray leads back, and looks anew.
    window.press("nav-home").await?;
    opened.tray.click(&["Check my connection…"]).await?;
    window.test_id("copy-report").await?;
    opened.quit().await
}

/// The first address that a link names.
fn address_in(link: &str) -> &str {
    let query = link.split_once("?a=").map_or("", |(_, query)| query);
    query.split('&').next().unwrap_or_default()
}
