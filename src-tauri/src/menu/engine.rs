//! The first row: how things stand, in words that are true.

use malai_api::{BridgeStatus, EngineState, Failure, Navigation, Reach, Status};

use super::{Action, Facts, Row, text::cut};
use crate::asking::waiting;

/// The longest reason that is shown, in characters; the window has all of it.
const LONGEST_REASON: usize = 80;

/// How things stand, and what can be done about it when they stand badly.
pub(super) fn rows(facts: &Facts<'_>) -> Vec<Row> {
    match (facts.engine, facts.status) {
        (EngineState::Running { .. }, Some(status)) => vec![Row::info("state", running(status))],
        (EngineState::Starting, _) | (EngineState::Running { .. }, None) => {
            vec![Row::info("state", "○ Starting…")]
        }
        (EngineState::AsksForKeyFile { .. }, _) => vec![
            Row::info("state", "○ Not running: no keychain answers"),
            Row::act(
                "ask",
                "Choose where the key is kept…",
                Action::Show(Navigation::Home),
            ),
        ],
        (EngineState::Failed(failure), _) => vec![
            Row::info("state", failed(failure)),
            Row::act("retry", "Try again", Action::Retry),
        ],
        (EngineState::Stopping, status) => vec![Row::info("state", stopping(status))],
    }
}

fn running(status: &Status) -> String {
    let shared = status.services.iter().filter(|it| it.active).count();
    let bridged = status.bridges.iter().filter(|it| it.active).count();
    let mut text = match status.reach {
        Reach::Anywhere => "● Online: ".to_owned(),
        Reach::Lan => "◐ Local network only: ".to_owned(),
        Reach::Machine | _ => "○ Not reachable from outside: ".to_owned(),
    };
    match (shared, bridged) {
        (0, 0) => text.push_str("nothing shared"),
        (_, 0) => text.push_str(&format!("{shared} shared")),
        (0, _) => text.push_str(&format!("{bridged} bridged")),
        (..) => text.push_str(&format!("{shared} shared, {bridged} bridged")),
    }
    let is_broken = |it: &&BridgeStatus| it.active && it.error.is_some();
    match status.bridges.iter().filter(is_broken).count() {
        0 => {}
        broken => text.push_str(&format!(", {broken} not working")),
    }
    match waiting(status).len() {
        0 => {}
        1 => text.push_str(", 1 asks to be let in"),
        several => text.push_str(&format!(", {several} ask to be let in")),
    }
    text
}

fn failed(failure: &Failure) -> String {
    format!("○ Not running: {}", cut(&failure.message, LONGEST_REASON))
}

fn stopping(status: Option<&Status>) -> String {
    let traffic = status.into_iter().flat_map(|status| {
        let services = status.services.iter().map(|it| it.traffic);
        services.chain(status.bridges.iter().map(|it| it.traffic))
    });
    match traffic.map(|traffic| traffic.streams_open).sum::<u64>() {
        0 => "○ Stopping…".to_owned(),
        1 => "○ Finishing 1 request…".to_owned(),
        open => format!("○ Finishing {open} requests…"),
    }
}
