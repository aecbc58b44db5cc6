//! Kept connections that HTTP requests are sent over, lent by bb8.
//!
//! bb8 hides why a connection could not be made until its own timeout, so what it lends are
//! *slots*: an empty one is filled by the borrower, who sees the error at once. A slot whose
//! connection has died in the meantime is filled anew, and the request goes again when that is
//! safe: none of it was sent, or it may be repeated and has no body, and the place agrees.

use std::{
    convert::Infallible,
    error::Error as _,
    fmt, io,
    pin::pin,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    task::{Context, Poll},
    time::Duration,
};

use bb8::{ManageConnection, PooledConnection, QueueStrategy, RunError};
use bytes::Bytes;
use http::{Response, StatusCode, Version};
use http_body::{Body as _, Frame};
use tokio::time::Instant;

use super::{
    Outgoing, ProxyError, SentAt,
    body::BodyError,
    continuation::Release,
    plain::Rest,
    sender::{Answer, Lost, NotSent, Sender, gone},
};

/// Makes connections for one pool.
pub(crate) trait Dial: fmt::Debug + Send + Sync {
    /// Makes a connection that speaks `version`.
    fn dial(&self, version: Version) -> impl Future<Output = Result<Sender, ProxyError>> + Send;

    /// A kept connection is used only in the generation in which it was made.
    fn generation(&self) -> u64 {
        0
    }

    /// Whether a request that may have reached the other end may go out once more: over another
    /// connection to the same place where the first was a kept one, and elsewhere where it was not.
    fn may_repeat(&self, was_kept: bool) -> bool {
        was_kept
    }

    /// What it means that a connection broke off before there was an answer.
    fn lost(&self, error: Lost) -> ProxyError;
}

/// The bounds of a pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PoolLimits {
    /// Connections at most.
    pub(crate) size: u32,
    /// How long an unused one is kept.
    pub(crate) idle: Duration,
    /// How long a request waits for one when all are in use.
    pub(crate) wait: Duration,
}

/// Connections to one place.
#[derive(Debug)]
pub(crate) struct Pool<D> {
    slots: bb8::Pool<Slots>,
    size: u32,
    /// Requests that found all connections in use.
    waits: AtomicU64,
    pub(crate) dial: D,
}

/// What a pool has at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PoolReading {
    /// Connections that are lent.
    pub(crate) in_use: u32,
    /// Those that are not.
    pub(crate) idle: u32,
    /// Requests so far that had to wait for one.
    pub(crate) waits: u64,
}

/// The right to use one connection; ends by being given back.
#[derive(Debug)]
pub(crate) struct Lease {
    slot: PooledConnection<'static, Slots>,
    _release: Option<Release>,
}

/// A request that was not answered, with the request itself when it may be sent elsewhere.
pub(crate) struct Unsent {
    pub(crate) error: ProxyError,
    pub(crate) request: Option<Outgoing>,
}

#[derive(Debug)]
struct Slots;

/// A kept connection; boxed, since bb8 moves it a dozen times.
#[derive(Debug, Default)]
struct Slot(Option<Box<Kept>>);

#[derive(Debug)]
struct Kept {
    sender: Sender,
    /// In which it was made.
    generation: u64,
}

impl ManageConnection for Slots {
    type Connection = Slot;
    type Error = Infallible;

    async fn connect(&self) -> Result<Slot, Infallible> {
        Ok(Slot::default())
    }

    async fn is_valid(&self, _slot: &mut Slot) -> Result<(), Infallible> {
        Ok(())
    }

    fn has_broken(&self, _slot: &mut Slot) -> bool {
        false
    }
}

impl<D: Dial> Pool<D> {
    pub(crate) fn new(dial: D, limits: PoolLimits) -> Self {
        let slots = bb8::Pool::builder()
            .max_size(limits.size)
            .min_idle(None)
            .max_lifetime(None)
            .idle_timeout(limits.idle)
            .connection_timeout(limits.wait)
            .test_on_check_out(false)
            // The one used last is the least likely to have been closed at the other end.
            .queue_strategy(QueueStrategy::Lifo)
            .build_unchecked(Slots);
        Self {
            slots,
            size: limits.size,
            waits: AtomicU64::new(0),
            dial,
        }
    }

