//! Kept connections that HTTP requests are sent over, lent by bb8.
//!
//! bb8 hides why a connection could not be made until its own timeout, so what it lends are
//! *slots*: an empty one is filled by the borrower, who sees the error at once. A slot whose
//! connection has died in the meantime is filled anew, and the request goes again when that is
//! safe: none of it was sent, or it may be repeated and has no body, and the place agrees.

use std::{
    convert::Infallible,
    error::Error as _,
    fmt,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

use bb8::{ManageConnection, PooledConnection, QueueStrategy, RunError};
use http::{Request, Response, StatusCode, Version};
use http_body::Body as _;
use hyper::{
    body::Incoming,
    client::conn::{TrySendError, http1, http2},
    rt::{Read, Write},
};
use hyper_util::rt::TokioExecutor;
use tokio::time::Instant;

use super::{
    ProxyBody, ProxyError, SentAt,
    body::BodyError,
    continuation::{Release, hold_body},
};
use crate::shutdown::Shutdown;

/// The longest head a server may answer with.
const MAX_HEAD_BYTES: usize = 64 * 1024;

/// Bytes of one HTTP/2 stream on their way before they are read; as QUIC's window per stream.
pub(super) const HTTP2_STREAM_WINDOW: u32 = 1024 * 1024;
/// The same for all streams of a connection together.
pub(super) const HTTP2_CONNECTION_WINDOW: u32 = 4 * 1024 * 1024;

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
    fn lost(&self, error: hyper::Error) -> ProxyError;
}

/// Sends requests over one connection, one after another.
#[derive(Debug)]
pub(crate) enum Sender {
    Http1(http1::SendRequest<ProxyBody>),
    Http2(http2::SendRequest<ProxyBody>),
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
    pub(crate) request: Option<Box<Request<ProxyBody>>>,
}

#[derive(Debug)]
struct Slots;

/// A kept connection, with the generation in which it was made.
#[derive(Debug, Default)]
struct Slot(Option<(Sender, u64)>);

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
        mut request: Box<Request<ProxyBody>>,
        again: Option<&Request<ProxyBody>>,
        sent_at: &SentAt,
    ) -> Result<(Response<Incoming>, Lease), Unsent> {
        if self.reading().in_use >= self.size {
            self.waits.fetch_add(1, Relaxed);
        }
        let mut slot = match self.slots.get_owned().await {
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
            let kept = slot
                .0
                .take()
                .filter(|(sender, made_in)| sender.is_ready(version) && *made_in == generation);
            let is_kept = kept.is_some();
            let mut sender = match kept {
                Some((sender, _)) => sender,
                // Boxed, so that the many requests that need no dial do not carry its future about.
                None => match Box::pin(self.dial.dial(version)).await {
                    Ok(sender) => sender,
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
            let (held, release) = hold_body(*request);
            match sender.send(held).await {
                Ok(response) => {
                    slot.0 = Some((sender, generation));
                    let lease = Lease {
                        slot,
                        _release: release,
                    };
                    return Ok((response, lease));
                }
                Err(mut failed) => {
                    let unsent = failed.take_message();
                    let once_more = || {
                        let again = again.filter(|_| self.dial.may_repeat(is_kept));
                        again.and_then(repeatable)
                    };
                    let left = unsent.or_else(once_more).map(Box::new);
                    match left {
                        Some(left) if is_kept => request = left,
                        left => {
                            let error = self.broken(failed.into_error());
                            return Err(Unsent {
                                error,
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

    fn broken(&self, error: hyper::Error) -> ProxyError {
        let body = error.source().and_then(|source| source.downcast_ref());
        match body {
            Some(BodyError::TooLong(limit)) => ProxyError::too_large(*limit),
            Some(BodyError::Idle(after)) => ProxyError::client(
                "request-timeout",
                StatusCode::REQUEST_TIMEOUT,
                format!("The rest of the request did not come within {after:?}."),
            ),
            Some(BodyError::Broken(_) | BodyError::Unwanted | BodyError::Late(_)) => {
                ProxyError::client(
                    "request-aborted",
                    StatusCode::BAD_REQUEST,
                    "The request broke off before its end.",
                )
            }
            None => self.dial.lost(error),
        }
    }
}

impl Lease {
    /// Gives the connection back when it may be used again, and closes it otherwise.
    pub(super) fn give_back(mut self, reusable: bool) {
        if !reusable {
            self.slot.0 = None;
        }
    }
}

impl Sender {
    fn is_ready(&self, version: Version) -> bool {
        match self {
            Self::Http1(sender) => version != Version::HTTP_2 && sender.is_ready(),
            Self::Http2(sender) => version == Version::HTTP_2 && sender.is_ready(),
        }
    }

    /// Sends one request; the connection must be idle.
    pub(crate) async fn send(
        &mut self,
        request: Request<ProxyBody>,
    ) -> Result<Response<Incoming>, TrySendError<Request<ProxyBody>>> {
        match self {
            Self::Http1(sender) => sender.try_send_request(request).await,
            Self::Http2(sender) => sender.try_send_request(request).await,
        }
    }
}

/// Begins HTTP on `io`; its task is owned by `tasks`.
pub(crate) async fn handshake<T>(
    io: T,
    version: Version,
    tasks: &Shutdown,
) -> Result<Sender, hyper::Error>
where
    T: Read + Write + Unpin + Send + 'static,
{
    if version == Version::HTTP_2 {
        let (sender, connection) = http2::Builder::new(TokioExecutor::new())
            .initial_stream_window_size(HTTP2_STREAM_WINDOW)
            .initial_connection_window_size(HTTP2_CONNECTION_WINDOW)
            .handshake(io)
            .await?;
        tasks.spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a kept connection ended");
            }
        });
        return Ok(Sender::Http2(sender));
    }
    let (sender, connection) = http1::Builder::new()
        .max_buf_size(MAX_HEAD_BYTES)
        .handshake(io)
        .await?;
    tasks.spawn(async move {
        if let Err(error) = connection.with_upgrades().await {
            tracing::debug!(%error, "a kept connection ended");
        }
    });
    Ok(Sender::Http1(sender))
}

/// The same request once more, when sending it twice does no harm (RFC 9110, 9.2.2) and it has no
/// body that would be gone.
pub(super) fn repeatable(request: &Request<ProxyBody>) -> Option<Request<ProxyBody>> {
    if !request.method().is_idempotent() || !request.body().is_end_stream() {
        return None;
    }
    let mut again = Request::new(ProxyBody::default());
    *again.method_mut() = request.method().clone();
    *again.uri_mut() = request.uri().clone();
    *again.version_mut() = request.version();
    *again.headers_mut() = request.headers().clone();
    Some(again)
}
