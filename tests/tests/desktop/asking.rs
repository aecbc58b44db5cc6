//! Whoever asks to be let in is answered from the tray, from a notification, or elsewhere.

mod shop;

use anyhow::{Context, Result};
use e2e::{
    Origin,
    desktop::{Notification, Row},
    wait_until,
};

use self::shop::{Shop, WAIT, ask, configure, is_refused};
use crate::desk::{Desk, TITLE, bridge};

/// Questions among what was shown.
fn questions(desk: &Desk) -> Vec<Notification> {
    let all = desk.notifications.all().into_iter();
    all.filter(|one| one.summary.contains("wants to open"))
        .collect()
}

#[tokio::test]
async fn a_friend_is_let_in_by_the_tray_and_the_notification_goes() -> Result<()> {
    let mut desk = Desk::new().await?;
    let shop = Shop::open(&mut desk).await?;
    let tray = &shop.running.tray;
    let quiet = tray.picture_other_than(&[]).await?;
    let guest = shop.asked_by(&desk, Some("alice")).await?;

    let label = shop.asks("alice").await?;
    assert_eq!(label, "alice wants to open shop");
    let asking = tray.picture_other_than(&quiet).await?;
    let menu = tray.menu().await?;
    let labels = menu.labels();
    assert!(labels[0].ends_with(", 1 asks to be let in"), "{menu}");
    assert_eq!(labels[1], label, "{menu}");
    let answers = menu.find(&[&label]).context("the row went away")?.labels();
    let expected = [
        "Allow once",
        "Allow for 1 hour",
        "Always allow",
        "Deny",
        "Block",
    ];
    assert_eq!(answers, expected);
    let question = desk.notifications.says(&label).await?;

    tray.click(&[&label, "Allow once"]).await?;
    guest.gets_in().await?;
    shop.is_quiet().await?;
    tray.picture_other_than(&asking).await?;
    desk.notifications.is_closed(&question).await?;
    assert_eq!(questions(&desk).len(), 1);
    Ok(())
}

#[tokio::test]
async fn a_stranger_is_let_in_by_the_notification() -> Result<()> {
    let mut desk = Desk::new().await?;
    let shop = Shop::open(&mut desk).await?;
    let guest = shop.asked_by(&desk, None).await?;
    let question = desk.notifications.says("A stranger wants to open").await?;
    assert!(question.body.contains(&guest.id[..7]), "{question:?}");
    assert!(question.body.contains("nobody answers"), "{question:?}");
    let labels = question.actions.iter().map(|(_, label)| label.as_str());
    let labels: Vec<&str> = labels.collect();
    for label in ["Once", "1 hour", "Always", "Deny", "Block"] {
        assert!(labels.contains(&label), "{question:?}");
    }
    desk.notifications.press(&question, "hour").await?;
    let id = guest.id.clone();
    guest.gets_in().await?;
    shop.is_quiet().await?;
    let status = shop.home.run(&["status", "--json"]).await?.json()?;
    let let_in = &status["services"][0]["guests"][0];
    assert_eq!(let_in["peer"], id.as_str(), "{status}");
    let since = let_in["since"].as_u64().context("no beginning")?;
    assert_eq!(let_in["until"], since + 3600, "{status}");
    Ok(())
}

#[tokio::test]
async fn whoever_is_denied_stays_outside_and_is_not_heard_again() -> Result<()> {
    let mut desk = Desk::new().await?;
    let shop = Shop::open(&mut desk).await?;
    let guest = shop.asked_by(&desk, Some("alice")).await?;
    let label = shop.asks("alice").await?;
    let question = desk.notifications.says(&label).await?;
    shop.running.tray.click(&[&label, "Deny"]).await?;
    desk.notifications.is_closed(&question).await?;
    shop.is_quiet().await?;

    let again = ask(&guest.url);
    is_refused(again).await?;
    guest.stays_outside().await?;
    assert_eq!(questions(&desk).len(), 1, "one that is muted asks again");
    Ok(())
}

#[tokio::test]
async fn an_answer_in_a_terminal_takes_the_question_back_everywhere() -> Result<()> {
    let mut desk = Desk::new().await?;
    let shop = Shop::open(&mut desk).await?;
    let guest = shop.asked_by(&desk, Some("alice")).await?;
    let label = shop.asks("alice").await?;
    let question = desk.notifications.says(&label).await?;
    // A click beside the buttons is no answer.
    desk.notifications.press(&question, "default").await?;
    desk.session.window_is_shown(TITLE, true).await?;
    shop.asks("alice").await?;
    let allowed = shop.home.run(&["allow", "alice"]).await?;
    assert_eq!(allowed.code, 0, "{allowed:?}");
    guest.gets_in().await?;
    desk.notifications.is_closed(&question).await?;
    shop.running.tray.row_is_gone(&[&label]).await?;
    Ok(())
}

