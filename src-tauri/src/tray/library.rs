//! Whether the library for tray icons is there: asking for one without it would be a panic.

use anyhow::bail;

/// The names under which it is looked for later, in that order.
const NAMES: [&str; 2] = ["libayatana-appindicator3.so.1", "libappindicator3.so.1"];

/// Looks for the library.
///
/// # Errors
/// When it is not installed.
pub(super) fn check() -> anyhow::Result<()> {
    // SAFETY: both are plain GTK libraries without initialisers that depend on anything of ours;
    // the same ones are loaded for good right after this, from the main thread, as here.
    #[expect(unsafe_code, reason = "loading is the only way to know")]
    let is_there = |name: &&str| unsafe { libloading::Library::new(name) }.is_ok();
    if NAMES.iter().any(is_there) {
        return Ok(());
    }
    bail!("no tray icon without the library {}; install it", NAMES[0]);
}
