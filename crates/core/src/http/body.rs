//! Bodies on their way through: counted, limited, cut when idle, and never taken for complete when
//! they were not.

mod source;

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::{Buf, Bytes};
use fastn_p2p::Slot;
use http::{Response, header::CONTENT_TYPE};
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use thiserror::Error;
use tokio::{
    sync::oneshot,
    time::{Instant, Sleep},
};

use self::source::Source;
use super::{
    continuation::{Gate, Verdict},
    headers,
    pool::Lease,
    sender::Answer,
};
use crate::{
    meter::{Load, Meter, Open},
    traces::Traced,
};

/// Why a body ended early; the other side sees a broken connection, never a clean end.
#[derive(Debug, Error)]
pub(crate) enum BodyError {
    #[error("the body broke off")]
    Broken(#[source] hyper::Error),
    #[error("the body was cut")]
    Cut(#[source] io::Error),
    #[error("the body is longer than the {0} bytes allowed")]
    TooLong(u64),
    #[error("no byte came for {0:?}")]
    Idle(Duration),
    #[error("it was not at its end after {0:?}")]
    Late(Duration),
    #[error("the final answer came before the body was asked for")]
    Unwanted,
}

/// Which way a body goes.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Direction {
    /// From the client.
    Request,
    /// To the client.
    Response,
}

/// A body, what is watched about it, and what it holds until its end.
///
/// As small as a pointer, and nothing for a body that is empty: it is moved often, and each kept
/// connection of hyper's has a queue with room for 32 requests. Measured: 8 % of a request's CPU time
/// with 32 connections, and 19 % with 256.
#[derive(Debug, Default)]
pub(crate) struct ProxyBody(Option<Box<Carried>>);

#[derive(Debug, Default)]
struct Carried {
    source: Source,
    limit: Option<u64>,
    passed: u64,
    ended: bool,
    idle: Option<Idle>,
    deadline: Option<Deadline>,
    gate: Option<Gate>,
    counted: Option<(Meter, Direction)>,
    lease: Option<Lease>,
    /// At our side, and at the backend.
    open: [Option<Open>; 2],
    load: Option<Load>,
    slot: Option<Arc<Slot>>,
    traced: Option<Box<Traced>>,
    end: Option<oneshot::Sender<()>>,
    progress: Option<Arc<AtomicU64>>,
    busy: Option<Arc<()>>,
}

#[derive(Debug)]
struct Deadline {
    total: Duration,
    timer: Pin<Box<Sleep>>,
}

#[derive(Debug)]
struct Idle {
    after: Duration,
    // Made only when a body has to wait: most never do.
    timer: Option<Pin<Box<Sleep>>>,
    // Time counts from where the waiting began: before that, the reader may have been slow.
    waiting: bool,
}

impl ProxyBody {
    /// Bytes that are all there.
    pub(crate) fn full(bytes: Bytes) -> Self {
        Self::from(Source::Full(bytes))
    }

    /// A body that comes in over a connection.
    pub(crate) fn incoming(incoming: Incoming) -> Self {
        if incoming.is_end_stream() {
            return Self::default();
        }
        Self::from(Source::Incoming(incoming))
    }

    /// The body of an answer, which is to be [lending](Self::lending) its connection.
    pub(crate) fn answer(answer: Answer) -> Self {
        match answer {
            Answer::Hyper(incoming) => Self::incoming(incoming),
            Answer::Plain(rest) if rest.is_end() => Self::default(),
            Answer::Plain(rest) => Self::from(Source::Rest(rest)),
        }
    }

    fn with(mut self, change: impl FnOnce(&mut Carried)) -> Self {
        change(self.0.get_or_insert_default());
        self
    }

    /// Fails when more than `bytes` pass.
    pub(crate) fn limited(self, bytes: Option<u64>) -> Self {
        self.with(|body| body.limit = bytes)
    }

    /// Fails when nothing passes for as long as `after`.
    pub(crate) fn cut_when_idle(self, after: Duration) -> Self {
        self.with(|body| {
            body.idle = Some(Idle {
                after,
                timer: None,
                waiting: false,
            });
        })
    }

    /// Fails when it is not at its end `total` after `begun`.
    pub(crate) fn cut_after(self, total: Option<Duration>, begun: Instant) -> Self {
        let Some(total) = total else { return self };
        self.with(|body| {
            body.deadline = Some(Deadline {
                total,
                timer: Box::pin(tokio::time::sleep_until(begun + total)),
            });
        })
    }

    /// Fails when it is not at its end `total` after `begun`, or stands still for `idle`; events may
    /// be far apart, so a stream of them is open until one of its ends is gone.
    pub(crate) fn bounded(
        response: Response<Self>,
        idle: Duration,
        total: Option<Duration>,
        begun: Instant,
    ) -> Response<Self> {
        let kind = response.headers().get(CONTENT_TYPE);
        let is_events = kind.is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream"));
        response.map(|body| {
            if body.is_end_stream() {
                return body;
            }
            let body = body.cut_after(total, begun);
            if is_events {
                body
            } else {
                body.cut_when_idle(idle)
            }
        })
    }

    /// Counts what passes.
    pub(crate) fn counted(self, meter: Meter, direction: Direction) -> Self {
        self.with(|body| body.counted = Some((meter, direction)))
    }

