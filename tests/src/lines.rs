//! What a process says, kept whole and waited for.

use std::sync::Arc;

use anyhow::{Context, Result};
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, BufReader},
    sync::watch,
};

use crate::DEADLINE;

/// Lines of a stream so far; clones share them.
#[derive(Debug, Clone)]
pub(crate) struct Lines(Arc<watch::Sender<Said>>);

#[derive(Debug, Default)]
struct Said {
    lines: Vec<String>,
    ended: bool,
}

impl Lines {
    /// Reads `stream` to its end in a task of its own.
    pub(crate) fn read(stream: impl AsyncRead + Unpin + Send + 'static) -> Self {
        let lines = Self(Arc::new(watch::Sender::new(Said::default())));
        let writer = lines.clone();
        tokio::spawn(async move {
            let mut reader = BufReader::new(stream).lines();
            while let Ok(Some(line)) = reader.next_line().await {
                writer.0.send_modify(|said| said.lines.push(line));
            }
            writer.0.send_modify(|said| said.ended = true);
        });
        lines
    }

    /// All of it so far.
    pub(crate) fn text(&self) -> String {
        self.0.borrow().lines.join("\n")
    }

    /// Waits for the first line that `pick` takes, those already there included; `None` when the
    /// stream ends without one.
    pub(crate) async fn first<T>(&self, pick: impl Fn(&str) -> Option<T>) -> Result<Option<T>> {
        let mut changes = self.0.subscribe();
        let mut seen = 0;
        let search = async {
            loop {
                {
                    let said = changes.borrow_and_update();
                    if let Some(found) = said.lines[seen..].iter().find_map(|line| pick(line)) {
                        return Some(found);
                    }
                    seen = said.lines.len();
                    if said.ended {
                        return None;
                    }
                }
                if changes.changed().await.is_err() {
                    return None;
                }
            }
        };
        tokio::time::timeout(DEADLINE, search)
            .await
            .with_context(|| format!("nothing of the kind in {DEADLINE:?}"))
    }

    /// Every line that is JSON.
    pub(crate) fn json(&self) -> Vec<Value> {
        let said = self.0.borrow();
        said.lines
            .iter()
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect()
    }
}
