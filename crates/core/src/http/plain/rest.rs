//! The body of an answer, out of the bytes that have come.

use std::io;

use bytes::{Buf as _, Bytes, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue};
use http_body::{Frame, SizeHint};
use memchr::{memchr, memmem};

use super::{MAX_HEAD_BYTES, garbled};
use crate::http::framing::chunk_size;

/// The longest line with the size of a chunk, and what somebody may say behind it.
const MAX_SIZE_LINE_BYTES: usize = 4 * 1024;
/// As many trailers as headers.
const MOST_TRAILERS: usize = 100;

/// What is still to come.
#[derive(Debug)]
pub(crate) enum Rest {
    /// So many bytes.
    Length(u64),
    Chunked(Chunk),
    /// All until the connection ends.
    UntilEnd,
}

/// Where in its chunks a body is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Chunk {
    Size,
    /// So many bytes of one.
    Data(u64),
    DataEnd,
    Trailers,
    Done,
}

/// What comes of the bytes so far.
#[derive(Debug)]
pub(super) enum Next {
    Frame(Frame<Bytes>),
    /// Nothing before more bytes come; about so many are known to.
    More(u64),
    End,
}

impl Rest {
    pub(super) fn chunked() -> Self {
        Self::Chunked(Chunk::Size)
    }

    /// Whether nothing is.
    pub(in crate::http) fn is_end(&self) -> bool {
        matches!(self, Self::Length(0) | Self::Chunked(Chunk::Done))
    }

    pub(in crate::http) fn size_hint(&self) -> SizeHint {
        match self {
            Self::Length(length) => SizeHint::with_exact(*length),
            Self::Chunked(_) | Self::UntilEnd => SizeHint::default(),
        }
    }

    /// Whether the end of the connection comes too early.
    pub(super) fn is_cut_by_end(&self) -> bool {
        !matches!(self, Self::UntilEnd)
    }

    /// Takes the next piece out of `read`.
    ///
    /// # Errors
    /// Chunks that are none.
    pub(super) fn next(&mut self, read: &mut BytesMut) -> io::Result<Next> {
        match self {
            Self::Length(0) => Ok(Next::End),
            Self::Length(left) => Ok(take(left, read)),
            Self::UntilEnd => {
                let mut left = u64::MAX;
                Ok(take(&mut left, read))
            }
            Self::Chunked(chunk) => chunk.next(read),
        }
    }
}

/// As much of the `left` bytes as has come.
fn take(left: &mut u64, read: &mut BytesMut) -> Next {
    let here = usize::try_from(*left).unwrap_or(usize::MAX).min(read.len());
    if here == 0 {
        return Next::More(*left);
    }
    *left -= here as u64;
    Next::Frame(Frame::data(read.split_to(here).freeze()))
}

impl Chunk {
    fn next(&mut self, read: &mut BytesMut) -> io::Result<Next> {
        loop {
            match self {
                Self::Size => {
                    let Some(end) = memchr(b'\n', read) else {
                        if read.len() > MAX_SIZE_LINE_BYTES {
                            return Err(garbled("the size of a chunk is too long"));
                        }
                        return Ok(Next::More(0));
                    };
                    let size = read[..end].strip_suffix(b"\r").and_then(chunk_size);
                    let size = size.ok_or_else(|| garbled("the size of a chunk is none"))?;
                    read.advance(end + 1);
                    *self = match size {
                        0 => Self::Trailers,
                        size => Self::Data(size),
                    };
                }
                Self::Data(left) => {
                    let next = take(left, read);
                    if *left == 0 {
                        *self = Self::DataEnd;
                    }
                    return Ok(next);
                }
                Self::DataEnd => {
                    let Some(end) = read.get(..2) else {
                        return Ok(Next::More(0));
                    };
                    if end != b"\r\n" {
                        return Err(garbled("a chunk is longer than it says"));
                    }
                    read.advance(2);
                    *self = Self::Size;
                }
                Self::Trailers => {
                    let Some(end) = end_of_trailers(read) else {
                        if read.len() > MAX_HEAD_BYTES {
                            return Err(garbled("the trailers are too long"));
                        }
                        return Ok(Next::More(0));
                    };
                    let trailers = trailers(&read.split_to(end))?;
                    *self = Self::Done;
                    if !trailers.is_empty() {
                        return Ok(Next::Frame(Frame::trailers(trailers)));
                    }
                }
                Self::Done => return Ok(Next::End),
            }
        }
    }
}

