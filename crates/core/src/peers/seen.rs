//! When peers were first and last connected, remembered beyond the end of the engine.
//!
//! `state/peers.json` has those with a pet name alone: whoever is forgotten there is forgotten
//! here.
//! It only helps people; a file that cannot be read is left out of account, with a line in the log.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use fastn_p2p::PublicKey;
use serde::{Deserialize, Serialize};
use tracing::warn;

use crate::private_file::{self, Existing};

/// The largest file that is read: far more than the most peers need.
const FILE_MAX: u64 = 1024 * 1024;

/// Peers that are remembered; with more the earliest are forgotten.
const MAX_PEERS: usize = 4096;

/// When peers were connected, by peer; clones share it.
#[derive(Debug, Clone)]
pub(super) struct Seen(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// Where it is kept; `None` for nowhere.
    path: Option<PathBuf>,
    times: Mutex<BTreeMap<PublicKey, Times>>,
}

/// In seconds since 1970.
#[derive(Debug, Clone, Copy)]
struct Times {
    first: u64,
    last: u64,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Document {
    /// Last.
    seen: BTreeMap<PublicKey, u64>,
    #[serde(default)]
    first: BTreeMap<PublicKey, u64>,
}

impl Seen {
    /// What `path` says.
    pub(super) fn load(path: Option<PathBuf>) -> Self {
        let times = path.as_deref().map(read).unwrap_or_default();
        Self(Arc::new(Inner {
            path,
            times: Mutex::new(times),
        }))
    }

    pub(super) fn at(&self, peer: &PublicKey) -> Option<u64> {
        self.times().get(peer).map(|times| times.last)
    }

    pub(super) fn first(&self, peer: &PublicKey) -> Option<u64> {
        self.times().get(peer).map(|times| times.first)
    }

    /// The peer is, or was up to now, connected.
    pub(super) fn mark(&self, peer: PublicKey, now: u64) {
        let mut times = self.times();
        let new = Times {
            first: now,
            last: now,
        };
        times.entry(peer).or_insert(new).last = now;
        if times.len() > MAX_PEERS {
            let earliest = times.iter().min_by_key(|(_, times)| times.last);
            if let Some(earliest) = earliest.map(|(peer, _)| *peer) {
                times.remove(&earliest);
            }
        }
    }

    /// Writes what is known of `named`, and forgets the others. Blocks for a disk write.
    pub(super) fn save(&self, named: &BTreeSet<PublicKey>) {
        let Some(path) = &self.0.path else { return };
        let document = {
            let mut times = self.times();
            times.retain(|peer, _| named.contains(peer));
            Document {
                seen: times.iter().map(|(peer, it)| (*peer, it.last)).collect(),
                first: times.iter().map(|(peer, it)| (*peer, it.first)).collect(),
            }
        };
        let text = serde_json::to_vec(&document).map_err(io::Error::from);
        let kept = text.and_then(|text| private_file::write(path, &text, Existing::Replace));
        if let Err(error) = kept {
            warn!(%error, "when peers were last seen cannot be kept");
        }
    }

    fn times(&self) -> MutexGuard<'_, BTreeMap<PublicKey, Times>> {
        self.0.times.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn read(path: &Path) -> BTreeMap<PublicKey, Times> {
    let read = || -> io::Result<BTreeMap<PublicKey, Times>> {
        let document: Document = serde_json::from_str(&private_file::read(path, FILE_MAX)?)?;
        let seen = document.seen.into_iter().take(MAX_PEERS);
        let times = |(peer, last): (PublicKey, u64)| {
            let first = document.first.get(&peer).copied().unwrap_or(last);
            (peer, Times { first, last })
        };
        Ok(seen.map(times).collect())
    };
    match read() {
        Ok(seen) => seen,
        Err(error) if error.kind() == io::ErrorKind::NotFound => BTreeMap::new(),
        Err(error) => {
            warn!(%error, "when peers were last seen cannot be read and is forgotten");
            BTreeMap::new()
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use fastn_p2p::SecretKey;

    use super::*;

    fn key(seed: u8) -> PublicKey {
        SecretKey::from_bytes([seed; 32]).public()
    }

    #[test]
    fn remembers_those_with_a_name_and_keeps_the_file_private() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("peers.json");
        let seen = Seen::load(Some(path.clone()));
        assert_eq!(seen.at(&key(1)), None);
        seen.mark(key(1), 10);
        seen.mark(key(1), 20);
        seen.mark(key(2), 30);
        seen.save(&BTreeSet::from([key(1)]));
        let again = Seen::load(Some(path.clone()));
        assert_eq!((again.at(&key(1)), again.at(&key(2))), (Some(20), None));
        assert_eq!(again.first(&key(1)), Some(10));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(&path).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_that_cannot_be_read_is_forgotten_and_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("peers.json");
        for text in ["", "{", "{\"seen\": {\"nobody\": 1}}", "[]"] {
            fs::write(&path, text).unwrap();
            let seen = Seen::load(Some(path.clone()));
            assert_eq!(seen.at(&key(1)), None);
            seen.mark(key(1), 10);
            seen.save(&BTreeSet::from([key(1)]));
            assert_eq!(Seen::load(Some(path.clone())).at(&key(1)), Some(10));
        }
    }

    #[test]
    fn the_earliest_are_forgotten_when_there_are_too_many() {
        let seen = Seen::load(None);
        let keys: Vec<PublicKey> = (0..=MAX_PEERS)
            .map(|number| {
                let mut seed = [0; 32];
                seed[..8].copy_from_slice(&number.to_le_bytes()[..8]);
                SecretKey::from_bytes(seed).public()
            })
            .collect();
        for (time, key) in (0..).zip(&keys) {
            seen.mark(*key, time);
        }
        assert_eq!(seen.at(&keys[0]), None);
        assert_eq!(seen.at(&keys[1]), Some(1));
        assert_eq!(seen.times().len(), MAX_PEERS);
    }
}