#[tokio::test]
async fn of_two_strangers_each_gets_the_answer_that_was_for_them() -> Result<()> {
    let mut desk = Desk::new().await?;
    let shop = Shop::open(&mut desk).await?;
    let first = shop.asked_by(&desk, None).await?;
    let second = shop.asked_by(&desk, None).await?;
    let let_in = shop.asks(&first.stranger()).await?;
    let denied = shop.asks(&second.stranger()).await?;
    let tray = &shop.running.tray;
    let both = |menu: &Row| {
        let labels = menu.labels();
        labels[0].ends_with(", 2 ask to be let in") && labels[1..3] == [&let_in, &denied]
    };
    tray.menu_where("two who ask", both).await?;

    tray.click(&[&denied, "Deny"]).await?;
    tray.click(&[&let_in, "Allow once"]).await?;
    first.gets_in().await?;
    second.stays_outside().await?;
    Ok(())
}

#[tokio::test]
async fn a_block_in_the_notification_is_kept_in_the_file() -> Result<()> {
    let mut desk = Desk::new().await?;
    let shop = Shop::open(&mut desk).await?;
    let guest = shop.asked_by(&desk, None).await?;
    let question = desk.notifications.says("A stranger wants to open").await?;
    desk.notifications.press(&question, "block").await?;
    wait_until("the block in malai.toml", || async {
        let config = shop.home.config()?;
        Ok(config.contains(&format!("block = [\"{}\"]", guest.id)))
    })
    .await?;
    shop.is_quiet().await?;
    guest.stays_outside().await
}

#[tokio::test]
async fn without_buttons_the_notification_says_where_to_answer() -> Result<()> {
    let mut desk = Desk::new().await?;
    desk.notifications.have_no_buttons();
    let shop = Shop::open(&mut desk).await?;
    let guest = shop.asked_by(&desk, Some("alice")).await?;
    let question = desk.notifications.says("alice wants to open shop").await?;
    assert!(question.body.contains("tray"), "{question:?}");
    assert_eq!(question.actions, []);
    let label = shop.asks("alice").await?;
    shop.running.tray.click(&[&label, "Always allow"]).await?;
    guest.gets_in().await
}

#[tokio::test]
async fn with_notifications_off_only_the_tray_asks() -> Result<()> {
    let mut desk = Desk::new().await?;
    let home = desk.home()?;
    std::fs::create_dir_all(home.path("state"))?;
    std::fs::write(
        home.path("state/desktop.json"),
        r#"{"notifications":false}"#,
    )?;
    let shop = Shop::of(home, &mut desk).await?;
    let guest = shop.asked_by(&desk, Some("alice")).await?;
    let label = shop.asks("alice").await?;
    shop.running
        .tray
        .click(&[&label, "Allow for 1 hour"])
        .await?;
    guest.gets_in().await?;
    assert_eq!(questions(&desk), []);
    Ok(())
}

#[tokio::test]
async fn it_asks_for_an_engine_that_runs_beside_it() -> Result<()> {
    let mut desk = Desk::new().await?;
    let home = desk
        .home()?
        .with_env("MALAI_ASK", WAIT.as_secs().to_string() + "s");
    let origin = Origin::start().await?;
    configure(&home, &origin)?;
    let serve = home.start(&["serve", "--json"])?;
    serve.event("shared").await?;
    let shop = Shop::started(home, origin, &mut desk).await?;
    let guest = shop.asked_by(&desk, Some("alice")).await?;
    let label = shop.asks("alice").await?;
    let question = desk.notifications.says(&label).await?;
    desk.notifications.press(&question, "once").await?;
    guest.gets_in().await?;
    shop.running.tray.row_is_gone(&[&label]).await
}

#[tokio::test]
async fn a_stranger_is_let_in_from_the_window() -> Result<()> {
    let mut desk = Desk::new().await?;
    let (home, friend) = (desk.home()?, desk.home()?);
    let origin = Origin::start().await?;
    configure(&home, &origin)?;
    let opened = desk.open(&home, &[]).await?;
    opened.tray.row(&["Copy my id52"]).await?;
    let status = home.run(&["status", "--json"]).await?.json()?;
    let link = status["services"][0]["link"].as_str();
    let link = link.with_context(|| status.to_string())?;
    let (bridge, url) = bridge(&friend, link).await?;
    let waiting = ask(&format!("{url}/sized"));
    opened.window.says("wants to open").await?;
    opened.window.press("admit-hour").await?;
    let (reply, _) = waiting.await?.with_context(|| bridge.said())?;
    assert_eq!(reply.body.len(), 12_345, "{reply:?}");
    opened.window.is_gone("asking").await?;
    opened.quit().await
}
