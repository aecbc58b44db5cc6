//! Log files, for an engine whose terminal nobody reads.
//!
//! In `logs/` of the home, its owner's alone, and bounded in size, age and number, as `[logs]`
//! says.
//! Lines are written by a thread of their own: a slow or full disk loses lines, which are counted,
//! and never slows traffic.
//! Secrets are never logged, here or elsewhere.

mod date;
mod files;

use std::{
    fmt, io,
    path::PathBuf,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use arc_swap::ArcSwapOption;
use thiserror::Error;
use tracing_appender::non_blocking::{ErrorCounter, NonBlocking, NonBlockingBuilder, WorkerGuard};

use self::files::Files;
use crate::{
    config::{LogLevel, LogsConfig},
    home::Home,
};

/// Lines that wait for the disk; with more the newest are lost.
const LINES_WAITING: usize = 8192;

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
    /// Opens today's file in `home`; `handle` says how files are written from then on.
    ///
    /// # Errors
    /// [`LogsError`].
    pub fn open(home: &Home, handle: &LogsHandle) -> Result<Self, LogsError> {
        let dir = home.logs();
        let files = Files::open(dir.clone(), handle.clone());
        let files = files.map_err(|error| LogsError(dir, error))?;
        let (writer, worker) = NonBlockingBuilder::default()
            .buffered_lines_limit(LINES_WAITING)
            .lossy(true)
            .thread_name("malai-logs")
            .finish(files);
        if handle.0.dropped.set(writer.error_counter()).is_err() {
            tracing::debug!("log files are opened twice");
        }
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

/// How the log is written, said by the engine as its configuration changes; clones speak of the
/// same log.
///
/// The default one is that of a process without log files, whose level is its own affair.
#[derive(Debug, Clone, Default)]
pub struct LogsHandle(Arc<Shared>);

#[derive(Default)]
struct Shared {
    /// Nothing before the configuration was read: until then no file is removed.
    config: ArcSwapOption<LogsConfig>,
    level: OnceLock<Box<dyn Fn(LogLevel) + Send + Sync>>,
    lost: AtomicU64,
    dropped: OnceLock<ErrorCounter>,
}

impl LogsHandle {
    /// Hands every level that the configuration comes to say to `set`; the first call counts.
    pub fn on_level(&self, set: impl Fn(LogLevel) + Send + Sync + 'static) {
        if self.0.level.set(Box::new(set)).is_err() {
            tracing::debug!("somebody sets the level already");
        }
    }

    /// From the next line on it is as `config` says.
    pub(crate) fn apply(&self, config: &LogsConfig) {
        let before = self.0.config.load_full();
        if before.as_deref() == Some(config) {
            return;
        }
        self.0.config.store(Some(Arc::new(config.clone())));
        let level = before.map(|before| before.level);
        if level != Some(config.level)
            && let Some(set) = self.0.level.get()
        {
            set(config.level);
        }
    }

    /// How many lines could not be written, because there were too many or the disk was full.
    pub(crate) fn lost(&self) -> u64 {
        let dropped = self.0.dropped.get().map_or(0, ErrorCounter::dropped_lines);
        self.0.lost.load(Relaxed) + u64::try_from(dropped).unwrap_or(u64::MAX)
    }

    fn config(&self) -> Option<Arc<LogsConfig>> {
        self.0.config.load_full()
    }

    fn lose(&self) {
        self.0.lost.fetch_add(1, Relaxed);
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Shared")
            .field("config", &self.config)
            .field("lost", &self.lost)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
