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
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    task::{Context, Poll},
    time::Duration,
};

use bb8::{ManageConnection, PooledConnection, QueueStrategy, RunError};
use bytes::Bytes;
use http::{Request, Response, StatusCode, Version};
use http_body::{Body as _, Frame};
use hyper::{
    body::Incoming,
    client::conn::{http1, http2},
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use thiserror::Error;
use tokio::time::Instant;

use super::{
    ProxyBody, ProxyError, SentAt,
    body::BodyError,
    continuation::{Release, hold_body},
    plain::{Failed, Io, MAX_HEAD_BYTES, Plain, Rest},
};
use crate::shutdown::Shutdown;

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
    fn lost(&self, error: Lost) -> ProxyError;
}

/// What a connection broke off with.
#[derive(Debug, Error)]
pub(crate) enum Lost {
    #[error(transparent)]
    Hyper(#[from] hyper::Error),
    #[error("a request was not answered")]
    Plain(#[source] io::Error),
}

/// Sends requests over one connection, one after another.
#[derive(Debug)]
pub(crate) enum Sender {
    /// HTTP/1.1 for requests without a body; its tasks begin when there is one.
    Plain(Plain, Shutdown),
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

/// The body of an answer, which comes over the connection that was lent.
pub(crate) enum Answer {
    Hyper(Incoming),
    Plain(Rest),
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
    ) -> Result<(Response<Answer>, Lease), Unsent> {
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
            let kept = slot.0.take().filter(|(_, made_in)| *made_in == generation);
            let kept = kept.and_then(|(mut sender, made_in)| {
                sender.is_ready(version).then_some((sender, made_in))
            });
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
            match sender.send(request).await {
                Ok((response, release)) => {
                    slot.0 = Some((sender, generation));
                    let lease = Lease {
                        slot,
                        _release: release,
                    };
                    return Ok((response, lease));
                }
                Err((error, unsent)) => {
                    let once_more = || {
                        let again = again.filter(|_| self.dial.may_repeat(is_kept));
                        again.and_then(repeatable).map(Box::new)
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
        let ends = match &mut self.slot.0 {
            Some((Sender::Plain(plain, _), _)) => reusable && plain.finish(),
            Some(_) | None => reusable,
        };
        if !ends {
            self.slot.0 = None;
        }
    }

    /// The next piece of the answer, of which `rest` is still to come.
    pub(super) fn poll_frame(
        &mut self,
        rest: &mut Rest,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        match &mut self.slot.0 {
            Some((Sender::Plain(plain, _), _)) => plain.poll_frame(rest, context),
            Some(_) | None => Poll::Ready(None),
        }
    }
}

impl Sender {
    fn is_ready(&mut self, version: Version) -> bool {
        let is_of_version = (version == Version::HTTP_2) == matches!(self, Self::Http2(_));
        is_of_version
            && match self {
                Self::Plain(plain, _) => plain.is_ready(),
                Self::Http1(sender) => sender.is_ready(),
                Self::Http2(sender) => sender.is_ready(),
            }
    }

    /// Sends one request and returns the status of its answer; the body is not read, and the
    /// connection of no use afterwards.
    pub(crate) async fn status(&mut self, request: Request<ProxyBody>) -> Result<StatusCode, Lost> {
        let sent = self.send(Box::new(request)).await;
        let (response, _) = sent.map_err(|(error, _)| error)?;
        if let Self::Plain(plain, _) = self {
            plain.leave();
        }
        Ok(response.status())
    }

    /// Leaves HTTP/1.1 to hyper from here on.
    async fn hand_over(&mut self) -> Result<(), Lost> {
        if let Self::Plain(plain, tasks) = self {
            let io = plain.take_io().ok_or_else(|| Lost::Plain(gone()))?;
            *self = Self::Http1(http1(io, tasks).await?);
        }
        Ok(())
    }

    /// Sends one request; the connection must be idle. What could not be sent at all comes back.
    async fn send(
        &mut self,
        request: Box<Request<ProxyBody>>,
    ) -> Result<(Response<Answer>, Option<Release>), (Lost, Option<Box<Request<ProxyBody>>>)> {
        if let Self::Plain(plain, _) = self
            && Plain::carries(&request)
        {
            return match plain.ask(&request).await {
                Ok(response) => Ok((response.map(Answer::Plain), None)),
                Err(Failed { error, was_sent }) => {
                    Err((Lost::Plain(error), (!was_sent).then_some(request)))
                }
            };
        }
        if let Err(error) = self.hand_over().await {
            return Err((error, Some(request)));
        }
        let (held, release) = hold_body(*request);
        let sent = match self {
            Self::Http1(sender) => sender.try_send_request(held).await,
            Self::Http2(sender) => sender.try_send_request(held).await,
            Self::Plain(..) => return Err((Lost::Plain(gone()), None)),
        };
        match sent {
            Ok(response) => Ok((response.map(Answer::Hyper), release)),
            Err(mut failed) => {
                let unsent = failed.take_message().map(Box::new);
                Err((failed.into_error().into(), unsent))
            }
        }
    }
}

fn gone() -> io::Error {
    io::ErrorKind::NotConnected.into()
}

/// Begins HTTP on `io`; its tasks are owned by `tasks`.
pub(crate) async fn handshake<T>(io: T, version: Version, tasks: &Shutdown) -> Result<Sender, Lost>
where
    T: Io + 'static,
{
    if version != Version::HTTP_2 {
        return Ok(Sender::Plain(Plain::new(io), tasks.clone()));
    }
    let (sender, connection) = http2::Builder::new(TokioExecutor::new())
        .initial_stream_window_size(HTTP2_STREAM_WINDOW)
        .initial_connection_window_size(HTTP2_CONNECTION_WINDOW)
        .handshake(TokioIo::new(io))
        .await?;
    tasks.spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a kept connection ended");
        }
    });
    Ok(Sender::Http2(sender))
}

async fn http1<T>(io: T, tasks: &Shutdown) -> Result<http1::SendRequest<ProxyBody>, hyper::Error>
where
    T: Io + 'static,
{
    let (sender, connection) = http1::Builder::new()
        .max_buf_size(MAX_HEAD_BYTES)
        .handshake(TokioIo::new(io))
        .await?;
    tasks.spawn(async move {
        if let Err(error) = connection.with_upgrades().await {
            tracing::debug!(%error, "a kept connection ended");
        }
    });
    Ok(sender)
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
