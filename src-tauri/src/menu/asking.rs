//! The rows for those who ask to be let in.

use malai_api::{AccessRequest, Navigation, Status};

use super::{Action, Row, lists::id, show};
use crate::asking::{Answer, Wish, waiting, wants};

/// Questions with a row of their own; the window shows all of them.
const MOST_QUESTIONS: usize = 5;

pub(super) fn rows(status: &Status) -> Vec<Row> {
    let waiting = waiting(status);
    let asked = waiting.iter().take(MOST_QUESTIONS);
    let mut rows: Vec<Row> = asked.map(|request| question(request)).collect();
    let more = waiting.len().saturating_sub(MOST_QUESTIONS);
    if more > 0 {
        rows.push(show("asks-more", format!("{more} more…"), Navigation::Home));
    }
    rows
}

fn question(request: &AccessRequest) -> Row {
    let wish = Wish::of(request);
    // No id52 has a colon, so this is one question and no other.
    let name = format!("{}:{}", wish.peer, wish.service);
    let rows = Answer::ALL.map(|answer| {
        let wish = wish.clone();
        Row::act(answer.id(), answer.row(), Action::Answer { wish, answer })
    });
    Row::sub(&id("asks", &name), wants(request), rows.to_vec())
}
