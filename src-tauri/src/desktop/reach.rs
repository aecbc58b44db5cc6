//! malai is never out of reach: where no panel shows its icon, the window is there.

use std::time::Duration;

use malai_api::Navigation;
use tauri::Manager as _;
use tokio::time::timeout;
use tracing::info;

use super::Desktop;
use crate::{controller::Input, window};

/// How long a panel may take to come, at login, or to come back after a crash.
const GRACE: Duration = Duration::from_secs(5);

/// Shows the window whenever there is no other way to reach malai.
pub(crate) async fn stay_in_reach(desktop: Desktop) {
    let mut panel = desktop.panel();
    loop {
        match timeout(GRACE, panel.changed()).await {
            Ok(Ok(())) => continue,
            Ok(Err(_)) => return,
            Err(_) => {}
        }
        let has_window = desktop.app().get_webview_window(window::LABEL).is_some();
        if !desktop.has_tray() && !has_window {
            info!("there is no tray; the window is shown");
            desktop.ask(Input::Show(Navigation::Home));
        }
        if panel.changed().await.is_err() {
            return;
        }
    }
}