fn end_of_trailers(read: &[u8]) -> Option<usize> {
    if read.starts_with(b"\r\n") {
        return Some(2);
    }
    Some(memmem::find(read, b"\r\n\r\n")? + 4)
}

fn trailers(bytes: &[u8]) -> io::Result<HeaderMap> {
    let none = || garbled("the trailers are none");
    let mut room = [httparse::EMPTY_HEADER; MOST_TRAILERS];
    let parsed = httparse::parse_headers(bytes, &mut room).map_err(|_| none())?;
    let httparse::Status::Complete((length, parsed)) = parsed else {
        return Err(none());
    };
    if length != bytes.len() {
        return Err(none());
    }
    let mut trailers = HeaderMap::new();
    for trailer in parsed {
        let name = HeaderName::from_bytes(trailer.name.as_bytes()).map_err(|_| none())?;
        let value = HeaderValue::from_bytes(trailer.value).map_err(|_| none())?;
        trailers.append(name, value);
    }
    Ok(trailers)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The body and trailers of chunks that come in pieces of this size, and what is left.
    fn read_in(pieces: usize, bytes: &[u8]) -> io::Result<(Vec<u8>, HeaderMap, usize)> {
        let (mut rest, mut read) = (Rest::chunked(), BytesMut::new());
        let (mut body, mut trailers) = (Vec::new(), HeaderMap::new());
        let mut pieces = bytes.chunks(pieces);
        loop {
            match rest.next(&mut read)? {
                Next::Frame(frame) => match frame.into_data() {
                    Ok(data) => body.extend_from_slice(&data),
                    Err(frame) => trailers = frame.into_trailers().unwrap_or_default(),
                },
                Next::More(_) => match pieces.next() {
                    Some(piece) => read.extend_from_slice(piece),
                    None => return Err(io::ErrorKind::UnexpectedEof.into()),
                },
                Next::End => break,
            }
        }
        assert!(rest.is_end());
        Ok((
            body,
            trailers,
            read.len() + pieces.map(<[u8]>::len).sum::<usize>(),
        ))
    }

    #[test]
    fn chunks_are_the_same_in_pieces_of_any_size() {
        let bytes = b"3\r\nabc\r\n00A ;x=\"y\"\r\n0123456789\r\n0\r\nDigest: z\r\n\r\nHTTP";
        for pieces in 1..=bytes.len() {
            let (body, trailers, left) = read_in(pieces, bytes).unwrap();
            assert_eq!(body, b"abc0123456789", "in pieces of {pieces}");
            assert_eq!(trailers["digest"], "z");
            assert_eq!(left, 4);
        }
        let (body, trailers, left) = read_in(64, b"0\r\n\r\n").unwrap();
        assert!(body.is_empty() && trailers.is_empty() && left == 0);
    }

    #[test]
    fn chunks_that_are_none_are_refused() {
        for bytes in [
            &b"\r\n"[..],
            b"g\r\n",
            b"-1\r\n",
            b"+1\r\n",
            b"1\na\r\n",
            b"1\r\nab\r\n",
            b"1\r\na\n0\r\n\r\n",
            b"10000000000000000\r\n",
            b"0\r\nno trailer\r\n\r\n",
            b"0\r\n folded: x\r\n\r\n",
            b"1\r\na",
            b"0\r\n",
        ] {
            assert!(read_in(64, bytes).is_err(), "{:?}", bytes.escape_ascii());
        }
        let endless = [b'1'; MAX_SIZE_LINE_BYTES + 2];
        assert!(read_in(64, &endless).is_err());
        let endless = [&b"0\r\n"[..], &b"a: b\r\n".repeat(MAX_HEAD_BYTES)].concat();
        assert!(read_in(64, &endless).is_err());
    }

    #[test]
    fn a_length_is_the_end() {
        let (mut rest, mut read) = (Rest::Length(3), BytesMut::from(&b"abcdef"[..]));
        assert!(matches!(rest.next(&mut read), Ok(Next::Frame(_))));
        assert!(rest.is_end());
        assert!(matches!(rest.next(&mut read), Ok(Next::End)));
        assert_eq!(read, b"def"[..]);
    }
}
