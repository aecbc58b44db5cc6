//! The real tray: an icon and a menu that follow a [`Menu`] value by small edits.
//!
//! Everything here runs on the main thread.

mod diff;
mod icon;
mod items;
#[cfg(target_os = "linux")]
mod library;

use anyhow::Context as _;
use tauri::{
    AppHandle, Wry,
    tray::{TrayIcon, TrayIconBuilder},
};

pub(crate) use self::icon::Icon;
use self::{icon::Panel, items::Items};
use crate::menu::Menu;

/// The tray icon's id.
const ID: &str = "main";

/// The tray as it is.
pub(crate) struct Tray {
    app: AppHandle,
    icon: TrayIcon<Wry>,
    shown: Icon,
    panel: Panel,
    menu: Menu,
    items: Items,
}

impl Tray {
    /// Puts an icon with a menu into the tray; `clicked` is told the path of ids of each row that is clicked.
    ///
    /// # Errors
    /// When this system cannot show any.
    pub(crate) fn new(
        app: &AppHandle,
        menu: Menu,
        clicked: impl Fn(String) + Send + Sync + 'static,
    ) -> anyhow::Result<Self> {
        #[cfg(target_os = "linux")]
        library::check()?;
        let shown = Icon::Idle;
        let panel = Panel::guess();
        let mut items = Items::new(app)?;
        for edit in diff::diff(&[], &menu.rows) {
            items.apply(app, edit)?;
        }
        let icon = TrayIconBuilder::with_id(ID)
            .icon(shown.image(panel))
            .icon_as_template(cfg!(target_os = "macos"))
            .tooltip("malai")
            .menu(items.root())
            .show_menu_on_left_click(true)
            .on_menu_event(move |_, event| clicked(event.id().as_ref().to_owned()))
            .build(app)
            .context("cannot show an icon in the tray")?;
        Ok(Self {
            app: app.clone(),
            icon,
            shown,
            panel,
            menu,
            items,
        })
    }

    /// Brings icon and menu in line.
    ///
    /// # Errors
    /// When the system refuses a step; the next call begins from what was shown before.
    pub(crate) fn set(&mut self, menu: Menu, icon: Icon) -> anyhow::Result<()> {
        if icon != self.shown {
            self.icon.set_icon_with_as_template(
                Some(icon.image(self.panel)),
                cfg!(target_os = "macos"),
            )?;
            self.shown = icon;
        }
        for edit in diff::diff(&self.menu.rows, &menu.rows) {
            self.items.apply(&self.app, edit)?;
        }
        self.menu = menu;
        Ok(())
    }
}
