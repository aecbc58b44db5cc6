//! Where one HTTP/1.1 message ends and the next begins, checked strictly.
//!
//! Two programs that disagree on it can be made to see different requests (request smuggling), and
//! hyper is lenient: it takes bare LF, both lengths at once, two Hosts or none. So the raw bytes
//! are read along before hyper sees them, and at the first offence they are replaced by some that
//! hyper must refuse: it then answers 400 and closes (RFC 9112, sections 2.2, 3.2, 5.2, 6.3, 7.1).

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use memchr::{memchr, memchr2, memmem};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::Sleep,
};

/// How an HTTP/2 connection with prior knowledge begins (RFC 9113, section 3.4).
const HTTP2_PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n";
/// The longest line kept while it comes in pieces; longer heads are refused by hyper as well.
const MAX_LINE_BYTES: usize = 64 * 1024;
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

/// What the bytes so far add up to.
#[derive(Debug, Default)]
struct Framing {
    state: State,
    /// The piece of a line that came without its end.
    line: Vec<u8>,
    head: Head,
    upgrade_asked: bool,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum State {
    #[default]
    RequestLine,
    Header,
    Body(u64),
    ChunkSize,
    Chunk(u64),
    ChunkEnd,
    Trailer,
    /// HTTP/2, or whatever an upgrade leads to.
    Through,
    Refused,
}

impl State {
    fn is_in_body(self) -> bool {
        match self {
            Self::Body(_) | Self::ChunkSize | Self::Chunk(_) | Self::ChunkEnd | Self::Trailer => {
                true
            }
            Self::RequestLine | Self::Header | Self::Through | Self::Refused => false,
        }
    }
}

#[derive(Debug, Default)]
struct Head {
    is_http11: bool,
    hosts: usize,
    length: Option<u64>,
    chunked: bool,
}

#[derive(Debug)]
struct Offence;

impl Framing {
    /// Reads along; an offence is told by the index of the first byte that must not be seen.
    fn read(&mut self, bytes: &[u8]) -> Result<(), usize> {
        let mut at = 0;
        while at < bytes.len() {
            match &mut self.state {
                State::Through => return Ok(()),
                State::Refused => return Err(at),
                State::Body(left) | State::Chunk(left) => {
                    let here = (bytes.len() - at) as u64;
                    let taken = here.min(*left);
                    *left -= taken;
                    at += usize::try_from(taken).unwrap_or(usize::MAX);
                    if self.state == State::Body(0) {
                        self.state = State::RequestLine;
                    } else if self.state == State::Chunk(0) {
                        self.state = State::ChunkEnd;
                    }
                }
                State::RequestLine
                | State::Header
                | State::ChunkSize
                | State::ChunkEnd
                | State::Trailer => at = self.read_line(bytes, at)?,
            }
        }
        Ok(())
    }

    /// Takes the line, or the piece of one, that begins at `at`; returns where it ends.
    fn read_line(&mut self, bytes: &[u8], at: usize) -> Result<usize, usize> {
        let rest = &bytes[at..];
        let Some(length) = memchr(b'\n', rest) else {
            self.line.extend_from_slice(rest);
            if self.line.len() > MAX_LINE_BYTES {
                return Err(self.refuse(at));
            }
            return Ok(bytes.len());
        };
        let newline = at + length;
        let outcome = if self.line.is_empty() {
            self.take_line(&rest[..length])
        } else {
            let mut line = std::mem::take(&mut self.line);
            line.extend_from_slice(&rest[..length]);
            let outcome = self.take_line(&line);
            line.clear();
            self.line = line;
            outcome
        };
        outcome
            .map(|()| newline + 1)
            .map_err(|Offence| self.refuse(newline))
    }

    fn refuse(&mut self, at: usize) -> usize {
        self.state = State::Refused;
        at
    }

    /// Takes a line without its LF.
    fn take_line(&mut self, line: &[u8]) -> Result<(), Offence> {
        let line = line.strip_suffix(b"\r").ok_or(Offence)?;
        if memchr2(b'\r', 0, line).is_some() {
            return Err(Offence);
        }
        match self.state {
            State::RequestLine => self.take_request_line(line),
            State::Header if line.is_empty() => return self.end_head(),
            State::Header => return self.take_header(line),
            State::ChunkSize => self.state = chunk_size(line)?,
            State::ChunkEnd if line.is_empty() => self.state = State::ChunkSize,
            State::Trailer if line.is_empty() => self.state = State::RequestLine,
            State::Trailer if !is_fold(line) => {}
            State::ChunkEnd
            | State::Trailer
            | State::Body(_)
            | State::Chunk(_)
            | State::Through
            | State::Refused => return Err(Offence),
        }
        Ok(())
    }

    fn take_request_line(&mut self, line: &[u8]) {
        if line == HTTP2_PREFACE.trim_ascii_end() {
            self.state = State::Through;
        } else if !line.is_empty() {
            // An empty line before a request is skipped (RFC 9112, section 2.2).
            self.head = Head {
                is_http11: line.ends_with(b" HTTP/1.1"),
                ..Head::default()
            };
            self.upgrade_asked = false;
            self.state = State::Header;
        }
    }

