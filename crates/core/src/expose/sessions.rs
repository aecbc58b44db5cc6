//! The streams that are open, so that a permission that goes away cuts them.

use std::{
    collections::HashMap,
    pin::Pin,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use fastn_p2p::PublicKey;
use futures_util::future::{AbortHandle, AbortRegistration, Abortable};

/// The streams that are open. Bounded by the streams that connections may have.
#[derive(Debug, Default)]
pub(super) struct Sessions {
    next: AtomicU64,
    open: Mutex<HashMap<u64, Open>>,
}

#[derive(Debug)]
struct Open {
    peer: PublicKey,
    service: String,
    cut: AbortHandle,
}

/// One open stream; forgotten when dropped.
#[derive(Debug)]
pub(super) struct Entry<'a> {
    sessions: &'a Sessions,
    id: u64,
    /// Until it runs.
    cut: Option<AbortRegistration>,
}

impl Sessions {
    pub(super) fn enter(&self, peer: PublicKey, service: &str) -> Entry<'_> {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        // Each poll of the work asks for it, which takes less than asking a cancellation token.
        let (cut, registration) = AbortHandle::new_pair();
        let open = Open {
            peer,
            service: service.to_owned(),
            cut,
        };
        self.lock().insert(id, open);
        Entry {
            sessions: self,
            id,
            cut: Some(registration),
        }
    }

    /// Cuts every stream for which `keep` is false; returns how many.
    pub(super) fn cut_unless(&self, keep: impl Fn(&PublicKey, &str) -> bool) -> usize {
        let open = self.lock();
        let revoked = open
            .values()
            .filter(|open| !keep(&open.peer, &open.service));
        revoked.inspect(|open| open.cut.abort()).count()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u64, Open>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entry<'_> {
    /// Runs `work` until it ends, or the permission is gone: then `work` is dropped, which resets
    /// its stream. Boxed, as it would be here several times.
    pub(super) async fn run<W>(mut self, work: Pin<Box<W>>)
    where
        W: Future<Output = ()> + ?Sized,
    {
        if let Some(cut) = self.cut.take()
            && Abortable::new(work, cut).await.is_err()
        {
            tracing::debug!("a stream was cut: it is no longer allowed");
        }
    }
}

impl Drop for Entry<'_> {
    fn drop(&mut self) {
        self.sessions.lock().remove(&self.id);
    }
}
