//! The menu, row by row.

use std::fs;

use anyhow::Result;
use e2e::{Origin, desktop::Row};

use crate::desk::Desk;

/// The menu of an engine that has just begun, alone on its loopback.
const AT_FIRST: &str = "\
○ Not reachable from outside: nothing shared (off)
Share localhost:3000
Share another port…
Connect to…
--
Shared
  Nothing is shared (off)
Bridged
  Nothing is bridged (off)
Peers
  No peers yet (off)
--
Copy my id52
Open malai
Settings…
Check my connection…
Quit
";

#[tokio::test]
async fn menu_at_first_offers_everything_and_claims_nothing() -> Result<()> {
    let mut desk = Desk::new().await?;
    let home = desk.home()?;
    let running = desk.start(&home).await?;
    assert_eq!(running.tray.menu().await?.to_string(), AT_FIRST);
    Ok(())
}

#[tokio::test]
async fn every_server_that_listens_has_a_row_until_it_ends() -> Result<()> {
    let mut desk = Desk::new().await?;
    let home = desk.home()?;
    let running = desk.start(&home).await?;
    let (first, second) = (Origin::start().await?, Origin::start().await?);
    let row = |origin: &Origin| format!("Share localhost:{}", origin.address().port());
    for origin in [&first, &second] {
        running.tray.row(&[&row(origin)]).await?;
    }
    let menu = running.tray.menu().await?;
    assert!(menu.find(&["Share localhost:3000"]).is_none(), "{menu}");
    Ok(())
}

#[tokio::test]
async fn copy_my_id52_puts_it_on_the_clipboard_and_says_so() -> Result<()> {
    let mut desk = Desk::new().await?;
    let home = desk.home()?;
    let id = home.id().await?;
    let running = desk.start(&home).await?;
    running.tray.click(&["Copy my id52"]).await?;
    assert_eq!(desk.session.clipboard_begins(&id).await?, id);
    desk.notifications.says("id52").await?;
    Ok(())
}

#[tokio::test]
async fn peers_are_listed_by_name_and_their_id52_can_be_copied() -> Result<()> {
    let mut desk = Desk::new().await?;
    let (home, alice) = (desk.home()?, desk.home()?);
    let id = alice.id().await?;
    let running = desk.start(&home).await?;
    home.run(&["peer", "add", "alice", &id]).await?;
    running.tray.click(&["Peers", "alice", "Copy id52"]).await?;
    assert_eq!(desk.session.clipboard_begins(&id).await?, id);
    Ok(())
}

#[tokio::test]
async fn the_icon_and_the_first_row_tell_when_something_is_shared() -> Result<()> {
    let mut desk = Desk::new().await?;
    let home = desk.home()?;
    let origin = Origin::start().await?;
    let running = desk.start(&home).await?;
    let idle = running.tray.picture_other_than(&[]).await?;
    let share = home.start(&["share", &origin.address().to_string(), "--json"])?;
    share.event("shared").await?;
    let active = running.tray.picture_other_than(&idle).await?;
    let tells = |menu: &Row| {
        menu.labels()
            .first()
            .is_some_and(|row| row.ends_with("1 shared"))
    };
    running.tray.menu_where("1 shared", tells).await?;
    drop(share);
    let again = running.tray.picture_other_than(&active).await?;
    assert_eq!(again, idle);
    assert!(fs::metadata(running.tray.icon().await?)?.len() > 0);
    Ok(())
}
