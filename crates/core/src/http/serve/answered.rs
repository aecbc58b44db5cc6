//! An answer as HTTP/1.1 has it (RFC 9112, section 6).

use std::{io, io::Write as _, time::SystemTime};

use http::{
    Method, StatusCode,
    header::{CONTENT_LENGTH, DATE},
    response::Parts,
};
use http_body::Body as _;

use crate::http::{
    ProxyBody,
    framing::digits,
    raw::{says_close, write_header},
};

/// Room for a head, and a small body with it.
const HEAD_ROOM: usize = 2 * 1024;

/// How the body of an answer is framed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Framed {
    /// There is none, whatever the head says of it.
    Nothing,
    /// So many bytes are still to come.
    Length(u64),
    Chunked,
}

impl Framed {
    /// How `body` goes out in answer to `method`; `parts` tell it from here on.
    pub(super) fn new(method: &Method, parts: &mut Parts, body: &ProxyBody) -> Self {
        let (headers, status) = (&mut parts.headers, parts.status);
        let length = body.size_hint().exact();
        if status.is_informational() || status == StatusCode::NO_CONTENT {
            headers.remove(CONTENT_LENGTH);
            return Self::Nothing;
        }
        if *method == Method::HEAD || status == StatusCode::NOT_MODIFIED {
            let is_missing = !headers.contains_key(CONTENT_LENGTH);
            if let Some(length) = length.filter(|length| *length > 0 && is_missing) {
                headers.insert(CONTENT_LENGTH, length.into());
            }
            return Self::Nothing;
        }
        let Some(length) = length else {
            headers.remove(CONTENT_LENGTH);
            return Self::Chunked;
        };
        let mut told = headers.get_all(CONTENT_LENGTH).iter();
        let first = told.next().and_then(|value| digits(value.as_bytes()));
        if first != Some(length) || told.next().is_some() {
            headers.insert(CONTENT_LENGTH, length.into());
        }
        Self::Length(length)
    }

    /// Writes what comes before `bytes` of the body, and returns what comes after them.
    ///
    /// # Errors
    /// The body is longer than the head says.
    pub(super) fn begin(&mut self, bytes: usize, out: &mut Vec<u8>) -> io::Result<&'static [u8]> {
        match self {
            Self::Nothing => Err(io::Error::other("there is a body where none may be")),
            Self::Length(left) => {
                let rest = left.checked_sub(bytes as u64);
                *left = rest.ok_or_else(|| io::Error::other("the body is longer than it says"))?;
                Ok(b"")
            }
            Self::Chunked => {
                write!(out, "{bytes:x}\r\n")?;
                Ok(b"\r\n")
            }
        }
    }

    /// Writes what comes after the last byte.
    ///
    /// # Errors
    /// The body is shorter than the head says.
    pub(super) fn end(self, out: &mut Vec<u8>) -> io::Result<()> {
        match self {
            Self::Nothing | Self::Length(0) => {}
            Self::Length(_) => return Err(io::Error::other("the body is shorter than it says")),
            Self::Chunked => out.extend_from_slice(b"0\r\n\r\n"),
        }
        Ok(())
    }
}

/// Writes the head of an answer whose body goes out as `framed`; its connection is kept unless it
/// `closes` or the answer says so, which is returned.
pub(super) fn write_head(
    parts: &Parts,
    framed: Framed,
    mut closes: bool,
    out: &mut Vec<u8>,
) -> io::Result<bool> {
    out.reserve(HEAD_ROOM);
    let status = parts.status;
    let reason = status.canonical_reason().unwrap_or_default();
    for part in ["HTTP/1.1 ", status.as_str(), " ", reason, "\r\n"] {
        out.extend_from_slice(part.as_bytes());
    }
    let mut is_dated = false;
    for (name, value) in &parts.headers {
        match name.as_str() {
            "connection" => closes |= says_close(value.as_bytes()),
            "transfer-encoding" => {}
            name => {
                is_dated |= name == DATE;
                write_header(name, value, out);
            }
        }
    }
    if framed == Framed::Chunked {
        out.extend_from_slice(b"transfer-encoding: chunked\r\n");
    }
    if closes {
        out.extend_from_slice(b"connection: close\r\n");
    }
    if !is_dated {
        // RFC 9110, section 6.6.1: whoever passes an answer on adds it.
        let now = httpdate::fmt_http_date(now());
        write!(out, "date: {now}\r\n")?;
    }
    out.extend_from_slice(b"\r\n");
    Ok(closes)
}

#[expect(clippy::disallowed_methods, reason = "the date of an answer")]
fn now() -> SystemTime {
    SystemTime::now()
}
