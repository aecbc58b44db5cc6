//! The window: built when it is first shown, destroyed when it is closed.
//!
//! Where it is to go is kept until its page asks, since a page that is still loading hears no
//! events.

mod feed;
mod placement;

use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::Context as _;
use malai_api::Navigation;
use malai_core::home::Home;
use tauri::{
    AppHandle, Emitter as _, Manager as _, Url, WebviewUrl, WebviewWindow, WebviewWindowBuilder,
    WindowEvent,
};
use tracing::{debug, warn};

pub(crate) use self::feed::feed;
use self::placement::PlacementFile;
use crate::{desktop::Desktop, host::Watching};

/// The window's name, to which its permissions are bound.
pub(crate) const LABEL: &str = "main";

/// Its size when nothing is remembered, in logical pixels.
const SIZE: (f64, f64) = (720.0, 560.0);

/// Its smallest size: what a small phone has, and the page works there.
const LEAST_SIZE: (f64, f64) = (360.0, 400.0);

/// What is known of the window, whether it is there or not.
#[derive(Debug)]
pub(crate) struct Window {
    file: PlacementFile,
    page: Mutex<Page>,
    /// Held while the window is made, so that it is made once.
    making: Mutex<()>,
}

/// What is known of the page in it.
#[derive(Debug, Default)]
struct Page {
    /// Where it is to go when it asks.
    pending: Option<Navigation>,
    /// Whether it has asked; from then on it hears events.
    is_listening: bool,
    /// Requests are told for as long as somebody may look at them.
    watching: Option<Watching>,
}

impl Window {
    pub(crate) fn new(home: &Home) -> Self {
        Self {
            file: PlacementFile::open(home),
            page: Mutex::default(),
            making: Mutex::default(),
        }
    }

    /// Shows the window at a view, making it when there is none. Waits for the main thread.
    ///
    /// # Errors
    /// When the system gives no window.
    pub(crate) fn show(&self, desktop: &Desktop, navigation: Navigation) -> anyhow::Result<()> {
        let _making = self.making.lock().unwrap_or_else(PoisonError::into_inner);
        let app = desktop.app();
        if let Some(window) = app.get_webview_window(LABEL) {
            self.navigate(app, navigation);
            window.unminimize()?;
            window.show()?;
            return window
                .set_focus()
                .context("the window does not come to the front");
        }
        self.page().pending = Some(navigation);
        let window = self.build(app)?;
        self.page().watching = Some(desktop.host().watch_requests());
        let (desktop, of_window) = (desktop.clone(), window.clone());
        window.on_window_event(move |event| on_event(&desktop, &of_window, event));
        Ok(())
    }

    /// Where the page is to go, once; from then on it is told by events.
    pub(crate) fn take_navigation(&self) -> Option<Navigation> {
        let mut page = self.page();
        page.is_listening = true;
        page.pending.take()
    }

    /// Remembers where the window is, if there is one.
    pub(crate) fn save_placement(&self, app: &AppHandle) {
        if let Some(window) = app.get_webview_window(LABEL) {
            self.file.save(&window);
        }
    }

    fn build(&self, app: &AppHandle) -> anyhow::Result<WebviewWindow> {
        let builder = WebviewWindowBuilder::new(app, LABEL, WebviewUrl::App("index.html".into()))
            .title("malai")
            .inner_size(SIZE.0, SIZE.1)
            .min_inner_size(LEAST_SIZE.0, LEAST_SIZE.1)
            .devtools(cfg!(debug_assertions))
            // Nothing but our own files is ever shown, whatever a page may ask for.
            .on_navigation(is_own_page);
        let builder = self.file.place(app, builder);
        builder.build().context("the system gives no window")
    }

    fn navigate(&self, app: &AppHandle, navigation: Navigation) {
        let mut page = self.page();
        if !page.is_listening {
            page.pending = Some(navigation);
            return;
        }
        drop(page);
        if let Err(error) = app.emit_to(LABEL, "navigate", navigation) {
            debug!(%error, "the window is not told where to go");
        }
    }

    fn forget_page(&self) {
        *self.page() = Page::default();
    }

    fn page(&self) -> MutexGuard<'_, Page> {
        self.page.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the toolkit has many events and we need two of them"
)]
fn on_event(desktop: &Desktop, window: &WebviewWindow, event: &WindowEvent) {
    match event {
        WindowEvent::CloseRequested { api, .. } => {
            desktop.window().file.save(window);
            if !desktop.has_tray() && !desktop.has_ended() {
                api.prevent_close();
                #[cfg(target_os = "linux")]
                crate::linux::ask_to_quit(desktop, window);
                // Elsewhere there is always a tray, but for failures: stay in the task bar then.
                #[cfg(not(target_os = "linux"))]
                if let Err(error) = window.minimize() {
                    warn!(%error, "the window cannot be minimised");
                }
            }
        }
        WindowEvent::Destroyed => desktop.window().forget_page(),
        _ => {}
    }
}

fn is_own_page(url: &Url) -> bool {
    let is_own = url.scheme() == "tauri" || url.host_str() == Some("tauri.localhost");
    if !is_own {
        warn!("the page wanted to go somewhere else");
    }
    is_own
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_shows_nothing_but_our_own_page() {
        let is_own = |url: &str| is_own_page(&url.parse().unwrap());
        assert!(is_own("tauri://localhost/index.html"));
        assert!(!is_own("https://example.org/"));
        assert!(!is_own("http://localhost:3000/"));
        assert!(!is_own("data:text/html,x"));
    }

    #[test]
    fn where_to_go_is_kept_until_the_page_asks_and_given_once() {
        let dir = tempfile::tempdir().unwrap();
        let window = Window::new(&Home::open(Some(dir.path().to_owned())).unwrap());
        window.page().pending = Some(Navigation::Settings);
        assert_eq!(window.take_navigation(), Some(Navigation::Settings));
        assert_eq!(window.take_navigation(), None);
        assert!(window.page().is_listening);
        window.forget_page();
        assert!(!window.page().is_listening);
    }
}
