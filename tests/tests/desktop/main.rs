//! The desktop application as a person uses it: its tray, its window, and how it lives on a desktop.
//!
//! Every test has a screen, a session bus and a loopback of its own; a module for each subject.

#![allow(
    clippy::disallowed_methods,
    reason = "tests own their tasks: they end with the test's runtime"
)]

mod accessibility;
mod asking;
mod checking;
mod connecting;
mod desk;
mod ending;
mod keys;
mod links;
mod living;
mod settings;
mod sharing;
mod tray;
mod weight;
mod window;
