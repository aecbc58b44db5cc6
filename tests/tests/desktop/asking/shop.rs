//! An application that shares with nobody, and guests who ask it.

use std::time::Duration;

use anyhow::{Context, Result};
use e2e::{Home, Malai, OFFLINE, Origin, client, client::Reply, desktop::Row};
use hyper::StatusCode;
use tokio::{task::JoinHandle, time::Instant};

use crate::desk::{Desk, Running, bridge};

/// How long somebody waits to be let in: enough for a person, or a test on a busy machine.
pub(super) const WAIT: Duration = Duration::from_secs(20);

/// The answer that somebody waits for, and how long it took.
pub(super) type Waiting = JoinHandle<Result<(Reply, Duration)>>;

/// An application that shares `shop` with nobody.
pub(super) struct Shop {
    pub(super) home: Home,
    pub(super) running: Running,
    link: String,
    _origin: Origin,
}

/// Somebody who asks for `shop` and waits for the answer.
pub(super) struct Guest {
    pub(super) id: String,
    _home: Home,
    _bridge: Malai,
    pub(super) url: String,
    waiting: Waiting,
}

impl Shop {
    pub(super) async fn open(desk: &mut Desk) -> Result<Self> {
        Self::of(desk.home()?, desk).await
    }

    pub(super) async fn of(home: Home, desk: &mut Desk) -> Result<Self> {
        let origin = Origin::start().await?;
        configure(&home, &origin)?;
        Self::started(home, origin, desk).await
    }

    pub(super) async fn started(home: Home, origin: Origin, desk: &mut Desk) -> Result<Self> {
        let running = desk.start(&home).await?;
        let status = home.run(&["status", "--json"]).await?.json()?;
        let link = status["services"][0]["link"].as_str();
        let link = link.with_context(|| status.to_string())?.to_owned();
        Ok(Self {
            home,
            running,
            link,
            _origin: origin,
        })
    }

    /// Somebody asks; called `name` here, if they have one.
    pub(super) async fn asked_by(&self, desk: &Desk, name: Option<&str>) -> Result<Guest> {
        let home = desk.home()?;
        let id = home.id().await?;
        if let Some(name) = name {
            let added = self.home.run(&["peer", "add", name, &id]).await?;
            assert_eq!(added.code, 0, "{added:?}");
        }
        let (bridge, url) = bridge(&home, &self.link).await?;
        let url = format!("{url}/sized");
        Ok(Guest {
            id,
            _home: home,
            _bridge: bridge,
            waiting: ask(&url),
            url,
        })
    }

    /// The row that asks about `who`, once it is there.
    pub(super) async fn asks(&self, who: &str) -> Result<String> {
        let row = self.running.tray.row(&[&wants(who)]).await;
        Ok(row.with_context(|| self.running.malai.said())?.label)
    }

    /// Waits until nobody is said to ask.
    pub(super) async fn is_quiet(&self) -> Result<()> {
        let quiet = |menu: &Row| !menu.to_string().contains("to be let in");
        self.running.tray.menu_where("nobody asks", quiet).await?;
        Ok(())
    }
}

impl Guest {
    /// How its row begins when it has no name.
    pub(super) fn stranger(&self) -> String {
        format!("Stranger {}", &self.id[..7])
    }

    pub(super) async fn gets_in(self) -> Result<()> {
        let (reply, _) = self.waiting.await??;
        assert_eq!(reply.status, StatusCode::OK, "{reply:?}");
        assert_eq!(reply.body.len(), 12_345);
        Ok(())
    }

    pub(super) async fn stays_outside(self) -> Result<()> {
        is_refused(self.waiting).await
    }
}

/// Has `home` share `origin` with nobody.
pub(super) fn configure(home: &Home, origin: &Origin) -> Result<()> {
    let (upstream, wait) = (origin.address(), WAIT.as_secs());
    home.configure(&format!(
        "{OFFLINE}\n[policy]\nask_timeout = \"{wait}s\"\n\n\
         [service.shop]\nupstream = \"{upstream}\"\n"
    ))
}

pub(super) fn ask(url: &str) -> Waiting {
    let url = url.to_owned();
    let since = Instant::now();
    tokio::spawn(async move { Ok((client::get(&url).await?, since.elapsed())) })
}

pub(super) async fn is_refused(waiting: Waiting) -> Result<()> {
    let (reply, waited) = waiting.await??;
    assert_eq!(reply.status, StatusCode::FORBIDDEN, "{reply:?}");
    assert_eq!(reply.header("malai-error"), "pending", "{reply:?}");
    // A denial cannot be told from an owner who is out.
    assert!(waited + Duration::from_secs(1) > WAIT, "after {waited:?}");
    Ok(())
}

fn wants(who: &str) -> String {
    format!("{who} wants to open shop")
}
