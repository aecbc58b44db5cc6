//! The real `malai`, in separate processes, as a person or a script would use it.
//!
//! One binary for all subjects, because linking is what takes the time; a module for each.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "tests own their tasks: they end with the test's runtime; figures are for the one who reads"
)]

mod aborts;
mod allowing;
mod asking;
mod backup;
mod balancing;
mod blocking;
mod bodies;
mod breaking;
mod clients;
mod commands;
mod demo;
mod discovery;
mod doctor;
mod domains;
mod engine;
mod errors;
mod failover;
mod framing;
mod gateway;
mod guests;
mod headers;
mod health;
mod http2;
mod import;
mod invites;
mod keychain;
mod limits;
mod load;
mod logs;
mod metrics;
mod names;
mod nearby;
mod offers;
mod policy;
mod ports;
mod programs;
mod proxy_protocol;
mod reconnecting;
mod reload;
mod requests;
mod retries;
mod rotation;
mod servers;
mod settings;
mod shutdown;
mod smuggling;
mod strangers;
mod streaming;
mod tcp;
mod threats;
mod tls;
mod traces;
mod upgrades;
mod upstreams;
mod web;
mod web_access;
mod web_browser;
