//! The tray menu as a plain value, made from what is known.
//!
//! No toolkit is in here: tests compare menus by value, and [`crate::tray`] brings a real menu in
//! line with one.
//! Names come from other machines, so every text is cut and cleaned before it gets in.

mod asking;
mod engine;
mod lists;
mod text;

use std::collections::BTreeMap;

use malai_api::{
    DevServer, EngineState, Navigation, OfferedService, Protocol, ServiceStatus, Status,
};

use crate::asking::{Answer, Wish};

pub(crate) use self::{
    lists::{called, shares_port},
    text::plain,
};

/// Dev servers with a row of their own; the window shows all of them.
const MOST_SERVERS: usize = 5;

/// The port that is offered while nothing listens: what most dev servers use.
const USUAL_PORT: u16 = 3000;

/// All of the menu.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Menu {
    pub(crate) rows: Vec<Row>,
}

/// One row; its `id` is unique among its neighbours and stays while it means the same thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) id: String,
    pub(crate) text: String,
    pub(crate) kind: Kind,
}

/// What a row is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Only to be read.
    Info,
    /// Does something when clicked.
    Act(Action),
    /// Opens further rows.
    Sub(Vec<Row>),
    /// A line.
    Separator,
}

/// What a click asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Action {
    /// Share a local port, under a name if there is a good one.
    Share { port: u16, name: Option<String> },
    /// Put a service's link on the clipboard.
    CopyLink { service: String },
    /// Put a link on the clipboard that lets in one person.
    CopyLinkForOne { service: String },
    /// End a share by itself at another time, or not at all.
    EndIn { service: String, secs: Option<u64> },
    /// Say something to somebody who asks to be let in.
    Answer { wish: Wish, answer: Answer },
    /// End a share or a bridge.
    Stop { name: String },
    /// Open the web page of a bridge.
    OpenBridge { name: String },
    /// Put a bridge's local address on the clipboard.
    CopyAddress { name: String },
    /// Bridge a peer's service and open it.
    Use {
        peer: String,
        service: String,
        protocol: Protocol,
    },
    /// Put a peer's id52 on the clipboard.
    CopyPeer { id52: String },
    /// Put our id52 on the clipboard.
    CopyId,
    /// Show the window.
    Show(Navigation),
    /// Try to start the engine again.
    Retry,
    /// End malai; at once when asked a second time.
    Quit,
}

/// A share link on the clipboard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CopiedLink {
    pub(crate) link: String,
    /// Whose it is: a pet name or the beginning of an id52.
    pub(crate) whose: String,
}

/// What a menu is made from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Facts<'a> {
    pub(crate) engine: &'a EngineState,
    pub(crate) status: Option<&'a Status>,
    pub(crate) servers: &'a [DevServer],
    pub(crate) copied: Option<&'a CopiedLink>,
    /// What peers offer us, by id52.
    pub(crate) offers: &'a BTreeMap<String, Vec<OfferedService>>,
}

impl Menu {
    /// The menu for what is known.
    pub(crate) fn of(facts: &Facts<'_>) -> Self {
        let mut rows = engine::rows(facts);
        if let (EngineState::Running { .. }, Some(status)) = (facts.engine, facts.status) {
            rows.extend(running(facts, status));
            rows.push(show("settings", "Settings…", Navigation::Settings));
            rows.push(show(
                "check",
                "Check my connection…",
                Navigation::Connection,
            ));
        } else {
            rows.push(show("open", "Open malai", Navigation::Home));
        }
        let quit = match facts.engine {
            EngineState::Stopping => "Quit at once",
            EngineState::Starting
            | EngineState::Running { .. }
            | EngineState::AsksForKeyFile { .. }
            | EngineState::Failed(_) => "Quit",
        };
        rows.push(Row::act("quit", quit, Action::Quit));
        Self { rows }
    }

    /// What a click on the row at `path`, ids joined by `/`, asks for.
    pub(crate) fn action(&self, path: &str) -> Option<&Action> {
        find(&self.rows, path)
    }
}

