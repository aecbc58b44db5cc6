//! What the controller needs of the desktop around it, as a seam: tests record what is asked for,
//! [`crate::desktop`] does it.

use std::future::Future;

use malai_api::{Event, Navigation};

use crate::{
    asking::{Question, Wish},
    menu::Menu,
    tray::Icon,
};

/// The desktop, as far as the controller touches it. No call blocks.
pub(crate) trait Shell: Clone + Send + Sync + 'static {
    /// Brings the tray in line.
    fn set_tray(&self, menu: Menu, icon: Icon);

    /// Shows the window at a view.
    fn show(&self, navigation: Navigation);

    /// Tells the user something that needs no answer.
    fn notify(&self, notice: Notice);

    /// Puts a question to the user; an answer comes in as an input.
    fn ask(&self, question: Question);

    /// Takes a question back that needs no answer any more.
    fn withdraw(&self, wish: Wish);

    /// Tells the window, if there is one.
    fn tell_window(&self, event: Event);

    /// Puts a text on the clipboard.
    fn copy(&self, text: String) -> impl Future<Output = anyhow::Result<()>> + Send;

    /// Opens a URL with what the user has chosen for it.
    fn open(&self, url: String) -> impl Future<Output = anyhow::Result<()>> + Send;

    /// Ends the application; the engine has ended before.
    fn exit(&self, code: i32);
}

/// Something to tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Notice {
    pub(crate) title: String,
    pub(crate) body: String,
    /// What *Show* leads to.
    pub(crate) show: Navigation,
    /// Whether something that was asked for was not done; it is told even if notifications are
    /// off, by the window then.
    pub(crate) failed: bool,
}
