//! The head of an answer, and how the rest of it is framed (RFC 9112, section 6.3).

use std::{io, mem::MaybeUninit};

use bytes::Bytes;
use http::{HeaderMap, Method, Response, StatusCode, Version, header::CONTENT_LENGTH};

use super::{Rest, garbled};
use crate::http::{
    framing::digits,
    raw::{MOST_HEADERS, headers_in, says_close, values_of},
};

/// The answer to `method` whose whole head is `bytes`; also tells whether its connection may be used
/// once more.
pub(super) fn parse(bytes: &Bytes, method: &Method) -> io::Result<(Response<Rest>, bool)> {
    let mut room = [const { MaybeUninit::uninit() }; MOST_HEADERS];
    let mut head = httparse::Response::new(&mut []);
    let parsed = httparse::ParserConfig::default()
        .parse_response_with_uninit_headers(&mut head, bytes, &mut room);
    let invalid = |error: &dyn std::fmt::Display| {
        io::Error::new(
            io::ErrorKind::InvalidData,
            format!("the head of the answer is none: {error}"),
        )
    };
    let is_whole = parsed.map_err(|error| invalid(&error))?.is_complete();
    let (Some(status), Some(version), true) = (head.code, head.version, is_whole) else {
        return Err(garbled("the head of the answer is not whole"));
    };
    let found = &*head.headers;
    let mut headers = headers_in(bytes, found).map_err(|error| invalid(&error))?;
    let status = StatusCode::from_u16(status).map_err(|error| invalid(&error))?;
    let is_http11 = version == 1;
    let has_body = *method != Method::HEAD
        && !status.is_informational()
        && !matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
    let (rest, is_delimited) = if has_body {
        rest_of(found, is_http11, &mut headers)?
    } else {
        (Rest::Length(0), true)
    };
    let keeps_open = is_http11
        && is_delimited
        && status != StatusCode::SWITCHING_PROTOCOLS
        && !values_of(found, "connection").any(says_close);
    let mut response = Response::new(rest);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    if !is_http11 {
        *response.version_mut() = Version::HTTP_10;
    }
    Ok((response, keeps_open))
}

/// What follows a head in which these headers were found, and whether its end is beyond doubt.
fn rest_of(
    found: &[httparse::Header<'_>],
    is_http11: bool,
    headers: &mut HeaderMap,
) -> io::Result<(Rest, bool)> {
    let mut codings = values_of(found, "transfer-encoding");
    let mut lengths = values_of(found, "content-length");
    if let Some(coding) = codings.next() {
        let is_chunked = coding.eq_ignore_ascii_case(b"chunked");
        if !is_chunked || codings.next().is_some() || !is_http11 {
            return Err(garbled(
                "the answer has a transfer coding that is not known",
            ));
        }
        let is_alone = lengths.next().is_none();
        return Ok((Rest::chunked(), is_alone));
    }
    Ok(match length_of(lengths, headers)? {
        Some(length) => (Rest::Length(length), true),
        None => (Rest::UntilEnd, false),
    })
}

/// The only length that is told, once or several times; from here on once.
fn length_of<'a>(
    lengths: impl Iterator<Item = &'a [u8]>,
    headers: &mut HeaderMap,
) -> io::Result<Option<u64>> {
    let mut length = None;
    let (mut told, mut is_list) = (0, false);
    for value in lengths {
        for text in value.split(|byte| *byte == b',') {
            let next = digits(text.trim_ascii());
            if next.is_none() || length.is_some() && next != length {
                return Err(garbled(
                    "the length of the answer is none, or there are several",
                ));
            }
            (length, told) = (next, told + 1);
        }
        is_list = told > 1;
    }
    if let Some(length) = length.filter(|_| is_list) {
        headers.insert(CONTENT_LENGTH, length.into());
    }
    Ok(length)
}

#[cfg(test)]
mod tests {
    use http::header::CONNECTION;

    use super::*;

