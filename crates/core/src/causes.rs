//! What went wrong, in words.

use std::error::Error;

/// An error and its causes, for people.
pub(crate) fn causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let said = error.to_string();
        // `#[error(transparent)]` says the same twice; several lines begin on one of their own.
        if !text.ends_with(&said) {
            text.push_str(if said.contains('\n') { ":\n" } else { ": " });
            text.push_str(&said);
        }
        cause = error.source();
    }
    text
}
