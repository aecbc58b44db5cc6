//! The other end of the control socket: how a command asks a running engine.

use std::{collections::VecDeque, fmt, io};

use malai_api::{Event, Request, Response};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::timeout,
};

use super::{
    ControlError, RESPONSE_TIMEOUT,
    line::{LineReader, MAX_ANSWER_BYTES, write_line},
};
use crate::home::Home;

/// Events kept while a response is awaited; beyond it the oldest are lost.
const PENDING_EVENTS: usize = 1024;

type Reader = Box<dyn AsyncRead + Send + Unpin>;
type Writer = Box<dyn AsyncWrite + Send + Unpin>;

/// A connection to a running engine; what it shares ends with it.
pub struct ControlClient {
    lines: LineReader<Reader>,
    writer: Writer,
    pending: VecDeque<Event>,
}

/// One line from the engine.
enum Incoming {
    Response(Box<Response>),
    Event(Event),
    /// An event of a newer version.
    Unknown,
}

impl ControlClient {
    /// Connects to the engine that runs on `home`; `None` when none does.
    ///
    /// # Errors
    /// [`ControlError::Connect`] when a socket is there and cannot be used.
    #[cfg(unix)]
    pub async fn connect(home: &Home) -> Result<Option<Self>, ControlError> {
        let path = home.control_socket();
        match tokio::net::UnixStream::connect(&path).await {
            Ok(stream) => {
                let (reader, writer) = stream.into_split();
                Ok(Some(Self::new(Box::new(reader), Box::new(writer))))
            }
            Err(error) if nobody_listens(error.kind()) => Ok(None),
            Err(error) => Err(ControlError::Connect(path, error)),
        }
    }

    /// Where there are no unix sockets no engine can be asked.
    ///
    /// # Errors
    /// None.
    #[cfg(not(unix))]
    #[expect(clippy::unused_async, reason = "the same shape everywhere")]
    pub async fn connect(_home: &Home) -> Result<Option<Self>, ControlError> {
        Ok(None)
    }

    fn new(reader: Reader, writer: Writer) -> Self {
        Self {
            lines: LineReader::new(reader, MAX_ANSWER_BYTES),
            writer,
            pending: VecDeque::new(),
        }
    }

    /// Asks and waits for the answer; events that come first are kept for [`Self::next_event`].
    ///
    /// # Errors
    /// [`ControlError`] when the engine hangs up, is too slow or speaks otherwise.
    pub async fn request(&mut self, request: &Request) -> Result<Response, ControlError> {
        // An engine that refuses the connection answers before it is asked and hangs up, so the
        // answer counts even if the question did not get through.
        let written = write_line(&mut self.writer, request).await;
        match timeout(RESPONSE_TIMEOUT, self.response()).await {
            Ok(Err(ControlError::Broken(error))) => Err(written.err().unwrap_or(
                // The engine's end is the better story when both directions broke.
                ControlError::Broken(error),
            )),
            Ok(response) => response,
            Err(_) => Err(ControlError::Timeout(RESPONSE_TIMEOUT)),
        }
    }

    /// The next event after [`Request::Subscribe`] or [`Request::Watch`]; `None` when the engine has ended. Cancel safe.
    ///
    /// # Errors
    /// [`ControlError`] when the connection breaks.
    pub async fn next_event(&mut self) -> Result<Option<Event>, ControlError> {
        if let Some(event) = self.pending.pop_front() {
            return Ok(Some(event));
        }
        loop {
            match self.incoming().await? {
                Some(Incoming::Event(event)) => return Ok(Some(event)),
                Some(Incoming::Response(_) | Incoming::Unknown) => {}
                None => return Ok(None),
            }
        }
    }

    async fn response(&mut self) -> Result<Response, ControlError> {
        loop {
            match self.incoming().await? {
                Some(Incoming::Response(response)) => return Ok(*response),
                Some(Incoming::Event(event)) => {
                    if self.pending.len() == PENDING_EVENTS {
                        self.pending.pop_front();
                    }
                    self.pending.push_back(event);
                }
                Some(Incoming::Unknown) => {}
                None => {
                    return Err(ControlError::Broken(io::ErrorKind::UnexpectedEof.into()));
                }
            }
        }
    }

    async fn incoming(&mut self) -> Result<Option<Incoming>, ControlError> {
        let Some(line) = self.lines.next().await? else {
            return Ok(None);
        };
        parse(&line).map(Some).map_err(ControlError::Unreadable)
    }
}

impl fmt::Debug for ControlClient {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ControlClient")
            .field("pending", &self.pending.len())
            .finish_non_exhaustive()
    }
}

/// A path too long for a socket (invalid input) cannot have an engine behind it either.
#[cfg(unix)]
fn nobody_listens(kind: io::ErrorKind) -> bool {
    use io::ErrorKind::{ConnectionRefused, InvalidInput, NotFound};
    [NotFound, ConnectionRefused, InvalidInput].contains(&kind)
}

fn parse(line: &[u8]) -> Result<Incoming, serde_json::Error> {
    let value: serde_json::Value = serde_json::from_slice(line)?;
    if value.get("event").is_some() {
        return Ok(serde_json::from_value(value).map_or(Incoming::Unknown, Incoming::Event));
    }
    serde_json::from_value(value).map(|response| Incoming::Response(Box::new(response)))
}

#[cfg(test)]
mod tests;
