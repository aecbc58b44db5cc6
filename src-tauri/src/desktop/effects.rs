//! What the controller asks for, done.

use anyhow::Context as _;
use malai_api::{Event, Navigation};
use tauri::{Emitter as _, async_runtime};
use tracing::{debug, warn};

use super::Desktop;
use crate::{
    menu::Menu,
    shell::{Notice, Shell},
    tray::Icon,
    window,
};

impl Shell for Desktop {
    fn set_tray(&self, menu: Menu, icon: Icon) {
        self.on_main_thread(move |desktop| desktop.update_tray(menu, icon));
    }

    fn show(&self, navigation: Navigation) {
        let desktop = self.clone();
        // On some systems a window cannot be made from within the main thread's own events.
        async_runtime::spawn_blocking(move || {
            if let Err(error) = desktop.window().show(&desktop, navigation) {
                warn!(error = %format!("{error:#}"), "the window cannot be shown");
            }
        });
    }

    fn notify(&self, notice: Notice) {
        if self.parts.settings.borrow().notifications {
            #[cfg(target_os = "linux")]
            self.on_main_thread(move |desktop| crate::linux::notify(desktop, notice));
            #[cfg(not(target_os = "linux"))]
            crate::notify::notify(notice);
        } else if notice.failed {
            self.show(notice.show);
        }
    }

    fn tell_window(&self, event: Event) {
        if let Err(error) = self.app().emit_to(window::LABEL, "event", event) {
            debug!(%error, "the window is not told");
        }
    }

    async fn copy(&self, text: String) -> anyhow::Result<()> {
        self.clipboard().copy(text).await
    }

    async fn open(&self, url: String) -> anyhow::Result<()> {
        open(url).await
    }

    fn exit(&self, code: i32) {
        self.end(code);
    }
}

/// Opens a URL or a path with what the user has chosen for it.
///
/// # Errors
/// When nothing can open it.
pub(crate) async fn open(target: String) -> anyhow::Result<()> {
    let opening = async_runtime::spawn_blocking(move || open::that_detached(target));
    opening.await?.context("no program opens it")
}
