//! Notifications on macOS and Windows, without a button. Not yet run.

use tauri::async_runtime;
use tracing::debug;

use crate::{asking::Question, shell::Notice};

/// Shows a notification.
pub(crate) fn notify(notice: Notice) {
    show(notice.title, notice.body);
}

/// Says that there is a question; it is answered elsewhere.
pub(crate) fn ask(question: Question) {
    let body = question.body_without_buttons();
    show(question.title, body);
}

fn show(title: String, body: String) {
    async_runtime::spawn_blocking(move || {
        let shown = notify_rust::Notification::new()
            .appname("malai")
            .summary(&title)
            .body(&body)
            .show();
        if let Err(error) = shown {
            debug!(%error, "the notification is not shown");
        }
    });
}
