//! The values of a table, each of the type and in the range that its key has.

use std::{fmt, time::Duration};

use bytesize::ByteSize;
use toml_edit::{Item, Value};

use super::{Located, Section};
use crate::config::keys::{self, Kind};

impl Section<'_> {
    pub(in crate::config) fn boolean(&self, name: &str, target: &mut bool) {
        let Some(item) = self.table.get(name) else {
            return;
        };
        match item.as_bool() {
            Some(value) => *target = value,
            None => self.wrong_type(name, item),
        }
    }

    /// A whole number in the key's range.
    pub(in crate::config) fn integer<N: TryFrom<u64>>(&self, name: &str) -> Option<N> {
        let item = self.table.get(name)?;
        let Some(number) = item.as_integer() else {
            self.wrong_type(name, item);
            return None;
        };
        let in_range = u64::try_from(number).ok().filter(|number| {
            matches!(self.kind(name), Some(Kind::Integer(least, most)) if (least..=most).contains(number))
        });
        let value = in_range.and_then(|number| N::try_from(number).ok());
        if value.is_none() {
            self.out_of_range(name, &number.to_string());
        }
        value
    }

    /// A number in the key's range, whole or not.
    pub(in crate::config) fn fraction(&self, name: &str, target: &mut f64) {
        let Some(item) = self.table.get(name) else {
            return;
        };
        let whole = item.as_integer().and_then(|it| i32::try_from(it).ok());
        let Some(number) = item.as_float().or(whole.map(f64::from)) else {
            self.wrong_type(name, item);
            return;
        };
        match self.kind(name) {
            Some(Kind::Fraction(least, most)) if (least..=most).contains(&number) => {
                *target = number;
            }
            _ => self.out_of_range(name, &number.to_string()),
        }
    }

    /// A duration in the key's range.
    pub(in crate::config) fn duration(&self, name: &str, target: &mut Duration) {
        let Some(item) = self.table.get(name) else {
            return;
        };
        let Some(text) = item.as_str() else {
            self.wrong_type(name, item);
            return;
        };
        let Ok(duration) = humantime::parse_duration(text) else {
            let message =
                format!("`{text}` is not a duration; write for example \"30s\" or \"5m\"");
            self.error_at(name, self.line_of(name), message);
            return;
        };
        match self.kind(name) {
            Some(Kind::Duration(least, most)) if (least..=most).contains(&duration) => {
                *target = duration;
            }
            _ => self.out_of_range(name, text),
        }
    }

    /// A number of bytes in the key's range.
    pub(in crate::config) fn size(&self, name: &str) -> Option<u64> {
        let item = self.table.get(name)?;
        let (text, size) = match (item.as_str(), item.as_integer()) {
            (Some(text), _) => (
                text.to_owned(),
                text.parse::<ByteSize>().ok().map(|size| size.0),
            ),
            (_, Some(number)) => (number.to_string(), u64::try_from(number).ok()),
            _ => {
                self.wrong_type(name, item);
                return None;
            }
        };
        let Some(size) = size else {
            let message =
                format!("`{text}` is not a size; write for example \"100MiB\" or \"1GiB\"");
            self.error_at(name, self.line_of(name), message);
            return None;
        };
        match self.kind(name) {
            Some(Kind::Size(least, most)) if (least..=most).contains(&size) => Some(size),
            _ => {
                self.out_of_range(name, &text);
                None
            }
        }
    }

    fn kind(&self, name: &str) -> Option<Kind> {
        keys::find(&self.pattern_of(name)).map(|key| key.kind)
    }

    fn out_of_range(&self, name: &str, value: &str) {
        let range = self.kind(name).and_then(Kind::range).unwrap_or_default();
        let message = format!("{value} is out of range; it can be {range}");
        self.error_at(name, self.line_of(name), message);
    }

    /// One text, or a bare port where the key takes one, made into a `T`.
    pub(in crate::config) fn value<T, E: fmt::Display>(
        &self,
        name: &str,
        parse: impl Fn(&str) -> Result<T, E>,
    ) -> Option<Located<T>> {
        let item = self.table.get(name)?;
        match item.as_value() {
            Some(value) if !value.is_array() => self.parsed(name, value, parse),
            _ => {
                self.wrong_type(name, item);
                None
            }
        }
    }

    /// One text or a list of them, each made into a `T`; `None` when the key is not there.
    pub(in crate::config) fn values<T, E: fmt::Display>(
        &self,
        name: &str,
        parse: impl Fn(&str) -> Result<T, E>,
    ) -> Option<Vec<Located<T>>> {
        let item = self.table.get(name)?;
        match item.as_value() {
            Some(Value::Array(array)) => {
                let values = array.iter();
                Some(
                    values
                        .filter_map(|value| self.parsed(name, value, &parse))
                        .collect(),
                )
            }
            Some(value) => Some(self.parsed(name, value, parse).into_iter().collect()),
            None => {
                self.wrong_type(name, item);
                None
            }
        }
    }

    fn parsed<T, E: fmt::Display>(
        &self,
        name: &str,
        value: &Value,
        parse: impl Fn(&str) -> Result<T, E>,
    ) -> Option<Located<T>> {
        let line = self.line_of_value(name, value);
        let takes_ports = matches!(self.kind(name), Some(Kind::Address(_) | Kind::Addresses(_)));
        let parsed = match (value.as_str(), value.as_integer()) {
            (Some(text), _) => parse(text),
            (_, Some(port)) if takes_ports => parse(&port.to_string()),
            _ => {
                self.wrong_type(name, &Item::Value(value.clone()));
                return None;
            }
        };
        match parsed {
            Ok(value) => Some(Located { value, line }),
            Err(error) => {
                self.error_at(name, line, error);
                None
            }
        }
    }
}
