//! `malai.toml`, the user's file: exact types, whole-file validation, edits that keep comments.
//!
//! A file is read and checked as a whole: [`parse`] returns either a configuration that holds
//! together, or every problem there is, each with its key and line.
//! [`edit()`] changes a file and keeps what its owner wrote; [`watch()`] tells when it changed.

mod check;
mod description;
mod edit;
mod file;
mod keys;
mod model;
mod names;
mod problem;
mod read;
mod reader;
mod watch;

#[cfg(test)]
mod tests;

pub use description::{DescriptionError, check_description};
pub use edit::{Editor, edit};
pub use file::{ConfigError, load};
pub use model::*;
pub use names::{NameError, check_name, check_pet_name};
pub(crate) use names::{is_domain, looks_like_id52};
pub use problem::{Problem, Problems};
pub use watch::watch;

/// A configuration that holds together.
#[derive(Debug, Clone, PartialEq)]
pub struct Parsed {
    /// What the file says.
    pub config: Config,
    /// What its owner should know, in the order of lines.
    pub warnings: Vec<Problem>,
}

/// Reads and checks the text of a whole file.
///
/// # Errors
/// [`Problems`]: all of them at once; of a text that is no TOML only the first can be told.
pub fn parse(text: &str) -> Result<Parsed, Problems> {
    let reader = reader::Reader::new(text);
    match toml_edit::Document::parse(text) {
        Ok(document) => read::document(reader, document.as_table()),
        Err(error) => Err(reader.not_toml(&error)),
    }
}
