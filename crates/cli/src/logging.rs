//! Log lines on stderr: for people, or as JSON for machines.
//!
//! Commands that come and go only log what needs a look; `serve` also says what happens.

use std::io::{self, IsTerminal};

use malai_api::{Failure, codes};
use tracing_subscriber::EnvFilter;

use crate::{
    args::{Cli, Command, LogFormat},
    env,
};

/// What is logged without a wish; the network's own complaints are for those who ask.
const QUIET: &str = "warn,iroh=error,noq=error,noq_proto=error,noq_udp=error,hickory=error,\
                     swarm_discovery=error,mainline=error,pkarr=error";
/// The same for `serve`, with what a user would notice.
const SERVING: &str = "malai=info,malai_core=info,malai_p2p=info";

/// Starts logging; later calls of `tracing` end up on stderr.
pub(crate) fn start(cli: &Cli) -> anyhow::Result<()> {
    let filter = match &cli.global.log {
        Some(filter) => filter.clone(),
        None if matches!(cli.command, Command::Serve(_)) => format!("{QUIET},{SERVING}"),
        None => QUIET.to_owned(),
    };
    let filter = EnvFilter::try_new(&filter).map_err(|error| {
        let message = format!("`{filter}` is not a log filter ({error}); write for example `info`");
        Failure::new(codes::ARGUMENT_INVALID, message)
    })?;
    let colours = io::stderr().is_terminal() && std::env::var_os(env::NO_COLOR).is_none();
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_ansi(colours);
    match cli.global.log_format {
        LogFormat::Text => subscriber.with_target(false).init(),
        LogFormat::Json => subscriber.json().flatten_event(true).init(),
    }
    Ok(())
}
