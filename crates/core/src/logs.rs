//! Log files, for an engine that has no terminal to talk to.
//!
//! One file for each day in `logs/` of the home, its owner's alone, bounded in number and size.
//! Lines are written by a thread of their own: a slow disk loses lines and never slows traffic.
//! Secrets are never logged, here or elsewhere.

mod date;

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

use thiserror::Error;
use tracing_appender::non_blocking::{NonBlocking, NonBlockingBuilder, WorkerGuard};

use crate::home::Home;

/// Days that are kept.
const MAX_FILES: usize = 7;

/// Bytes of one day; what is more is lost. Much more than a busy day has at the usual level.
const FILE_MAX: u64 = 16 * 1024 * 1024;

/// Lines that wait for the disk; with more the newest are lost.
const LINES_WAITING: usize = 8192;

/// How the files are called: `malai.2026-11-25.log`.
const PREFIX: &str = "malai.";
const SUFFIX: &str = ".log";

const DAY_SECS: u64 = 24 * 3600;

/// The directory of log files cannot be used.
#[derive(Debug, Error)]
#[error("cannot write log files into {}; check its permissions", .0.display())]
pub struct LogsError(PathBuf, #[source] io::Error);

/// Where log lines go; what waits is written when it is dropped, so keep it to the end.
#[derive(Debug)]
pub struct LogFiles {
    writer: NonBlocking,
    _worker: WorkerGuard,
}

impl LogFiles {
    /// Opens today's file in `home` and removes the oldest ones.
    ///
    /// # Errors
    /// [`LogsError`].
    pub fn open(home: &Home) -> Result<Self, LogsError> {
        let dir = home.logs();
        let failed = |error| LogsError(dir.clone(), error);
        make_private_dir(&dir).map_err(failed)?;
        let mut days = Days {
            dir: dir.clone(),
            today: None,
        };
        days.turn_to(day_now()).map_err(failed)?;
        let (writer, worker) = NonBlockingBuilder::default()
            .buffered_lines_limit(LINES_WAITING)
            .lossy(true)
            .thread_name("malai-logs")
            .finish(days);
        Ok(Self {
            writer,
            _worker: worker,
        })
    }

    /// For `tracing_subscriber::fmt().with_writer(…)`; lines have no colours in a file, so also
    /// `.with_ansi(false)`.
    #[must_use]
    pub fn writer(&self) -> NonBlocking {
        self.writer.clone()
    }
}

/// Writes into the file of the day.
#[derive(Debug)]
struct Days {
    dir: PathBuf,
    today: Option<Today>,
}

#[derive(Debug)]
struct Today {
    day: u64,
    file: File,
    bytes: u64,
}

impl Days {
    fn turn_to(&mut self, day: u64) -> io::Result<&mut Today> {
        if self.today.as_ref().is_none_or(|today| today.day != day) {
            let (file, bytes) = open_private(&self.dir.join(file_name(day)))?;
            self.today = Some(Today { day, file, bytes });
            prune(&self.dir)?;
        }
        self.today
            .as_mut()
            .ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn write_on(&mut self, day: u64, line: &[u8]) -> io::Result<usize> {
        let today = self.turn_to(day)?;
        let length = u64::try_from(line.len()).unwrap_or(u64::MAX);
        if today.bytes.saturating_add(length) > FILE_MAX {
            return Ok(line.len());
        }
        let written = today.file.write(line)?;
        today.bytes += u64::try_from(written).unwrap_or(u64::MAX);
        Ok(written)
    }
}

impl Write for Days {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.write_on(day_now(), line)
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.today {
            Some(today) => today.file.flush(),
            None => Ok(()),
        }
    }
}

fn file_name(day: u64) -> String {
    format!("{PREFIX}{}{SUFFIX}", date::of_day(day))
}

/// Days since 1970, in UTC.
#[expect(
    clippy::disallowed_methods,
    reason = "the day of a line is that of the moment in which it is written"
)]
fn day_now() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.map_or(0, |now| now.as_secs() / DAY_SECS)
}

fn make_private_dir(dir: &Path) -> io::Result<()> {
    fs::create_dir_all(dir)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(dir, fs::Permissions::from_mode(0o700))?;
    }
    Ok(())
}

/// The file, to be added to, and how long it is.
fn open_private(path: &Path) -> io::Result<(File, u64)> {
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;
    let bytes = file.metadata()?.len();
    Ok((file, bytes))
}

/// Removes the oldest files beyond [`MAX_FILES`]; nothing else in the directory is touched.
fn prune(dir: &Path) -> io::Result<()> {
    let mut ours: Vec<PathBuf> = Vec::new();
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let name = entry.file_name();
        let day = name.to_str().and_then(|name| {
            let date = name.strip_prefix(PREFIX)?.strip_suffix(SUFFIX)?;
            date::is_date(date).then_some(())
        });
        if day.is_some() {
            ours.push(entry.path());
        }
    }
    // Dates sort as texts do.
    ours.sort();
    let surplus = ours.len().saturating_sub(MAX_FILES);
    ours.iter().take(surplus).try_for_each(fs::remove_file)
}

#[cfg(test)]
mod tests;
