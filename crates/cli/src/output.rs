//! Where words go: results to stdout, talk to stderr.

mod printer;

use std::io::{self, IsTerminal, Write};

use malai_api::Event;
use serde::Serialize;

pub(crate) use self::printer::Printer;

/// The two streams, and whether results are JSON.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    json: bool,
}

impl Output {
    pub(crate) fn new(json: bool) -> Self {
        Self { json }
    }

    pub(crate) fn is_json(self) -> bool {
        self.json
    }

    /// Whether a person reads stderr, and no program reads stdout.
    pub(crate) fn is_for_person(self) -> bool {
        !self.json && io::stderr().is_terminal()
    }

    /// A result, for people.
    pub(crate) fn line(self, text: &str) -> io::Result<()> {
        let mut stdout = io::stdout().lock();
        writeln!(stdout, "{text}")?;
        stdout.flush()
    }

    /// A result as one line of JSON.
    pub(crate) fn object(self, object: &impl Serialize) -> io::Result<()> {
        self.line(&serde_json::to_string(object)?)
    }

    /// An event, when events are wanted.
    pub(crate) fn event(self, event: &Event) -> io::Result<()> {
        if self.json {
            self.object(event)
        } else {
            Ok(())
        }
    }

    /// Something to know while it happens; lost when nobody can read it.
    pub(crate) fn talk(self, text: &str) {
        if let Err(error) = writeln!(io::stderr().lock(), "{text}") {
            tracing::trace!(%error, "stderr is closed");
        }
    }
}
