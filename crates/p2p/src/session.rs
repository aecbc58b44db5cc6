//! One stream with a peer, as bytes both ways.
//!
//! The opener may write payload at once: the peer's answer is read when the first byte is read, and
//! a refusal surfaces there as an error. A session that is dropped without `shutdown` is *reset*,
//! because QUIC would otherwise end it as if all had been said.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use iroh::endpoint::{RecvStream, SendStream, VarInt};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};

use crate::{
    PublicKey, Rejection, Throttle,
    connections::OpenStream,
    frame::{self, ACCEPT, MAX_REJECTION_BYTES, REJECT, WAIT},
    node::Bandwidth,
    pace::Pace,
    turns::{Hearing, Turn},
    waiting::{Waiting, WaitingGuard},
};

/// How long a refused peer may take to acknowledge the refusal.
const REJECTION_DELIVERY: Duration = Duration::from_secs(5);
/// Bytes of one read or write at most where they are limited: more would pass at once.
const MAX_PIECE_BYTES: usize = 64 * 1024;

/// Codes with which a stream is reset; stable on the wire.
pub mod reset {
    /// Dropped before its end: what was sent is not complete.
    pub const ABORTED: u32 = 1;
    /// The header was no header, or took too long.
    pub const BAD_HEADER: u32 = 2;
    /// The permission that opened it is gone.
    pub const REVOKED: u32 = 3;
    /// The node is going away.
    pub const SHUTTING_DOWN: u32 = 4;
}

/// One stream with a peer.
#[derive(Debug)]
pub struct Session {
    peer: PublicKey,
    reader: SessionReader,
    writer: SessionWriter,
}

/// The reading half of a [`Session`].
#[derive(Debug)]
pub struct SessionReader {
    stream: RecvStream,
    answer: Answer,
    /// Who wants to know that the peer has to ask somebody.
    waiting: Option<Waiting>,
    pace: Pace,
    hearing: Hearing,
    _open: OpenStream,
}

/// The writing half of a [`Session`]; reset when dropped without `shutdown`.
#[derive(Debug)]
pub struct SessionWriter {
    peer: PublicKey,
    stream: SendStream,
    pace: Pace,
    turn: Turn,
    ended: bool,
}

/// How much of the peer's answer has been read.
#[derive(Debug)]
enum Answer {
    Accepted,
    Awaited,
    /// The peer has to ask somebody.
    Waiting {
        /// Counts until it is dropped.
        _guard: Option<WaitingGuard>,
    },
    Rejection(Vec<u8>),
    Refused(Rejection),
}

impl Session {
    /// The opener's end: the answer is still to come.
    pub(crate) fn opened(
        writer: SessionWriter,
        recv: RecvStream,
        open: OpenStream,
        bandwidth: &Bandwidth,
    ) -> Self {
        Self::new(writer, recv, open, bandwidth, Answer::Awaited)
    }

    /// The accepting end: our answer is still to be written.
    pub(crate) fn accepted(
        writer: SessionWriter,
        recv: RecvStream,
        open: OpenStream,
        bandwidth: &Bandwidth,
    ) -> Self {
        Self::new(writer, recv, open, bandwidth, Answer::Accepted)
    }

    fn new(
        writer: SessionWriter,
        recv: RecvStream,
        open: OpenStream,
        bandwidth: &Bandwidth,
        answer: Answer,
    ) -> Self {
        let reader = SessionReader {
            stream: recv,
            answer,
            waiting: None,
            pace: Pace::new(writer.peer, bandwidth.down.clone()),
            hearing: writer.turn.hearing().clone(),
            _open: open,
        };
        Self {
            peer: writer.peer,
            reader,
            writer,
        }
    }

    /// Holds what is sent to `up`, and what is read to `down`, besides the limits of the node.
    pub fn limit_bandwidth(&mut self, up: Throttle, down: Throttle) {
        self.writer.pace.limit(up);
        self.reader.pace.limit(down);
    }

    /// Answers no, and waits until the peer has it.
    pub(crate) async fn reject(mut self, rejection: &Rejection) {
        let told = async {
            frame::write_rejection(&mut self.writer, rejection).await?;
            self.writer.shutdown().await?;
            // Dropping the reader stops the peer's writes, and their error would hide our answer.
            self.writer.stream.stopped().await.map_err(io::Error::other)
        };
        match tokio::time::timeout(REJECTION_DELIVERY, told).await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => tracing::debug!(%error, "the peer did not hear our refusal"),
            Err(_) => tracing::debug!("the peer did not take our refusal in time"),
        }
    }

    /// Tells the peer that it has to wait for an answer, and then waits for that; `None` when the
    /// peer has gone in the meantime.
    pub(crate) async fn wait_for<T>(&mut self, answer: impl Future<Output = T>) -> Option<T> {
        if let Err(error) = self.writer.write_all(&[WAIT]).await {
            tracing::debug!(%error, "the peer left before it had to wait");
            return None;
        }
        tokio::select! {
            biased;
            answer = answer => Some(answer),
            _ = self.writer.stream.stopped() => None,
        }
    }

    /// Where to tell of questions of the peer.
    #[must_use]
    pub fn hearing(&self) -> Hearing {
        self.reader.hearing.clone()
    }

    /// From here on the stream counts in `waiting` for as long as the peer has to ask somebody
    /// before it answers; of use on the opener's side, before the first read.
    pub fn count_waiting(&mut self, waiting: &Waiting) {
        self.reader.waiting = Some(waiting.clone());
    }

    /// Whether the peer has said that it has to ask somebody, and has not answered yet; known only
    /// while the session is read.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        matches!(self.reader.answer, Answer::Waiting { .. })
    }

    /// Whose stream it is: the key that QUIC has authenticated.
    #[must_use]
    pub fn peer(&self) -> PublicKey {
        self.peer
    }

    /// Waits for the peer's answer. Cancel safe; immediate on the accepting side.
    ///
    /// # Errors
    /// An error that wraps the [`Rejection`], or the stream's own.
    pub async fn answered(&mut self) -> io::Result<()> {
        std::future::poll_fn(|context| self.reader.poll_answer(context)).await
    }

    /// Both halves, to be used apart.
    #[must_use]
    pub fn split(self) -> (SessionReader, SessionWriter) {
        (self.reader, self.writer)
    }

    /// Cuts both ways with `code`; the peer's reads fail.
    pub fn cancel(mut self, code: u32) {
        self.writer.cancel(code);
        self.reader.cancel(code);
    }
}

