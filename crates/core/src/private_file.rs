//! Private files of the engine: written so that each is either the old one or the new one, whole,
//! and read so that one that makes no sense is kept for whoever wants to look into it.
//!
//! Whatever is cut short, what was there before stays readable.
//! The file is the owner's alone from its first byte on.

use std::{
    fs::{self, File},
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

/// Names that are tried for a file that is moved aside.
const MAX_ASIDE: usize = 100;

/// What to do when the file is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// Leave it and fail with [`io::ErrorKind::AlreadyExists`].
    Keep,
    /// Take its place.
    Replace,
}

/// Writes `path` with mode 0600: a temporary file beside it, synced, renamed, the directory synced.
///
/// Blocks for the time of a disk write.
///
/// # Errors
/// When the directory or the file cannot be written; the file is then as it was.
pub fn write(path: &Path, bytes: &[u8], existing: Existing) -> io::Result<()> {
    let dir = match path.parent() {
        Some(dir) if dir == Path::new("") => Path::new("."),
        Some(dir) => dir,
        None => return Err(io::ErrorKind::InvalidInput.into()),
    };
    // `tempfile` makes its files 0600 from the start.
    let mut file = tempfile::Builder::new()
        .prefix(".malai-")
        .tempfile_in(dir)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    match existing {
        Existing::Keep => file.persist_noclobber(path),
        Existing::Replace => file.persist(path),
    }
    .map_err(|error| error.error)?;
    // A directory can be opened and synced on Unix only.
    if cfg!(unix) {
        File::open(dir)?.sync_all()?;
    }
    Ok(())
}

/// Why a file was not read.
#[derive(Debug)]
pub(crate) enum Unreadable {
    /// It made no sense, and is now called otherwise.
    MovedAside {
        /// What it is called.
        aside: PathBuf,
        /// What is wrong with it.
        source: io::Error,
    },
    /// It cannot be moved either; it had better stay untouched.
    Stays(io::Error),
}

/// Reads what `parse` makes of the file at `path`, which has at most `max` bytes; none at all is
/// the default. One that makes no sense is moved aside, never written over.
///
/// Blocks for the time of a disk access.
pub(crate) fn load<T: Default>(
    path: &Path,
    max: u64,
    parse: impl FnOnce(&str) -> io::Result<T>,
) -> Result<T, Unreadable> {
    match read(path, max).and_then(|text| parse(&text)) {
        Ok(parsed) => Ok(parsed),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(T::default()),
        Err(source) => match move_aside(path) {
            Ok(aside) => Err(Unreadable::MovedAside { aside, source }),
            Err(error) => Err(Unreadable::Stays(error)),
        },
    }
}

/// An error about what a file says.
pub(crate) fn invalid(text: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, text)
}

/// Reads the whole of a file of at most `max` bytes.
///
/// Blocks for the time of a disk access.
///
/// # Errors
/// When it is not there, is no regular file, is larger, is not UTF-8, or cannot be read.
pub fn read(path: &Path, max: u64) -> io::Result<String> {
    // Opening a named pipe would wait for a writer.
    if !fs::metadata(path)?.is_file() {
        return Err(invalid("it is no file"));
    }
    let mut text = String::new();
    let read = File::open(path)?
        .take(max.saturating_add(1))
        .read_to_string(&mut text)?;
    if u64::try_from(read).is_ok_and(|length| length > max) {
        return Err(invalid("it is too large"));
    }
    Ok(text)
}

/// Gives a file of JSON that makes no sense another name, which is returned.
///
/// # Errors
/// When it cannot be renamed; it is then as it was.
fn move_aside(path: &Path) -> io::Result<PathBuf> {
    for number in 1..=MAX_ASIDE {
        let aside = path.with_extension(format!("unreadable-{number}.json"));
        if fs::symlink_metadata(&aside).is_err() {
            fs::rename(path, &aside)?;
            return Ok(aside);
        }
    }
    Err(io::Error::other("too many were moved aside before"))
}
