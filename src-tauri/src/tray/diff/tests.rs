//! The steps, and that doing them gives the other menu.

use super::*;
use crate::menu::Action;

fn act(id: &str, text: &str) -> Row {
    Row::act(id, text, Action::CopyId)
}

/// Does `edits` to `rows`, as the real menu does.
fn done(mut rows: Vec<Row>, edits: &[Edit]) -> Vec<Row> {
    for edit in edits {
        match edit.clone() {
            Edit::Remove { path, index } => {
                at(&mut rows, &path).remove(index);
            }
            Edit::Insert { path, index, row } => at(&mut rows, &path).insert(index, row),
            Edit::SetText { path, index, text } => at(&mut rows, &path)[index].text = text,
            Edit::SetEnabled {
                path,
                index,
                enabled,
            } => {
                let kind = if enabled {
                    Kind::Act(Action::CopyId)
                } else {
                    Kind::Info
                };
                at(&mut rows, &path)[index].kind = kind;
            }
        }
    }
    rows
}

fn at<'a>(rows: &'a mut Vec<Row>, path: &[usize]) -> &'a mut Vec<Row> {
    let Some((index, rest)) = path.split_first() else {
        return rows;
    };
    let Kind::Sub(rows) = &mut rows[*index].kind else {
        panic!("no submenu at {index}");
    };
    at(rows, rest)
}

#[test]
fn a_new_text_changes_one_item() {
    let old = [Row::info("state", "Starting"), act("quit", "Quit")];
    let new = [Row::info("state", "Online"), act("quit", "Quit")];
    let text = "Online".to_owned();
    assert_eq!(
        diff(&old, &new),
        [Edit::SetText {
            path: vec![],
            index: 0,
            text
        }]
    );
    assert_eq!(diff(&new, &new), []);
}

#[test]
fn what_is_stopped_goes_and_its_neighbours_stay_themselves() {
    let sub = |rows| vec![act("id", "Copy"), Row::sub("shared", "Shared", rows)];
    let old = sub(vec![act("a", "a"), act("b", "b"), act("c", "c")]);
    let new = sub(vec![act("a", "a"), act("c", "c")]);
    assert_eq!(
        diff(&old, &new),
        [Edit::Remove {
            path: vec![1],
            index: 1
        }]
    );
}

#[test]
fn a_row_that_becomes_a_submenu_is_made_anew() {
    let old = [act("x", "x")];
    let new = [Row::sub("x", "x", vec![])];
    let insert = Edit::Insert {
        path: vec![],
        index: 0,
        row: new[0].clone(),
    };
    assert_eq!(
        diff(&old, &new),
        [
            Edit::Remove {
                path: vec![],
                index: 0
            },
            insert
        ]
    );
}

#[test]
fn a_submenu_with_another_title_is_made_anew() {
    let old = [Row::sub("peer", "9f86d081…", vec![act("copy", "Copy")])];
    let new = [Row::sub("peer", "alice", vec![act("copy", "Copy")])];
    let path = vec![];
    let expected = [
        Edit::Remove {
            path: path.clone(),
            index: 0,
        },
        Edit::Insert {
            path,
            index: 0,
            row: new[0].clone(),
        },
    ];
    assert_eq!(diff(&old, &new), expected);
}

#[test]
fn any_menu_becomes_any_other() {
    let menus = [
        vec![],
        vec![act("a", "a"), act("b", "b"), act("c", "c")],
        vec![act("c", "c"), Row::separator("line"), act("a", "other")],
        vec![
            Row::info("b", "b"),
            Row::sub("s", "s", vec![act("a", "a"), act("b", "b")]),
        ],
        vec![
            Row::sub(
                "s",
                "t",
                vec![act("b", "b"), Row::sub("deep", "d", vec![act("z", "z")])],
            ),
            Row::separator("line"),
            act("b", "b"),
        ],
        vec![Row::sub(
            "s",
            "t",
            vec![Row::sub("deep", "e", vec![]), act("b", "n")],
        )],
    ];
    for old in &menus {
        for new in &menus {
            assert_eq!(&done(old.clone(), &diff(old, new)), new, "{old:?}");
        }
    }
}
