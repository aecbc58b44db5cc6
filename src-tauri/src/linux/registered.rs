//! Whether the panel has our icon.
//!
//! The tray's library tells the panel of an icon as soon as it hears of a panel, which on a busy
//! machine can be before it has its own connection to the bus. Then it tells nobody, and never
//! again; so the panel is asked, and told of an icon that it does not know.

use std::time::Duration;

use gtk::{
    gio::{self, BusType, Cancellable, DBusCallFlags, DBusConnection},
    glib::{self, Error, Variant, prelude::ToVariant as _},
};
use tracing::{debug, warn};

use super::PANEL;

/// Where the panel can be asked.
const PANEL_PATH: &str = "/StatusNotifierWatcher";
/// Where the tray's library puts the icon whose id is `main`, on the connection that all here share.
const ICON_PATH: &str = "/org/ayatana/NotificationItem/tray_icon_tray_app_main";
/// How long the library may take.
const PATIENCE: Duration = Duration::from_secs(3);
/// How long the panel may take to answer, in milliseconds.
const ANSWER_MS: i32 = 5000;

/// Tells the panel of the icon, once, when it does not have it in a while.
pub(crate) fn see_to_icon() {
    glib::timeout_add_local_once(PATIENCE, || {
        gio::bus_get(BusType::Session, Cancellable::NONE, |bus| match bus {
            Ok(bus) => ask(&bus),
            Err(error) => debug!(%error, "there is no bus to ask for the icon"),
        });
    });
}

fn ask(bus: &DBusConnection) {
    let Some(ourselves) = bus.unique_name() else {
        return;
    };
    let property = (PANEL, "RegisteredStatusNotifierItems").to_variant();
    let told = bus.clone();
    let answered = move |reply: Result<Variant, Error>| match reply.as_ref().map(items) {
        Ok(Some(items)) if !items.iter().any(|item| item.contains(ourselves.as_str())) => {
            warn!("the panel does not have the icon, and is told of it");
            tell(&told);
        }
        Ok(Some(_)) => {}
        Ok(None) => debug!("the panel does not say which icons it has"),
        Err(error) => debug!(%error, "the panel does not say which icons it has"),
    };
    call(
        bus,
        "org.freedesktop.DBus.Properties",
        "Get",
        &property,
        answered,
    );
}

fn tell(bus: &DBusConnection) {
    let icon = (ICON_PATH,).to_variant();
    call(bus, PANEL, "RegisterStatusNotifierItem", &icon, |reply| {
        if let Err(error) = reply {
            warn!(%error, "the panel does not take the icon");
        }
    });
}

fn call(
    bus: &DBusConnection,
    interface: &str,
    method: &str,
    arguments: &Variant,
    answered: impl FnOnce(Result<Variant, Error>) + 'static,
) {
    let flags = DBusCallFlags::NO_AUTO_START;
    bus.call(
        Some(PANEL),
        PANEL_PATH,
        interface,
        method,
        Some(arguments),
        None,
        flags,
        ANSWER_MS,
        Cancellable::NONE,
        answered,
    );
}

/// The names in the answer, each of which begins with the bus name of its program.
fn items(reply: &Variant) -> Option<Vec<String>> {
    reply.try_child_value(0)?.as_variant()?.get()
}
