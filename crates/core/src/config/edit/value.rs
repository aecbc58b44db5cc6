//! Puts single values into a table and leaves everything around them as it was written.

use std::fmt::Display;

use toml_edit::{Array, Decor, InlineTable, Item, RawString, TableLike, Value};

/// How a list with one entry is written when there was none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum List {
    /// As a list.
    Always,
    /// As the entry alone.
    OneAlone,
}

/// Writes the key when the value changes; `None` from `value` removes it.
pub(super) fn differs<T: PartialEq>(
    table: &mut dyn TableLike,
    key: &str,
    old: &T,
    new: &T,
    value: impl Fn(&T) -> Option<Value>,
) {
    if old != new {
        put(table, key, value(new));
    }
}

/// Sets the key, or removes it; a value that is replaced leaves its comment.
pub(super) fn put(table: &mut dyn TableLike, key: &str, value: Option<Value>) {
    let Some(mut value) = value else {
        table.remove(key);
        return;
    };
    match table.get_mut(key) {
        Some(Item::Value(old)) => {
            *value.decor_mut() = old.decor().clone();
            *old = value;
        }
        Some(other) => *other = Item::Value(value),
        None => {
            table.insert(key, Item::Value(value));
        }
    }
}

/// Changes the table under the key, which is made inline when it is missing.
pub(super) fn nested(
    table: &mut dyn TableLike,
    key: &str,
    change: impl FnOnce(&mut dyn TableLike),
) {
    let new = || Item::Value(Value::InlineTable(InlineTable::new()));
    let item = table.entry(key).or_insert_with(new);
    if let Some(inner) = item.as_table_like_mut() {
        change(inner);
    }
    // A table on one line has no comments to lose, and gets its spaces in order.
    if let Item::Value(Value::InlineTable(inline)) = item
        && !inline.to_string().contains(['#', '\n'])
    {
        inline.fmt();
    }
}

/// Writes a list that changes, entry by entry where that says the same.
pub(super) fn list<T: PartialEq + Display>(
    table: &mut dyn TableLike,
    key: &str,
    old: &[T],
    new: &[T],
    form: List,
) {
    if old == new {
        return;
    }
    if let Some(Item::Value(Value::Array(array))) = table.get_mut(key)
        && array.len() == old.len()
        && merge(array, old, new)
    {
        return;
    }
    let was_list = table.get(key).is_some_and(Item::is_array);
    let value = match new {
        [only] if form == List::OneAlone && !was_list => only.to_string().into(),
        _ => new
            .iter()
            .map(ToString::to_string)
            .collect::<Array>()
            .into(),
    };
    put(table, key, Some(value));
}

/// Takes entries out and adds others at the end; tells whether that leads from `old` to `new`.
fn merge<T: PartialEq + Display>(array: &mut Array, old: &[T], new: &[T]) -> bool {
    let kept: Vec<&T> = old.iter().filter(|entry| new.contains(entry)).collect();
    let in_order = kept.len() <= new.len() && kept.iter().zip(new).all(|(kept, new)| *kept == new);
    if !in_order {
        return false;
    }
    for (index, entry) in old.iter().enumerate().rev() {
        if !new.contains(entry) {
            remove(array, index);
        }
    }
    tidy_start(array);
    for entry in &new[kept.len()..] {
        push(array, &entry.to_string());
    }
    true
}

/// Takes one entry out.
///
/// In a list of many lines the comment behind an entry stands, for TOML, before the next one or
/// before the bracket: it goes with its entry, and that of the entry before stays.
fn remove(array: &mut Array, index: usize) {
    let own = prefix_of(array, index);
    let next = match index + 1 == array.len() {
        true => tail_of(array),
        false => prefix_of(array, index + 1),
    };
    array.remove(index);
    let (Some((before, _)), Some((_, next))) = (own.split_once('\n'), next.split_once('\n')) else {
        return;
    };
    let joined = format!("{before}\n{next}");
    match array.get_mut(index) {
        Some(value) => value.decor_mut().set_prefix(joined),
        None => array.set_trailing(joined),
    }
}

/// What stands before an entry.
fn prefix_of(array: &Array, index: usize) -> String {
    let decor = array.get(index).map(Value::decor);
    text_of(decor.and_then(Decor::prefix))
}

/// What stands between the last entry, or its comma, and the bracket.
fn tail_of(array: &Array) -> String {
    let last = array.iter().last().map(Value::decor);
    let suffix = text_of(last.and_then(Decor::suffix));
    format!("{suffix}{}", text_of(Some(array.trailing())))
}

fn text_of(raw: Option<&RawString>) -> String {
    raw.and_then(RawString::as_str)
        .unwrap_or_default()
        .to_owned()
}

/// An entry that has become the first leaves no space behind the bracket.
fn tidy_start(array: &mut Array) {
    let prefix = prefix_of(array, 0);
    if let Some(first) = array.get_mut(0)
        && prefix.trim().is_empty()
        && !prefix.contains('\n')
    {
        first.decor_mut().set_prefix("");
    }
}

/// Adds an entry; in a list of many lines on a line of its own, below the comment of the last one.
fn push(array: &mut Array, text: &str) {
    let Some(last) = array.len().checked_sub(1) else {
        array.push(text);
        return;
    };
    let (before_last, tail) = (prefix_of(array, last), tail_of(array));
    let (Some((_, indent)), Some((above, end))) =
        (before_last.rsplit_once('\n'), tail.rsplit_once('\n'))
    else {
        array.push(text);
        return;
    };
    let mut value = Value::from(text);
    value.decor_mut().set_prefix(format!("{above}\n{indent}"));
    array.set_trailing(format!("\n{end}"));
    if let Some(last) = array.get_mut(last) {
        last.decor_mut().set_suffix("");
    }
    array.push_formatted(value);
}
