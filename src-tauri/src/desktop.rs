//! The desktop around the controller: what [`Shell`](crate::shell::Shell) asks for, done with the
//! real toolkit.
//!
//! Clones are the same one. Whatever touches the toolkit is handed to the main thread and never
//! waited for.

mod effects;
mod reach;

use std::{
    path::Path,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use anyhow::Context as _;
use malai_api::{DesktopSettings, DesktopState};
use malai_core::home::Home;
use tauri::{AppHandle, Manager as _};
use tokio::sync::watch;
use tracing::{debug, info, warn};

pub(crate) use self::{effects::open, reach::stay_in_reach};
use crate::{
    autostart::Autostart,
    clipboard::Clipboard,
    controller::{Inbox, Input},
    host::Host,
    menu::Menu,
    settings::SettingsFile,
    tray::{Icon, Tray},
    window::Window,
};

/// The application's parts.
#[derive(Clone)]
pub(crate) struct Desktop {
    parts: Arc<Parts>,
}

struct Parts {
    app: AppHandle,
    host: Host,
    inbox: OnceLock<Inbox>,
    clipboard: Clipboard,
    autostart: Autostart,
    file: SettingsFile,
    settings: watch::Sender<DesktopSettings>,
    /// Whether there is somebody to show our icon.
    has_panel: watch::Sender<bool>,
    tray: Mutex<TrayState>,
    window: Window,
    ended: AtomicBool,
}

/// The tray comes into being with its first menu.
#[derive(Default)]
enum TrayState {
    #[default]
    Fresh,
    Shown(Box<Tray>),
    /// This system can show none.
    None,
}

impl Desktop {
    /// The desktop of `app`; it is found again by [`Self::of`].
    pub(crate) fn new(
        app: &AppHandle,
        host: Host,
        home: &Home,
        file: SettingsFile,
        chosen_home: Option<&Path>,
    ) -> Self {
        let autostart = Autostart::new(app, chosen_home);
        let mut settings = file.read();
        // The system has the say: its user may have changed it there.
        match autostart.is_on() {
            Ok(is_on) => settings.start_at_login = is_on,
            Err(error) => warn!(%error, "not known whether malai starts at login"),
        }
        let desktop = Self {
            parts: Arc::new(Parts {
                app: app.clone(),
                window: Window::new(home),
                host,
                inbox: OnceLock::new(),
                clipboard: Clipboard::start(),
                autostart,
                file,
                settings: watch::Sender::new(settings),
                // Elsewhere there is always a panel.
                has_panel: watch::Sender::new(cfg!(not(target_os = "linux"))),
                tray: Mutex::default(),
                ended: AtomicBool::new(false),
            }),
        };
        if !app.manage(desktop.clone()) {
            debug!("there is a desktop already");
        }
        desktop
    }

    /// The desktop of `app`, once there is one.
    pub(crate) fn of(app: &AppHandle) -> Option<Self> {
        app.try_state::<Self>()
            .map(|desktop| desktop.inner().clone())
    }

    /// Says where the controller hears.
    pub(crate) fn connect(&self, inbox: Inbox) {
        if self.parts.inbox.set(inbox).is_err() {
            debug!("there is a controller already");
        }
    }

    /// Tells the controller.
    pub(crate) fn ask(&self, input: Input) {
        let Some(inbox) = self.parts.inbox.get() else {
            return;
        };
        if let Err(error) = inbox.try_send(input) {
            debug!(%error, "the controller takes nothing in");
        }
    }

    pub(crate) fn app(&self) -> &AppHandle {
        &self.parts.app
    }

    pub(crate) fn host(&self) -> &Host {
        &self.parts.host
    }

    pub(crate) fn window(&self) -> &Window {
        &self.parts.window
    }

    pub(crate) fn clipboard(&self) -> &Clipboard {
        &self.parts.clipboard
    }

    /// The application as the window sees it.
    pub(crate) fn state(&self) -> DesktopState {
        DesktopState {
            engine: self.parts.host.state().borrow().clone(),
            settings: *self.parts.settings.borrow(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            tray: self.has_tray(),
        }
    }

    /// What the user has chosen, as it changes.
    pub(crate) fn settings(&self) -> watch::Receiver<DesktopSettings> {
        self.parts.settings.subscribe()
    }

    /// Whether there is a panel for the tray's icon, as it changes.
    pub(crate) fn panel(&self) -> watch::Receiver<bool> {
        self.parts.has_panel.subscribe()
    }

    /// Takes over what the user has chosen.
    ///
    /// # Errors
    /// When the system refuses, or the choice cannot be kept; nothing has changed then.
    pub(crate) fn choose(&self, settings: DesktopSettings) -> anyhow::Result<()> {
        let before = *self.parts.settings.borrow();
        if settings.start_at_login != before.start_at_login {
            self.parts.autostart.set(settings.start_at_login)?;
        }
        self.parts
            .file
            .write(&settings)
            .context("cannot keep the settings")?;
        self.parts.settings.send_replace(settings);
        Ok(())
    }

    /// Notes whether there is a panel for the tray's icon.
    pub(crate) fn set_panel(&self, has_panel: bool) {
        info!(has_panel, "the desktop's panel");
        self.parts.has_panel.send_replace(has_panel);
        self.see_to_icon();
    }

    /// Whether there is a tray to hide in.
    pub(crate) fn has_tray(&self) -> bool {
        *self.parts.has_panel.borrow() && matches!(*self.tray(), TrayState::Shown(_))
    }

    /// Whether the engine has ended and the application may.
    pub(crate) fn has_ended(&self) -> bool {
        self.parts.ended.load(Ordering::Acquire)
    }

    pub(crate) fn end(&self, code: i32) {
        self.parts.ended.store(true, Ordering::Release);
        self.parts.app.exit(code);
    }

    /// Remembers where the window is, if there is one.
    pub(crate) fn save_placement(&self) {
        self.parts.window.save_placement(&self.parts.app);
    }

    /// Brings the tray in line; on the main thread.
    fn update_tray(&self, menu: Menu, icon: Icon) {
        let mut tray = self.tray();
        match &mut *tray {
            TrayState::Shown(tray) => {
                if let Err(error) = tray.set(menu, icon) {
                    warn!(%error, "the tray does not follow");
                }
            }
            TrayState::Fresh => {
                let desktop = self.clone();
                let clicked = move |path| desktop.ask(Input::Clicked(path));
                *tray = match Tray::new(&self.parts.app, menu, clicked) {
                    Ok(tray) => TrayState::Shown(Box::new(tray)),
                    Err(error) => {
                        warn!(error = %format!("{error:#}"), "there is no tray; use the window");
                        TrayState::None
                    }
                };
                drop(tray);
                self.see_to_icon();
            }
            TrayState::None => {}
        }
    }

    fn see_to_icon(&self) {
        #[cfg(target_os = "linux")]
        if self.has_tray() {
            crate::linux::see_to_icon();
        }
    }

    fn tray(&self) -> MutexGuard<'_, TrayState> {
        self.parts
            .tray
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Does something on the main thread, later.
    pub(crate) fn on_main_thread(&self, act: impl FnOnce(&Self) + Send + 'static) {
        let desktop = self.clone();
        if let Err(error) = self.parts.app.run_on_main_thread(move || act(&desktop)) {
            debug!(%error, "the main thread has ended");
        }
    }
}
