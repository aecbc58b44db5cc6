//! Notifications with a *Show* that works, by org.freedesktop.Notifications.
//!
//! Sent over GTK's own connection to the session bus, so it costs no thread and no library; with
//! no such service or no bus nothing is shown.

use std::{
    cell::RefCell,
    collections::{HashMap, VecDeque},
};

use gtk::{
    gio::{self, BusType, Cancellable, DBusCallFlags, DBusConnection, DBusSignalFlags},
    glib::{self, Variant, VariantTy, variant::ToVariant as _},
};
use malai_api::Navigation;
use tracing::debug;

use crate::{controller::Input, desktop::Desktop, shell::Notice};

const NAME: &str = "org.freedesktop.Notifications";
const PATH: &str = "/org/freedesktop/Notifications";

/// The action of a click on the notification itself.
const DEFAULT: &str = "default";
/// The action of its button.
const SHOW: &str = "show";

/// Notifications whose click still leads somewhere; older ones only go away.
const MOST_REMEMBERED: usize = 32;

/// How long the service may take, in milliseconds.
const CALL_TIMEOUT: i32 = 5_000;

thread_local! {
    /// Belongs to the main thread, like everything of the toolkit.
    static NOTIFIER: RefCell<Notifier> = RefCell::default();
}

#[derive(Default)]
struct Notifier {
    bus: Option<DBusConnection>,
    shown: VecDeque<(u32, Navigation)>,
}

/// Connects to the session's bus.
pub(super) fn begin(desktop: &Desktop) {
    let desktop = desktop.clone();
    gio::bus_get(
        BusType::Session,
        None::<&Cancellable>,
        move |bus| match bus {
            Ok(bus) => {
                bus.signal_subscribe(
                    Some(NAME),
                    Some(NAME),
                    Some("ActionInvoked"),
                    Some(PATH),
                    None,
                    DBusSignalFlags::NONE,
                    move |_, _, _, _, _, invoked| on_action(&desktop, invoked),
                );
                NOTIFIER.with_borrow_mut(|notifier| notifier.bus = Some(bus));
            }
            Err(error) => debug!(%error, "no session bus: no notifications"),
        },
    );
}

/// Shows a notification.
pub(crate) fn notify(_desktop: &Desktop, notice: Notice) {
    let Some(bus) = NOTIFIER.with_borrow(|notifier| notifier.bus.clone()) else {
        return debug!("no session bus: no notification");
    };
    let Notice {
        title,
        body,
        show,
        failed,
    } = notice;
    let urgency: u8 = if failed { 1 } else { 0 };
    let hints = HashMap::from([
        ("urgency".to_owned(), urgency.to_variant()),
        ("desktop-entry".to_owned(), "malai".to_variant()),
    ]);
    let actions = [DEFAULT, "Show", SHOW, "Show"].map(str::to_owned).to_vec();
    let parameters = (
        "malai",
        0_u32,
        "malai",
        title,
        // Services may show a part of HTML in bodies.
        glib::markup_escape_text(&body).to_string(),
        actions,
        hints,
        -1_i32,
    );
    bus.call(
        Some(NAME),
        PATH,
        NAME,
        "Notify",
        Some(&parameters.to_variant()),
        Some(VariantTy::new("(u)").unwrap_or(VariantTy::TUPLE)),
        DBusCallFlags::NONE,
        CALL_TIMEOUT,
        None::<&Cancellable>,
        move |answer| match answer.map(|answer| answer.get::<(u32,)>()) {
            Ok(Some((id,))) => remember(id, show),
            Ok(None) => debug!("the notification service answers strangely"),
            Err(error) => debug!(%error, "the notification is not shown"),
        },
    );
}

fn remember(id: u32, show: Navigation) {
    NOTIFIER.with_borrow_mut(|notifier| {
        if notifier.shown.len() == MOST_REMEMBERED {
            notifier.shown.pop_front();
        }
        notifier.shown.push_back((id, show));
    });
}

fn on_action(desktop: &Desktop, invoked: &Variant) {
    let Some((id, action)) = invoked.get::<(u32, String)>() else {
        return;
    };
    if action != DEFAULT && action != SHOW {
        return;
    }
    let found = NOTIFIER.with_borrow(|notifier| {
        let mut shown = notifier.shown.iter();
        shown
            .find(|(shown, _)| *shown == id)
            .map(|(_, show)| show.clone())
    });
    if let Some(navigation) = found {
        desktop.ask(Input::Show(navigation));
    }
}
