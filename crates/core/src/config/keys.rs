//! Every key of `malai.toml` in one table: its type, default and range.
//!
//! The reader takes unknown and missing keys, ranges and warnings from here, and the test of
//! `docs/config.md` holds the document against it: a key that is not here does not exist.

mod table;

use std::{fmt, time::Duration};

pub(super) use self::table::KEYS;

/// Stands in [`Key::path`] for a name that the user chooses.
pub(super) const NAME: &str = "NAME";

/// One key.
#[derive(Debug)]
pub(super) struct Key {
    /// Dotted, with [`NAME`] where the user chooses the name.
    pub(super) path: &'static str,
    /// What its value must be.
    pub(super) kind: Kind,
    /// What holds when it is missing.
    pub(super) default: Fallback,
}

/// What a value must be.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    /// `true` or `false`.
    Boolean,
    /// A whole number from the first to the second.
    Integer(u64, u64),
    /// A text such as `"30s"`, from the first to the second.
    Duration(Duration, Duration),
    /// A text such as `"1GiB"` or a number of bytes, from the first to the second.
    Size(u64, u64),
    /// A number from the first to the second, whole or not.
    Fraction(f64, f64),
    /// A text, described.
    Text(&'static str),
    /// A text or a list of texts, described.
    Texts(&'static str),
    /// A text or a bare port, described.
    Address(&'static str),
    /// A text, a bare port, or a list of them, described.
    Addresses(&'static str),
    /// A table whose keys have rows of their own.
    Table,
    /// A list of such tables.
    Tables,
}

/// What holds when a key is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fallback {
    /// It must be there; an example in TOML.
    Required(&'static str),
    /// Nothing: what it says does not apply.
    Nothing,
    /// This value, in TOML.
    Value(&'static str),
}

/// The row of a key, when it has one.
pub(super) fn find(path: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.path == path)
}

/// What may stand directly in the table at `path` (empty: the file itself), each once.
pub(super) fn children(path: &str) -> Vec<&'static str> {
    let mut names: Vec<&str> = KEYS
        .iter()
        .filter_map(|key| child(key.path, path))
        .collect();
    names.dedup();
    names
}

/// The required keys directly in the table at `path`, with their examples.
pub(super) fn required(path: &str) -> impl Iterator<Item = (&'static str, &'static str)> {
    KEYS.iter().filter_map(move |key| {
        let Fallback::Required(example) = key.default else {
            return None;
        };
        let name = child(key.path, path)?;
        (key.path == joined(path, name)).then_some((name, example))
    })
}

/// `path` and `name` with a dot between, where there is something to part.
pub(super) fn joined(path: &str, name: &str) -> String {
    if path.is_empty() {
        name.to_owned()
    } else {
        format!("{path}.{name}")
    }
}

fn child(key: &'static str, path: &str) -> Option<&'static str> {
    let rest = if path.is_empty() {
        key
    } else {
        key.strip_prefix(path)?.strip_prefix('.')?
    };
    rest.split('.').next()
}

impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Boolean => "boolean",
            Self::Integer(..) => "integer",
            Self::Duration(..) => "duration",
            Self::Size(..) => "size",
            Self::Fraction(..) => "number",
            Self::Text(_) => "text",
            Self::Texts(_) => "text or list of texts",
            Self::Address(_) => "port or text",
            Self::Addresses(_) => "port, text or list of them",
            Self::Table => "table",
            Self::Tables => "list of tables",
        })
    }
}

impl Kind {
    /// Which values are right, in words; nothing where the type says it all.
    pub(super) fn range(self) -> Option<String> {
        match self {
            Self::Boolean | Self::Table | Self::Tables => None,
            Self::Fraction(least, most) => Some(format!("`{least}` to `{most}`")),
            Self::Integer(least, most) if least == most => Some(format!("`{least}`")),
            Self::Integer(least, most) => Some(format!("`{least}` to `{most}`")),
            Self::Duration(least, most) => {
                let text = humantime::format_duration;
                Some(format!("`{}` to `{}`", text(least), text(most)))
            }
            Self::Size(least, most) => {
                Some(format!("`{}` to `{}`", size_text(least), size_text(most)))
            }
            Self::Text(words)
            | Self::Texts(words)
            | Self::Address(words)
            | Self::Addresses(words) => Some(words.to_owned()),
        }
    }
}

/// A size, exactly, in the largest binary unit that divides it.
pub(super) fn size_text(bytes: u64) -> String {
    let units = [
        (50, "PiB"),
        (40, "TiB"),
        (30, "GiB"),
        (20, "MiB"),
        (10, "KiB"),
    ];
    for (shift, unit) in units {
        if bytes != 0 && bytes.trailing_zeros() >= shift {
            return format!("{}{unit}", bytes >> shift);
        }
    }
    format!("{bytes}B")
}
