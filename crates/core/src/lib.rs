//! The malai engine: shares local services with peers and opens bridges to theirs.

pub mod access;
pub mod asking;
pub mod audit;
#[cfg_attr(
    not(test),
    expect(dead_code, reason = "the sharing side is about to be built on it")
)]
mod breaker;
pub mod bridge;
pub mod clock;
pub mod config;
pub mod control;
mod detect;
pub mod domains;
pub mod engine;
pub mod events;
pub mod expose;
pub mod home;
mod http;
pub mod identity;
pub mod link;
pub mod logs;
mod meter;
mod metrics;
pub mod peers;
pub mod policy;
pub mod private_file;
pub mod rotation;
pub mod shutdown;
mod stream;
mod upstream;
pub mod watching;
mod wire;