    /// Lets nothing pass before the gate opens.
    pub(super) fn gated(self, gate: Gate) -> Self {
        self.with(|body| body.gate = Some(gate))
    }

    /// Gives the connection back when the body has ended cleanly, and lets it go otherwise.
    pub(crate) fn lending(self, lease: Lease) -> Self {
        self.with(|body| body.lease = Some(lease))
    }

    /// Keeps the request counted as open until the body is gone; may be said once for each side.
    pub(crate) fn holding(self, open: Open) -> Self {
        self.with(|body| {
            let free = body.open.iter_mut().find(|place| place.is_none());
            debug_assert!(free.is_some(), "counted more often than there are sides");
            if let Some(place) = free {
                *place = Some(open);
            }
        })
    }

    /// Goes on with the trace until the body is gone.
    pub(crate) fn traced(self, traced: Box<Traced>) -> Self {
        self.with(|body| body.traced = Some(traced))
    }

    /// Keeps its place loaded until the body is gone.
    pub(crate) fn loading(self, load: Load) -> Self {
        self.with(|body| body.load = Some(load))
    }

    /// Keeps the request's place until the body is gone.
    pub(crate) fn keeping(self, slot: Arc<Slot>) -> Self {
        self.with(|body| body.slot = Some(slot))
    }

    /// Holds `busy` until the body is gone.
    pub(super) fn keeping_busy(self, busy: Arc<()>) -> Self {
        self.with(|body| body.busy = Some(busy))
    }

    /// Drops `end` when the body is done with.
    pub(crate) fn telling_its_end(self, end: oneshot::Sender<()>) -> Self {
        self.with(|body| body.end = Some(end))
    }

    /// Adds what passes to `progress`, for whoever watches that something does.
    pub(crate) fn showing_progress(self, progress: Arc<AtomicU64>) -> Self {
        self.with(|body| body.progress = Some(progress))
    }
}

impl Carried {
    fn poll_frame(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        if let Some(gate) = &mut self.gate {
            let verdict = Pin::new(&mut *gate).poll(context);
            if gate.is_closed() {
                // Lets hyper go on with the connection that the body would have come on.
                self.source = Source::Empty;
            }
            if ready!(verdict) == Verdict::Unwanted {
                return Poll::Ready(Some(Err(BodyError::Unwanted)));
            }
            self.gate = None;
        }
        if let Some(deadline) = &mut self.deadline
            && deadline.timer.as_mut().poll(context).is_ready()
        {
            return Poll::Ready(Some(Err(BodyError::Late(deadline.total))));
        }
        match self.source.poll_frame(self.lease.as_mut(), context) {
            Poll::Ready(Some(Ok(mut frame))) => {
                if let Some(trailers) = frame.trailers_mut() {
                    // Nothing comes after them, and hyper does not ask again.
                    self.ended = true;
                    if matches!(self.counted, Some((_, Direction::Request))) {
                        headers::forget_sender(trailers);
                    }
                }
                Poll::Ready(Some(self.passes(&frame).map(|()| frame)))
            }
            Poll::Ready(end) => {
                self.ended = end.is_none();
                Poll::Ready(end)
            }
            Poll::Pending => self.poll_idle(context).map(Some),
        }
    }

    fn poll_idle(&mut self, context: &mut Context<'_>) -> Poll<Result<Frame<Bytes>, BodyError>> {
        let Some(idle) = &mut self.idle else {
            return Poll::Pending;
        };
        let after = idle.after;
        let timer = idle
            .timer
            .get_or_insert_with(|| Box::pin(tokio::time::sleep(after)));
        if !std::mem::replace(&mut idle.waiting, true) {
            timer.as_mut().reset(Instant::now() + after);
        }
        ready!(timer.as_mut().poll(context));
        Poll::Ready(Err(BodyError::Idle(after)))
    }

    fn passes(&mut self, frame: &Frame<Bytes>) -> Result<(), BodyError> {
        if let Some(idle) = &mut self.idle {
            idle.waiting = false;
        }
        let Some(data) = frame.data_ref() else {
            return Ok(());
        };
        let bytes = data.remaining() as u64;
        if let Some(progress) = &self.progress {
            progress.fetch_add(bytes, Ordering::Relaxed);
        }
        self.passed += bytes;
        if let Some(limit) = self.limit
            && self.passed > limit
        {
            return Err(BodyError::TooLong(limit));
        }
        match &self.counted {
            Some((meter, Direction::Request)) => meter.received(bytes),
            Some((meter, Direction::Response)) => meter.sent(bytes),
            None => {}
        }
        Ok(())
    }
}

impl From<Source> for ProxyBody {
    fn from(source: Source) -> Self {
        Self::default().with(|body| body.source = source)
    }
}

impl Body for ProxyBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        match &mut self.0 {
            Some(body) => body.poll_frame(context),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.0.as_ref().is_none_or(|body| body.source.is_end())
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            None => SizeHint::with_exact(0),
            Some(body) => body.source.size_hint(),
        }
    }
}

impl Drop for Carried {
    fn drop(&mut self) {
        let is_whole = self.ended || self.source.is_end();
        if let Some(lease) = self.lease.take() {
            lease.give_back(is_whole);
        }
        if let Some(traced) = self.traced.as_mut().filter(|_| !is_whole) {
            traced.broke_off();
        }
    }
}
