//! A menu as a panel sees it (`com.canonical.dbusmenu`), as a value that tests compare.

use std::{collections::HashMap, fmt};

use anyhow::{Context, Result, bail};
use zbus::zvariant::{OwnedValue, Structure, Value};

/// One row of a menu and what is below it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Row {
    /// What it is called over the bus; positions decide it, so it may change.
    pub id: i32,
    /// Its text, without marks for the keyboard.
    pub label: String,
    /// Whether it can be clicked.
    pub enabled: bool,
    /// Whether it is shown.
    pub visible: bool,
    /// Whether it only divides the others.
    pub separator: bool,
    /// The rows of its submenu.
    pub children: Vec<Self>,
}

/// A row's number, properties and children, as they come over the bus.
pub(super) type Layout = (i32, HashMap<String, OwnedValue>, Vec<OwnedValue>);

impl Row {
    /// Reads a row and everything below it.
    pub(super) fn read((id, properties, children): Layout) -> Result<Self> {
        let text = |name| match properties.get(name).map(|value| &**value) {
            Some(Value::Str(text)) => text.as_str(),
            _ => "",
        };
        // The protocol's defaults hold for what is not said.
        let flag = |name| !matches!(properties.get(name).map(|v| &**v), Some(Value::Bool(false)));
        let children = children.into_iter().map(|child| {
            let child: Value<'_> = child.into();
            let Value::Structure(structure) = child else {
                bail!("a row is no structure");
            };
            Self::read(layout(structure)?)
        });
        Ok(Self {
            id,
            label: without_mnemonics(text("label")),
            enabled: flag("enabled"),
            visible: flag("visible"),
            separator: text("type") == "separator",
            children: children.collect::<Result<_>>()?,
        })
    }

    /// The rows that are shown and are more than a divider.
    pub fn rows(&self) -> impl Iterator<Item = &Self> {
        self.children
            .iter()
            .filter(|row| row.visible && !row.separator && !row.label.is_empty())
    }

    /// The row at the end of `path`, each part of which is a label or how one begins.
    #[must_use]
    pub fn find(&self, path: &[&str]) -> Option<&Self> {
        path.iter().try_fold(self, |row, part| {
            let exact = row.rows().find(|one| one.label == *part);
            exact.or_else(|| row.rows().find(|one| one.label.starts_with(part)))
        })
    }

    /// The labels of its rows.
    #[must_use]
    pub fn labels(&self) -> Vec<&str> {
        self.rows().map(|row| row.label.as_str()).collect()
    }
}

/// The menu as a person sees it: a line for each row, `--` for a divider, `(off)` for what cannot
/// be clicked.
impl fmt::Display for Row {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_rows(self, 0, out)
    }
}

fn write_rows(menu: &Row, depth: usize, out: &mut fmt::Formatter<'_>) -> fmt::Result {
    for row in menu.children.iter().filter(|row| row.visible) {
        let indent = depth * 2;
        if row.separator || row.label.is_empty() {
            writeln!(out, "{:indent$}--", "")?;
            continue;
        }
        let off = if row.enabled { "" } else { " (off)" };
        writeln!(out, "{:indent$}{}{off}", "", row.label)?;
        write_rows(row, depth + 1, out)?;
    }
    Ok(())
}

fn layout(structure: Structure<'_>) -> Result<Layout> {
    structure.try_into().context("a row of another form")
}

/// `__` is an underscore, and a single one marks the next letter.
fn without_mnemonics(label: &str) -> String {
    label
        .split("__")
        .map(|part| part.replace('_', ""))
        .collect::<Vec<_>>()
        .join("_")
}
