//! Requests without a body, over a kept HTTP/1.1 connection: asked and answered by whoever waits.
//!
//! hyper has a task, two channels and some 20 KiB for each connection, which most requests do not
//! need: they have no body and ask for no other protocol. Those are sent here, by httparse and the
//! framing of RFC 9112 alone. Between two requests the connection can be handed to hyper.

mod head;
mod rest;

use std::{
    fmt, io,
    pin::Pin,
    task::{Context, Poll, Waker, ready},
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use http::{
    HeaderMap, HeaderName, Method, Request, Response, StatusCode, Version, header::CONTENT_LENGTH,
};
use http_body::{Body as _, Frame};
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt as _, ReadBuf},
    time::{Sleep, sleep},
};
use tokio_util::io::poll_read_buf;

use self::rest::Next;
pub(crate) use self::rest::Rest;
use super::{
    ProxyBody,
    raw::{self, ROOM, end_of_head, write_headers},
};

/// The longest head a server may answer with, and the longest trailers.
pub(super) const MAX_HEAD_BYTES: usize = 64 * 1024;
/// Room for the rest at most: as much as is copied at once elsewhere.
const MOST_ROOM: u64 = 64 * 1024;

/// How long an answer that is cut stands still before that is told. A reset overtakes what was sent
/// before it, and whoever asked would take it that nothing was answered, and ask again.
const CUT_AFTER: Duration = Duration::from_millis(10);

/// What a connection is made of.
pub(crate) trait Io: AsyncRead + AsyncWrite + Send + Sync + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Sync + Unpin> Io for T {}

/// A kept connection.
///
/// Dropped between two requests it is closed in good order, else cut.
pub(crate) struct Plain {
    /// Nothing once it was handed over.
    io: Option<Box<dyn Io>>,
    /// What has come and belongs to the answer.
    read: BytesMut,
    /// Whether there is more room behind `read` than most answers need.
    is_roomy: bool,
    /// Whether no request is under way.
    is_idle: bool,
    /// Whether it may be used again after the last answer.
    keeps_open: bool,
    /// Why the answer under way is not whole.
    cut: Option<Cut>,
}

/// Why an answer is not whole, and when that is told.
type Cut = (io::Error, Pin<Box<Sleep>>);

/// A request that got no answer.
#[derive(Debug)]
pub(super) struct Failed {
    pub(super) error: io::Error,
    /// Whether any of it was sent.
    pub(super) was_sent: bool,
}

impl Plain {
    pub(super) fn new(io: impl Io + 'static) -> Self {
        Self {
            io: Some(Box::new(io)),
            read: BytesMut::new(),
            is_roomy: false,
            is_idle: true,
            keeps_open: true,
            cut: None,
        }
    }

    /// Whether it can carry such a request.
    pub(super) fn carries(request: &Request<ProxyBody>) -> bool {
        request.version() == Version::HTTP_11
            && request.body().is_end_stream()
            && !request.headers().keys().any(wants_more)
    }

    /// Whether a request may be sent: nothing is under way, and the other end has not closed it.
    pub(super) fn is_ready(&mut self) -> bool {
        let is_free = self.is_idle && self.keeps_open;
        let Some(io) = self.io.as_mut().filter(|_| is_free) else {
            return false;
        };
        let mut unasked = [0];
        let mut context = Context::from_waker(Waker::noop());
        let mut buffer = ReadBuf::new(&mut unasked);
        Pin::new(io)
            .poll_read(&mut context, &mut buffer)
            .is_pending()
    }

    /// The connection, which nothing is under way on.
    pub(super) fn take_io(&mut self) -> Option<Box<dyn Io>> {
        self.io.take()
    }

    /// Sends `request` and waits for the head of its answer. A future that is dropped leaves the
    /// connection of no use.
    pub(super) async fn ask(
        &mut self,
        request: &Request<ProxyBody>,
    ) -> Result<Response<Rest>, Failed> {
        self.is_idle = false;
        let failed = |was_sent| move |error| Failed { error, was_sent };
        let Some(io) = &mut self.io else {
            return Err(failed(false)(ended()));
        };
        let head = head_of(request);
        let mut left = &*head;
        while !left.is_empty() {
            let count = io.write(left).await;
            let count = count.and_then(|count| match count {
                0 => Err(io::ErrorKind::WriteZero.into()),
                count => Ok(count),
            });
            let was_sent = left.len() < head.len();
            left = &left[count.map_err(failed(was_sent))?..];
        }
        // TLS keeps what its socket did not take.
        io.flush().await.map_err(failed(true))?;
        self.answer(request.method()).await.map_err(failed(true))
    }

    /// Waits for the head of the answer.
    async fn answer(&mut self, method: &Method) -> io::Result<Response<Rest>> {
        let mut seen = 0;
        loop {
            if let Some((response, keeps_open)) = take_head(&mut self.read, &mut seen, method)? {
                self.keeps_open = keeps_open;
                return Ok(response);
            }
            let count = std::future::poll_fn(|context| self.poll_read(ROOM, context)).await?;
            if count == 0 {
                return Err(ended());
            }
        }
    }

