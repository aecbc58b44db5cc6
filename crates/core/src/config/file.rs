//! `malai.toml` on disk: reading it whole, and replacing it in one step.
//!
//! A write goes to a file beside it, is flushed to the disk and renamed over the old one; so there
//! is always one whole file, the old or the new, readable by its owner alone.

use std::{
    fs::{self, File, TryLockError},
    io::{self, Read},
    path::{Path, PathBuf},
    time::Duration,
};

use super::{Config, Parsed, Problems, parse};
use crate::private_file::{self, Existing};

/// The largest file that is read: far beyond any that a person writes, and no burden on memory.
const FILE_MAX: u64 = 4 * 1024 * 1024;

/// How many symbolic links in a row are followed, as on Linux.
const LINKS_MAX: usize = 40;

/// How often an edit tries to get the lock, and how long it waits in between: 5 s in all.
const LOCK_ATTEMPTS: usize = 500;
const LOCK_PAUSE: Duration = Duration::from_millis(10);

/// Why a configuration cannot be used or changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read {}; check its permissions", .0.display())]
    Read(PathBuf, #[source] io::Error),
    /// The file is larger than any configuration.
    #[error("{} is larger than 4 MiB; this cannot be malai's configuration", .0.display())]
    TooLarge(PathBuf),
    /// The file is not UTF-8 text; with the line where it stops being so.
    #[error("line {line} of {} is not UTF-8; save the file as UTF-8", .path.display())]
    NotUtf8 {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
    },
    /// The file says something wrong.
    #[error("{} is not valid", .0.display())]
    Invalid(PathBuf, #[source] Problems),
    /// A change would make the file invalid; it was not written.
    #[error("{} is unchanged, since it would not be valid with this change", .0.display())]
    Refused(PathBuf, #[source] Problems),
    /// A value has no written form in the file; it was not written.
    #[error("{} is unchanged, since this change cannot be written in it", .0.display())]
    NoForm(PathBuf),
    /// Somebody else wrote the file in the same moment; nothing was written.
    #[error("{} was changed by another program just now; try again", .0.display())]
    Changed(PathBuf),
    /// Another change takes too long.
    #[error("another change of {} is under way; try again", .0.display())]
    Busy(PathBuf),
    /// The file cannot be written.
    #[error("cannot write {}; check the permissions and space of its directory", .0.display())]
    Write(PathBuf, #[source] io::Error),
}

impl ConfigError {
    /// A stable code for scripts and the UI.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Read(..) => "config-unreadable",
            Self::TooLarge(_) => "config-too-large",
            Self::NotUtf8 { .. } => "config-not-utf8",
            Self::Invalid(..) => "config-invalid",
            Self::Refused(..) => "config-change-refused",
            Self::NoForm(_) => "config-change-no-form",
            Self::Changed(_) => "config-changed-meanwhile",
            Self::Busy(_) => "config-busy",
            Self::Write(..) => "config-not-writable",
        }
    }

    /// Everything that is wrong, when it is the content that is.
    #[must_use]
    pub fn problems(&self) -> Option<&Problems> {
        match self {
            Self::Invalid(_, problems) | Self::Refused(_, problems) => Some(problems),
            Self::Read(..) | Self::TooLarge(_) | Self::NotUtf8 { .. } | Self::NoForm(_) => None,
            Self::Changed(_) | Self::Busy(_) | Self::Write(..) => None,
        }
    }
}

/// Reads and checks the file at `path`; a missing one means all defaults.
///
/// # Errors
/// [`ConfigError::Read`], [`ConfigError::TooLarge`], [`ConfigError::NotUtf8`] or
/// [`ConfigError::Invalid`].
pub fn load(path: &Path) -> Result<Parsed, ConfigError> {
    understand(path, read(path)?)
}

/// What the bytes of the file mean.
pub(super) fn understand(path: &Path, bytes: Option<Vec<u8>>) -> Result<Parsed, ConfigError> {
    match text(path, bytes)? {
        Some(text) => parse(&text).map_err(|problems| ConfigError::Invalid(path.into(), problems)),
        None => Ok(Parsed {
            config: Config::default(),
            warnings: Vec::new(),
        }),
    }
}

pub(super) fn text(path: &Path, bytes: Option<Vec<u8>>) -> Result<Option<String>, ConfigError> {
    let Some(bytes) = bytes else {
        return Ok(None);
    };
    let text = String::from_utf8(bytes).map_err(|error| {
        let good = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = good.iter().filter(|byte| **byte == b'\n').count() + 1;
        ConfigError::NotUtf8 {
            path: path.into(),
            line,
        }
    })?;
    Ok(Some(text))
}

/// The file's bytes, or `None` when there is no file.
pub(super) fn read(path: &Path) -> Result<Option<Vec<u8>>, ConfigError> {
    let failed = |error| ConfigError::Read(path.into(), error);
    match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
        // Opening a named pipe would wait for a writer.
        Ok(found) if !found.is_file() => return Err(failed(io::Error::other("it is no file"))),
        Ok(_) => {}
    }
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(failed)?;
    file.take(FILE_MAX + 1)
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length > FILE_MAX) {
        return Err(ConfigError::TooLarge(path.into()));
    }
    Ok(Some(bytes))
}

/// Where the file really is: a rename onto a symbolic link would replace the link.
pub(super) fn target(path: &Path) -> PathBuf {
    let mut path = path.to_owned();
    for _ in 0..LINKS_MAX {
        match fs::read_link(&path) {
            Ok(next) => path = directory(&path).join(next),
            Err(_) => break,
        }
    }
    path
}

/// The directory of the file.
pub(super) fn directory(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    }
}

/// Replaces the file at `path` by `text`, mode 0600, in one step.
pub(super) fn write(path: &Path, text: &str) -> Result<(), ConfigError> {
    private_file::write(path, text.as_bytes(), Existing::Replace)
        .map_err(|error| ConfigError::Write(path.into(), error))
}

/// Keeps other edits out, in this process and in others, for as long as the value lives.
///
/// The lock is a file of its own, since the configuration itself is replaced by each edit.
pub(super) fn lock(path: &Path) -> Result<File, ConfigError> {
    let failed = |error| ConfigError::Write(path.into(), error);
    let lock = directory(path).join(".malai.toml.lock");
    let mut options = File::options();
    options.create(true).truncate(false).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(lock).map_err(failed)?;
    for _ in 0..LOCK_ATTEMPTS {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => std::thread::sleep(LOCK_PAUSE),
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
    }
    Err(ConfigError::Busy(path.into()))
}
