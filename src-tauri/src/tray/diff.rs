//! What to do to a menu so that it becomes another one; pure.
//!
//! Rows are matched by id, never by place: a row that stays keeps its item, so a click that is
//! under way never hits another meaning, and an open menu does not close.

use crate::menu::{Kind, Row};

/// One step; they are to be done in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Edit {
    /// The row at `index` goes.
    Remove { path: Vec<usize>, index: usize },
    /// A row comes in at `index`.
    Insert {
        path: Vec<usize>,
        index: usize,
        row: Row,
    },
    /// The row at `index` reads otherwise.
    SetText {
        path: Vec<usize>,
        index: usize,
        text: String,
    },
    /// The row at `index` can be clicked, or not.
    SetEnabled {
        path: Vec<usize>,
        index: usize,
        enabled: bool,
    },
}

/// The steps from `old` to `new`; places are those at the time of each step.
pub(crate) fn diff(old: &[Row], new: &[Row]) -> Vec<Edit> {
    let mut edits = Vec::new();
    rows(&mut Vec::new(), old, new, &mut edits);
    edits
}

fn rows(path: &mut Vec<usize>, old: &[Row], new: &[Row], edits: &mut Vec<Edit>) {
    let mut current: Vec<&Row> = old.iter().collect();
    // Back to front, so that the places before are not touched.
    for index in (0..current.len()).rev() {
        if !new.iter().any(|row| is_same_item(row, current[index])) {
            current.remove(index);
            edits.push(Edit::Remove {
                path: path.clone(),
                index,
            });
        }
    }
    for (index, row) in new.iter().enumerate() {
        let found = current
            .iter()
            .skip(index)
            .position(|it| is_same_item(it, row));
        match found {
            Some(0) => change(path, index, current[index], row, edits),
            Some(further) => {
                // It has moved forward: an item cannot move, so it is made anew here.
                current.remove(index + further);
                edits.push(Edit::Remove {
                    path: path.clone(),
                    index: index + further,
                });
                insert(path, index, row, &mut current, edits);
            }
            None => insert(path, index, row, &mut current, edits),
        }
    }
}

fn insert<'a>(
    path: &[usize],
    index: usize,
    row: &'a Row,
    current: &mut Vec<&'a Row>,
    edits: &mut Vec<Edit>,
) {
    current.insert(index, row);
    edits.push(Edit::Insert {
        path: path.to_vec(),
        index,
        row: row.clone(),
    });
}

fn change(path: &mut Vec<usize>, index: usize, old: &Row, new: &Row, edits: &mut Vec<Edit>) {
    if old.text != new.text {
        edits.push(Edit::SetText {
            path: path.clone(),
            index,
            text: new.text.clone(),
        });
    }
    match (&old.kind, &new.kind) {
        (Kind::Sub(old), Kind::Sub(new)) => {
            path.push(index);
            rows(path, old, new, edits);
            path.pop();
        }
        (Kind::Info, Kind::Act(_)) => {
            edits.push(Edit::SetEnabled {
                path: path.clone(),
                index,
                enabled: true,
            });
        }
        (Kind::Act(_), Kind::Info) => {
            edits.push(Edit::SetEnabled {
                path: path.clone(),
                index,
                enabled: false,
            });
        }
        (Kind::Info | Kind::Act(_) | Kind::Sub(_) | Kind::Separator, _) => {}
    }
}

/// Whether one item of a real menu can be both.
///
/// A submenu with another title cannot: GTK's has its title inside a box, where muda 0.20 does not
/// set it again.
fn is_same_item(one: &Row, other: &Row) -> bool {
    let fits = match (&one.kind, &other.kind) {
        (Kind::Info | Kind::Act(_), Kind::Info | Kind::Act(_)) => true,
        (Kind::Sub(_), Kind::Sub(_)) => one.text == other.text,
        (Kind::Separator, Kind::Separator) => true,
        (Kind::Info | Kind::Act(_) | Kind::Sub(_) | Kind::Separator, _) => false,
    };
    one.id == other.id && fits
}

#[cfg(test)]
mod tests;
