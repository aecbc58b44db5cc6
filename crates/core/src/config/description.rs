//! What a service says of itself to those who may use it: one line of plain text.

use thiserror::Error;

/// The longest description, in characters.
const DESCRIPTION_MAX: usize = 200;

/// Why a text does not describe a service.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum DescriptionError {
    /// It is too long.
    #[error("a description has at most {DESCRIPTION_MAX} characters, this has {0}")]
    TooLong(usize),
    /// It is more than a line of text.
    #[error("a description is one line of text, without control characters")]
    Control,
}

/// Holds `text` against the rule for descriptions: at most 200 characters, none of which controls
/// how others are shown.
///
/// # Errors
/// [`DescriptionError`] says what is wrong.
pub fn check_description(text: &str) -> Result<(), DescriptionError> {
    if text.chars().any(|c| c.is_control() || is_format(c)) {
        return Err(DescriptionError::Control);
    }
    match text.chars().count() {
        length if length > DESCRIPTION_MAX => Err(DescriptionError::TooLong(length)),
        _ => Ok(()),
    }
}

/// Line and paragraph ends, and marks that turn the direction of what follows.
fn is_format(c: char) -> bool {
    matches!(
        c,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_one_short_line_of_plain_text() {
        for text in ["", "Our web shop", "Büro 🛒 \"quoted\"", &"ä".repeat(200)] {
            assert_eq!(check_description(text), Ok(()), "{text}");
        }
        for text in [
            "two\nlines",
            "\u{1b}[31m",
            "a\u{202e}b",
            "a\u{2028}b",
            "\u{0}",
        ] {
            assert_eq!(check_description(text), Err(DescriptionError::Control));
        }
        let long = check_description(&"ä".repeat(201));
        assert_eq!(long, Err(DescriptionError::TooLong(201)));
    }
}
