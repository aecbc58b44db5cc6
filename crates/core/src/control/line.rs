//! Lines of JSON with a cap, read so that no byte is lost when a read is cancelled.

use std::io;

use serde::Serialize;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    time::timeout,
};

use super::{ControlError, WRITE_TIMEOUT};

/// Bytes of one request line at most, without its end.
pub const MAX_LINE_BYTES: usize = 64 * 1024;

/// Bytes of one line of an engine at most: a status with a thousand connected peers has some
/// hundred thousand.
pub(super) const MAX_ANSWER_BYTES: usize = 4 * 1024 * 1024;

/// Reads lines; bytes that came early wait inside.
#[derive(Debug)]
pub(super) struct LineReader<R> {
    reader: R,
    cap: usize,
    buffer: Vec<u8>,
    /// Bytes of the buffer that are known to hold no line end.
    searched: usize,
}

impl<R: AsyncRead + Unpin> LineReader<R> {
    /// Reads from `reader` lines of at most `cap` bytes.
    pub(super) fn new(reader: R, cap: usize) -> Self {
        Self {
            reader,
            cap,
            buffer: Vec::new(),
            searched: 0,
        }
    }

    /// The next line without its end; `None` when the other side has hung up. Cancel safe.
    pub(super) async fn next(&mut self) -> Result<Option<Vec<u8>>, ControlError> {
        loop {
            if let Some(found) = memchr::memchr(b'\n', &self.buffer[self.searched..]) {
                let rest = self.buffer.split_off(self.searched + found + 1);
                let mut line = std::mem::replace(&mut self.buffer, rest);
                self.searched = 0;
                line.pop();
                if line.len() > self.cap {
                    return Err(ControlError::LineTooLong);
                }
                return Ok(Some(line));
            }
            self.searched = self.buffer.len();
            if self.searched > self.cap {
                return Err(ControlError::LineTooLong);
            }
            let read = self.reader.read_buf(&mut self.buffer).await;
            match read.map_err(ControlError::Broken)? {
                0 if self.buffer.is_empty() => return Ok(None),
                0 => {
                    return Err(ControlError::Broken(io::ErrorKind::UnexpectedEof.into()));
                }
                _ => {}
            }
        }
    }
}

/// Writes one line; whoever does not read it in time has lost the connection.
pub(super) async fn write_line<W: AsyncWrite + Unpin>(
    writer: &mut W,
    line: &impl Serialize,
) -> Result<(), ControlError> {
    let mut bytes = serde_json::to_vec(line).map_err(ControlError::Unreadable)?;
    bytes.push(b'\n');
    match timeout(WRITE_TIMEOUT, writer.write_all(&bytes)).await {
        Ok(written) => written.map_err(ControlError::Broken),
        Err(_) => Err(ControlError::Timeout(WRITE_TIMEOUT)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn reads_lines_that_come_together_or_in_pieces() {
        let pieces = tokio_test_reader(&[b"one\ntwo\nth", b"ree\n"]);
        let mut lines = LineReader::new(pieces, MAX_LINE_BYTES);
        assert_eq!(lines.next().await.unwrap().unwrap(), b"one");
        assert_eq!(lines.next().await.unwrap().unwrap(), b"two");
        assert_eq!(lines.next().await.unwrap().unwrap(), b"three");
        assert!(lines.next().await.unwrap().is_none());
    }

    #[tokio::test]
    async fn takes_a_line_of_exactly_the_cap() {
        let mut bytes = vec![b'x'; MAX_LINE_BYTES];
        bytes.push(b'\n');
        let mut lines = LineReader::new(bytes.as_slice(), MAX_LINE_BYTES);
        assert_eq!(lines.next().await.unwrap().unwrap().len(), MAX_LINE_BYTES);
    }

    #[tokio::test]
    async fn refuses_a_line_over_the_cap_with_or_without_its_end() {
        let mut bytes = vec![b'x'; MAX_LINE_BYTES + 1];
        let mut lines = LineReader::new(bytes.as_slice(), MAX_LINE_BYTES);
        assert!(matches!(lines.next().await, Err(ControlError::LineTooLong)));
        bytes.push(b'\n');
        let mut lines = LineReader::new(bytes.as_slice(), MAX_LINE_BYTES);
        assert!(matches!(lines.next().await, Err(ControlError::LineTooLong)));
    }

    #[tokio::test]
    async fn a_line_cut_in_the_middle_is_an_error() {
        let mut lines = LineReader::new(b"{\"requ".as_slice(), MAX_LINE_BYTES);
        assert!(matches!(lines.next().await, Err(ControlError::Broken(_))));
    }

    #[tokio::test(start_paused = true)]
    async fn gives_up_on_a_reader_that_does_not_read() {
        let (mut ours, _theirs) = tokio::io::duplex(16);
        let written = write_line(&mut ours, &"x".repeat(64)).await;
        assert!(matches!(written, Err(ControlError::Timeout(_))));
    }

    fn tokio_test_reader(pieces: &[&'static [u8]]) -> impl AsyncRead + Unpin + use<> {
        let (first, second) = (pieces[0], pieces[1]);
        AsyncReadExt::chain(first, second)
    }
}
