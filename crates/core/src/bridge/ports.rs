//! The ports that bridges had before: whoever opens `alice/shop` again finds it where it was, with
//! its cookies, bookmarks and OAuth callbacks.
//!
//! `state/ports.json` lists, for each service of a peer and for the gateway, the ports it had, the
//! one to try first in front. A service that is bridged twice at a time has two.
//! It only helps; a port that is not free is passed over.

use std::{
    collections::BTreeSet,
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use fastn_p2p::PublicKey;
use serde::{Deserialize, Serialize};

use crate::private_file::{self, Existing, Unreadable, invalid};

/// The one version of the format there is.
const VERSION: u32 = 1;

/// What is remembered; with more, what was used longest ago goes first.
const MAX_ENTRIES: usize = 512;

/// Ports of one service: more than anybody bridges the same one at a time.
const MAX_PORTS: usize = 4;

/// The largest file that is read: twice what all entries can take.
const FILE_MAX: u64 = 256 * 1024;

/// The ports that bridges had; clones share them. The default remembers nothing beyond the end.
#[derive(Debug, Clone, Default)]
pub struct Ports(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    /// Where they are kept; `None` for nowhere.
    path: Option<PathBuf>,
    kept: Mutex<Kept>,
    /// Ports that were asked for by number, which nobody else gets.
    spoken_for: Mutex<BTreeSet<u16>>,
    /// Only one change is written at a time; what the file says.
    written: tokio::sync::Mutex<Kept>,
}

/// Why the file was not read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PortsError {
    /// It made no sense, and is now called otherwise.
    #[error(
        "{} could not be read and is called {} now: bridges may get other ports than before",
        .file.display(), .aside.display()
    )]
    MovedAside {
        /// What it was called.
        file: PathBuf,
        /// What it is called.
        aside: PathBuf,
        /// What is wrong with it.
        source: io::Error,
    },
    /// It cannot be moved either; it is left as it is, and nothing is written.
    #[error("cannot read {} nor move it aside; check its permissions", .0.display())]
    Read(PathBuf, #[source] io::Error),
}

/// Whose port it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Whose(String);

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    version: u32,
    /// In the order of their last use.
    ports: Vec<Entry>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    whose: String,
    ports: Vec<u16>,
}

impl Whose {
    /// That of a service of a peer.
    pub(super) fn service(peer: &PublicKey, service: &str) -> Self {
        Self(format!("{peer}/{service}"))
    }

    /// That of the gateway.
    pub(super) fn gateway() -> Self {
        Self("gateway".to_owned())
    }
}

impl Ports {
    /// What the file at `path` says, which need not be there. Blocks for the time of a disk access.
    ///
    /// What is wrong with the file is told beside the ports, which are then none.
    #[must_use]
    pub fn load(path: PathBuf) -> (Self, Option<PortsError>) {
        let (kept, path, error) = match private_file::load(&path, FILE_MAX, parse) {
            Ok(kept) => (kept, Some(path), None),
            Err(Unreadable::MovedAside { aside, source }) => {
                let file = path.clone();
                let error = PortsError::MovedAside {
                    file,
                    aside,
                    source,
                };
                (Kept::default(), Some(path), Some(error))
            }
            // What cannot be read and not be moved is not written over either.
            Err(Unreadable::Stays(error)) => {
                (Kept::default(), None, Some(PortsError::Read(path, error)))
            }
        };
        let inner = Inner {
            path,
            written: tokio::sync::Mutex::new(kept.clone()),
            kept: Mutex::new(kept),
            spoken_for: Mutex::default(),
        };
        (Self(Arc::new(inner)), error)
    }

    /// Keeps these ports clear, since somebody asked for them by number.
    pub(super) fn speak_for(&self, ports: BTreeSet<u16>) {
        *lock(&self.0.spoken_for) = ports;
    }

    /// The ports to try, in that order.
    pub(super) fn of(&self, whose: &Whose) -> Vec<u16> {
        let spoken_for = lock(&self.0.spoken_for);
        let kept = lock(&self.0.kept);
        let entry = kept.ports.iter().find(|entry| entry.whose == whose.0);
        let ports = entry.map(|entry| entry.ports.clone()).unwrap_or_default();
        let clear = ports.into_iter().filter(|port| !spoken_for.contains(port));
        clear.collect()
    }

    /// Remembers that `whose` has `port` now.
    pub(super) async fn note(&self, whose: &Whose, port: u16) {
        lock(&self.0.kept).note(whose, port);
        let Some(path) = self.0.path.clone() else {
            return;
        };
        let mut written = self.0.written.lock().await;
        let kept = lock(&self.0.kept).clone();
        if *written == kept {
            return;
        }
        let wanted = kept.clone();
        let writing = tokio::task::spawn_blocking(move || write(&path, &wanted)).await;
        match writing.map_err(io::Error::other).and_then(|done| done) {
            Ok(()) => *written = kept,
            Err(error) => tracing::warn!(%error, "the ports of bridges cannot be kept"),
        }
    }
}

impl Kept {
    fn note(&mut self, whose: &Whose, port: u16) {
        let known = self.ports.iter().position(|entry| entry.whose == whose.0);
        let mut entry = match known {
            Some(index) => self.ports.remove(index),
            None => Entry {
                whose: whose.0.clone(),
                ports: Vec::new(),
            },
        };
        if !entry.ports.contains(&port) {
            // The first one stays in front: it is in bookmarks.
            entry.ports.truncate(MAX_PORTS - 1);
            entry.ports.push(port);
        }
        self.version = VERSION;
        self.ports.push(entry);
        let too_many = self.ports.len().saturating_sub(MAX_ENTRIES);
        self.ports.drain(..too_many);
    }
}

fn parse(text: &str) -> io::Result<Kept> {
    let kept: Kept = serde_json::from_str(text)?;
    if kept.version != VERSION {
        return Err(invalid("another version of malai has written it"));
    }
    let fits = |entry: &Entry| entry.ports.len() <= MAX_PORTS && !entry.ports.contains(&0);
    if kept.ports.len() > MAX_ENTRIES || !kept.ports.iter().all(fits) {
        return Err(invalid("it says more than malai ever writes"));
    }
    Ok(kept)
}

fn write(path: &Path, kept: &Kept) -> io::Result<()> {
    let mut text = serde_json::to_vec_pretty(kept)?;
    text.push(b'\n');
    private_file::write(path, &text, Existing::Replace)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
