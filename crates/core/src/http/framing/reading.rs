//! The reading itself: bytes in any pieces, and where the first offence is; pure.

use memchr::{memchr, memchr2, memmem};

/// How an HTTP/2 connection with prior knowledge begins (RFC 9113, section 3.4).
const HTTP2_PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n";
/// The longest line kept while it comes in pieces; longer heads are refused by hyper as well.
const MAX_LINE_BYTES: usize = 64 * 1024;

/// What the bytes so far add up to.
#[derive(Debug, Default)]
pub(in crate::http) struct Framing {
    pub(in crate::http) state: State,
    /// The piece of a line that came without its end.
    line: Vec<u8>,
    head: Head,
    upgrade_asked: bool,
    /// Whether any request has begun so far.
    pub(in crate::http) has_begun: bool,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(in crate::http) enum State {
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
    pub(super) fn is_in_body(self) -> bool {
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
    pub(in crate::http) fn read(&mut self, bytes: &[u8]) -> Result<(), usize> {
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
            State::ChunkSize => {
                self.state = match chunk_size(line).ok_or(Offence)? {
                    0 => State::Trailer,
                    size => State::Chunk(size),
                }
            }
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
        self.has_begun |= !line.is_empty();
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
    pub(super) fn is_in_head(&self) -> bool {
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
    pub(super) fn wrote(&mut self, bytes: &[u8]) {
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

/// The number that `text` is, where it is nothing but its digits.
pub(in crate::http) fn digits(text: &[u8]) -> Option<u64> {
    let add = |number: u64, byte: &u8| {
        let digit = byte.is_ascii_digit().then(|| u64::from(byte - b'0'))?;
        number.checked_mul(10)?.checked_add(digit)
    };
    (!text.is_empty())
        .then(|| text.iter().try_fold(0, add))
        .flatten()
}

/// The size of a chunk, of the line before it; nothing when that says none.
pub(in crate::http) fn chunk_size(line: &[u8]) -> Option<u64> {
    let size = line.split(|byte| *byte == b';').next().unwrap_or_default();
    let digits = size.trim_ascii_end();
    if digits.is_empty() || digits.len() > 15 || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    u64::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}