    /// Sends `request` over a kept connection, or a new one when there is none that lives; `again` is
    /// the same where it may be repeated. Notes in `sent_at` when an empty body is sent.
    ///
    /// Dropping the future closes the connection in use.
    pub(crate) async fn send(
        &self,
        mut request: Outgoing,
        again: Option<&Outgoing>,
        sent_at: &SentAt,
    ) -> Result<(Response<Answer>, Lease), Unsent> {
        if self.reading().in_use >= self.size {
            self.waits.fetch_add(1, Relaxed);
        }
        let mut slot = match pin!(self.slots.get_owned()).await {
            Ok(slot) => slot,
            Err(RunError::TimedOut) => {
                let error = ProxyError::busy(
                    "All connections to this service are in use. Try again in a moment.",
                );
                return Err(Unsent {
                    error,
                    request: Some(request),
                });
            }
            Err(RunError::User(never)) => match never {},
        };
        let version = request.version();
        loop {
            let generation = self.dial.generation();
            let kept = slot.0.take().and_then(|mut kept| {
                let lives = kept.generation == generation && kept.sender.is_ready(version);
                lives.then_some(kept)
            });
            let is_kept = kept.is_some();
            let mut kept = match kept {
                Some(kept) => kept,
                // Boxed, so that the many requests that need no dial do not carry its future about.
                None => match Box::pin(self.dial.dial(version)).await {
                    Ok(sender) => Box::new(Kept { sender, generation }),
                    Err(error) => {
                        return Err(Unsent {
                            error,
                            request: Some(request),
                        });
                    }
                },
            };
            if request.body().is_end_stream() {
                sent_at.get_or_init(Instant::now);
            }
            let sent = { pin!(kept.sender.send(request)).await };
            match sent {
                Ok((response, release)) => {
                    slot.0 = Some(kept);
                    let lease = Lease {
                        slot,
                        _release: release,
                    };
                    return Ok((response, lease));
                }
                Err(NotSent {
                    error,
                    request: unsent,
                }) => {
                    let once_more = || {
                        let again = again.filter(|_| self.dial.may_repeat(is_kept));
                        again.and_then(Outgoing::again)
                    };
                    match unsent.or_else(once_more) {
                        Some(left) if is_kept => request = left,
                        left => {
                            return Err(Unsent {
                                error: self.broken(error),
                                request: left,
                            });
                        }
                    }
                }
            }
        }
    }

    /// What it has at this moment.
    pub(crate) fn reading(&self) -> PoolReading {
        let state = self.slots.state();
        PoolReading {
            in_use: state.connections.saturating_sub(state.idle_connections),
            idle: state.idle_connections,
            waits: self.waits.load(Relaxed),
        }
    }

    fn broken(&self, error: Lost) -> ProxyError {
        let body = error.source().and_then(|source| source.downcast_ref());
        match body {
            Some(BodyError::TooLong(limit)) => ProxyError::too_large(*limit),
            Some(BodyError::Idle(after)) => ProxyError::client(
                "request-timeout",
                StatusCode::REQUEST_TIMEOUT,
                format!("The rest of the request did not come within {after:?}."),
            ),
            Some(
                BodyError::Broken(_) | BodyError::Cut(_) | BodyError::Unwanted | BodyError::Late(_),
            ) => ProxyError::client(
                "request-aborted",
                StatusCode::BAD_REQUEST,
                "The request broke off before its end.",
            ),
            None => self.dial.lost(error),
        }
    }
}

impl Lease {
    /// Gives the connection back when it may be used again, and closes it otherwise.
    pub(super) fn give_back(mut self, reusable: bool) {
        let slot = &mut self.slot.0;
        let stays = reusable && slot.as_mut().is_some_and(|kept| kept.sender.finish());
        if !stays {
            *slot = None;
        }
    }

    /// The next piece of the answer, of which `rest` is still to come.
    pub(super) fn poll_frame(
        &mut self,
        rest: &mut Rest,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        match &mut self.slot.0 {
            Some(kept) => kept.sender.poll_frame(rest, context),
            None => Poll::Ready(Some(Err(gone()))),
        }
    }
}
