//! The malai engine: shares local services with peers and opens bridges to theirs.

pub mod config;
pub mod control;
pub mod events;
pub mod home;
pub mod identity;
pub mod link;
pub mod policy;
pub mod shutdown;
