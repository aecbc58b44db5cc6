//! Starting with the session, hidden in the tray.
//!
//! The system has the say: what it says is read at the start, and the user may change it there.

#[cfg_attr(target_os = "linux", path = "autostart/linux.rs")]
#[cfg_attr(not(target_os = "linux"), path = "autostart/other.rs")]
mod system;

use std::path::{Path, PathBuf};

use tauri::AppHandle;

#[cfg(not(target_os = "linux"))]
pub(crate) use self::system::plugin;

/// Whether and how malai starts with the session.
#[derive(Debug)]
pub(crate) struct Autostart {
    #[cfg_attr(
        target_os = "linux",
        expect(dead_code, reason = "Linux needs a file alone")
    )]
    app: AppHandle,
    /// A home other than the usual one, which the start at login needs as well.
    #[cfg_attr(
        not(target_os = "linux"),
        expect(dead_code, reason = "only on Linux so far")
    )]
    home: Option<PathBuf>,
}

impl Autostart {
    pub(crate) fn new(app: &AppHandle, home: Option<&Path>) -> Self {
        Self {
            app: app.clone(),
            home: home.map(|home| std::path::absolute(home).unwrap_or_else(|_| home.to_owned())),
        }
    }
}
