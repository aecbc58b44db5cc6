//! What is wrong with a configuration: always all of it at once, each with its key and line.

use std::fmt;

/// The file's name, as problems show it.
pub(crate) const FILE_NAME: &str = "malai.toml";

/// One thing that is wrong, or worth knowing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The dotted key, such as `service.shop.allow`; empty when it concerns the file's form.
    pub key: String,
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong and what would be right.
    pub message: String,
}

impl Problem {
    /// What the file says is repeated without what would command a terminal.
    pub(super) fn new(key: &str, line: usize, message: &str) -> Self {
        Self {
            key: shown(key),
            line,
            message: shown(message),
        }
    }
}

fn shown(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for letter in text.chars() {
        if letter.is_control() && letter != '\n' {
            shown.extend(letter.escape_default());
        } else {
            shown.push(letter);
        }
    }
    shown
}

impl fmt::Display for Problem {
    /// `malai.toml:12: service.shop.allow: …`
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{FILE_NAME}:{}: ", self.line)?;
        if !self.key.is_empty() {
            write!(formatter, "{}: ", self.key)?;
        }
        formatter.write_str(&self.message)
    }
}

/// Everything that is wrong with a file, in the order of its lines.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", lines(.errors))]
pub struct Problems {
    /// What makes it invalid: at least one.
    pub errors: Vec<Problem>,
    /// What would not.
    pub warnings: Vec<Problem>,
}

fn lines(errors: &[Problem]) -> String {
    let lines: Vec<String> = errors.iter().map(Problem::to_string).collect();
    lines.join("\n")
}