    fn parsed(head: &str) -> io::Result<(Response<Rest>, bool)> {
        let bytes = Bytes::from(head.replace('\n', "\r\n") + "\r\n");
        parse(&bytes, &Method::GET)
    }

    /// How the rest is framed, and whether the connection is kept.
    fn framed(head: &str) -> Option<(String, bool)> {
        let (response, keeps_open) = parsed(head).ok()?;
        Some((format!("{:?}", response.body()), keeps_open))
    }

    #[test]
    fn the_rest_is_as_long_as_the_head_says() {
        let kept = |rest: &str| Some((rest.to_owned(), true));
        let closed = |rest: &str| Some((rest.to_owned(), false));
        for (head, expected) in [
            ("HTTP/1.1 200 OK\ncontent-length: 12\n", kept("Length(12)")),
            ("HTTP/1.1 200 \ncontent-length: 0\n", kept("Length(0)")),
            (
                "HTTP/1.1 200 OK\nContent-Length: 7, 7\nContent-Length: 7\n",
                kept("Length(7)"),
            ),
            (
                "HTTP/1.1 200 OK\nTransfer-Encoding: CHUNKED\n",
                kept("Chunked(Size)"),
            ),
            (
                "HTTP/1.1 200 OK\nTransfer-Encoding: chunked\nContent-Length: 3\n",
                closed("Chunked(Size)"),
            ),
            ("HTTP/1.1 200 OK\n", closed("UntilEnd")),
            ("HTTP/1.1 204 No Content\n", kept("Length(0)")),
            (
                "HTTP/1.1 304 Not Modified\ncontent-length: 9\n",
                kept("Length(0)"),
            ),
            ("HTTP/1.1 101 Switching Protocols\n", closed("Length(0)")),
            (
                "HTTP/1.1 200 OK\ncontent-length: 1\nConnection: x, Close\n",
                closed("Length(1)"),
            ),
            ("HTTP/1.0 200 OK\ncontent-length: 1\n", closed("Length(1)")),
        ] {
            assert_eq!(framed(head), expected, "{head}");
        }
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_no_answer() {
        for head in [
            "HTTP/1.1 200 OK\ncontent-length: 1\ncontent-length: 2\n",
            "HTTP/1.1 200 OK\ncontent-length: +1\n",
            "HTTP/1.1 200 OK\ncontent-length: 1,\n",
            "HTTP/1.1 200 OK\ncontent-length:\n",
            "HTTP/1.1 200 OK\ntransfer-encoding: gzip, chunked\n",
            "HTTP/1.1 200 OK\ntransfer-encoding: chunked\ntransfer-encoding: chunked\n",
            "HTTP/1.0 200 OK\ntransfer-encoding: chunked\n",
            "HTTP/1.1 200 OK\ncontent-length : 1\n",
            "HTTP/2 200 OK\n",
            "HTTP/1.1 99 OK\n",
            "GET / HTTP/1.1\n",
        ] {
            assert!(parsed(head).is_err(), "{head}");
        }
        let many = "x: y\n".repeat(MOST_HEADERS + 1);
        assert!(parsed(&format!("HTTP/1.1 200 OK\n{many}")).is_err());
    }

    #[test]
    fn a_connection_header_is_kept_where_it_names_others() {
        for (value, is_kept) in [
            ("keep-alive", false),
            ("Close", false),
            ("close, x-private", true),
            ("x-private", true),
        ] {
            let head = format!("HTTP/1.1 200 OK\nConnection: {value}\ncontent-length: 0\n");
            let (response, _) = parsed(&head).unwrap();
            assert_eq!(
                response.headers().contains_key(CONNECTION),
                is_kept,
                "{value}"
            );
        }
    }

    #[test]
    fn an_answer_to_head_has_no_body() {
        let bytes = Bytes::from_static(b"HTTP/1.1 200 OK\r\ncontent-length: 12\r\n\r\n");
        let (response, keeps_open) = parse(&bytes, &Method::HEAD).unwrap();
        assert!(response.body().is_end() && keeps_open);
        assert_eq!(response.headers()[CONTENT_LENGTH], "12");
    }
}
