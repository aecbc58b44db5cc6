//! An icon in the tray and its menu, as the panel reads and clicks them.

use std::{
    fs,
    path::PathBuf,
    sync::{Mutex, PoisonError},
};

use anyhow::{Context, Result, ensure};
use zbus::{
    Connection, Proxy,
    names::OwnedBusName,
    zvariant::{OwnedObjectPath, Value},
};

use super::menu::{Layout, Row};
use crate::{wait_until, within};

/// What the bus says in the place of one that has gone.
const NO_REPLY: &str = "org.freedesktop.DBus.Error.NoReply";

/// An icon that has registered.
#[derive(Debug)]
pub struct Tray {
    owner: OwnedBusName,
    item: Proxy<'static>,
    menu: Proxy<'static>,
}

impl Tray {
    /// The icon of `owner` at `path`.
    pub(super) async fn at(connection: &Connection, owner: &str, path: &str) -> Result<Self> {
        let item = proxy(connection, owner, path, "org.kde.StatusNotifierItem").await?;
        let menu: OwnedObjectPath = within("the menu", item.get_property("Menu")).await??;
        let menu = proxy(connection, owner, menu.as_str(), "com.canonical.dbusmenu").await?;
        let tray = Self {
            owner: OwnedBusName::try_from(owner.to_owned())?,
            item,
            menu,
        };
        // An icon is announced a moment before its menu can be asked for.
        wait_until("the menu", || async {
            match tray.layout().await? {
                Ok(_) => Ok(true),
                Err(zbus::Error::MethodError(name, ..)) if name.ends_with("UnknownMethod") => {
                    Ok(false)
                }
                Err(error) => Err(error.into()),
            }
        })
        .await?;
        Ok(tray)
    }

    /// The menu as it is; its rows are the children of the row that is returned.
    ///
    /// # Errors
    /// When the application does not answer.
    pub async fn menu(&self) -> Result<Row> {
        let (_revision, layout) = self.layout().await??;
        Row::read(layout)
    }

    async fn layout(&self) -> Result<zbus::Result<(u32, Layout)>> {
        let everything = (0_i32, -1_i32, Vec::<&str>::new());
        within("the menu", self.menu.call("GetLayout", &everything)).await
    }

    /// Waits until the menu is as `matches` wants it.
    ///
    /// # Errors
    /// When it takes too long; the message has the menu as it is then.
    pub async fn menu_where(&self, what: &str, matches: impl Fn(&Row) -> bool) -> Result<Row> {
        let waited = wait_until(what, || async { Ok(matches(&self.menu().await?)) }).await;
        let menu = self.menu().await?;
        waited.with_context(|| format!("the menu is\n{menu}"))?;
        Ok(menu)
    }

    /// Waits for the row at the end of `path`, each part of which is a label or how one begins.
    ///
    /// # Errors
    /// When it takes too long.
    pub async fn row(&self, path: &[&str]) -> Result<Row> {
        let what = format!("row {path:?}");
        let menu = self
            .menu_where(&what, |menu| menu.find(path).is_some())
            .await?;
        Ok(menu.find(path).context("the row went away")?.clone())
    }

    /// Waits until no row is at the end of `path`.
    ///
    /// # Errors
    /// When it takes too long.
    pub async fn row_is_gone(&self, path: &[&str]) -> Result<()> {
        let what = format!("the end of row {path:?}");
        self.menu_where(&what, |menu| menu.find(path).is_none())
            .await?;
        Ok(())
    }

    /// Clicks the row at the end of `path`, once it is there.
    ///
    /// # Errors
    /// When it does not come, or cannot be clicked.
    pub async fn click(&self, path: &[&str]) -> Result<()> {
        let row = self.row(path).await?;
        ensure!(row.enabled, "{path:?} cannot be clicked: {row:?}");
        let event = (row.id, "clicked", Value::from(""), 0_u32);
        let clicked: zbus::Result<()> =
            within("the click", self.menu.call("Event", &event)).await?;
        match clicked {
            // What is told to quit may be gone before it has answered.
            Err(zbus::Error::MethodError(name, ..)) if name == NO_REPLY => Ok(()),
            clicked => clicked.with_context(|| format!("cannot click {path:?}")),
        }
    }

    /// The file of the icon that is shown.
    ///
    /// # Errors
    /// When the application does not say.
    pub async fn icon(&self) -> Result<PathBuf> {
        // Read past the proxy's cache: an icon that changes sends no signal of its properties.
        let name: String = self.property("IconName").await?;
        let name = PathBuf::from(name);
        if name.is_absolute() {
            return Ok(name);
        }
        let directory: String = self.property("IconThemePath").await?;
        let file = PathBuf::from(directory).join(name);
        Ok(match file.extension() {
            Some(_) => file,
            None => file.with_extension("png"),
        })
    }

    /// Waits until the icon's picture differs from `before`, and returns it.
    ///
    /// # Errors
    /// When it takes too long.
    pub async fn picture_other_than(&self, before: &[u8]) -> Result<Vec<u8>> {
        // Read once: the file of an icon goes away when the next one comes.
        let found = Mutex::new(Vec::new());
        wait_until("another icon", || async {
            let picture = fs::read(self.icon().await?).unwrap_or_default();
            let is_other = !picture.is_empty() && picture != before;
            *found.lock().unwrap_or_else(PoisonError::into_inner) = picture;
            Ok(is_other)
        })
        .await?;
        Ok(found.into_inner().unwrap_or_else(PoisonError::into_inner))
    }

    /// Waits until the icon's owner has left the bus.
    ///
    /// # Errors
    /// When it takes too long.
    pub async fn is_gone(&self) -> Result<()> {
        let bus = zbus::fdo::DBusProxy::new(self.item.connection()).await?;
        wait_until("the icon's end", || async {
            Ok(!bus.name_has_owner(self.owner.as_ref()).await?)
        })
        .await
    }

    async fn property(&self, name: &str) -> Result<String> {
        let message = ("org.kde.StatusNotifierItem", name);
        let properties = "org.freedesktop.DBus.Properties";
        let connection = self.item.connection();
        let asked = connection.call_method(
            Some(&self.owner),
            self.item.path(),
            Some(properties),
            "Get",
            &message,
        );
        let told = within(name, asked).await??;
        let value: zbus::zvariant::OwnedValue = told.body().deserialize()?;
        Ok(value.try_into()?)
    }
}

async fn proxy(
    connection: &Connection,
    owner: &str,
    path: &str,
    interface: &str,
) -> Result<Proxy<'static>> {
    let (owner, path, interface) = (owner.to_owned(), path.to_owned(), interface.to_owned());
    Ok(Proxy::new(connection, owner, path, interface).await?)
}
