//! The record of who used or was refused what: `state/log.jsonl`, for the owner's eyes alone.
//!
//! It only ever grows at its end, up to a size; then it becomes `log.1.jsonl`, and the one before
//! that goes. Nothing waits for the disk: lines queue up for one task that writes them, and when
//! strangers make more of them than anybody would read, most of theirs are left out.

mod file;
mod throttle;

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use fastn_p2p::PublicKey;
use malai_api::{LogEntry, LogKind};
use tokio::{sync::mpsc, task::spawn_blocking};
use tracing::warn;

pub use self::file::{Filter, read};
use self::throttle::Throttle;
use crate::{clock::Clock, shutdown::Shutdown};

/// Lines that wait to be written; more are lost, with a line in the log of the engine.
const QUEUE: usize = 256;
/// Lines written at a time.
const BATCH: usize = 128;

/// Where to record things; clones record to the same place.
#[derive(Debug, Clone)]
pub struct Audit(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// `None` when nothing can be kept.
    path: Option<PathBuf>,
    lines: Option<mpsc::Sender<LogEntry>>,
    throttle: Mutex<Throttle>,
    clock: Clock,
}

/// Something to record.
#[derive(Debug, Clone)]
pub struct Occurrence<'a> {
    /// What happened.
    pub what: LogKind,
    /// Who did it, or to whom it was done.
    pub peer: Option<PublicKey>,
    /// Our pet name for it.
    pub name: Option<&'a str>,
    /// Where.
    pub service: Option<&'a str>,
    /// More about it, in words.
    pub note: Option<&'a str>,
}

impl<'a> Occurrence<'a> {
    /// Just that it happened.
    #[must_use]
    pub fn of(what: LogKind) -> Self {
        Self {
            what,
            peer: None,
            name: None,
            service: None,
            note: None,
        }
    }

    /// Who and where.
    #[must_use]
    pub fn by(self, peer: PublicKey, name: Option<&'a str>, service: &'a str) -> Self {
        Self {
            peer: Some(peer),
            name,
            service: Some(service).filter(|service| !service.is_empty()),
            ..self
        }
    }

    /// With more about it.
    #[must_use]
    pub fn noting(self, note: &'a str) -> Self {
        Self {
            note: Some(note),
            ..self
        }
    }
}

impl Audit {
    /// Records at `path`, or nowhere, until `shutdown` drains.
    #[must_use]
    pub fn start(path: Option<PathBuf>, clock: Clock, shutdown: &Shutdown) -> Self {
        let lines = path.clone().map(|path| {
            let (sender, receiver) = mpsc::channel(QUEUE);
            shutdown.spawn(write_all(path, receiver, shutdown.clone()));
            sender
        });
        Self(Arc::new(Inner {
            path,
            lines,
            throttle: Mutex::default(),
            clock,
        }))
    }

    /// Where it is; `None` when nothing is kept.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        self.0.path.as_deref()
    }

    /// Records that something happened, unless that was recorded just before.
    pub fn record(&self, occurrence: &Occurrence<'_>) {
        let Some(lines) = &self.0.lines else { return };
        let now = self.0.clock.now();
        if let Some(peer) = &occurrence.peer {
            let service = occurrence.service.unwrap_or_default();
            let throttle = self.0.throttle.lock();
            let mut throttle = throttle.unwrap_or_else(PoisonError::into_inner);
            if !throttle.lets_through(occurrence.what, peer, service, now) {
                return;
            }
        }
        let entry = LogEntry {
            at: now.as_secs(),
            what: occurrence.what,
            peer: occurrence.peer.map(|peer| peer.to_string()),
            name: occurrence.name.map(str::to_owned),
            service: occurrence.service.map(str::to_owned),
            note: occurrence.note.map(str::to_owned),
        };
        if let Err(error) = lines.try_send(entry) {
            warn!(%error, "a line of the record of who used what is lost");
        }
    }
}

/// Writes what comes until the end, and then what is left.
async fn write_all(path: PathBuf, mut lines: mpsc::Receiver<LogEntry>, shutdown: Shutdown) {
    let mut batch = Vec::new();
    loop {
        let count = tokio::select! {
            biased;
            count = lines.recv_many(&mut batch, BATCH) => count,
            () = shutdown.draining() => {
                lines.close();
                lines.recv_many(&mut batch, BATCH).await
            }
        };
        if count == 0 {
            return;
        }
        let (path, entries) = (path.clone(), std::mem::take(&mut batch));
        match spawn_blocking(move || file::append(&path, &entries)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => warn!(%error, "the record of who used what cannot be written"),
            Err(error) => warn!(%error, "the record of who used what was not written"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use fastn_p2p::SecretKey;
    use malai_api::LogRequest;

    use super::*;

    #[tokio::test]
    async fn what_was_recorded_is_there_after_the_end_and_not_twice_at_once() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log.jsonl");
        let shutdown = Shutdown::default();
        let audit = Audit::start(Some(path.clone()), Clock::start(), &shutdown);
        let peer = SecretKey::from_bytes([1; 32]).public();
        for _ in 0..3 {
            audit.record(&Occurrence::of(LogKind::Used).by(peer, Some("alice"), "shop"));
        }
        audit.record(&Occurrence::of(LogKind::Invited).noting("for everybody"));
        assert_eq!(shutdown.drain(Duration::from_secs(5)).await, 0);
        let all = Filter::new(&LogRequest::default(), None);
        let entries = read(&path, &all).unwrap();
        let kinds: Vec<_> = entries.iter().map(|entry| entry.what).collect();
        assert_eq!(kinds, [LogKind::Used, LogKind::Invited]);
        assert_eq!(entries[0].name.as_deref(), Some("alice"));
    }
}
