//! The `malai` command: one file per verb, all of them thin over the engine.
//!
//! Results go to stdout, talk to stderr; every command has `--json`.
//! The exit code says how it went: see [`exit::Exit`].

mod args;
mod env;
mod exit;
mod logging;
mod output;
mod passphrase;
mod qr;
mod session;
mod signals;
mod start;
mod text;
mod verbs;

use std::process::ExitCode;

use clap::Parser;

use crate::{args::Cli, exit::Exit, output::Output};

fn main() -> ExitCode {
    let cli = Cli::parse();
    let output = Output::new(cli.global.json);
    let exit = run(cli, output).unwrap_or_else(|error| exit::report(&error, output));
    ExitCode::from(exit.code())
}

fn run(cli: Cli, output: Output) -> anyhow::Result<Exit> {
    let logging = logging::start(&cli)?;
    let runtime = malai_core::runtime::build()?;
    let exit = runtime.block_on(verbs::run(cli, output, logging.handle));
    // A thread that still waits for a locked keychain or a slow disk must not hold the end up.
    runtime.shutdown_background();
    exit
}
