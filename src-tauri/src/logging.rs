//! Log lines on stderr and, since a tray application has nobody who reads that, in the home's log
//! files.

use std::io;

use anyhow::Context as _;
use malai_core::{
    config::LogLevel,
    home::Home,
    logs::{LogFiles, LogsError, LogsHandle},
};
use tracing::warn;
use tracing_subscriber::{
    EnvFilter,
    fmt::writer::{BoxMakeWriter, MakeWriterExt as _},
};

/// What is logged of others without a wish; the network's own complaints are for those who ask.
const QUIET: &str = "warn,iroh=error,noq=error,noq_proto=error,noq_udp=error,hickory=error,\
                     swarm_discovery=error,mainline=error,pkarr=error";

/// Starts logging; lines reach the files for as long as the first is kept, and the second is for
/// the engine.
///
/// # Errors
/// When `filter` is none.
pub(crate) fn start(
    filter: Option<&str>,
    home: &Home,
) -> anyhow::Result<(Option<LogFiles>, LogsHandle)> {
    let wanted = filter.map_or_else(|| usual(LogLevel::Info), str::to_owned);
    let wanted = EnvFilter::try_new(&wanted)
        .with_context(|| format!("`{wanted}` is not a log filter; write for example `info`"))?;
    let handle = LogsHandle::default();
    let (files, failed) = match LogFiles::open(home, &handle) {
        Ok(files) => (Some(files), None),
        Err(error) => (None, Some(error)),
    };
    let writer = match &files {
        Some(files) => BoxMakeWriter::new(io::stderr.and(files.writer())),
        None => BoxMakeWriter::new(io::stderr),
    };
    let lines = tracing_subscriber::fmt()
        .with_env_filter(wanted)
        .with_ansi(false)
        .with_writer(writer)
        .with_filter_reloading();
    if filter.is_none() {
        let reload = lines.reload_handle();
        handle.on_level(move |level| {
            if let Err(error) = reload.reload(usual(level)) {
                warn!(%error, "the level of the log stays as it was");
            }
        });
    }
    lines.init();
    if let Some(error) = &failed {
        no_files(error);
    }
    Ok((files, handle))
}

/// The filter at this level of ours.
fn usual(level: LogLevel) -> String {
    let level = level.name();
    format!("{QUIET},malai_desktop={level},malai_core={level},malai_p2p={level}")
}

/// malai works without them.
fn no_files(error: &LogsError) {
    warn!(%error, "there are no log files");
}
