//! Log lines on stderr.

use std::io;

use anyhow::Context as _;
use tracing_subscriber::EnvFilter;

/// What is logged without a wish; the network's own complaints are for those who ask.
const USUAL: &str = "warn,malai_desktop=info,malai_core=info,iroh=error,noq=error,noq_proto=error,\
                     noq_udp=error,hickory=error,swarm_discovery=error,mainline=error,pkarr=error";

/// Starts logging.
///
/// # Errors
/// When `filter` is none.
pub(crate) fn start(filter: Option<&str>) -> anyhow::Result<()> {
    let filter = filter.unwrap_or(USUAL);
    let filter = EnvFilter::try_new(filter)
        .with_context(|| format!("`{filter}` is not a log filter; write for example `info`"))?;
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_target(false)
        .with_ansi(false)
        .init();
    Ok(())
}
