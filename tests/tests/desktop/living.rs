//! How it lives beside everything else on a desktop.

use std::fs;

use anyhow::Result;
use e2e::{
    Home, Keychain, Origin,
    desktop::{Panel, Session, process_tree},
    wait_until,
};

use crate::desk::{Desk, TITLE};

#[tokio::test]
async fn a_second_start_shows_the_window_of_the_first_and_ends() -> Result<()> {
    let mut desk = Desk::new().await?;
    let home = desk.home()?;
    let mut running = desk.start(&home).await?;
    desk.session.window_is_shown(TITLE, false).await?;
    let mut second = home.start_desktop(&[])?;
    assert_eq!(second.exit().await?, 0, "{}", second.said());
    desk.session.window_is_shown(TITLE, true).await?;
    assert!(running.malai.is_running()?);
    assert_eq!(desk.panel.registered(), 1, "only one icon");
    Ok(())
}

#[tokio::test]
async fn closing_the_window_hides_to_the_tray_and_takes_webkit_away() -> Result<()> {
    let mut desk = Desk::new().await?;
    desk.session.manage_windows().await?;
    let home = desk.home()?;
    let mut running = desk.start(&home).await?;
    let id = running.malai.id();
    let pages = || -> Result<usize> {
        let tree = process_tree(id)?;
        let is_page = |name: &str| name.starts_with("WebKitWebProc");
        Ok(tree.iter().filter(|one| is_page(&one.name)).count())
    };
    assert_eq!(pages()?, 0, "no page before there is a window");
    for _ in 0..2 {
        running.tray.click(&["Open malai"]).await?;
        desk.session.window_is_shown(TITLE, true).await?;
        wait_until("the page", || async { Ok(pages()? == 1) }).await?;
        desk.session.close_window(TITLE).await?;
        desk.session.window_is_shown(TITLE, false).await?;
        wait_until("the page's end", || async { Ok(pages()? == 0) }).await?;
    }
    assert!(running.malai.is_running()?);
    running.tray.row(&["Copy my id52"]).await?;
    Ok(())
}

#[tokio::test]
async fn without_a_tray_the_window_is_the_application() -> Result<()> {
    let session = Session::start().await?;
    let home = session.home(Home::new()?);
    let _malai = home.start_desktop(&["--hidden"])?;
    session.window_is_shown(TITLE, true).await?;
    Ok(())
}

#[tokio::test]
async fn a_panel_that_comes_later_gets_the_icon() -> Result<()> {
    let session = Session::start().await?;
    let home = session.home(Home::new()?);
    let malai = home.start_desktop(&[])?;
    session.window_is_shown(TITLE, true).await?;
    let mut panel = Panel::start(&session).await?;
    let tray = panel.next().await?;
    tray.row(&["Copy my id52"]).await?;
    drop(malai);
    Ok(())
}

#[tokio::test]
async fn a_panel_that_does_not_have_the_icon_is_told_of_it_again() -> Result<()> {
    let session = Session::start().await?;
    let home = session.home(Home::new()?);
    let mut panel = Panel::start(&session).await?;
    panel.lose_next();
    let mut malai = home.start_desktop(&["--hidden"])?;
    let tray = panel.next().await?;
    tray.row(&["Copy my id52"]).await?;
    tray.click(&["Quit"]).await?;
    assert_eq!(malai.exit().await?, 0, "{}", malai.said());
    Ok(())
}

#[tokio::test]
async fn it_attaches_to_an_engine_that_runs_already_and_leaves_it_running() -> Result<()> {
    let mut desk = Desk::new().await?;
    let home = desk.home()?;
    let origin = Origin::start().await?;
    let config = home.config()?;
    home.configure(&format!(
        "{config}\n[service.shop]\nupstream = \"{}\"\n",
        origin.address()
    ))?;
    let mut serve = home.start(&["serve", "--json"])?;
    serve.event("shared").await?;
    let mut running = desk.start(&home).await?;
    running.tray.row(&["Shared", "shop", "Stop"]).await?;
    running.tray.click(&["Quit"]).await?;
    assert_eq!(running.malai.exit().await?, 0, "{}", running.malai.said());
    assert!(serve.is_running()?, "{}", serve.said());
    Ok(())
}

#[tokio::test]
async fn a_configuration_that_is_wrong_is_told_and_can_be_tried_again() -> Result<()> {
    let mut desk = Desk::new().await?;
    let home = desk.home()?;
    let good = home.config()?;
    home.configure("version = 1\n[service.shop]\nupstrem = 3000\n")?;
    let malai = home.start_desktop(&["--hidden"])?;
    let tray = desk.panel.next().await?;
    tray.row(&["○ Not running: "]).await?;
    home.configure(&good)?;
    tray.click(&["Try again"]).await?;
    tray.row(&["Copy my id52"]).await?;
    drop(malai);
    Ok(())
}

#[tokio::test]
async fn without_a_display_it_says_what_to_do() -> Result<()> {
    let keychain = Keychain::absent().await?;
    let home = keychain.home(Home::new()?);
    let mut malai = home.start_desktop(&[])?;
    assert_eq!(malai.exit().await?, 1, "{}", malai.said());
    let said = malai.stderr();
    assert!(said.contains("malai serve --ui"), "{said}");
    assert!(!said.contains("panicked"), "{said}");
    assert!(fs::read_dir(home.dir())?.count() <= 2, "it begins nothing");
    Ok(())
}
