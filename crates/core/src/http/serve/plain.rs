//! Requests without a body, read and answered by whoever carries the connection.
//!
//! hyper has some 20 KiB for each connection and much to decide for each message, which most
//! requests do not need. What wants more than an answer is hyper's, and so is all that is refused:
//! it goes on with the bytes that were read.

use std::{
    convert::Infallible,
    future::poll_fn,
    io,
    pin::{Pin, pin},
    task::{Context, Poll, ready},
};

use bytes::{Buf as _, Bytes, BytesMut};
use http::{Method, Request, Response};
use http_body::Body as _;
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt as _},
    time::{Duration, Instant, Sleep, sleep},
};

use super::{
    Heads, IDLE, REST_AFTER,
    answered::{Framed, write_head},
    asked::parse,
    exchange::Exchange,
};
use crate::{
    http::{
        ProxyBody,
        framing::{Checked, Framing, State},
        raw::{end_of_head, poll_read_some},
        spare,
    },
    shutdown::Shutdown,
};

/// A piece of a body that is not longer is copied to what is written with it.
const MOST_COPIED: usize = 16 * 1024;

/// A connection that no request was taken from, or whose last one was answered.
pub(super) struct Plain<T> {
    io: T,
    heads: Heads,
    /// Whether anything was taken of it: what follows is no HTTP/2.
    has_begun: bool,
    /// What has come and was not taken.
    read: BytesMut,
    /// The head in it, and how much of it was looked at.
    framing: Framing,
    seen: usize,
    /// What was written last, for its room.
    out: Vec<u8>,
    timer: Pin<Box<Sleep>>,
}

/// What a connection goes on with.
enum Next {
    /// Also tells whether it is the last one.
    Request(Box<Request<ProxyBody>>, bool),
    Hyper,
    End,
}

impl<T: AsyncRead + AsyncWrite + Unpin> Plain<T> {
    pub(super) fn new(io: T, heads: Heads) -> Self {
        Self {
            io,
            heads,
            has_begun: false,
            read: BytesMut::new(),
            framing: Framing::default(),
            seen: 0,
            out: Vec::new(),
            timer: Box::pin(sleep(IDLE)),
        }
    }

    /// The same for a connection that has answered before.
    pub(super) fn again(io: T, heads: Heads) -> Self {
        let plain = Self::new(io, heads);
        Self {
            has_begun: true,
            ..plain
        }
    }

    /// Answers one request after another; returns the connection where hyper has to go on with it.
    pub(super) async fn serve<F, R>(mut self, shutdown: &Shutdown, answer: &F) -> Option<Checked<T>>
    where
        F: Fn(Box<Request<ProxyBody>>) -> R,
        R: Future<Output = Response<ProxyBody>> + Send + 'static,
    {
        let exchange = Exchange::default();
        let mut answering = None;
        let mut draining = pin!(shutdown.draining());
        let ended = loop {
            let next = { pin!(self.next(draining.as_mut(), &mut answering)).await };
            let (request, is_last) = match next {
                Ok(Next::Request(request, is_last)) => (request, is_last),
                Ok(Next::Hyper) => return Some(self.into_checked()),
                Ok(Next::End) => break self.io.shutdown().await,
                Err(error) => break Err(error),
            };
            let method = request.method().clone();
            exchange.ask(request);
            // Boxed: it is some kilobytes long, which a connection that waits does not need.
            let answering = answering.get_or_insert_with(|| Box::pin(exchange.answer_all(answer)));
            let response = match self.unless_gone(&exchange, answering.as_mut()).await {
                Ok(response) => response,
                Err(error) => break Err(error),
            };
            let closes = is_last || shutdown.is_draining();
            let written = { pin!(self.write(&method, response, closes)).await };
            match written {
                Ok(false) => {}
                Ok(true) => break self.io.shutdown().await,
                Err(error) => break Err(error),
            }
        };
        if let Err(error) = ended {
            tracing::debug!(%error, "a client's connection was cut");
        }
        None
    }

    /// Waits for the next request. When none has come for a while, neither the room of the last
    /// answer is kept nor `answering`.
    async fn next<A>(
        &mut self,
        mut draining: Pin<&mut impl Future<Output = ()>>,
        answering: &mut Option<A>,
    ) -> io::Result<Next> {
        let begun = Instant::now();
        let mut late = begun + REST_AFTER;
        loop {
            if let Some(next) = self.take() {
                return Ok(next);
            }
            let is_idle = self.read.is_empty();
            let Self {
                io, read, timer, ..
            } = self;
            let count = tokio::select! {
                biased;
                count = poll_fn(|context| poll_read_some(io, read, context)) => count?,
                () = draining.as_mut(), if is_idle => return Ok(Next::End),
                () = past(timer, late) => {
                    if is_idle && late < begun + IDLE {
                        late = begun + IDLE;
                        *answering = None;
                        self.read = BytesMut::new();
                        self.out = Vec::new();
                        continue;
                    }
                    // Hyper answers that a head is too slow.
                    self.heads.time = Duration::ZERO;
                    return Ok(if is_idle { Next::End } else { Next::Hyper });
                }
            };
            if count == 0 {
                return Ok(if is_idle { Next::End } else { Next::Hyper });
            }
            if is_idle {
                late = Instant::now() + self.heads.time;
            }
        }
    }