impl SessionWriter {
    pub(crate) fn new(
        peer: PublicKey,
        stream: SendStream,
        bandwidth: &Bandwidth,
        turn: Turn,
    ) -> Self {
        let writer = Self {
            peer,
            stream,
            pace: Pace::new(peer, bandwidth.up.clone()),
            turn,
            ended: false,
        };
        writer.tell_turn();
        writer
    }

    /// Lets QUIC know where the stream stands.
    fn tell_turn(&self) {
        if let Err(error) = self.stream.set_priority(self.turn.priority()) {
            tracing::trace!(%error, "a stream that has ended waits for no turn");
        }
    }

    fn poll_send(&mut self, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if self.turn.is_moved_ahead() {
            self.tell_turn();
        }
        let stream = Pin::new(&mut self.stream);
        let written = ready!(AsyncWrite::poll_write(stream, context, bytes))?;
        if self.turn.is_over(written) {
            self.tell_turn();
        }
        Poll::Ready(Ok(written))
    }

    /// Cuts what is being sent; the peer's reads fail.
    pub fn cancel(&mut self, code: u32) {
        if !self.ended {
            self.ended = true;
            if let Err(error) = self.stream.reset(VarInt::from_u32(code)) {
                tracing::trace!(%error, "the stream had ended already");
            }
        }
    }
}

impl SessionReader {
    /// Tells the peer that nothing more will be read.
    pub fn cancel(&mut self, code: u32) {
        if let Err(error) = self.stream.stop(VarInt::from_u32(code)) {
            tracing::trace!(%error, "the stream had ended already");
        }
    }

    fn poll_answer(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            match &mut self.answer {
                Answer::Accepted => return Poll::Ready(Ok(())),
                Answer::Refused(rejection) => return Poll::Ready(Err(rejection.clone().into())),
                Answer::Awaited | Answer::Waiting { .. } => {
                    let mut tag = [0; 1];
                    let mut buffer = ReadBuf::new(&mut tag);
                    ready!(Pin::new(&mut self.stream).poll_read(context, &mut buffer))?;
                    self.answer = match buffer.filled() {
                        [ACCEPT] => Answer::Accepted,
                        [REJECT] => Answer::Rejection(Vec::new()),
                        [WAIT] if matches!(self.answer, Answer::Awaited) => Answer::Waiting {
                            _guard: self.waiting.as_ref().map(Waiting::enter),
                        },
                        [] => return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into())),
                        _ => return Poll::Ready(Err(garbled())),
                    };
                }
                Answer::Rejection(bytes) => {
                    let mut chunk = [0; 256];
                    let mut buffer = ReadBuf::new(&mut chunk);
                    ready!(Pin::new(&mut self.stream).poll_read(context, &mut buffer))?;
                    bytes.extend_from_slice(buffer.filled());
                    if bytes.len() > MAX_REJECTION_BYTES {
                        return Poll::Ready(Err(garbled()));
                    }
                    if buffer.filled().is_empty() {
                        let text = bytes.get(4..).unwrap_or_default();
                        let rejection = serde_json::from_slice(text).map_err(|_| garbled())?;
                        self.answer = Answer::Refused(rejection);
                    }
                }
            }
        }
    }
}

fn garbled() -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        "the peer's answer is not one of this protocol",
    )
}

impl Drop for SessionWriter {
    fn drop(&mut self) {
        self.cancel(reset::ABORTED);
    }
}

impl AsyncRead for SessionReader {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if !matches!(self.answer, Answer::Accepted) {
            ready!(self.poll_answer(context))?;
        }
        ready!(self.pace.poll_paid(context));
        if !self.pace.is_limited() {
            ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
            self.hearing.something();
            return Poll::Ready(Ok(()));
        }
        let length = buffer.remaining().min(MAX_PIECE_BYTES);
        let mut piece = ReadBuf::new(buffer.initialize_unfilled_to(length));
        ready!(Pin::new(&mut self.stream).poll_read(context, &mut piece))?;
        let count = piece.filled().len();
        buffer.advance(count);
        self.hearing.something();
        self.pace.owe(count);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for SessionWriter {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        ready!(self.pace.poll_paid(context));
        if !self.pace.is_limited() {
            return self.poll_send(context, bytes);
        }
        let bytes = &bytes[..bytes.len().min(MAX_PIECE_BYTES)];
        let written = ready!(self.poll_send(context, bytes))?;
        self.pace.owe(written);
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.ended {
            return Poll::Ready(Ok(()));
        }
        self.ended = true;
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

impl AsyncRead for Session {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.reader).poll_read(context, buffer)
    }
}

impl AsyncWrite for Session {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.writer).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.writer).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.writer).poll_shutdown(context)
    }
}
