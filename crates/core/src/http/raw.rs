//! The bytes of HTTP/1.1, as a client and as a server.

use std::{
    io,
    mem::MaybeUninit,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue};
use memchr::memchr_iter;
use tokio::io::{AsyncRead, ReadBuf};

use super::spare;

/// Read at once: enough for nearly every head.
pub(super) const ROOM: usize = 4 * 1024;

/// The most headers of one message; as many as hyper takes.
pub(super) const MOST_HEADERS: usize = 100;

/// The headers that httparse has found in `bytes`; their values stay where they are.
///
/// What says no more than whether the connection is kept is left out: whoever reads the head has
/// seen that, and it goes no further.
pub(super) fn headers_in(
    bytes: &Bytes,
    found: &[httparse::Header<'_>],
) -> Result<HeaderMap, http::Error> {
    let mut headers = spare::take();
    headers.reserve(found.len());
    for header in found.iter().filter(|it| !is_of_keeping(it)) {
        let name = HeaderName::from_bytes(header.name.as_bytes())?;
        let value = HeaderValue::from_maybe_shared(bytes.slice_ref(header.value))?;
        headers.append(name, value);
    }
    Ok(headers)
}

/// Writes a line for each of `headers`.
pub(super) fn write_headers(headers: &HeaderMap, out: &mut Vec<u8>) {
    for (name, value) in headers {
        write_header(name.as_str(), value, out);
    }
}

/// Writes the line of one header.
pub(super) fn write_header(name: &str, value: &HeaderValue, out: &mut Vec<u8>) {
    for part in [name.as_bytes(), b": ", value.as_bytes(), b"\r\n"] {
        out.extend_from_slice(part);
    }
}

/// Where the head in `bytes` ends, if it does: after an empty line. Nothing of the first `seen` bytes
/// ended one.
pub(super) fn end_of_head(bytes: &[u8], seen: usize) -> Option<usize> {
    let from = seen.saturating_sub(2);
    let newlines = memchr_iter(b'\n', bytes.get(from..)?).map(|at| from + at + 1);
    for next in newlines {
        match bytes.get(next..) {
            Some([b'\n', ..]) => return Some(next + 1),
            Some([b'\r', b'\n', ..]) => return Some(next + 2),
            _ => {}
        }
    }
    None
}

/// Reads what there is, [`ROOM`] bytes at most; holds no room while there is nothing.
pub(super) fn poll_read_some<T: AsyncRead + Unpin>(
    io: &mut T,
    read: &mut BytesMut,
    context: &mut Context<'_>,
) -> Poll<io::Result<usize>> {
    let mut room = [const { MaybeUninit::uninit() }; ROOM];
    let mut buffer = ReadBuf::uninit(&mut room);
    ready!(Pin::new(io).poll_read(context, &mut buffer))?;
    read.extend_from_slice(buffer.filled());
    Poll::Ready(Ok(buffer.filled().len()))
}

/// The values of the header `name` among those that httparse has found: a map would hash that.
pub(super) fn values_of<'a>(
    found: &'a [httparse::Header<'_>],
    name: &'a str,
) -> impl Iterator<Item = &'a [u8]> {
    let named = found.iter().filter(|it| it.name.eq_ignore_ascii_case(name));
    named.map(|it| it.value)
}

/// Whether it is a `Connection` that names no other header, as most answers have.
fn is_of_keeping(header: &httparse::Header<'_>) -> bool {
    let is_such = |value: &[u8]| header.value.eq_ignore_ascii_case(value);
    header.name.eq_ignore_ascii_case("connection") && (is_such(b"keep-alive") || is_such(b"close"))
}

/// Whether this value of `Connection` says that it closes after its message.
pub(super) fn says_close(value: &[u8]) -> bool {
    let mut tokens = value.split(|byte| *byte == b',');
    tokens.any(|token| token.trim_ascii().eq_ignore_ascii_case(b"close"))
}