    /// What comes of the bytes so far, if they are enough.
    fn take(&mut self) -> Option<Next> {
        // An empty line before a request is skipped (RFC 9112, section 2.2).
        while !self.framing.has_begun && self.read.starts_with(b"\r\n") {
            self.read.advance(2);
            self.has_begun = true;
            (self.framing, self.seen) = (Framing::default(), 0);
        }
        if self.read.is_empty() {
            return None;
        }
        let end = end_of_head(&self.read, self.seen);
        let until = end.unwrap_or(self.read.len());
        let is_sound = self.framing.read(&self.read[self.seen..until]).is_ok();
        if !is_sound || until > self.heads.size {
            return Some(Next::Hyper);
        }
        if end.is_none() {
            self.seen = until;
            return None;
        }
        let framing = std::mem::take(&mut self.framing);
        self.seen = 0;
        let has_no_body = framing.has_begun && framing.state == State::RequestLine;
        if !has_no_body {
            return Some(Next::Hyper);
        }
        let head = self.read.split_to(until).freeze();
        let Some((request, is_last)) = parse(&head) else {
            let rest = std::mem::replace(&mut self.read, head.into());
            self.read.extend_from_slice(&rest);
            return Some(Next::Hyper);
        };
        self.has_begun = true;
        Some(Next::Request(Box::new(request), is_last))
    }

    fn into_checked(self) -> Checked<T> {
        // hyper looks for HTTP/2 at the beginning alone, and skips an empty line in HTTP/1.1.
        let before: &[u8] = if self.has_begun { b"\r\n" } else { b"" };
        let mut ahead = BytesMut::from(before);
        ahead.extend_from_slice(&self.read);
        Checked::after(ahead, self.io, IDLE, self.heads.time)
    }

    /// The answer to what was asked, unless the client goes away before.
    async fn unless_gone(
        &mut self,
        exchange: &Exchange,
        mut answering: Pin<&mut impl Future<Output = Infallible>>,
    ) -> io::Result<Response<ProxyBody>> {
        poll_fn(|context| {
            let Poll::Pending = answering.as_mut().poll(context);
            match exchange.take_answer() {
                Some(answer) => Poll::Ready(Ok(answer)),
                None => self.poll_gone(context).map(Err),
            }
        })
        .await
    }

    /// Resolves when the client is gone; what it asks ahead is kept, as much as is read at once.
    fn poll_gone(&mut self, context: &mut Context<'_>) -> Poll<io::Error> {
        if !self.read.is_empty() {
            return Poll::Pending;
        }
        match ready!(poll_read_some(&mut self.io, &mut self.read, context)) {
            Ok(0) => Poll::Ready(io::ErrorKind::UnexpectedEof.into()),
            Ok(_) => Poll::Pending,
            Err(error) => Poll::Ready(error),
        }
    }

    /// Writes all of `response`; tells whether the connection `closes` after it.
    async fn write(
        &mut self,
        method: &Method,
        response: Response<ProxyBody>,
        closes: bool,
    ) -> io::Result<bool> {
        let (mut parts, mut body) = response.into_parts();
        let mut framed = Framed::new(method, &mut parts, &body);
        let mut out = std::mem::take(&mut self.out);
        let closes = write_head(&parts, framed, closes, &mut out)?;
        spare::give(parts.headers);
        while framed != Framed::Nothing && !body.is_end_stream() {
            let frame = poll_fn(|context| match Pin::new(&mut body).poll_frame(context) {
                Poll::Ready(frame) => Poll::Ready(Ok(Some(frame))),
                Poll::Pending if !out.is_empty() => Poll::Ready(Ok(None)),
                Poll::Pending => self.poll_gone(context).map(Err),
            });
            match frame.await? {
                None => self.flush(&mut out).await?,
                Some(None) => break,
                Some(Some(Ok(frame))) => {
                    // Trailers are for who said `TE`.
                    if let Ok(data) = frame.into_data() {
                        self.put(&mut framed, data, &mut out).await?;
                    }
                }
                Some(Some(Err(error))) => {
                    self.flush(&mut out).await?;
                    return Err(io::Error::other(error));
                }
            }
        }
        // What it holds is free before the client has read.
        drop(body);
        framed.end(&mut out)?;
        self.flush(&mut out).await?;
        self.out = out;
        Ok(closes)
    }

    /// Writes a piece of a body, or has it written with what comes next.
    async fn put(&mut self, framed: &mut Framed, data: Bytes, out: &mut Vec<u8>) -> io::Result<()> {
        if data.is_empty() {
            return Ok(());
        }
        let after = framed.begin(data.len(), out)?;
        if out.len() + data.len() <= MOST_COPIED {
            out.extend_from_slice(&data);
            out.extend_from_slice(after);
            return Ok(());
        }
        let mut all = out.as_slice().chain(data).chain(after);
        self.io.write_all_buf(&mut all).await?;
        out.clear();
        Ok(())
    }

    async fn flush(&mut self, out: &mut Vec<u8>) -> io::Result<()> {
        self.io.write_all(out).await?;
        out.clear();
        self.io.flush().await
    }
}

/// Resolves at `late`. Most waiting ends long before, so the timer is moved as seldom as can be.
async fn past(timer: &mut Pin<Box<Sleep>>, late: Instant) {
    loop {
        if timer.deadline() > late || timer.is_elapsed() {
            timer.as_mut().reset(late);
        }
        timer.as_mut().await;
        if Instant::now() >= late {
            return;
        }
    }
}

#[cfg(test)]
mod tests;
