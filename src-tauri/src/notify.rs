//! Notifications on macOS and Windows, without a button. Not yet run.

use tauri::async_runtime;
use tracing::debug;

use crate::shell::Notice;

/// Shows a notification.
pub(crate) fn notify(notice: Notice) {
    async_runtime::spawn_blocking(move || {
        let shown = notify_rust::Notification::new()
            .appname("malai")
            .summary(&notice.title)
            .body(&notice.body)
            .show();
        if let Err(error) = shown {
            debug!(%error, "the notification is not shown");
        }
    });
}
