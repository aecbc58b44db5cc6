//! Where the window was, in `state/window.json`, so that it is there again.

use std::path::PathBuf;

use malai_core::home::Home;
use serde::{Deserialize, Serialize};
use tauri::{AppHandle, LogicalPosition, LogicalSize, WebviewWindow, WebviewWindowBuilder, Wry};
use tracing::debug;

use super::{LEAST_SIZE, SIZE};
use crate::settings;

/// How much of the window must be on a screen for it to be found and moved, in logical pixels.
const LEAST_VISIBLE: f64 = 80.0;

/// The file.
#[derive(Debug)]
pub(super) struct PlacementFile {
    path: PathBuf,
}

/// Place and size in logical pixels.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Placement {
    x: f64,
    y: f64,
    width: f64,
    height: f64,
    maximized: bool,
}

/// A screen in logical pixels.
#[derive(Debug, Clone, Copy)]
struct Screen {
    position: LogicalPosition<f64>,
    size: LogicalSize<f64>,
}

impl PlacementFile {
    pub(super) fn open(home: &Home) -> Self {
        Self {
            path: home.state().join("window.json"),
        }
    }

    /// Puts a window that is about to be made where the last one was, if a screen is there.
    pub(super) fn place<'a>(
        &self,
        app: &'a AppHandle,
        builder: WebviewWindowBuilder<'a, Wry, AppHandle>,
    ) -> WebviewWindowBuilder<'a, Wry, AppHandle> {
        let Some(placement) = settings::read::<Placement>(&self.path) else {
            return builder.center();
        };
        let builder = builder
            .inner_size(
                placement.width.max(LEAST_SIZE.0),
                placement.height.max(LEAST_SIZE.1),
            )
            .maximized(placement.maximized);
        if screens(app).iter().any(|screen| placement.is_on(screen)) {
            builder.position(placement.x, placement.y)
        } else {
            builder.center()
        }
    }

    /// Remembers where `window` is.
    pub(super) fn save(&self, window: &WebviewWindow) {
        let saved = placement_of(window).and_then(|placement| {
            let before = settings::read::<Placement>(&self.path);
            settings::write(&self.path, &placement.after(before)).map_err(tauri::Error::Io)
        });
        if let Err(error) = saved {
            debug!(%error, "where the window is will not be remembered");
        }
    }
}

impl Placement {
    /// Size and place of a maximised window are those it had before.
    fn after(self, before: Option<Self>) -> Self {
        if !self.maximized {
            return self;
        }
        Self {
            maximized: true,
            ..before.unwrap_or(Self {
                width: SIZE.0,
                height: SIZE.1,
                ..self
            })
        }
    }

    /// Whether enough of its upper edge is on `screen`.
    fn is_on(&self, screen: &Screen) -> bool {
        let (left, top) = (screen.position.x, screen.position.y);
        let (right, bottom) = (left + screen.size.width, top + screen.size.height);
        self.x + self.width >= left + LEAST_VISIBLE
            && self.x + LEAST_VISIBLE <= right
            && self.y >= top
            && self.y + LEAST_VISIBLE <= bottom
    }
}

fn placement_of(window: &WebviewWindow) -> tauri::Result<Placement> {
    let factor = window.scale_factor()?;
    let position = window.outer_position()?.to_logical::<f64>(factor);
    let size = window.inner_size()?.to_logical::<f64>(factor);
    Ok(Placement {
        x: position.x,
        y: position.y,
        width: size.width,
        height: size.height,
        maximized: window.is_maximized()?,
    })
}

fn screens(app: &AppHandle) -> Vec<Screen> {
    let monitors = app.available_monitors().unwrap_or_default();
    let screen = |monitor: &tauri::Monitor| Screen {
        position: monitor.position().to_logical(monitor.scale_factor()),
        size: monitor.size().to_logical(monitor.scale_factor()),
    };
    monitors.iter().map(screen).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCREEN: Screen = Screen {
        position: LogicalPosition { x: 0.0, y: 0.0 },
        size: LogicalSize {
            width: 1024.0,
            height: 768.0,
        },
    };

    fn at(x: f64, y: f64) -> Placement {
        Placement {
            x,
            y,
            width: 720.0,
            height: 560.0,
            maximized: false,
        }
    }

    #[test]
    fn a_window_whose_screen_is_gone_is_not_put_there() {
        assert!(at(100.0, 100.0).is_on(&SCREEN));
        assert!(at(-600.0, 0.0).is_on(&SCREEN));
        for gone in [
            at(2000.0, 100.0),
            at(-700.0, 0.0),
            at(0.0, -50.0),
            at(0.0, 760.0),
        ] {
            assert!(!gone.is_on(&SCREEN), "{gone:?}");
        }
    }

    #[test]
    fn a_maximised_window_keeps_the_size_it_had() {
        let maximised = Placement {
            width: 1024.0,
            height: 768.0,
            maximized: true,
            ..at(0.0, 0.0)
        };
        let kept = maximised.after(Some(at(30.0, 40.0)));
        assert_eq!(
            kept,
            Placement {
                maximized: true,
                ..at(30.0, 40.0)
            }
        );
        assert_eq!(
            (maximised.after(None).width, maximised.after(None).height),
            SIZE
        );
    }
}
