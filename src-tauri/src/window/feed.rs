//! Telling the page what changes, for as long as there is one.

use std::sync::Arc;

use malai_api::Status;
use serde::Serialize;
use tauri::{Emitter as _, Manager as _};
use tokio::sync::broadcast::error::RecvError;
use tracing::debug;

use super::LABEL;
use crate::desktop::Desktop;

/// Passes on status, events and the application's state until the engine's thread has ended.
pub(crate) async fn feed(desktop: Desktop) {
    let mut status = desktop.host().status();
    let mut state = desktop.host().state();
    let mut events = desktop.host().events();
    let mut settings = desktop.settings();
    let mut panel = desktop.panel();
    loop {
        tokio::select! {
            changed = status.changed() => {
                if changed.is_err() {
                    return;
                }
                let known: Option<Arc<Status>> = status.borrow_and_update().clone();
                if let Some(known) = known {
                    tell(&desktop, "status", &*known);
                }
            }
            Ok(()) = state.changed() => tell(&desktop, "desktop", &desktop.state()),
            Ok(()) = settings.changed() => tell(&desktop, "desktop", &desktop.state()),
            Ok(()) = panel.changed() => tell(&desktop, "desktop", &desktop.state()),
            event = events.recv() => match event {
                Ok(event) => tell(&desktop, "event", &event),
                Err(RecvError::Lagged(lost)) => debug!(lost, "events came too fast"),
                Err(RecvError::Closed) => return,
            },
        }
    }
}

fn tell(desktop: &Desktop, event: &str, payload: &(impl Serialize + Clone)) {
    let app = desktop.app();
    if app.get_webview_window(LABEL).is_none() {
        return;
    }
    if let Err(error) = app.emit_to(LABEL, event, payload) {
        debug!(%error, "the window is not told");
    }
}
