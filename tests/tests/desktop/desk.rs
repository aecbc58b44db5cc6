//! A desktop with a panel and notifications, and the application on it.

use std::net::SocketAddr;

use anyhow::{Context, Result};
use e2e::{
    Home, Keychain, Malai, Origin, client,
    desktop::{Notifications, Panel, Session, Tray, Window},
};

/// What the window is called.
pub(crate) const TITLE: &str = "malai";

/// A desktop.
#[derive(Debug)]
pub(crate) struct Desk {
    pub(crate) session: Session,
    pub(crate) panel: Panel,
    pub(crate) notifications: Notifications,
}

/// The application on it, and its icon in the tray.
#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) malai: Malai,
    pub(crate) tray: Tray,
}

impl Desk {
    pub(crate) async fn new() -> Result<Self> {
        Self::with(Keychain::absent().await?).await
    }

    pub(crate) async fn with(keychain: Keychain) -> Result<Self> {
        let session = Session::with_keychain(keychain).await?;
        Ok(Self {
            panel: Panel::start(&session).await?,
            notifications: Notifications::start(&session).await?,
            session,
        })
    }

    /// A home on this desktop whose engine has nobody else on its network.
    pub(crate) fn home(&self) -> Result<Home> {
        Ok(self.session.home(Home::new()?))
    }

    /// The same, where whoever may not is refused without waiting.
    pub(crate) fn strict_home(&self) -> Result<Home> {
        let home = self.home()?;
        let config = home.config()?;
        home.configure(&format!("{config}\n[policy]\nask_timeout = \"0s\"\n"))?;
        Ok(home)
    }

    /// Starts the application hidden, and waits until its menu says that the engine runs.
    pub(crate) async fn start(&mut self, home: &Home) -> Result<Running> {
        let malai = home.start_desktop(&["--hidden"])?;
        let tray = self.panel.next().await.with_context(|| malai.said())?;
        let running = Running { malai, tray };
        running.is_ready().await?;
        Ok(running)
    }
}

/// A window by WebDriver, which has started the application, and its icon in the tray.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) window: Window,
    pub(crate) tray: Tray,
}

impl Desk {
    /// Starts the application of `home` with its window.
    pub(crate) async fn open(&mut self, home: &Home, args: &[&str]) -> Result<Opened> {
        let window = Window::open(home, args).await?;
        let tray = self.panel.next().await;
        let tray = tray.with_context(|| window.driver().said())?;
        Ok(Opened { window, tray })
    }
}

impl Opened {
    /// Ends the application by its menu.
    pub(crate) async fn quit(self) -> Result<()> {
        self.tray.click(&["Quit"]).await?;
        self.tray.is_gone().await
    }
}

impl Running {
    /// Waits until the engine runs.
    pub(crate) async fn is_ready(&self) -> Result<()> {
        let row = self.tray.row(&["Copy my id52"]).await;
        row.with_context(|| self.malai.said())?;
        Ok(())
    }

    /// Shares `origin` by its row in the menu.
    pub(crate) async fn share(&self, origin: &Origin) -> Result<()> {
        let row = format!("Share localhost:{}", origin.address().port());
        self.tray.click(&[&row]).await
    }
}

/// Opens `link` with another engine, and gets `path` through it.
pub(crate) async fn fetch(friend: &Home, link: &str, path: &str) -> Result<(Malai, client::Reply)> {
    let (bridge, url) = bridge(friend, link).await?;
    let reply = client::get(&format!("{url}{path}")).await;
    let reply = reply.with_context(|| bridge.said())?;
    Ok((bridge, reply))
}

/// Opens `link` with another engine; the URL of its bridge, without a slash at its end.
pub(crate) async fn bridge(friend: &Home, link: &str) -> Result<(Malai, String)> {
    let bridge = friend.start(&["bridge", link, "--json"])?;
    let bridged = bridge.event("bridged").await?;
    let local = bridged["local"].as_str().context("no local address")?;
    let url = format!("http://{local}");
    Ok((bridge, url))
}

/// A friend's share of `upstream` that `home` may use, called `shop`, and its link.
pub(crate) async fn shared_with(
    home: &Home,
    friend: &Home,
    upstream: SocketAddr,
) -> Result<(Malai, String)> {
    let id = home.id().await?;
    let upstream = upstream.to_string();
    let args = [
        "share", &upstream, "--name", "shop", "--allow", &id, "--json",
    ];
    let share = friend.start(&args)?;
    let shared = share.event("shared").await?;
    let link = shared["link"].as_str().context("no link")?.to_owned();
    Ok((share, link))
}
