//! However it is ended, what is under way gets its time.

use anyhow::{Context, Result};
use e2e::{Home, Malai, Origin, client};
use hyper::{Request, Response, body::Incoming};
use nix::sys::signal::Signal;

use crate::desk::{Desk, Running, bridge};

/// A friend's download from the application that has begun and waits for the gate.
struct Download {
    origin: Origin,
    response: Response<Incoming>,
    _bridge: Malai,
    _friend: Home,
}

impl Download {
    async fn begin(desk: &Desk, running: &Running) -> Result<Self> {
        let origin = Origin::start().await?;
        running.share(&origin).await?;
        let link = desk.session.clipboard_begins("malai://").await?;
        let friend = desk.home()?;
        let (bridge, url) = bridge(&friend, &link).await?;
        let request = Request::get(format!("{url}/gated")).body(client::empty())?;
        let mut response = client::open(request).await?;
        let first = client::piece(response.body_mut()).await?;
        assert_eq!(first.as_deref(), Some("first"), "{}", bridge.said());
        Ok(Self {
            origin,
            response,
            _bridge: bridge,
            _friend: friend,
        })
    }

    /// Lets the rest come.
    async fn finish(self) -> Result<String> {
        self.origin.gate().open();
        Ok(client::read(self.response).await?.text())
    }
}

#[tokio::test]
async fn quit_lets_a_download_finish() -> Result<()> {
    let mut desk = Desk::new().await?;
    let home = desk.home()?;
    let mut running = desk.start(&home).await?;
    let download = Download::begin(&desk, &running).await?;
    running.tray.click(&["Quit"]).await?;
    running.tray.row(&["○ Finishing 1 request…"]).await?;
    assert!(running.malai.is_running()?);
    assert_eq!(download.finish().await?, "last");
    assert_eq!(running.malai.exit().await?, 0, "{}", running.malai.said());
    running.tray.is_gone().await?;
    Ok(())
}

#[tokio::test]
async fn sigterm_lets_a_download_finish() -> Result<()> {
    let mut desk = Desk::new().await?;
    let home = desk.home()?;
    let mut running = desk.start(&home).await?;
    let download = Download::begin(&desk, &running).await?;
    running.malai.signal(Signal::SIGTERM)?;
    running.tray.row(&["○ Finishing 1 request…"]).await?;
    assert_eq!(download.finish().await?, "last");
    assert_eq!(running.malai.exit().await?, 0, "{}", running.malai.said());
    Ok(())
}

#[tokio::test]
async fn quit_twice_ends_at_once() -> Result<()> {
    let mut desk = Desk::new().await?;
    let home = desk.home()?;
    let mut running = desk.start(&home).await?;
    let download = Download::begin(&desk, &running).await?;
    running.tray.click(&["Quit"]).await?;
    running.tray.click(&["Quit at once"]).await?;
    running.malai.exit().await?;
    let rest = client::read(download.response).await;
    rest.err().context("the body looks complete")?;
    Ok(())
}

#[tokio::test]
async fn what_was_shared_by_a_click_does_not_come_back() -> Result<()> {
    let mut desk = Desk::new().await?;
    let home = desk.home()?;
    let mut running = desk.start(&home).await?;
    let origin = Origin::start().await?;
    running.share(&origin).await?;
    desk.session.clipboard_begins("malai://").await?;
    running.tray.click(&["Quit"]).await?;
    assert_eq!(running.malai.exit().await?, 0);
    let again = desk.start(&home).await?;
    again.tray.row(&["Shared", "Nothing is shared"]).await?;
    Ok(())
}
