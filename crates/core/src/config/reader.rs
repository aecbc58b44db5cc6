//! Walks the tables of a parsed file and collects everything that is wrong on the way.
//!
//! A [`Section`] knows where it is, both as the user wrote it (`service.shop`) and as the table of
//! [keys](super::keys) names it (`service.NAME`); so unknown and missing keys, types, ranges and
//! lines are dealt with here once, and the code that reads a section only says what goes where.

use std::{cell::RefCell, fmt, ops::Range};

use super::{
    keys::Kind,
    problem::{Problem, Problems},
};

mod section;
mod value;

pub(super) use section::Section;

/// What was found so far in one file.
#[derive(Debug)]
pub(super) struct Reader {
    line_starts: Vec<usize>,
    errors: RefCell<Vec<Problem>>,
    warnings: RefCell<Vec<Problem>>,
}

/// A value and the line where it stands.
#[derive(Debug, Clone)]
pub(super) struct Located<T> {
    pub(super) value: T,
    pub(super) line: usize,
}

impl Reader {
    pub(super) fn new(text: &str) -> Self {
        let after_breaks = text.match_indices('\n').map(|(index, _)| index + 1);
        Self {
            line_starts: std::iter::once(0).chain(after_breaks).collect(),
            errors: RefCell::default(),
            warnings: RefCell::default(),
        }
    }

    /// The line of a byte, counted from 1.
    pub(super) fn line(&self, span: Option<Range<usize>>) -> Option<usize> {
        let start = span?.start;
        Some(self.line_starts.partition_point(|line| *line <= start))
    }

    pub(super) fn error(&self, key: &str, line: usize, message: impl fmt::Display) {
        let problem = Problem::new(key, line, &message.to_string());
        self.errors.borrow_mut().push(problem);
    }

    pub(super) fn warning(&self, key: &str, line: usize, message: impl fmt::Display) {
        let problem = Problem::new(key, line, &message.to_string());
        self.warnings.borrow_mut().push(problem);
    }

    /// The text has not even the form of TOML; the parser's words, without the text itself.
    pub(super) fn not_toml(self, error: &toml_edit::TomlError) -> Problems {
        let line = self.line(error.span()).unwrap_or(self.line_starts.len());
        let message = error.message().trim().replace('\n', ", ");
        self.error("", line, format!("this is not TOML: {message}"));
        Problems {
            errors: self.errors.into_inner(),
            warnings: Vec::new(),
        }
    }

    /// The warnings, when nothing is wrong; else everything.
    pub(super) fn finish(self) -> Result<Vec<Problem>, Problems> {
        let (mut errors, mut warnings) = (self.errors.into_inner(), self.warnings.into_inner());
        errors.sort_by_key(|problem| problem.line);
        warnings.sort_by_key(|problem| problem.line);
        if errors.is_empty() {
            Ok(warnings)
        } else {
            Err(Problems { errors, warnings })
        }
    }
}

/// A TOML type in plain words.
fn a_type(name: &str) -> &'static str {
    match name {
        "string" => "a text",
        "integer" => "a whole number",
        "float" => "a number with a fraction",
        "boolean" => "true or false",
        "datetime" => "a date",
        "array" => "a list",
        "array of tables" => "a list of tables",
        _ => "a table",
    }
}

/// What should be written instead.
fn ask_for(kind: Kind) -> String {
    let range = kind.range().unwrap_or_default();
    match kind {
        Kind::Boolean => "write true or false".to_owned(),
        Kind::Integer(..) => format!("write a whole number, {range}"),
        Kind::Fraction(..) => format!("write a number, {range}"),
        Kind::Duration(..) => "write a text with a unit, such as \"30s\" or \"5m\"".to_owned(),
        Kind::Size(..) => "write a number of bytes or a text such as \"1GiB\"".to_owned(),
        Kind::Text(_) | Kind::Address(_) => format!("write {range} in quotes"),
        Kind::Texts(_) | Kind::Addresses(_) => format!("write a list [\"…\"] {range}"),
        Kind::Table => "write a table: `[…]` or `{ … }`".to_owned(),
        Kind::Tables => "write a list of tables: `[{ … }]`".to_owned(),
    }
}
