//! Log lines on stderr and, since a tray application has nobody who reads that, in the home's log
//! files.

use std::io;

use anyhow::Context as _;
use malai_core::{
    home::Home,
    logs::{LogFiles, LogsError},
};
use tracing::warn;
use tracing_subscriber::{EnvFilter, fmt::writer::MakeWriterExt as _};

/// What is logged without a wish; the network's own complaints are for those who ask.
const USUAL: &str = "warn,malai_desktop=info,malai_core=info,iroh=error,noq=error,noq_proto=error,\
                     noq_udp=error,hickory=error,swarm_discovery=error,mainline=error,pkarr=error";

/// Starts logging; lines reach the files for as long as the result is kept.
///
/// # Errors
/// When `filter` is none.
pub(crate) fn start(filter: Option<&str>, home: &Home) -> anyhow::Result<Option<LogFiles>> {
    let filter = filter.unwrap_or(USUAL);
    let filter = EnvFilter::try_new(filter)
        .with_context(|| format!("`{filter}` is not a log filter; write for example `info`"))?;
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(false);
    match LogFiles::open(home) {
        Ok(files) => {
            lines.with_writer(io::stderr.and(files.writer())).init();
            Ok(Some(files))
        }
        Err(error) => {
            lines.with_writer(io::stderr).init();
            no_files(&error);
            Ok(None)
        }
    }
}

/// malai works without them.
fn no_files(error: &LogsError) {
    warn!(%error, "there are no log files");
}
