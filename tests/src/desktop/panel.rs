//! A panel: the watcher that tray icons register with, and the host that shows them
//! (`org.kde.StatusNotifierWatcher`).

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use anyhow::{Context, Result};
use tokio::sync::watch;
use zbus::{Connection, connection, message::Header};

use super::{Session, Tray};
use crate::within;

/// A panel; a session has a tray as long as this lives.
#[derive(Debug)]
pub struct Panel {
    connection: Connection,
    items: Arc<watch::Sender<Vec<Item>>>,
    loses: Arc<AtomicBool>,
    shown: usize,
}

/// A tray icon that has registered: the program that owns it, and where it is in there.
#[derive(Debug, Clone)]
struct Item {
    owner: String,
    path: String,
}

#[derive(Debug)]
struct Watcher {
    items: Arc<watch::Sender<Vec<Item>>>,
    loses: Arc<AtomicBool>,
}

#[zbus::interface(name = "org.kde.StatusNotifierWatcher")]
impl Watcher {
    /// Who sends it owns the icon: libayatana names only a path, others only their bus name.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "the bus hands arguments over by value"
    )]
    fn register_status_notifier_item(
        &self,
        service: String,
        #[zbus(header)] header: Header<'_>,
    ) -> zbus::fdo::Result<()> {
        if self.loses.swap(false, Ordering::Relaxed) {
            return Ok(());
        }
        let Some(sender) = header.sender() else {
            return Err(zbus::fdo::Error::Failed("no sender".to_owned()));
        };
        let path = match service.starts_with('/') {
            true => service,
            false => "/StatusNotifierItem".to_owned(),
        };
        let owner = sender.to_string();
        self.items
            .send_modify(|items| items.push(Item { owner, path }));
        Ok(())
    }

    fn register_status_notifier_host(&self, _service: &str) {}

    #[zbus(property)]
    fn registered_status_notifier_items(&self) -> Vec<String> {
        let items = self.items.borrow();
        let name = |item: &Item| format!("{}{}", item.owner, item.path);
        items.iter().map(name).collect()
    }

    #[zbus(property)]
    fn is_status_notifier_host_registered(&self) -> bool {
        true
    }

    #[zbus(property)]
    fn protocol_version(&self) -> i32 {
        0
    }
}

impl Panel {
    /// Starts one in `session`.
    ///
    /// # Errors
    /// When the bus does not let it, for example because there is one already.
    pub async fn start(session: &Session) -> Result<Self> {
        let items = Arc::new(watch::Sender::default());
        let loses = Arc::new(AtomicBool::new(false));
        let watcher = Watcher {
            items: Arc::clone(&items),
            loses: Arc::clone(&loses),
        };
        let connection = connection::Builder::address(session.bus())?
            .serve_at("/StatusNotifierWatcher", watcher)?
            .name("org.kde.StatusNotifierWatcher")?
            .build();
        Ok(Self {
            connection: within("the panel", connection).await??,
            items,
            loses,
            shown: 0,
        })
    }

    /// Waits for the next icon that registers, those that did already included.
    ///
    /// # Errors
    /// When none comes in time.
    pub async fn next(&mut self) -> Result<Tray> {
        let mut items = self.items.subscribe();
        let next = items.wait_for(|items| items.len() > self.shown);
        let item = within("an icon in the tray", next).await??[self.shown].clone();
        self.shown += 1;
        Tray::at(&self.connection, &item.owner, &item.path).await
    }

    /// Takes no notice of the next icon that registers.
    pub fn lose_next(&self) {
        self.loses.store(true, Ordering::Relaxed);
    }

    /// How many icons have registered so far.
    #[must_use]
    pub fn registered(&self) -> usize {
        self.items.borrow().len()
    }

    /// Takes the panel away, as when it crashes.
    ///
    /// # Errors
    /// When the bus is gone.
    pub async fn close(self) -> Result<()> {
        let name = "org.kde.StatusNotifierWatcher";
        let released = self.connection.release_name(name).await;
        released.context("cannot give up the panel's name")?;
        Ok(())
    }
}
