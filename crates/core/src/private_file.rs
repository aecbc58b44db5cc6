//! Writing a private file so that it is either the old one or the new one, whole.
//!
//! Whatever is cut short, what was there before stays readable.
//! The file is the owner's alone from its first byte on.

use std::{
    fs::File,
    io::{self, Write},
    path::Path,
};

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
