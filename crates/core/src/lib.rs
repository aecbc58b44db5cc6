//! The malai engine: shares local services with peers and opens bridges to theirs.

pub mod home;
