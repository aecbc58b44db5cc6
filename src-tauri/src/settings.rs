//! What the user has chosen about the application, in `state/desktop.json`.
//!
//! A file that cannot be read means the defaults, and a line in the log: settings of this kind are
//! not worth refusing to start for.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use malai_api::DesktopSettings;
use malai_core::{
    home::Home,
    private_file::{self, Existing},
};
use serde::{Serialize, de::DeserializeOwned};
use tracing::warn;

/// The largest file that is read, in bytes; ours have a hundred.
const LARGEST: u64 = 64 * 1024;

/// The file and where it is.
#[derive(Debug, Clone)]
pub(crate) struct SettingsFile {
    path: PathBuf,
}

impl SettingsFile {
    /// The settings of `home`.
    pub(crate) fn open(home: &Home) -> Self {
        Self {
            path: home.state().join("desktop.json"),
        }
    }

    /// What it says, or the defaults.
    pub(crate) fn read(&self) -> DesktopSettings {
        read(&self.path).unwrap_or_default()
    }

    /// Keeps `settings`.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(crate) fn write(&self, settings: &DesktopSettings) -> io::Result<()> {
        write(&self.path, settings)
    }
}

/// What the JSON file at `path` says; `None` when it is missing or unusable.
pub(crate) fn read<T: DeserializeOwned>(path: &Path) -> Option<T> {
    let text = match read_text(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
        Err(error) => {
            warn!(%error, file = %path.display(), "cannot be read; the defaults are used");
            return None;
        }
    };
    match serde_json::from_str(&text) {
        Ok(value) => Some(value),
        Err(error) => {
            warn!(%error, file = %path.display(), "cannot be understood; the defaults are used");
            None
        }
    }
}

fn read_text(path: &Path) -> io::Result<String> {
    if fs::metadata(path)?.len() > LARGEST {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    fs::read_to_string(path)
}

/// Writes `value` as JSON, as a whole or not at all, for its owner alone.
///
/// # Errors
/// When the file or its directory cannot be written.
pub(crate) fn write<T: Serialize>(path: &Path, value: &T) -> io::Result<()> {
    let mut text = serde_json::to_vec_pretty(value)?;
    text.push(b'\n');
    private_file::write(path, &text, Existing::Replace)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file() -> (tempfile::TempDir, SettingsFile) {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::open(Some(dir.path().join("home"))).unwrap();
        (dir, SettingsFile::open(&home))
    }

    #[test]
    fn what_was_chosen_is_there_again() {
        let (_dir, file) = file();
        assert_eq!(file.read(), DesktopSettings::default());
        let chosen = DesktopSettings {
            start_at_login: true,
            notifications: false,
        };
        file.write(&chosen).unwrap();
        assert_eq!(file.read(), chosen);
    }

    #[test]
    fn an_unusable_file_means_the_defaults() {
        let (_dir, file) = file();
        for text in ["", "{", r#"{"notifications":3}"#, r#"{"colour":"red"}"#] {
            fs::write(&file.path, text).unwrap();
            assert_eq!(file.read(), DesktopSettings::default(), "{text}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_may_read_it() {
        use std::os::unix::fs::PermissionsExt as _;
        let (_dir, file) = file();
        file.write(&DesktopSettings::default()).unwrap();
        let mode = fs::metadata(&file.path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