    /// The next piece of the answer's body.
    pub(super) fn poll_frame(
        &mut self,
        rest: &mut Rest,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if let Some((_, told)) = &mut self.cut {
            ready!(told.as_mut().poll(context));
            return Poll::Ready(self.cut.take().map(|(error, _)| Err(error)));
        }
        let error = loop {
            match rest.next(&mut self.read) {
                Ok(Next::Frame(frame)) => return Poll::Ready(Some(Ok(frame))),
                Ok(Next::End) => return Poll::Ready(None),
                Ok(Next::More(bytes)) => {
                    let room = usize::try_from(bytes.min(MOST_ROOM)).unwrap_or(ROOM);
                    match ready!(self.poll_read(room.max(ROOM), context)) {
                        Ok(0) if rest.is_cut_by_end() => break ended(),
                        Ok(0) => return Poll::Ready(None),
                        Ok(_) => {}
                        Err(error) => break error,
                    }
                }
                Err(error) => break error,
            }
        };
        let mut told = Box::pin(sleep(CUT_AFTER));
        let polled = told.as_mut().poll(context);
        self.cut = Some((error, told));
        polled.map(|()| self.cut.take().map(|(error, _)| Err(error)))
    }

    /// Says that the answer is at its end; tells whether the connection can be used again.
    pub(super) fn finish(&mut self) -> bool {
        // What was not asked for belongs to nobody.
        self.keeps_open &= self.read.is_empty();
        // A piece of memory above 1 KiB is slow to get from glibc.
        if std::mem::take(&mut self.is_roomy) || !self.keeps_open {
            self.read = BytesMut::new();
        }
        self.is_idle = true;
        self.keeps_open
    }

    /// Lets the connection end in good order, though not all of the answer was read.
    pub(super) fn leave(&mut self) {
        self.is_idle = true;
        self.keeps_open = false;
    }

    fn poll_read(&mut self, room: usize, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let Some(io) = &mut self.io else {
            return Poll::Ready(Err(ended()));
        };
        if room <= ROOM {
            let count = raw::poll_read_some(io, &mut self.read, context);
            self.is_roomy |= self.read.len() > ROOM;
            return count;
        }
        // What is left of the last room will do.
        if self.read.capacity() - self.read.len() < ROOM / 4 {
            self.read.reserve(room);
            self.is_roomy = true;
        }
        poll_read_buf(Pin::new(io), context, &mut self.read)
    }
}

impl Drop for Plain {
    fn drop(&mut self) {
        let Some(io) = self.io.as_mut().filter(|_| self.is_idle) else {
            return;
        };
        // TCP and QUIC need no more than the call; a TLS peer may miss that nothing follows.
        let mut context = Context::from_waker(Waker::noop());
        if let Poll::Ready(Err(error)) = Pin::new(io).poll_shutdown(&mut context) {
            tracing::trace!(%error, "an unused connection was not closed in good order");
        }
    }
}

impl fmt::Debug for Plain {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Plain")
            .field("is_idle", &self.is_idle)
            .finish_non_exhaustive()
    }
}

/// Whether a request with such a header asks for more of its connection than an answer.
fn wants_more(name: &HeaderName) -> bool {
    matches!(name.as_str(), "expect" | "transfer-encoding" | "upgrade")
}

/// A request as it goes out.
fn head_of(request: &Request<ProxyBody>) -> Vec<u8> {
    let path = request.uri().path_and_query().map_or("/", |it| it.as_str());
    let mut head = Vec::with_capacity(512);
    let method = request.method();
    for part in [method.as_str(), " ", path, " HTTP/1.1\r\n"] {
        head.extend_from_slice(part.as_bytes());
    }
    write_headers(request.headers(), &mut head);
    if wants_length(method, request.headers()) {
        head.extend_from_slice(b"content-length: 0\r\n");
    }
    head.extend_from_slice(b"\r\n");
    head
}

/// Whether it has to be said that there is no body, because there could be one (RFC 9110, 8.6).
fn wants_length(method: &Method, headers: &HeaderMap) -> bool {
    !matches!(*method, Method::GET | Method::HEAD) && !headers.contains_key(CONTENT_LENGTH)
}

/// The head of the final answer, once all of it is in `read`, and whether the connection may be used
/// once more; `seen` counts the bytes that were looked at.
fn take_head(
    read: &mut BytesMut,
    seen: &mut usize,
    method: &Method,
) -> io::Result<Option<(Response<Rest>, bool)>> {
    while let Some(end) = end_of_head(read, *seen) {
        *seen = 0;
        let (response, keeps_open) = head::parse(&read.split_to(end).freeze(), method)?;
        let status = response.status();
        if !status.is_informational() || status == StatusCode::SWITCHING_PROTOCOLS {
            return Ok(Some((response, keeps_open)));
        }
    }
    *seen = read.len();
    if *seen > MAX_HEAD_BYTES {
        return Err(garbled("the head of the answer is too long"));
    }
    Ok(None)
}

/// The status and the body of the answer to a `GET` that comes in these pieces, before the end of
/// its connection; nothing where it is not whole.
pub(crate) fn answer_in<'a>(
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> Option<(StatusCode, Vec<u8>)> {
    let (mut read, mut seen, mut answer) = (BytesMut::new(), 0, None);
    let mut body = Vec::new();
    for piece in pieces {
        read.extend_from_slice(piece);
        if answer.is_none() {
            answer = take_head(&mut read, &mut seen, &Method::GET).ok()?;
        }
        let Some((response, _)) = &mut answer else {
            continue;
        };
        while let Next::Frame(frame) = response.body_mut().next(&mut read).ok()? {
            body.extend(frame.into_data().unwrap_or_default());
        }
    }
    let (response, _) = answer?;
    let rest = response.body();
    (rest.is_end() || !rest.is_cut_by_end()).then_some((response.status(), body))
}

fn ended() -> io::Error {
    let text = "the connection ended before the answer did";
    io::Error::new(io::ErrorKind::UnexpectedEof, text)
}

fn garbled(text: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, text)
}

#[cfg(test)]
mod tests;