fn running(facts: &Facts<'_>, status: &Status) -> Vec<Row> {
    let mut rows = asking::rows(status);
    rows.extend(share_rows(facts.servers, &status.services));
    rows.push(show(
        "share-other",
        "Share another port…",
        Navigation::Share,
    ));
    rows.push(connect_row(facts.copied));
    rows.push(Row::separator("line-lists"));
    rows.push(lists::shared(status));
    rows.push(lists::bridged(status));
    rows.push(lists::peers(status, facts.offers));
    rows.push(Row::separator("line-app"));
    rows.push(Row::act("copy-id", "Copy my id52", Action::CopyId));
    rows.push(show("open", "Open malai", Navigation::Home));
    rows
}

/// A row for each server that was found, or one for the usual port.
fn share_rows(servers: &[DevServer], services: &[ServiceStatus]) -> Vec<Row> {
    if servers.is_empty() {
        let usual = DevServer {
            port: USUAL_PORT,
            program: None,
            name: None,
            shared_as: None,
        };
        return vec![share_row(&usual, services)];
    }
    let servers = servers.iter().take(MOST_SERVERS);
    servers.map(|server| share_row(server, services)).collect()
}

fn share_row(server: &DevServer, services: &[ServiceStatus]) -> Row {
    let port = server.port;
    let id = format!("share-{port}");
    if let Some(service) = services.iter().find(|it| shares_port(it, port)) {
        let name = plain(&service.name);
        let service = service.name.clone();
        let text = format!("Copy link to localhost:{port}  (\"{name}\")");
        return Row::act(&id, text, Action::CopyLink { service });
    }
    let program = server.program.as_deref().map(plain);
    let name = server.name.as_deref().map(plain);
    let text = match (program, name) {
        (Some(program), Some(name)) => format!("Share localhost:{port}  ({program}, \"{name}\")"),
        (Some(program), None) => format!("Share localhost:{port}  ({program})"),
        (None, Some(name)) => format!("Share localhost:{port}  (\"{name}\")"),
        (None, None) => format!("Share localhost:{port}"),
    };
    let name = server.name.clone();
    Row::act(&id, text, Action::Share { port, name })
}

fn connect_row(copied: Option<&CopiedLink>) -> Row {
    let text = copied.map_or_else(
        || "Connect to…".to_owned(),
        |copied| {
            format!(
                "Connect to {}…  (link on the clipboard)",
                plain(&copied.whose)
            )
        },
    );
    let link = copied.map(|copied| copied.link.clone());
    show("connect", text, Navigation::Connect { link })
}

fn find<'a>(rows: &'a [Row], path: &str) -> Option<&'a Action> {
    let (id, rest) = match path.split_once('/') {
        Some((id, rest)) => (id, Some(rest)),
        None => (path, None),
    };
    let row = rows.iter().find(|row| row.id == id)?;
    match (&row.kind, rest) {
        (Kind::Act(action), None) => Some(action),
        (Kind::Sub(rows), Some(rest)) => find(rows, rest),
        (Kind::Info | Kind::Act(_) | Kind::Sub(_) | Kind::Separator, _) => None,
    }
}

fn show(id: &str, text: impl Into<String>, navigation: Navigation) -> Row {
    Row::act(id, text, Action::Show(navigation))
}

impl Row {
    fn new(id: &str, text: impl Into<String>, kind: Kind) -> Self {
        Self {
            id: id.to_owned(),
            text: text.into(),
            kind,
        }
    }

    pub(crate) fn info(id: &str, text: impl Into<String>) -> Self {
        Self::new(id, text, Kind::Info)
    }

    pub(crate) fn act(id: &str, text: impl Into<String>, action: Action) -> Self {
        Self::new(id, text, Kind::Act(action))
    }

    pub(crate) fn sub(id: &str, text: impl Into<String>, rows: Vec<Self>) -> Self {
        Self::new(id, text, Kind::Sub(rows))
    }

    pub(crate) fn separator(id: &str) -> Self {
        Self::new(id, "", Kind::Separator)
    }
}

#[cfg(test)]
mod tests;
