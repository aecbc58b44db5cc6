//! Log lines on stderr: for people, or as JSON for machines; those of `serve` in the home's log
//! files, too.
//!
//! Commands that come and go only log what needs a look; `serve` also says what happens.

use std::{
    fmt,
    io::{self, IsTerminal},
};

use malai_api::{Failure, codes};
use malai_core::{
    config::LogLevel,
    home::Home,
    logs::{LogFiles, LogsHandle},
};
use tracing::warn;
use tracing_subscriber::{
    EnvFilter, Layer, Registry,
    field::RecordFields,
    fmt::{
        FormatFields, MakeWriter,
        format::{DefaultFields, Writer},
        layer,
    },
    layer::SubscriberExt as _,
    registry::LookupSpan,
    reload,
    util::SubscriberInitExt as _,
};

use crate::{
    args::{Cli, Command, LogFormat},
    env,
};

/// What is logged without a wish; the network's own complaints are for those who ask.
const QUIET: &str = "warn,iroh=error,noq=error,noq_proto=error,noq_udp=error,hickory=error,\
                     swarm_discovery=error,mainline=error,pkarr=error";

/// What is kept of the log for as long as the process lives.
#[derive(Debug)]
pub(crate) struct Logging {
    /// For the engine of this process.
    pub(crate) handle: LogsHandle,
    _files: Option<LogFiles>,
}

/// Starts logging; later calls of `tracing` end up on stderr, and in files with `serve`.
pub(crate) fn start(cli: &Cli) -> anyhow::Result<Logging> {
    let serves = matches!(cli.command, Command::Serve(_));
    let filter = match &cli.global.log {
        Some(filter) => filter.clone(),
        None if serves => serving(LogLevel::Info),
        None => QUIET.to_owned(),
    };
    let filter = EnvFilter::try_new(&filter).map_err(|error| {
        let message = format!("`{filter}` is not a log filter ({error}); write for example `info`");
        Failure::new(codes::ARGUMENT_INVALID, message)
    })?;
    let handle = LogsHandle::default();
    let (filter, reload) = reload::Layer::new(filter);
    if serves && cli.global.log.is_none() {
        handle.on_level(move |level| {
            if let Err(error) = reload.reload(EnvFilter::new(serving(level))) {
                warn!(%error, "the level of the log stays as it was");
            }
        });
    }
    // Who cannot have a home is told so by the command.
    let home = serves.then(|| Home::open(cli.global.home.clone()).ok());
    let files = home.flatten().map(|home| LogFiles::open(&home, &handle));
    let (files, failed) = match files.transpose() {
        Ok(files) => (files, None),
        Err(error) => (None, Some(error)),
    };
    let colours = io::stderr().is_terminal() && std::env::var_os(env::NO_COLOR).is_none();
    let format = cli.global.log_format;
    let stderr = match format {
        LogFormat::Text => layer()
            .with_writer(io::stderr)
            .with_ansi(colours)
            .with_target(false)
            .boxed(),
        LogFormat::Json => json(io::stderr),
    };
    let kept = files.as_ref().map(|files| match format {
        LogFormat::Text => layer()
            .with_writer(files.writer())
            .with_ansi(false)
            .fmt_fields(FileFields::default())
            .boxed(),
        LogFormat::Json => json(files.writer()),
    });
    let all: Vec<Box<dyn Layer<Registry> + Send + Sync>> =
        std::iter::once(stderr).chain(kept).collect();
    tracing_subscriber::registry()
        .with(all.with_filter(filter))
        .init();
    if let Some(error) = failed {
        warn!(%error, "there are no log files");
    }
    Ok(Logging {
        handle,
        _files: files,
    })
}

/// The filter of `serve` at this level.
fn serving(level: LogLevel) -> String {
    let level = level.name();
    format!("{QUIET},malai={level},malai_core={level},malai_p2p={level}")
}

fn json<S, W>(writer: W) -> Box<dyn Layer<S> + Send + Sync>
where
    S: tracing::Subscriber + for<'span> LookupSpan<'span>,
    W: for<'writer> MakeWriter<'writer> + Send + Sync + 'static,
{
    layer()
        .with_writer(writer)
        .json()
        .flatten_event(true)
        .boxed()
}

/// Fields of spans as they are in files: of a type of their own, since those of the terminal are
/// kept by their type, and have colours.
#[derive(Debug, Default)]
struct FileFields(DefaultFields);

impl<'writer> FormatFields<'writer> for FileFields {
    fn format_fields<R: RecordFields>(&self, writer: Writer<'writer>, fields: R) -> fmt::Result {
        self.0.format_fields(writer, fields)
    }
}
