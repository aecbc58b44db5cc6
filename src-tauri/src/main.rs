//! The tray application: a thin shell over the engine.
//!
//! The engine has a thread of its own ([`engine`]) and is reached through one handle ([`host`]).
//! One loop ([`controller`]) turns clicks into requests and news into a menu, which is a plain
//! value ([`menu`]) that the real tray follows ([`tray`]).
//! The window ([`window`]) is built when it is first shown and destroyed when it is closed.

#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "words of newer engines and toolkits are passed over"
)]
#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

mod app;
mod args;
mod asking;
mod autostart;
mod clipboard;
mod commands;
mod controller;
mod desktop;
mod engine;
mod host;
mod instance;
#[cfg(target_os = "linux")]
mod linux;
mod logging;
mod menu;
#[cfg(not(target_os = "linux"))]
mod notify;
#[cfg(test)]
mod samples;
mod settings;
mod shell;
mod signals;
mod tray;
mod window;

use std::{io::Write as _, process::ExitCode};

use clap::Parser as _;

use crate::args::Args;

fn main() -> ExitCode {
    #[cfg(target_os = "linux")]
    linux::gl::leave_out();
    match app::run(&Args::parse()) {
        Ok(code) => code,
        Err(error) => {
            // Nobody reads it when even stderr is closed.
            if let Err(error) = writeln!(std::io::stderr(), "malai: {error:#}") {
                tracing::debug!(%error, "stderr is closed");
            }
            ExitCode::FAILURE
        }
    }
}
