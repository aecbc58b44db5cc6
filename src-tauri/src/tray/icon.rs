//! Which icon is shown: by state, which differs in shape, and by the panel's brightness.

use malai_api::{EngineState, Status};
use tauri::{image::Image, include_image};

use crate::asking::waiting;

/// The tray's state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Icon {
    /// Nothing is shared or bridged.
    Idle,
    /// Something is.
    Active,
    /// Somebody asks to be let in.
    Asks,
    /// The engine does not run.
    Offline,
}

/// How bright the panel is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Panel {
    /// Light: the icon is dark.
    #[cfg_attr(
        not(target_os = "linux"),
        expect(dead_code, reason = "only guessed on Linux")
    )]
    Light,
    /// Dark: the icon is light.
    Dark,
    /// The system colours the icon itself.
    #[cfg_attr(
        not(target_os = "macos"),
        expect(dead_code, reason = "only macOS does so")
    )]
    Template,
}

impl Icon {
    /// The icon for how things are.
    pub(crate) fn of(engine: &EngineState, status: Option<&Status>) -> Self {
        match (engine, status) {
            (EngineState::Running { .. }, Some(status)) if !waiting(status).is_empty() => {
                Self::Asks
            }
            (EngineState::Running { .. } | EngineState::Stopping, Some(status)) => {
                let shares = status.services.iter().any(|it| it.active);
                let bridges = status.bridges.iter().any(|it| it.active);
                if shares || bridges {
                    Self::Active
                } else {
                    Self::Idle
                }
            }
            (EngineState::Starting, _) | (EngineState::Running { .. }, None) => Self::Idle,
            (EngineState::Stopping, None)
            | (EngineState::AsksForKeyFile { .. } | EngineState::Failed(_), _) => Self::Offline,
        }
    }

    pub(super) fn image(self, panel: Panel) -> Image<'static> {
        match (self, panel) {
            (Self::Idle, Panel::Light) => include_image!("../icons/tray/idle-light.png"),
            (Self::Idle, Panel::Dark) => include_image!("../icons/tray/idle-dark.png"),
            (Self::Idle, Panel::Template) => include_image!("../icons/tray/idle-template.png"),
            (Self::Active, Panel::Light) => include_image!("../icons/tray/active-light.png"),
            (Self::Active, Panel::Dark) => include_image!("../icons/tray/active-dark.png"),
            (Self::Active, Panel::Template) => include_image!("../icons/tray/active-template.png"),
            (Self::Asks, Panel::Light) => include_image!("../icons/tray/asks-light.png"),
            (Self::Asks, Panel::Dark) => include_image!("../icons/tray/asks-dark.png"),
            (Self::Asks, Panel::Template) => include_image!("../icons/tray/asks-template.png"),
            (Self::Offline, Panel::Light) => include_image!("../icons/tray/offline-light.png"),
            (Self::Offline, Panel::Dark) => include_image!("../icons/tray/offline-dark.png"),
            (Self::Offline, Panel::Template) => {
                include_image!("../icons/tray/offline-template.png")
            }
        }
    }
}

impl Panel {
    /// What the panel most likely is; no panel says so itself.
    #[cfg(target_os = "linux")]
    pub(super) fn guess() -> Self {
        use gtk::prelude::GtkSettingsExt as _;
        // These have dark panels whatever the theme of applications is.
        const DARK: [&str; 4] = ["GNOME", "Unity", "XFCE", "X-Cinnamon"];
        let desktop = std::env::var("XDG_CURRENT_DESKTOP").unwrap_or_default();
        if desktop.split(':').any(|name| DARK.contains(&name)) {
            return Self::Dark;
        }
        let Some(settings) = gtk::Settings::default() else {
            return Self::Dark;
        };
        let theme = settings.gtk_theme_name().unwrap_or_default();
        let is_dark = settings.is_gtk_application_prefer_dark_theme()
            || theme.to_ascii_lowercase().contains("dark");
        if is_dark { Self::Dark } else { Self::Light }
    }

    #[cfg(target_os = "macos")]
    pub(super) fn guess() -> Self {
        Self::Template
    }

    #[cfg(windows)]
    pub(super) fn guess() -> Self {
        Self::Dark
    }
}
