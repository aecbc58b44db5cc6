//! What only Linux desktops have, by the GTK and D-Bus that the toolkit brings along.
//!
//! All of it runs on the main thread and waits for news; nothing is asked again and again.

mod clipboard;
mod closing;
pub(crate) mod gl;
mod notify;
mod registered;

use anyhow::Context as _;
use gtk::gio::{self, BusNameWatcherFlags, BusType};

pub(crate) use self::{
    closing::ask_to_quit,
    notify::{ask, notify, withdraw},
    registered::see_to_icon,
};
use crate::desktop::Desktop;

/// Who shows icons of the tray, when anybody does.
const PANEL: &str = "org.kde.StatusNotifierWatcher";

/// Makes sure that there is a display before the toolkit would panic for want of one.
///
/// # Errors
/// When there is none.
pub(crate) fn check_display() -> anyhow::Result<()> {
    gtk::init().ok().context(
        "there is no display to show the tray on; run `malai serve --ui` to use malai from a \
         browser",
    )
}

/// Begins to listen.
pub(crate) fn begin(desktop: &Desktop) {
    let (appeared, vanished) = (desktop.clone(), desktop.clone());
    gio::bus_watch_name(
        BusType::Session,
        PANEL,
        BusNameWatcherFlags::NONE,
        move |_, _, _| appeared.set_panel(true),
        move |_, _| vanished.set_panel(false),
    );
    notify::begin(desktop);
    clipboard::watch(desktop);
}
