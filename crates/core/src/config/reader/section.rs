//! One table of the file: its keys held against the table of keys, and the tables in it.

use std::{fmt, ops::Range};

use toml_edit::{Item, Key, TableLike, Value};

use super::{Reader, a_type, ask_for};
use crate::config::{
    NameError,
    keys::{self, Kind, NAME},
    names::nearest,
};

/// One table of the file.
pub(in crate::config) struct Section<'d> {
    reader: &'d Reader,
    pub(super) table: &'d dyn TableLike,
    /// As the user wrote it.
    path: String,
    /// As the table of keys names it.
    pattern: String,
    /// The line of its header.
    line: usize,
}

impl fmt::Debug for Section<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Section({} at line {})", self.path, self.line)
    }
}

impl<'d> Section<'d> {
    /// The whole file.
    pub(in crate::config) fn root(reader: &'d Reader, table: &'d dyn TableLike) -> Self {
        Self::checked(reader, table, String::new(), String::new(), 1)
    }

    fn checked(
        reader: &'d Reader,
        table: &'d dyn TableLike,
        path: String,
        pattern: String,
        line: usize,
    ) -> Self {
        let section = Self {
            reader,
            table,
            path,
            pattern,
            line,
        };
        section.check_keys();
        section
    }

    /// Refuses unknown keys and asks for missing ones.
    fn check_keys(&self) {
        let known = keys::children(&self.pattern);
        for (name, _) in self.table.iter() {
            let (path, line) = (self.path_of(name), self.line_of(name));
            if !known.contains(&name) {
                let hint = match nearest(name, known.iter().copied()) {
                    Some(meant) => format!("did you mean `{meant}`?"),
                    None => format!("the keys here are {}", listed(&known)),
                };
                self.reader
                    .error(&path, line, format!("there is no such key; {hint}"));
            }
        }
        for (name, example) in keys::required(&self.pattern) {
            if self.table.get(name).is_none() {
                let message = format!("`{name}` is missing; write for example `{example}`");
                self.error(message);
            }
        }
    }

    pub(in crate::config) fn path_of(&self, name: &str) -> String {
        keys::joined(&self.path, name)
    }

    pub(super) fn pattern_of(&self, name: &str) -> String {
        keys::joined(&self.pattern, name)
    }

    /// The line of a key, or of the section when the key is not there.
    pub(in crate::config) fn line_of(&self, name: &str) -> usize {
        let span = self.table.key(name).and_then(Key::span);
        self.reader.line(span).unwrap_or(self.line)
    }

    pub(in crate::config) fn has(&self, name: &str) -> bool {
        self.table.contains_key(name)
    }

    pub(in crate::config) fn is_empty(&self) -> bool {
        self.table.is_empty()
    }

    pub(in crate::config) fn is_empty_list(&self, name: &str) -> bool {
        let list = self.table.get(name).and_then(Item::as_array);
        list.is_some_and(toml_edit::Array::is_empty)
    }

    /// Something is wrong with the section as a whole.
    pub(in crate::config) fn error(&self, message: impl fmt::Display) {
        self.reader.error(&self.path, self.line, message);
    }

    /// Something is wrong with the value of a key.
    pub(in crate::config) fn error_at(&self, name: &str, line: usize, message: impl fmt::Display) {
        self.reader.error(&self.path_of(name), line, message);
    }

    /// Something is odd with a key.
    pub(in crate::config) fn warning_at(&self, name: &str, message: impl fmt::Display) {
        self.reader
            .warning(&self.path_of(name), self.line_of(name), message);
    }

    pub(super) fn wrong_type(&self, name: &str, item: &Item) {
        let wanted = keys::find(&self.pattern_of(name)).map_or(Kind::Table, |key| key.kind);
        let line = self
            .reader
            .line(item.span())
            .unwrap_or_else(|| self.line_of(name));
        let message = format!("this is {}; {}", a_type(item.type_name()), ask_for(wanted));
        self.error_at(name, line, message);
    }

    /// The line of a value in a list under a key.
    pub(super) fn line_of_value(&self, name: &str, value: &Value) -> usize {
        self.reader
            .line(value.span())
            .unwrap_or_else(|| self.line_of(name))
    }

    /// The table under a key.
    pub(in crate::config) fn table(&self, name: &str) -> Option<Self> {
        let item = self.table.get(name)?;
        let Some(table) = item.as_table_like() else {
            self.wrong_type(name, item);
            return None;
        };
        let (path, pattern) = (self.path_of(name), self.pattern_of(name));
        let line = self.line_of(name);
        Some(Section::checked(self.reader, table, path, pattern, line))
    }

    /// The tables under a key that have names of the user's choice.
    pub(in crate::config) fn named(
        &self,
        name: &str,
        check: impl Fn(&str) -> Result<(), NameError>,
    ) -> Vec<(String, Self)> {
        let Some(item) = self.table.get(name) else {
            return Vec::new();
        };
        let Some(table) = item.as_table_like() else {
            self.wrong_type(name, item);
            return Vec::new();
        };
        let outer = Section {
            reader: self.reader,
            table,
            path: self.path_of(name),
            pattern: self.pattern_of(name),
            line: self.line_of(name),
        };
        let mut sections = Vec::new();
        for (name, item) in table.iter() {
            let line = outer.line_of(name);
            if let Err(error) = check(name) {
                outer.error_at(name, line, error);
            }
            match item.as_table_like() {
                Some(table) => {
                    let (path, pattern) = (outer.path_of(name), outer.pattern_of(NAME));
                    let section = Section::checked(self.reader, table, path, pattern, line);
                    sections.push((name.to_owned(), section));
                }
                None => outer.wrong_type(name, item),
            }
        }
        sections
    }

    /// The list of tables under a key.
    pub(in crate::config) fn tables(&self, name: &str) -> Vec<Self> {
        let Some(item) = self.table.get(name) else {
            return Vec::new();
        };
        let tables: Vec<(Option<Range<usize>>, &dyn TableLike)> =
            if let Some(tables) = item.as_array_of_tables() {
                let tables = tables.iter();
                tables
                    .map(|table| (table.span(), table as &dyn TableLike))
                    .collect()
            } else if let Some(array) = item.as_array() {
                let tables = array.iter().filter_map(|value| {
                    let table = value.as_inline_table();
                    if table.is_none() {
                        let line = self.line_of_value(name, value);
                        let what = a_type(value.type_name());
                        self.error_at(name, line, format!("this is {what}; write `{{ … }}`"));
                    }
                    table
                });
                tables
                    .map(|table| (table.span(), table as &dyn TableLike))
                    .collect()
            } else {
                self.wrong_type(name, item);
                return Vec::new();
            };
        let (path, pattern) = (self.path_of(name), self.pattern_of(name));
        let open = |(span, table)| {
            let line = self.reader.line(span).unwrap_or_else(|| self.line_of(name));
            Section::checked(self.reader, table, path.clone(), pattern.clone(), line)
        };
        tables.into_iter().map(open).collect()
    }
}

/// Names as a list in words.
fn listed(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    quoted.join(", ")
}
