//! What is written down about the engine itself: `[logs]` and `[traces]`.

use std::time::Duration;

use url::Url;

/// `[logs]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogsConfig {
    /// What is logged, unless the command line says otherwise.
    pub level: LogLevel,
    /// Bytes of one file; then another one is begun.
    pub size: u64,
    /// How long a file is kept, in whole days.
    pub age: Duration,
    /// Bytes of all files together, and the most that one of them may have.
    pub total: u64,
}

/// `logs.level`: from what on a line of ours is logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogLevel {
    /// A part is dead.
    Error,
    /// Odd but working.
    Warn,
    /// What a user would notice.
    #[default]
    Info,
    /// Which way was taken.
    Debug,
    /// Every message.
    Trace,
}

/// `[traces]`
#[derive(Debug, Clone, PartialEq)]
pub struct TracesConfig {
    /// The collector's place, to which `/v1/traces` is added.
    pub endpoint: Url,
    /// Which part of the requests that nobody traces yet is traced, 0 to 1.
    pub sample: f64,
}

impl TracesConfig {
    /// `traces.sample` when it is missing.
    pub(crate) const SAMPLE: f64 = 0.1;
}

impl Default for LogsConfig {
    fn default() -> Self {
        Self {
            level: LogLevel::Info,
            size: 16 << 20,
            age: Duration::from_hours(7 * 24),
            total: 128 << 20,
        }
    }
}

impl LogLevel {
    /// All of them, the rarest first.
    pub const ALL: [Self; 5] = [
        Self::Error,
        Self::Warn,
        Self::Info,
        Self::Debug,
        Self::Trace,
    ];

    /// As it is written, here and in log filters.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }
}