    fn take_header(&mut self, line: &[u8]) -> Result<(), Offence> {
        if is_fold(line) {
            return Err(Offence);
        }
        let colon = memchr(b':', line).ok_or(Offence)?;
        let (name, value) = (&line[..colon], line[colon + 1..].trim_ascii());
        // Only four names matter; their lengths tell them apart from nearly all others.
        match name.len() {
            // Many a server takes `a_b` for `a-b`, and would see another end than we do.
            14 | 17 if is_spelt_otherwise(name) => return Err(Offence),
            4 if name.eq_ignore_ascii_case(b"host") => {
                if value.is_empty() {
                    return Err(Offence);
                }
                self.head.hosts += 1;
            }
            7 if name.eq_ignore_ascii_case(b"upgrade") => self.upgrade_asked = true,
            14 if name.eq_ignore_ascii_case(b"content-length") => {
                if self.head.length.is_some() {
                    return Err(Offence);
                }
                self.head.length = Some(digits(value).ok_or(Offence)?);
            }
            17 if name.eq_ignore_ascii_case(b"transfer-encoding") => {
                if self.head.chunked || !value.eq_ignore_ascii_case(b"chunked") {
                    return Err(Offence);
                }
                self.head.chunked = true;
            }
            _ => {}
        }
        Ok(())
    }

    fn end_head(&mut self) -> Result<(), Offence> {
        let head = &self.head;
        let hosts = if head.is_http11 { 1..=1 } else { 0..=1 };
        if !hosts.contains(&head.hosts)
            || (head.chunked && (head.length.is_some() || !head.is_http11))
        {
            return Err(Offence);
        }
        self.state = match head.length {
            _ if head.chunked => State::ChunkSize,
            Some(length) if length > 0 => State::Body(length),
            _ => State::RequestLine,
        };
        Ok(())
    }

    /// Whether a head has begun and not ended.
    fn is_in_head(&self) -> bool {
        match self.state {
            State::Header => true,
            State::RequestLine => !self.line.is_empty(),
            State::Body(_)
            | State::ChunkSize
            | State::Chunk(_)
            | State::ChunkEnd
            | State::Trailer
            | State::Through
            | State::Refused => false,
        }
    }

    /// Watches our answers for the one that ends HTTP on this connection.
    fn wrote(&mut self, bytes: &[u8]) {
        if self.upgrade_asked && memmem::find(bytes, b"HTTP/1.1 101 ").is_some() {
            self.state = State::Through;
        }
    }
}

/// The body lengths of the whole messages in `bytes`, and whether what follows them is accepted;
/// `None` where other rules than HTTP/1.1's hold from some byte on.
pub(crate) fn messages(bytes: &[u8]) -> Option<(Vec<u64>, bool)> {
    let (mut framing, mut lengths, mut length) = (Framing::default(), Vec::new(), 0);
    for byte in bytes {
        let before = framing.state;
        if framing.read(std::slice::from_ref(byte)).is_err() {
            return Some((lengths, false));
        }
        if matches!(before, State::Body(_) | State::Chunk(_)) {
            length += 1;
        }
        if framing.state == State::Through {
            return None;
        }
        if framing.state == State::RequestLine && before != State::RequestLine {
            lengths.push(std::mem::take(&mut length));
        }
    }
    Some((lengths, true))
}

fn is_fold(line: &[u8]) -> bool {
    matches!(line.first(), Some(b' ' | b'\t'))
}

/// Whether it is the name of a header that frames a message, with an underscore.
fn is_spelt_otherwise(name: &[u8]) -> bool {
    let spelt: Vec<u8> = name
        .iter()
        .map(|byte| if *byte == b'_' { b'-' } else { *byte })
        .collect();
    name.contains(&b'_')
        && [&b"content-length"[..], b"transfer-encoding"]
            .iter()
            .any(|framing| spelt.eq_ignore_ascii_case(framing))
}

fn digits(text: &[u8]) -> Option<u64> {
    let all = !text.is_empty() && text.iter().all(u8::is_ascii_digit);
    all.then(|| std::str::from_utf8(text).ok()?.parse().ok())
        .flatten()
}

fn chunk_size(line: &[u8]) -> Result<State, Offence> {
    let size = line.split(|byte| *byte == b';').next().unwrap_or_default();
    let digits = size.trim_ascii_end();
    if digits.is_empty() || digits.len() > 15 || !digits.iter().all(u8::is_ascii_hexdigit) {
        return Err(Offence);
    }
    let text = std::str::from_utf8(digits).map_err(|_| Offence)?;
    match u64::from_str_radix(text, 16) {
        Ok(0) => Ok(State::Trailer),
        Ok(size) => Ok(State::Chunk(size)),
        Err(_) => Err(Offence),
    }
}

impl<T> Checked<T> {
    /// Checks `inner`, which has `first_line` to send the first line of its first request, and
    /// `head_time` for every head.
    pub(crate) fn new(inner: T, first_line: Duration, head_time: Duration) -> Self {
        Self {
            inner,
            framing: Framing::default(),
            poison: POISON,
            answered_bad_request: false,
            first_line: Some(Box::pin(tokio::time::sleep(first_line))),
            head_time,
            head: None,
            is_too_slow: false,
            lingering: None,
        }
    }

    fn wrote(&mut self, bytes: &[u8]) {
        self.framing.wrote(bytes);
        if self.framing.state == State::Refused {
            self.answered_bad_request |= memmem::find(bytes, b"HTTP/1.1 400 ").is_some();
        }
    }

    /// hyper's answer to a head that was too slow, in the words for that; it is as long.
    fn reworded(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        let at = memmem::find(bytes, BAD_REQUEST).filter(|_| self.is_too_slow)?;
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
        let is_pending = Pin::new(&mut self.inner)
            .poll_read(context, buffer)?
            .is_pending();
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
        if self.framing.state != State::RequestLine {
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
