//! What shows notifications on a desktop (`org.freedesktop.Notifications`), keeping them for the
//! test.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use anyhow::{Context, Result, ensure};
use tokio::sync::watch;
use zbus::{Connection, connection, object_server::SignalEmitter};

use super::Session;
use crate::within;

/// Where the daemon is on the bus.
const PATH: &str = "/org/freedesktop/Notifications";

/// The daemon; notifications reach nobody after it.
#[derive(Debug)]
pub struct Notifications {
    connection: Connection,
    all: Arc<watch::Sender<Vec<Notification>>>,
    has_buttons: Arc<AtomicBool>,
}

/// One that was shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    /// The number that the application knows it by.
    pub id: u32,
    /// Its first line.
    pub summary: String,
    /// What it says.
    pub body: String,
    /// Its buttons: a key and a label for each.
    pub actions: Vec<(String, String)>,
    /// Whether the application has taken it back.
    pub is_closed: bool,
}

#[derive(Debug)]
struct Daemon {
    all: Arc<watch::Sender<Vec<Notification>>>,
    has_buttons: Arc<AtomicBool>,
}

#[zbus::interface(name = "org.freedesktop.Notifications")]
impl Daemon {
    #[expect(clippy::too_many_arguments, reason = "the protocol has that many")]
    fn notify(
        &self,
        _app_name: String,
        _replaces: u32,
        _icon: String,
        summary: String,
        body: String,
        actions: Vec<String>,
        _hints: std::collections::HashMap<String, zbus::zvariant::OwnedValue>,
        _timeout: i32,
    ) -> u32 {
        let mut words = actions.into_iter();
        let mut actions = Vec::new();
        while let (Some(key), Some(label)) = (words.next(), words.next()) {
            actions.push((key, label));
        }
        let mut id = 0;
        self.all.send_modify(|all| {
            id = u32::try_from(all.len())
                .unwrap_or(u32::MAX)
                .saturating_add(1);
            all.push(Notification {
                id,
                summary,
                body,
                actions,
                is_closed: false,
            });
        });
        id
    }

    fn close_notification(&self, id: u32) {
        self.all.send_modify(|all| {
            let found = all.iter_mut().filter(|one| one.id == id);
            found.for_each(|one| one.is_closed = true);
        });
    }

    fn get_capabilities(&self) -> Vec<&str> {
        if self.has_buttons.load(Ordering::Relaxed) {
            vec!["actions", "body"]
        } else {
            vec!["body"]
        }
    }

    fn get_server_information(&self) -> (&str, &str, &str, &str) {
        ("test", "malai", "1", "1.2")
    }

    #[zbus(signal)]
    async fn action_invoked(emitter: &SignalEmitter<'_>, id: u32, action: &str)
    -> zbus::Result<()>;

    #[zbus(signal)]
    async fn notification_closed(
        emitter: &SignalEmitter<'_>,
        id: u32,
        reason: u32,
    ) -> zbus::Result<()>;
}

impl Notifications {
    /// Starts the daemon in `session`.
    ///
    /// # Errors
    /// When the bus does not let it.
    pub async fn start(session: &Session) -> Result<Self> {
        let all = Arc::new(watch::Sender::default());
        let has_buttons = Arc::new(AtomicBool::new(true));
        let daemon = Daemon {
            all: Arc::clone(&all),
            has_buttons: Arc::clone(&has_buttons),
        };
        let connection = connection::Builder::address(session.bus())?
            .serve_at(PATH, daemon)?
            .name("org.freedesktop.Notifications")?
            .build();
        Ok(Self {
            connection: within("the notification daemon", connection).await??,
            all,
            has_buttons,
        })
    }

    /// From here on it shows no buttons, as some desktops do.
    pub fn have_no_buttons(&self) {
        self.has_buttons.store(false, Ordering::Relaxed);
    }

    /// Everything that was shown so far.
    #[must_use]
    pub fn all(&self) -> Vec<Notification> {
        self.all.borrow().clone()
    }

    /// Waits for one whose summary or body contains `part`.
    ///
    /// # Errors
    /// When it does not come in time.
    pub async fn says(&self, part: &str) -> Result<Notification> {
        let has = |one: &&Notification| one.summary.contains(part) || one.body.contains(part);
        let mut all = self.all.subscribe();
        let what = format!("a notification with `{part}`");
        let came = all.wait_for(|all| all.iter().any(|one| has(&one)));
        let came = within(&what, came).await;
        let came = came.with_context(|| format!("there were {:?}", self.all()))??;
        came.iter().find(has).cloned().context("it went away")
    }

    /// Waits until the application has taken a notification back.
    ///
    /// # Errors
    /// When it takes too long.
    pub async fn is_closed(&self, notification: &Notification) -> Result<()> {
        let mut all = self.all.subscribe();
        let is_it = |one: &Notification| one.id == notification.id && one.is_closed;
        let closed = all.wait_for(|all| all.iter().any(is_it));
        within(&format!("the end of {notification:?}"), closed).await??;
        Ok(())
    }

    /// Presses a button of a notification, which then goes away.
    ///
    /// # Errors
    /// When it has no such button, or the bus is gone.
    pub async fn press(&self, notification: &Notification, action: &str) -> Result<()> {
        let has_it = notification.actions.iter().any(|(key, _)| key == action);
        ensure!(has_it, "no `{action}` in {notification:?}");
        let emitter = SignalEmitter::new(&self.connection, PATH)?;
        Daemon::action_invoked(&emitter, notification.id, action).await?;
        // 2: the user has dismissed it.
        Daemon::notification_closed(&emitter, notification.id, 2).await?;
        Ok(())
    }
}
