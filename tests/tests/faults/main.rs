//! What malai does when something breaks; each scenario is a row of `docs/reliability.md`.
//!
//! The real `malai` in separate processes, real signals, links that are taken down, packets that
//! are lost. A module for each part that can fail. Figures are recorded, and held against bounds
//! that a slow, busy machine keeps.

#![cfg(target_os = "linux")]
#![allow(
    clippy::disallowed_methods,
    reason = "tests own their tasks: they end with the test's runtime"
)]

mod clients;
mod config;
mod disk;
mod ends;
mod identity;
mod load;
mod network;
mod pages_and_links;
mod peer;
mod relay;
mod road;
mod service;
mod shutdown;
mod slow_clients;
mod soak;
mod strangers;

use std::fs;

use anyhow::Result;
use e2e::fault::{document, rows, scenarios};

#[test]
fn every_scenario_has_its_row_and_every_row_its_scenario() -> Result<()> {
    let names: Vec<String> = scenarios()?.into_iter().map(|it| it.name).collect();
    let text = fs::read_to_string(document())?;
    assert_eq!(rows(&text), names, "run `make faults`");
    assert!(names.len() >= 30, "{}", names.len());
    Ok(())
}
