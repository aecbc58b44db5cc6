//! `malai.toml`, the user's file: exact types, whole-file validation, edits that keep comments.

mod model;

pub use model::*;
