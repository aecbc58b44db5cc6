//! What the controller asks for, done.

use std::{process::Stdio, time::Duration};

use anyhow::{anyhow, ensure};
use malai_api::{Event, Navigation};
use tauri::{Emitter as _, async_runtime};
use tokio::{process::Command, time::timeout};
use tracing::{debug, warn};

use super::Desktop;
use crate::{
    asking::{Question, Wish},
    menu::Menu,
    shell::{Notice, Shell},
    tray::Icon,
    window,
};

/// How long a program may take to say that it cannot open something; a browser that has to start
/// goes on.
const SOON: Duration = Duration::from_secs(3);

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

    fn ask(&self, question: Question) {
        if !self.parts.settings.borrow().notifications {
            return debug!("notifications are off: the question is in the tray and the window");
        }
        #[cfg(target_os = "linux")]
        self.on_main_thread(move |_| crate::linux::ask(question));
        #[cfg(not(target_os = "linux"))]
        crate::notify::ask(question);
    }

    fn withdraw(&self, wish: Wish) {
        #[cfg(target_os = "linux")]
        self.on_main_thread(move |_| crate::linux::withdraw(&wish));
        #[cfg(not(target_os = "linux"))]
        debug!(service = wish.service, "a notification of it stays");
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
    let mut failed = None;
    for command in open::commands(&target) {
        match start(command).await {
            Ok(()) => return Ok(()),
            Err(error) => failed = Some(error),
        }
    }
    let failed = failed.unwrap_or_else(|| anyhow!("there is none"));
    Err(failed.context("no program opens it"))
}

/// Starts a program and lets it go; it has failed when it says so soon.
async fn start(command: std::process::Command) -> anyhow::Result<()> {
    let mut command = Command::from(command);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    // It has nothing to do with how malai draws, nor with a Ctrl-C that is for malai.
    #[cfg(target_os = "linux")]
    command.env_remove(crate::linux::gl::VARIABLE);
    #[cfg(unix)]
    command.process_group(0);
    let mut child = command.spawn()?;
    match timeout(SOON, child.wait()).await {
        Ok(ended) => {
            let ended = ended?;
            ensure!(ended.success(), "it ended with {ended}");
            Ok(())
        }
        // The runtime notices its end.
        Err(_) => Ok(()),
    }
}
