//! Starting without OpenGL.
//!
//! On X11 GTK asks for it at its start only to choose a visual, and the driver's libraries then
//! stay in memory: a hidden start held 142 MB with them and 89 MB without (measured with a debug
//! build and Mesa's software driver). The window's page is drawn without as well.

/// The variable by which GTK is told (GTK 3 manual, *Running GTK Applications*).
pub(crate) const VARIABLE: &str = "GDK_GL";

/// Tells GTK to leave OpenGL out, unless its user has said something about that.
///
/// Must come before there is a second thread, since it sets an environment variable.
pub(crate) fn leave_out() {
    if let Err(error) = gtk::glib::setenv(VARIABLE, "disable", false) {
        tracing::debug!(%error, "OpenGL is not left out");
    }
}
