//! What a check has found.

use std::time::Duration;

use malai_api::{Examined, Figure, Finding, Verdict};

/// What a check has found; its summary is part of the program, so it can name nobody.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Found {
    pub(crate) check: Examined,
    pub(crate) verdict: Verdict,
    about: Option<String>,
    summary: &'static str,
    seen: String,
    advice: Option<String>,
    figures: Vec<(&'static str, f64, &'static str)>,
}

impl Found {
    pub(super) fn ok(check: Examined, summary: &'static str, seen: impl Into<String>) -> Self {
        Self::new(check, Verdict::Ok, summary, seen.into())
    }

    pub(super) fn warning(check: Examined, summary: &'static str, seen: impl Into<String>) -> Self {
        Self::new(check, Verdict::Warning, summary, seen.into())
    }

    pub(super) fn problem(check: Examined, summary: &'static str, seen: impl Into<String>) -> Self {
        Self::new(check, Verdict::Problem, summary, seen.into())
    }

    pub(super) fn skipped(check: Examined, summary: &'static str, seen: impl Into<String>) -> Self {
        Self::new(check, Verdict::Skipped, summary, seen.into())
    }

    /// A check that took too long.
    pub(super) fn unfinished(check: Examined, after: Duration) -> Self {
        let seen = format!("this took longer than {} seconds", after.as_secs());
        Self::warning(check, "it took too long to look", seen).advise("try again in a moment")
    }

    fn new(check: Examined, verdict: Verdict, summary: &'static str, seen: String) -> Self {
        Self {
            check,
            verdict,
            about: None,
            summary,
            seen,
            advice: None,
            figures: Vec::new(),
        }
    }

    /// Which of several it is.
    pub(super) fn about(mut self, about: impl Into<String>) -> Self {
        self.about = Some(about.into());
        self
    }

    /// What to do about it.
    pub(super) fn advise(mut self, advice: impl Into<String>) -> Self {
        self.advice = Some(advice.into());
        self
    }

    /// Adds what was measured.
    pub(super) fn figure(mut self, name: &'static str, value: f64, unit: &'static str) -> Self {
        self.figures.push((name, round(value), unit));
        self
    }

    /// Adds a time in milliseconds.
    pub(super) fn millis(self, name: &'static str, time: Duration) -> Self {
        self.figure(name, time.as_secs_f64() * 1000.0, "ms")
    }
}

impl From<Found> for Finding {
    fn from(found: Found) -> Self {
        let figure = |(name, value, unit): (&str, f64, &str)| Figure {
            name: name.to_owned(),
            value,
            unit: unit.to_owned(),
        };
        Self {
            check: found.check,
            about: found.about,
            verdict: found.verdict,
            summary: found.summary.to_owned(),
            seen: found.seen,
            advice: found.advice,
            figures: found.figures.into_iter().map(figure).collect(),
        }
    }
}

/// No more digits than a person reads.
fn round(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}
