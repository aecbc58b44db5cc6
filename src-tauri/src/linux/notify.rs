//! Notifications with a *Show* that works, by org.freedesktop.Notifications; [`asking`] has those
//! that want an answer.
//!
//! Sent over GTK's own connection to the session bus, so it costs no thread and no library; with
//! no such service or no bus nothing is shown.

mod asking;

use std::{
    cell::RefCell,
    collections::{HashMap, VecDeque},
};

use gtk::{
    gio::{
        self, BusNameWatcherFlags, BusType, Cancellable, DBusCallFlags, DBusConnection,
        DBusSignalFlags,
    },
    glib::{self, Variant, variant::ToVariant as _},
};
use malai_api::Navigation;
use tracing::debug;

use self::asking::Questions;
pub(crate) use self::asking::{ask, withdraw};
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

/// As long as the service shows notifications.
const AS_USUAL: i32 = -1;

thread_local! {
    /// Belongs to the main thread, like everything of the toolkit.
    static NOTIFIER: RefCell<Notifier> = RefCell::default();
}

#[derive(Default)]
struct Notifier {
    bus: Option<DBusConnection>,
    shown: VecDeque<(u32, Navigation)>,
    questions: Questions,
}

/// A notification to be sent.
struct Sent {
    title: String,
    body: String,
    /// A key and a label for each.
    actions: Vec<(&'static str, &'static str)>,
    is_urgent: bool,
    /// In milliseconds.
    lasts: i32,
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
    // A service that takes its place counts from the beginning: the numbers mean others then.
    gio::bus_watch_name(
        BusType::Session,
        NAME,
        BusNameWatcherFlags::NONE,
        |_, _, _| {},
        |_, _| NOTIFIER.with_borrow_mut(Notifier::forget),
    );
}

/// Shows a notification.
pub(crate) fn notify(_desktop: &Desktop, notice: Notice) {
    let Notice {
        title,
        body,
        show,
        failed,
    } = notice;
    let sent = Sent {
        title,
        body,
        actions: vec![(DEFAULT, "Show"), (SHOW, "Show")],
        is_urgent: failed,
        lasts: AS_USUAL,
    };
    send(sent, move |id| {
        NOTIFIER.with_borrow_mut(|notifier| notifier.remember(id, show));
    });
}

impl Notifier {
    fn remember(&mut self, id: u32, show: Navigation) {
        if self.shown.len() == MOST_REMEMBERED {
            self.shown.pop_front();
        }
        self.shown.push_back((id, show));
    }

    fn forget(&mut self) {
        self.shown.clear();
        self.questions.forget();
    }

    /// What pressing a button means.
    fn pressed(&self, id: u32, action: &str) -> Option<Input> {
        if let Some(wish) = self.questions.shown_as(id) {
            return asking::pressed(wish, action);
        }
        if action != DEFAULT && action != SHOW {
            return None;
        }
        let (_, show) = self.shown.iter().find(|(shown, _)| *shown == id)?;
        Some(Input::Show(show.clone()))
    }
}

fn on_action(desktop: &Desktop, invoked: &Variant) {
    let Some((id, action)) = invoked.get::<(u32, String)>() else {
        return;
    };
    let input = NOTIFIER.with_borrow(|notifier| notifier.pressed(id, &action));
    if let Some(input) = input {
        desktop.ask(input);
    }
}

/// Sends a notification; `shown` gets its number.
fn send(sent: Sent, shown: impl FnOnce(u32) + 'static) {
    let urgency = u8::from(sent.is_urgent);
    let hints = HashMap::from([
        ("urgency".to_owned(), urgency.to_variant()),
        ("desktop-entry".to_owned(), "malai".to_variant()),
    ]);
    let actions = sent.actions.into_iter();
    let actions: Vec<&str> = actions.flat_map(|(key, label)| [key, label]).collect();
    let parameters = (
        "malai",
        0_u32,
        "malai",
        sent.title,
        // Services may show a part of HTML in bodies.
        glib::markup_escape_text(&sent.body).to_string(),
        actions,
        hints,
        sent.lasts,
    );
    call(
        "Notify",
        Some(&parameters.to_variant()),
        |answer| match answer.get::<(u32,)>() {
            Some((id,)) => shown(id),
            None => debug!("the notification service answers strangely"),
        },
    );
}

/// Calls the notification service; `then` is left out when it does not answer.
fn call(method: &'static str, parameters: Option<&Variant>, then: impl FnOnce(&Variant) + 'static) {
    let Some(bus) = NOTIFIER.with_borrow(|notifier| notifier.bus.clone()) else {
        return debug!("no session bus: no notification");
    };
    bus.call(
        Some(NAME),
        PATH,
        NAME,
        method,
        parameters,
        None,
        DBusCallFlags::NONE,
        CALL_TIMEOUT,
        None::<&Cancellable>,
        move |answer| match answer {
            Ok(answer) => then(&answer),
            Err(error) => debug!(%error, method, "the notification service refuses"),
        },
    );
}
