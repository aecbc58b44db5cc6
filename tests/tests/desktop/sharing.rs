//! One click shares, and the link alone lets somebody in.

use anyhow::{Context, Result};
use e2e::{Home, Origin, desktop::Row};
use hyper::StatusCode;

use crate::desk::{Desk, Running, bridge, fetch};

/// Shares `origin` by its row, and returns the link that is then on the clipboard, for as long as
/// the application runs.
async fn share_by_one_click(
    desk: &mut Desk,
    home: &Home,
    origin: &Origin,
) -> Result<(Running, String)> {
    let running = desk.start(home).await?;
    running.share(origin).await?;
    let link = desk.session.clipboard_begins("malai://").await?;
    let friend = desk.home()?;
    let (_bridge, reply) = fetch(&friend, &link, "/sized").await?;
    assert_eq!(reply.body.len(), 12_345, "{reply:?}");
    Ok((running, link))
}

#[tokio::test]
async fn share_localhost_3000_takes_one_click_and_the_link_opens_it() -> Result<()> {
    let mut desk = Desk::new().await?;
    let home = desk.home()?;
    let origin = Origin::at(3000)
        .await
        .context("port 3000 is taken; as root this test has a network of its own")?;
    let (_running, link) = share_by_one_click(&mut desk, &home, &origin).await?;
    let shared = desk.notifications.says("localhost:3000").await?;
    let labels: Vec<_> = shared.actions.iter().map(|(_, label)| label).collect();
    assert!(labels.iter().any(|label| *label == "Show"), "{shared:?}");
    assert!(link.contains(&home.id().await?), "{link}");
    Ok(())
}

#[tokio::test]
async fn only_the_link_lets_somebody_in() -> Result<()> {
    let mut desk = Desk::new().await?;
    let home = desk.strict_home()?;
    let origin = Origin::start().await?;
    let running = desk.start(&home).await?;
    running.share(&origin).await?;
    let link = desk.session.clipboard_begins("malai://").await?;
    assert!(link.contains("k="), "no invite: {link}");

    let (path, query) = link.split_once('?').context("no query")?;
    let hints = query.split('&').filter(|part| !part.starts_with("k="));
    let without = format!("{path}?{}", hints.collect::<Vec<_>>().join("&"));
    let stranger = desk.home()?;
    let (_bridge, url) = bridge(&stranger, &without).await?;
    let reply = e2e::client::get(&format!("{url}/sized")).await?;
    assert_eq!(reply.status, StatusCode::FORBIDDEN, "{reply:?}");

    let friend = desk.home()?;
    let (_bridge, reply) = fetch(&friend, &link, "/sized").await?;
    assert_eq!(reply.status, StatusCode::OK, "{reply:?}");
    Ok(())
}

#[tokio::test]
async fn a_dead_port_is_refused_plainly() -> Result<()> {
    let mut desk = Desk::new().await?;
    let home = desk.home()?;
    let running = desk.start(&home).await?;
    running.tray.click(&["Share localhost:3000"]).await?;
    let refused = desk.notifications.says("3000").await?;
    let said = format!("{} {}", refused.summary, refused.body).to_lowercase();
    assert!(said.contains("nothing answers"), "{refused:?}");
    let menu = running.tray.menu().await?;
    assert!(
        menu.find(&["Shared", "Nothing is shared"]).is_some(),
        "{menu}"
    );
    assert!(!desk.session.clipboard().await?.contains("malai://"));
    Ok(())
}

#[tokio::test]
async fn a_link_for_one_person_lets_in_one() -> Result<()> {
    let mut desk = Desk::new().await?;
    let home = desk.strict_home()?;
    let origin = Origin::start().await?;
    let running = desk.start(&home).await?;
    let upstream = origin.address().to_string();
    let share = home.start(&["share", &upstream, "--name", "shop", "--json"])?;
    share.event("shared").await?;
    let row = ["Shared", "shop", "Copy link for one person"];
    running.tray.click(&row).await?;
    let link = desk.session.clipboard_begins("malai://").await?;
    desk.notifications.says("for one person").await?;

    let (first, second) = (desk.home()?, desk.home()?);
    let (_bridge, reply) = fetch(&first, &link, "/sized").await?;
    assert_eq!(reply.status, StatusCode::OK, "{reply:?}");
    let (_bridge, reply) = fetch(&second, &link, "/sized").await?;
    assert_eq!(reply.status, StatusCode::FORBIDDEN, "{reply:?}");
    Ok(())
}

#[tokio::test]
async fn the_end_of_a_share_is_chosen_and_taken_back() -> Result<()> {
    let mut desk = Desk::new().await?;
    let home = desk.home()?;
    let origin = Origin::start().await?;
    let running = desk.start(&home).await?;
    let upstream = origin.address().to_string();
    let share = home.start(&["share", &upstream, "--name", "shop", "--json"])?;
    share.event("shared").await?;
    let ends = async || {
        let status = home.run(&["status", "--json"]).await?.json()?;
        Ok::<_, anyhow::Error>(status["services"][0]["ends_in_secs"].as_u64())
    };
    assert_eq!(ends().await?, None);
    let click = async |row| {
        running
            .tray
            .click(&["Shared", "shop", "Stop at…", row])
            .await
    };
    click("In 30 minutes").await?;
    desk.notifications.says("shop stops in 30m").await?;
    let left = ends().await?.context("it does not end")?;
    assert!((1700..=1800).contains(&left), "{left}");
    click("No end").await?;
    desk.notifications.says("shop goes on").await?;
    assert_eq!(ends().await?, None);
    Ok(())
}

#[tokio::test]
async fn what_is_shared_can_be_copied_again_and_stopped() -> Result<()> {
    let mut desk = Desk::new().await?;
    let home = desk.home()?;
    let origin = Origin::start().await?;
    let running = desk.start(&home).await?;
    running.share(&origin).await?;
    desk.session.clipboard_begins("malai://").await?;
    desk.session.set_clipboard("something else").await?;

    let has_one = |menu: &Row| {
        let shared = menu.find(&["Shared"]);
        shared.is_some_and(|shared| shared.rows().any(|row| row.rows().count() > 0))
    };
    let menu = running.tray.menu_where("a shared service", has_one).await?;
    let shared = menu.find(&["Shared"]).context("no Shared")?;
    let name = shared.labels()[0].to_owned();
    let rows = shared.find(&[&name]).context("no service")?.labels();
    let expected = [
        "Copy link",
        "Copy link for one person",
        "Show QR",
        "Who can connect…",
        "Inspect…",
        "Stop at…",
        "Stop",
    ];
    assert_eq!(rows, expected, "{menu}");

    running.tray.click(&["Shared", &name, "Copy link"]).await?;
    let link = desk.session.clipboard_begins("malai://").await?;
    let friend = desk.home()?;
    let (_bridge, reply) = fetch(&friend, &link, "/sized").await?;
    assert_eq!(reply.status, StatusCode::OK);

    running.tray.click(&["Shared", &name, "Stop"]).await?;
    running.tray.row(&["Shared", "Nothing is shared"]).await?;
    running
        .tray
        .row(&[&format!("Share localhost:{}", origin.address().port())])
        .await?;
    Ok(())
}
