//! The files of one directory: which one is written, and which ones have to go.
//!
//! `malai.2026-11-25.log`, and `malai.2026-11-25.2.log` when the first one is full.
//! A file is never renamed or written again once another one was begun, and a line is in one file
//! as a whole or not at all.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use super::{LogsHandle, date};
use crate::config::LogsConfig;

const PREFIX: &str = "malai.";
const SUFFIX: &str = ".log";

const DAY: Duration = Duration::from_hours(24);

/// Writes lines into the file of the day.
#[derive(Debug)]
pub(super) struct Files {
    dir: PathBuf,
    handle: LogsHandle,
    current: Option<Current>,
    /// Lines lost since the last one that was written.
    lost: u64,
}

#[derive(Debug)]
struct Current {
    day: u64,
    file: File,
    /// As it was when the file was opened.
    config: Option<Arc<LogsConfig>>,
}

/// Which file of which day, in the order in which they were written.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Name {
    date: String,
    part: u32,
}

impl Files {
    /// Today's file in `dir`.
    pub(super) fn open(dir: PathBuf, handle: LogsHandle) -> io::Result<Self> {
        let mut files = Self {
            dir,
            handle,
            current: None,
            lost: 0,
        };
        files.current = Some(files.begin(day_now(), 0)?);
        Ok(files)
    }

    fn write_on(&mut self, day: u64, line: &[u8]) {
        match self.try_write(day, line) {
            Ok(()) => {
                let lost = std::mem::take(&mut self.lost);
                if lost > 0 {
                    tracing::warn!(lines = lost, "log lines are missing here: they were lost");
                }
            }
            Err(error) => {
                self.current = None;
                self.lost += 1;
                self.handle.lose();
                if self.lost == 1 {
                    let dir = self.dir.display();
                    tracing::warn!(%error, %dir, "log lines are lost until they can be written again; make room on the disk");
                }
            }
        }
    }

    fn try_write(&mut self, day: u64, line: &[u8]) -> io::Result<()> {
        let config = self.handle.config();
        let length = u64::try_from(line.len()).unwrap_or(u64::MAX);
        let current = match self.current.take() {
            Some(current) if current.takes(day, length, config.as_ref())? => current,
            _ => self.begin(day, length)?,
        };
        let Current { file, .. } = self.current.insert(current);
        if let Err((error, written)) = write_whole(file, line) {
            // Half a line would be read as part of the next one.
            let rest = file.metadata()?.len().saturating_sub(written);
            if written > 0 {
                file.set_len(rest)?;
            }
            return Err(error);
        }
        Ok(())
    }

    /// Opens the newest file of `day`, or the one after it when `length` bytes find no room there,
    /// and removes what is too much.
    fn begin(&self, day: u64, length: u64) -> io::Result<Current> {
        make_private_dir(&self.dir)?;
        let config = self.handle.config();
        let date = date::of_day(day);
        let kept = list(&self.dir)?;
        let newest = kept.iter().rfind(|(name, _)| name.date == date);
        let part = match newest {
            Some((name, bytes)) if is_full(*bytes, length, config.as_deref()) => name.part + 1,
            Some((name, _)) => name.part,
            None => 1,
        };
        let name = Name { date, part };
        let file = open_private(&name.path(&self.dir))?;
        if let Some(config) = &config {
            prune(&self.dir, kept, &name, day, config)?;
        }
        Ok(Current { day, file, config })
    }
}

impl Current {
    /// Whether a line of `day` belongs into this file.
    fn takes(&self, day: u64, length: u64, config: Option<&Arc<LogsConfig>>) -> io::Result<bool> {
        let is_same = match (&self.config, config) {
            (Some(before), Some(now)) => Arc::ptr_eq(before, now),
            (before, now) => before.is_none() && now.is_none(),
        };
        // Asked of the file, since an application may write there beside its engine.
        let bytes = self.file.metadata()?.len();
        Ok(self.day == day && is_same && !is_full(bytes, length, config.map(AsRef::as_ref)))
    }
}

impl Name {
    fn parse(text: &str) -> Option<Self> {
        let rest = text.strip_prefix(PREFIX)?.strip_suffix(SUFFIX)?;
        let (date, part) = match rest.split_once('.') {
            Some((date, part)) => (date, part.parse().ok().filter(|part| *part > 1)?),
            None => (rest, 1),
        };
        let date = date::is_date(date).then(|| date.to_owned())?;
        let name = Self { date, part };
        (name.to_string() == text).then_some(name)
    }

    fn path(&self, dir: &Path) -> PathBuf {
        dir.join(self.to_string())
    }
}

impl std::fmt::Display for Name {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { date, part } = self;
        match part {
            1 => write!(formatter, "{PREFIX}{date}{SUFFIX}"),
            _ => write!(formatter, "{PREFIX}{date}.{part}{SUFFIX}"),
        }
    }
}

impl Write for Files {
    /// Takes every line: one that is lost is counted, and the next one finds the same disk.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.write_on(day_now(), line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A file that has nothing takes a line of any length.
fn is_full(bytes: u64, length: u64, config: Option<&LogsConfig>) -> bool {
    let size = config.map_or_else(|| size_of(&LogsConfig::default()), size_of);
    bytes > 0 && bytes.saturating_add(length) > size
}

/// One file is not longer than all of them may be.
fn size_of(config: &LogsConfig) -> u64 {
    config.size.min(config.total)
}

/// Writes all of `line`, or says how much of it was.
fn write_whole(file: &mut File, line: &[u8]) -> Result<(), (io::Error, u64)> {
    let mut left = line;
    while !left.is_empty() {
        let written = match file.write(left) {
            Ok(0) => Err(io::ErrorKind::WriteZero.into()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(0),
            other => other,
        };
        match written {
            Ok(written) => left = left.get(written..).unwrap_or_default(),
            Err(error) => {
                let written = line.len() - left.len();
                return Err((error, u64::try_from(written).unwrap_or(u64::MAX)));
            }
        }
    }
    Ok(())
}

/// Removes what is too old, and then the oldest until there is room for a whole file beside those
/// that are left; never the one that is written, nor anything that is not ours.
fn prune(
    dir: &Path,
    kept: Vec<(Name, u64)>,
    written: &Name,
    day: u64,
    config: &LogsConfig,
) -> io::Result<()> {
    let days = config.age.as_secs() / DAY.as_secs();
    let oldest = date::of_day(day.saturating_sub(days.saturating_sub(1)));
    let others = kept.into_iter().filter(|(name, _)| name != written);
    let (old, others): (Vec<_>, Vec<_>) = others.partition(|(name, _)| name.date < oldest);
    for (name, _) in old {
        remove(&name.path(dir))?;
    }
    let mut bytes: u64 = others.iter().map(|(_, bytes)| bytes).sum();
    for (name, its) in others {
        if bytes.saturating_add(size_of(config)) <= config.total {
            break;
        }
        remove(&name.path(dir))?;
        bytes -= its;
    }
    Ok(())
}

/// Our files and how long they are, in the order in which they were written.
fn list(dir: &Path) -> io::Result<Vec<(Name, u64)>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        if let Some(name) = entry.file_name().to_str().and_then(Name::parse) {
            files.push((name, entry.metadata()?.len()));
        }
    }
    files.sort();
    Ok(files)
}

/// Somebody else may have been faster.
fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Days since 1970, in UTC.
#[expect(
    clippy::disallowed_methods,
    reason = "the day of a line is that of the moment in which it is written"
)]
fn day_now() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.map_or(0, |now| now.as_secs() / DAY.as_secs())
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

/// The file, to be added to.
fn open_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

#[cfg(test)]
mod tests;
