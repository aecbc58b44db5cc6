//! What the demo did and how long each step took, as it goes.

use std::time::Duration;

use malai_core::events::{EventFeed, Events};
use serde::Serialize;
use tokio::time::Instant;

use crate::output::Output;

/// The steps so far.
#[derive(Debug)]
pub(super) struct Steps {
    output: Output,
    began: Instant,
    last: Instant,
    done: Vec<Step>,
    feeds: Vec<Events>,
}

/// One step that is done.
#[derive(Debug, Serialize)]
struct Step {
    what: String,
    ms: f64,
}

impl Steps {
    pub(super) fn begin(output: Output) -> Self {
        let now = Instant::now();
        Self {
            output,
            began: now,
            last: now,
            done: Vec::new(),
            feeds: Vec::new(),
        }
    }

    /// Prints this engine's events, too.
    pub(super) fn follow(&mut self, events: &EventFeed) {
        self.feeds.push(events.subscribe());
    }

    /// Tells of a step that took from the last one to this moment.
    pub(super) fn done(&mut self, what: &str) -> anyhow::Result<()> {
        let now = Instant::now();
        let ms = millis(now - self.last);
        self.last = now;
        for feed in &mut self.feeds {
            while let Ok(event) = feed.try_recv() {
                self.output.event(&event)?;
            }
        }
        if !self.output.is_json() {
            self.output.line(&format!("{ms:>8.1} ms  {what}"))?;
        }
        self.done.push(Step {
            what: what.to_owned(),
            ms,
        });
        Ok(())
    }

    /// Tells how long it took altogether.
    pub(super) fn end(self) -> anyhow::Result<()> {
        let total_ms = millis(self.began.elapsed());
        if self.output.is_json() {
            self.output.object(&serde_json::json!({
                "event": "demo",
                "steps": self.done,
                "total_ms": total_ms,
            }))?;
        } else {
            self.output.line(&format!("{total_ms:>8.1} ms  in all"))?;
        }
        Ok(())
    }
}

/// Milliseconds, to the microsecond.
fn millis(time: Duration) -> f64 {
    (time.as_secs_f64() * 1_000_000.0).round() / 1000.0
}
