//! Where one HTTP/1.1 message ends and the next begins, checked strictly.
//!
//! Two programs that disagree on it can be made to see different requests (request smuggling), and
//! hyper is lenient: it takes bare LF, both lengths at once, two Hosts or none. So the raw bytes
//! are read along before hyper sees them, and at the first offence they are replaced by some that
//! hyper must refuse: it then answers 400 and closes (RFC 9112, sections 2.2, 3.2, 5.2, 6.3, 7.1).

mod reading;

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::BytesMut;
use memchr::memmem;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::Sleep,
};

pub(crate) use self::reading::messages;
pub(super) use self::reading::{Framing, State, chunk_size, digits};

/// How long the rest of a body that nobody wanted is read, for its sender to see our answer.
const LINGER: Duration = Duration::from_secs(2);
/// No head, chunk size or trailer may hold a NUL, so hyper refuses it; the empty line makes it look.
const POISON: &[u8] = b"\0\r\n\r\n";
/// What hyper says of it, and what is said in its place when the head was only too slow.
const BAD_REQUEST: &[u8] = b"HTTP/1.1 400 Bad Request\r\n";
const TOO_SLOW: &[u8] = b"HTTP/1.1 408 Not In Time\r\n";

/// A connection whose HTTP/1.1 framing is checked while hyper reads from it.
#[derive(Debug)]
pub(crate) struct Checked<T> {
    inner: T,
    framing: Framing,
    /// What was read of it before.
    ahead: BytesMut,
    /// What hyper is still to read of [`POISON`].
    poison: &'static [u8],
    answered_bad_request: bool,
    /// Runs until the first line is complete: no timer of hyper's does.
    first_line: Option<Pin<Box<Sleep>>>,
    /// How long a head may take, from its first byte to its last.
    head_time: Duration,
    /// Runs while a head comes.
    head: Option<Pin<Box<Sleep>>>,
    is_too_slow: bool,
    /// Runs while the rest of a body that nobody wanted is thrown away.
    lingering: Option<Pin<Box<Sleep>>>,
}

impl<T> Checked<T> {
    /// Checks `inner`, which has `first_line` to send the first line of its first request, and
    /// `head_time` for every head.
    pub(crate) fn new(inner: T, first_line: Duration, head_time: Duration) -> Self {
        Self {
            inner,
            framing: Framing::default(),
            ahead: BytesMut::new(),
            poison: POISON,
            answered_bad_request: false,
            first_line: Some(Box::pin(tokio::time::sleep(first_line))),
            head_time,
            head: None,
            is_too_slow: false,
            lingering: None,
        }
    }

    /// The same where `ahead` was read from it already.
    pub(super) fn after(
        ahead: BytesMut,
        inner: T,
        first_line: Duration,
        head_time: Duration,
    ) -> Self {
        let checked = Self::new(inner, first_line, head_time);
        Self { ahead, ..checked }
    }

    pub(super) fn into_inner(self) -> T {
        self.inner
    }

    /// Whether a request has come, all of it, and nothing of the next one.
    pub(super) fn is_between_messages(&self) -> bool {
        let framing = &self.framing;
        self.first_line.is_none() && framing.state == State::RequestLine && !framing.is_in_head()
    }

    fn wrote(&mut self, bytes: &[u8]) {
        self.framing.wrote(bytes);
        if self.framing.state == State::Refused {
            self.answered_bad_request |= memmem::find(bytes, b"HTTP/1.1 400 ").is_some();
        }
    }

    /// hyper's answer to a head that was too slow, in the words for that; it is as long.
    fn reworded(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        if !self.is_too_slow {
            return None;
        }
        let at = memmem::find(bytes, BAD_REQUEST)?;
        let mut reworded = bytes.to_vec();
        reworded
            .get_mut(at..at + TOO_SLOW.len())?
            .copy_from_slice(TOO_SLOW);
        Some(reworded)
    }

    /// Whether a head is coming that takes too long, be it byte by byte.
    fn is_head_over(&mut self, context: &mut Context<'_>) -> bool {
        if !self.framing.is_in_head() {
            self.head = None;
            return false;
        }
        let head_time = self.head_time;
        let head = self
            .head
            .get_or_insert_with(|| Box::pin(tokio::time::sleep(head_time)));
        head.as_mut().poll(context).is_ready()
    }

    /// Reads on for a while when an answer went out before the request's body was all read: closing
    /// with bytes unread makes the system, or QUIC, tell the sender of a failure, and that can
    /// overtake the answer.
    fn poll_linger(&mut self, context: &mut Context<'_>) -> Poll<()>
    where
        T: AsyncRead + Unpin,
    {
        if !self.framing.state.is_in_body() {
            return Poll::Ready(());
        }
        let lingering = self
            .lingering
            .get_or_insert_with(|| Box::pin(tokio::time::sleep(LINGER)));
        let mut scrap = [0; 4096];
        loop {
            if lingering.as_mut().poll(context).is_ready() {
                return Poll::Ready(());
            }
            let mut buffer = ReadBuf::new(&mut scrap);
            match ready!(Pin::new(&mut self.inner).poll_read(context, &mut buffer)) {
                Ok(()) if !buffer.filled().is_empty() => {}
                Ok(()) | Err(_) => return Poll::Ready(()),
            }
        }
    }

    fn read_poison(&mut self, buffer: &mut ReadBuf<'_>) {
        let (now, later) = self
            .poison
            .split_at(self.poison.len().min(buffer.remaining()));
        buffer.put_slice(now);
        self.poison = later;
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Checked<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.framing.state == State::Refused {
            self.read_poison(buffer);
            return Poll::Ready(Ok(()));
        }
        let before = buffer.filled().len();
        let is_pending = if self.ahead.is_empty() {
            let inner = Pin::new(&mut self.inner);
            inner.poll_read(context, buffer)?.is_pending()
        } else {
            let length = self.ahead.len().min(buffer.remaining());
            buffer.put_slice(&self.ahead.split_to(length));
            false
        };
        if !is_pending && let Err(offence) = self.framing.read(&buffer.filled()[before..]) {
            buffer.set_filled(before + offence);
            self.read_poison(buffer);
        }
        // Looked at after reading: of a head that was sent ahead, the rest may have waited for us.
        if self.is_head_over(context) {
            self.is_too_slow = true;
            self.framing.state = State::Refused;
            buffer.set_filled(before);
            self.read_poison(buffer);
            return Poll::Ready(Ok(()));
        }
        if is_pending {
            if let Some(first_line) = &mut self.first_line {
                ready!(first_line.as_mut().poll(context));
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
            return Poll::Pending;
        }
        if self.framing.has_begun {
            self.first_line = None;
        }
        Poll::Ready(Ok(()))
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Checked<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.wrote(bytes);
        let reworded = self.reworded(bytes);
        let bytes = reworded.as_deref().unwrap_or(bytes);
        Pin::new(&mut self.inner).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.inner).poll_flush(context))?;
        if self.answered_bad_request {
            // hyper drops the connection next, and a reset would take the answer with it.
            return Pin::new(&mut self.inner).poll_shutdown(context);
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.inner).poll_shutdown(context))?;
        self.poll_linger(context).map(Ok)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if let Some(first) = slices.first() {
            self.wrote(first);
            if let Some(reworded) = self.reworded(first) {
                return Pin::new(&mut self.inner).poll_write(context, &reworded);
            }
        }
        Pin::new(&mut self.inner).poll_write_vectored(context, slices)
    }
}

#[cfg(test)]
mod tests;
