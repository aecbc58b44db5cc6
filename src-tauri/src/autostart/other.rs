//! By a launch agent on macOS and the registry on Windows. Not yet run.

use tauri::{Wry, plugin::TauriPlugin};
use tauri_plugin_autostart::{MacosLauncher, ManagerExt as _};

use super::Autostart;

/// What the application needs for it.
pub(crate) fn plugin() -> TauriPlugin<Wry> {
    tauri_plugin_autostart::init(MacosLauncher::LaunchAgent, Some(vec!["--hidden"]))
}

impl Autostart {
    /// Whether malai starts with the session.
    ///
    /// # Errors
    /// When the system does not say.
    pub(crate) fn is_on(&self) -> anyhow::Result<bool> {
        Ok(self.app.autolaunch().is_enabled()?)
    }

    /// Has malai start with the session, or not.
    ///
    /// # Errors
    /// When the system refuses.
    pub(crate) fn set(&self, is_on: bool) -> anyhow::Result<()> {
        let autostart = self.app.autolaunch();
        if is_on {
            autostart.enable()?
        } else {
            autostart.disable()?
        }
        Ok(())
    }
}
