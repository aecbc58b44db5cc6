//! What went through a share or a bridge, counted as it goes.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering::Relaxed},
};

use malai_api::Traffic;

/// Counts for one share or bridge; clones share the counts.
#[derive(Debug, Clone, Default)]
pub(crate) struct Meter(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    requests: AtomicU64,
    open: AtomicU64,
    bytes_in: AtomicU64,
    bytes_out: AtomicU64,
}

/// Counts one request or connection as open for as long as it lives.
#[derive(Debug)]
pub(crate) struct Open(Meter);

impl Meter {
    /// Counts one more request or connection, open until the result is dropped.
    #[must_use]
    pub(crate) fn begin(&self) -> Open {
        self.0.requests.fetch_add(1, Relaxed);
        self.0.open.fetch_add(1, Relaxed);
        Open(self.clone())
    }

    /// How many are open.
    pub(crate) fn open(&self) -> u64 {
        self.0.open.load(Relaxed)
    }

    /// Counts bytes that came from the client's side.
    pub(crate) fn received(&self, bytes: u64) {
        self.0.bytes_in.fetch_add(bytes, Relaxed);
    }

    /// Counts bytes that went to the client's side.
    pub(crate) fn sent(&self, bytes: u64) {
        self.0.bytes_out.fetch_add(bytes, Relaxed);
    }

    /// What has been counted so far.
    pub(crate) fn reading(&self) -> Traffic {
        Traffic {
            requests: self.0.requests.load(Relaxed),
            streams_open: self.open(),
            bytes_in: self.0.bytes_in.load(Relaxed),
            bytes_out: self.0.bytes_out.load(Relaxed),
        }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.0.open.fetch_sub(1, Relaxed);
    }
}
