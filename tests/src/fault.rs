//! What a scenario of the fault suite has seen, and how it becomes a row of `docs/reliability.md`.
//!
//! A scenario fills in a [`Fault`] from what really happened and records it at its end, when all its
//! checks held; `make faults` turns the records into the table.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::client::Reply;

/// Names the directory that records are written to; without it nothing is written.
pub const RECORDS: &str = "FAULTS_RECORDS";

/// Digits of an id52 by which malai names a peer that has no pet name.
const SHORT_KEY: usize = 7;

/// How a scenario names itself in the source, which is where the list of all comes from.
const BEGINS: &str = "Fault::new(";

/// One scenario.
#[derive(Debug)]
pub struct Fault {
    name: &'static str,
    what: &'static str,
    sees: Vec<String>,
    noticed: Option<Duration>,
    back: Option<Duration>,
    held: Vec<String>,
}

impl Fault {
    /// `name` is its row, `what` is what happens in it.
    #[must_use]
    pub fn new(name: &'static str, what: &'static str) -> Self {
        Self {
            name,
            what,
            sees: Vec::new(),
            noticed: None,
            back: None,
            held: Vec::new(),
        }
    }

    /// What the user sees.
    pub fn sees(&mut self, words: impl Into<String>) {
        let words = words.into();
        if !self.sees.contains(&words) {
            self.sees.push(words);
        }
    }

    /// The same, as a line that a command says.
    pub fn says(&mut self, line: &str) {
        // Commands in it are in backticks of their own.
        let mark = if line.contains('`') {
            ("`` ", " ``")
        } else {
            ("`", "`")
        };
        self.sees(format!("{}{line}{}", mark.0, mark.1));
    }

    /// The same, as an answer that malai gave in place of the service.
    ///
    /// # Errors
    /// When it is not one of malai's.
    pub fn sees_answer(&mut self, reply: &Reply) -> Result<()> {
        let code = reply.header("malai-error");
        ensure!(!code.is_empty(), "not an answer of malai's: {reply:?}");
        let status = reply.status.as_u16();
        self.sees(format!("{status} `{code}`: {}", words(&reply.text())));
        Ok(())
    }

    /// How long it took until the user was told.
    pub fn noticed(&mut self, after: Duration) {
        self.noticed = Some(after);
    }

    /// How long it took, from when the fault was over, until all worked again.
    pub fn back(&mut self, after: Duration) {
        self.back = Some(after);
    }

    /// What was checked, with its count.
    pub fn held(&mut self, what: impl Into<String>) {
        self.held.push(what.into());
    }

    /// Writes it down where [`RECORDS`] says.
    ///
    /// # Errors
    /// When it cannot be written, or says nothing.
    pub fn record(self) -> Result<()> {
        ensure!(!self.sees.is_empty(), "{}: what does one see?", self.name);
        ensure!(!self.held.is_empty(), "{}: what was checked?", self.name);
        let Some(directory) = std::env::var_os(RECORDS) else {
            return Ok(());
        };
        let millis = |time: Option<Duration>| time.map(|time| time.as_secs_f64() * 1000.0);
        let record = json!({
            "what": self.what,
            "sees": self.sees.join("; "),
            "noticed_ms": millis(self.noticed),
            "back_ms": millis(self.back),
            "held": self.held.join("; "),
        });
        fs::create_dir_all(&directory)?;
        let path = Path::new(&directory).join(format!("{}.json", self.name));
        fs::write(&path, record.to_string())
            .with_context(|| format!("cannot write {}", path.display()))
    }
}

/// The first sentence of an answer's message, as HTML or JSON, without what differs in each run.
fn words(text: &str) -> String {
    let json = serde_json::from_str::<Value>(text).ok();
    let message = match &json {
        Some(value) => value["message"].as_str().unwrap_or_default(),
        None => {
            let (_, rest) = text.split_once("<p>").unwrap_or(("", text));
            rest.split("</p>").next().unwrap_or(rest)
        }
    };
    let sentence = message.split_once(". ").map_or(message, |(first, _)| first);
    let mut before = "";
    let mut kept = Vec::new();
    for word in sentence.trim_end_matches('.').split(' ') {
        let is_key = word.len() == 52 || (before == "peer" && word.len() == SHORT_KEY);
        kept.push(if is_key && word != "refuses" {
            "ID52"
        } else {
            word
        });
        before = word;
    }
    kept.join(" ")
}

/// A scenario as the source names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scenario {
    /// Its file, without `.rs`.
    pub family: String,
    /// Its row.
    pub name: String,
}

/// All scenarios, by file and then as they stand there.
///
/// # Errors
/// When the sources are not there.
pub fn scenarios() -> Result<Vec<Scenario>> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/faults");
    let mut files: Vec<PathBuf> = fs::read_dir(&directory)
        .with_context(|| format!("cannot read {}", directory.display()))?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<_>>()?;
    files.retain(|path| path.is_file());
    files.sort();
    let mut scenarios = Vec::new();
    for file in files {
        let family = file.file_stem().unwrap_or_default().to_string_lossy();
        for part in fs::read_to_string(&file)?.split(BEGINS).skip(1) {
            let name = part.trim_start().strip_prefix('"').context("a name")?;
            let (name, _) = name.split_once('"').context("a name")?;
            scenarios.push(Scenario {
                family: family.clone().into_owned(),
                name: name.to_owned(),
            });
        }
    }
    Ok(scenarios)
}

/// Where the table is.
#[must_use]
pub fn document() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/reliability.md")
}

/// The names in the first column of the table in `text`.
#[must_use]
pub fn rows(text: &str) -> Vec<&str> {
    text.lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once("` |"))
        .map(|(name, _)| name)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_told_by_its_first_sentence_and_without_keys() {
        let key = "t956oov2jh90lfnla1th6bm5v6aketlenqv7n4i23rl6i526q8m0";
        for key in [key, "t956oov"] {
            let page = format!("<h1>Whose</h1><p>The peer {key} is away. Try again.</p>");
            assert_eq!(words(&page), "The peer ID52 is away");
        }
        let json = r#"{"code":"busy","message":"All is in use."}"#;
        assert_eq!(words(json), "All is in use");
    }

    #[test]
    fn rows_are_the_names_in_backticks() {
        let text = "| scenario |\n|---|\n| `peer-killed` | x |\n| `two` | y |\n";
        assert_eq!(rows(text), ["peer-killed", "two"]);
    }
}
