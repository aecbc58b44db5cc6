//! One connection to send requests over, one after another.
//!
//! HTTP/1.1 begins [plain](super::plain); with the first request that wants more than that the
//! connection is handed to hyper, and stays with it.

use std::{
    io,
    pin::pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{Request, Response, StatusCode, Version};
use http_body::Frame;
use hyper::{
    body::Incoming,
    client::conn::{http1, http2},
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use thiserror::Error;

use super::{
    Outgoing, ProxyBody,
    continuation::{Release, hold_body},
    plain::{Failed, Io, MAX_HEAD_BYTES, Plain, Rest},
};
use crate::shutdown::Shutdown;

/// Bytes of one HTTP/2 stream on their way before they are read; as QUIC's window per stream.
pub(super) const HTTP2_STREAM_WINDOW: u32 = 1024 * 1024;
/// The same for all streams of a connection together.
pub(super) const HTTP2_CONNECTION_WINDOW: u32 = 4 * 1024 * 1024;

/// What a connection broke off with.
#[derive(Debug, Error)]
pub(crate) enum Lost {
    #[error(transparent)]
    Hyper(#[from] hyper::Error),
    #[error("a request was not answered")]
    Plain(#[source] io::Error),
}

/// Sends requests over one connection, one after another.
#[derive(Debug)]
pub(crate) enum Sender {
    /// HTTP/1.1 for requests without a body; its tasks begin when there is one.
    Plain(Plain, Shutdown),
    Http1(http1::SendRequest<ProxyBody>),
    Http2(http2::SendRequest<ProxyBody>),
}

/// The body of an answer, which comes over the connection that was lent.
pub(crate) enum Answer {
    Hyper(Incoming),
    Plain(Rest),
}

/// A request that was not answered, with the request itself when none of it was sent.
pub(super) struct NotSent {
    pub(super) error: Lost,
    pub(super) request: Option<Outgoing>,
}

impl Sender {
    /// Whether another request may be sent.
    pub(super) fn is_ready(&mut self, version: Version) -> bool {
        let is_of_version = (version == Version::HTTP_2) == matches!(self, Self::Http2(_));
        is_of_version
            && match self {
                Self::Plain(plain, _) => plain.is_ready(),
                Self::Http1(sender) => sender.is_ready(),
                Self::Http2(sender) => sender.is_ready(),
            }
    }

    /// Sends one request and returns the status of its answer; the body is not read, and the
    /// connection of no use afterwards.
    pub(crate) async fn status(&mut self, request: Request<ProxyBody>) -> Result<StatusCode, Lost> {
        let sent = self.send(Outgoing::new(request)).await;
        let (response, _) = sent.map_err(|failed| failed.error)?;
        if let Self::Plain(plain, _) = self {
            plain.leave();
        }
        Ok(response.status())
    }

    /// Says that an answer was read to its end; tells whether the connection can be kept.
    pub(super) fn finish(&mut self) -> bool {
        match self {
            Self::Plain(plain, _) => plain.finish(),
            Self::Http1(_) | Self::Http2(_) => true,
        }
    }

    /// The next piece of the answer, of which `rest` is still to come.
    pub(super) fn poll_frame(
        &mut self,
        rest: &mut Rest,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        match self {
            Self::Plain(plain, _) => plain.poll_frame(rest, context),
            Self::Http1(_) | Self::Http2(_) => Poll::Ready(Some(Err(gone()))),
        }
    }

    /// Leaves HTTP/1.1 to hyper from here on.
    async fn hand_over(&mut self) -> Result<(), Lost> {
        if let Self::Plain(plain, tasks) = self {
            let io = plain.take_io().ok_or_else(|| Lost::Plain(gone()))?;
            *self = Self::Http1(http1(io, tasks).await?);
        }
        Ok(())
    }

    /// Sends one request; the connection must be idle. What could not be sent at all comes back.
    pub(super) async fn send(
        &mut self,
        request: Outgoing,
    ) -> Result<(Response<Answer>, Option<Release>), NotSent> {
        if let Self::Plain(plain, _) = self
            && Plain::carries(&request)
        {
            let asked = { pin!(plain.ask(&request)).await };
            return match asked {
                Ok(response) => Ok((response.map(Answer::Plain), None)),
                Err(Failed { error, was_sent }) => Err(NotSent {
                    error: Lost::Plain(error),
                    request: (!was_sent).then_some(request),
                }),
            };
        }
        if let Err(error) = self.hand_over().await {
            return Err(NotSent {
                error,
                request: Some(request),
            });
        }
        let (held, release) = hold_body(request.into_inner());
        let sent = match self {
            Self::Http1(sender) => sender.try_send_request(held).await,
            Self::Http2(sender) => sender.try_send_request(held).await,
            Self::Plain(..) => {
                return Err(NotSent {
                    error: Lost::Plain(gone()),
                    request: None,
                });
            }
        };
        match sent {
            Ok(response) => Ok((response.map(Answer::Hyper), release)),
            Err(mut failed) => {
                let request = failed.take_message().map(Outgoing::new);
                let error = failed.into_error().into();
                Err(NotSent { error, request })
            }
        }
    }
}

pub(super) fn gone() -> io::Error {
    io::ErrorKind::NotConnected.into()
}

/// Begins HTTP on `io`; its tasks are owned by `tasks`.
pub(crate) async fn handshake<T>(io: T, version: Version, tasks: &Shutdown) -> Result<Sender, Lost>
where
    T: Io + 'static,
{
    if version != Version::HTTP_2 {
        return Ok(Sender::Plain(Plain::new(io), tasks.clone()));
    }
    let (sender, connection) = http2::Builder::new(TokioExecutor::new())
        .initial_stream_window_size(HTTP2_STREAM_WINDOW)
        .initial_connection_window_size(HTTP2_CONNECTION_WINDOW)
        .handshake(TokioIo::new(io))
        .await?;
    tasks.spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a kept connection ended");
        }
    });
    Ok(Sender::Http2(sender))
}

async fn http1<T>(io: T, tasks: &Shutdown) -> Result<http1::SendRequest<ProxyBody>, hyper::Error>
where
    T: Io + 'static,
{
    let (sender, connection) = http1::Builder::new()
        .max_buf_size(MAX_HEAD_BYTES)
        .handshake(TokioIo::new(io))
        .await?;
    tasks.spawn(async move {
        if let Err(error) = connection.with_upgrades().await {
            tracing::debug!(%error, "a kept connection ended");
        }
    });
    Ok(sender)
}
