//! A client of a bridge: a connection of its own for each request, unless the test keeps one.

use std::{future::Future, io, net::SocketAddr, path::Path};

use anyhow::{Context, Result};
use bytes::Bytes;
use futures_util::stream;
use http_body_util::{BodyExt, Empty, StreamBody, combinators::BoxBody};
use hyper::{
    HeaderMap, Request, Response, StatusCode, Uri,
    body::{Frame, Incoming},
    client::conn::{http1, http2},
    header::HOST,
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::Value;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpStream, UnixStream},
    sync::mpsc,
};

use crate::{DEADLINE, within};

/// The body of a request.
pub type Body = BoxBody<Bytes, io::Error>;

/// Pieces of a streamed body that may wait to be sent.
const PIECES: usize = 4;

/// A response that has been read to its end.
#[derive(Debug)]
pub struct Reply {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    /// The trailers.
    pub trailers: Option<HeaderMap>,
}

impl Reply {
    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    ///
    /// # Errors
    /// When it is something else.
    pub fn json(&self) -> Result<Value> {
        serde_json::from_slice(&self.body).with_context(|| format!("not JSON: {self:?}"))
    }

    /// A header as text; empty when it is missing.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value.and_then(|value| value.to_str().ok()).unwrap_or("")
    }
}

/// No body.
#[must_use]
pub fn empty() -> Body {
    Empty::new().map_err(|never| match never {}).boxed()
}

/// A body with a length.
#[must_use]
pub fn full(bytes: impl Into<Bytes>) -> Body {
    let body = http_body_util::Full::new(bytes.into());
    body.map_err(|never| match never {}).boxed()
}

/// A body whose frames the test sends one by one; it ends when the sender is dropped, and breaks
/// off at an error.
#[must_use]
pub fn streamed() -> (mpsc::Sender<io::Result<Frame<Bytes>>>, Body) {
    let (sender, receiver) = mpsc::channel(PIECES);
    let frames = stream::unfold(receiver, |mut receiver: mpsc::Receiver<_>| async {
        receiver.recv().await.map(|frame| (frame, receiver))
    });
    (sender, StreamBody::new(frames).boxed())
}

/// A body of `length` bytes of the pattern, without a length in the head.
#[must_use]
pub fn pattern(length: u64) -> Body {
    let frames = stream::unfold(0, move |offset| async move {
        let bytes = crate::pattern::bytes_at(offset, length - offset);
        let next = offset + bytes.len() as u64;
        (!bytes.is_empty()).then_some((Ok(Frame::data(bytes)), next))
    });
    StreamBody::new(frames).boxed()
}

/// Gets a URL.
///
/// # Errors
/// When there is no whole answer in time.
pub async fn get(url: &str) -> Result<Reply> {
    send(Request::get(url).body(empty())?).await
}

/// Sends a request and reads the answer to its end.
///
/// # Errors
/// When there is no whole answer in time.
pub async fn send(request: Request<Body>) -> Result<Reply> {
    let what = format!("{} {}", request.method(), request.uri());
    within(&what, async { read(open(request).await?).await }).await?
}

/// Sends a request on a connection of its own; the answer's body is still to be read.
///
/// # Errors
/// When there is no answer in time.
pub async fn open(request: Request<Body>) -> Result<Response<Incoming>> {
    let mut connection = Connection::open(address(request.uri())?).await?;
    connection.open_request(request).await
}

/// Reads a response to its end.
///
/// # Errors
/// When it breaks off.
pub async fn read(response: Response<Incoming>) -> Result<Reply> {
    let (head, body) = response.into_parts();
    let body = body.collect().await.context("the answer broke off")?;
    Ok(Reply {
        status: head.status,
        headers: head.headers,
        trailers: body.trailers().cloned(),
        body: body.to_bytes(),
    })
}

/// The next piece of a body as text; `None` at its end.
///
/// # Errors
/// When it breaks off, or nothing comes in time.
pub async fn piece(body: &mut Incoming) -> Result<Option<String>> {
    while let Some(frame) = within("the next piece of a body", body.frame()).await? {
        if let Ok(data) = frame?.into_data() {
            return Ok(Some(String::from_utf8(data.to_vec())?));
        }
    }
    Ok(None)
}

fn address(uri: &Uri) -> Result<SocketAddr> {
    let authority = uri.authority().context("a URL with host and port")?;
    Ok(authority.as_str().parse()?)
}

/// A kept HTTP/1.1 connection.
#[derive(Debug)]
pub struct Connection(http1::SendRequest<Body>);

impl Connection {
    /// Connects to a bridge.
    ///
    /// # Errors
    /// When nobody listens there.
    pub async fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Self::over(stream).await
    }

    /// The same at a unix socket, which is there in every network namespace.
    ///
    /// # Errors
    /// When nobody listens there.
    pub async fn open_socket(path: &Path) -> Result<Self> {
        Self::over(UnixStream::connect(path).await?).await
    }

    async fn over(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) -> Result<Self> {
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection.with_upgrades());
        Ok(Self(sender))
    }

    /// Sends a request; the answer's body is still to be read.
    ///
    /// # Errors
    /// When the connection has ended, or there is no answer in time.
    pub async fn open_request(&mut self, request: Request<Body>) -> Result<Response<Incoming>> {
        within("the answer's head", self.begin(request)?).await?
    }

    /// Sends a request whose body may take longer than [`DEADLINE`].
    ///
    /// # Errors
    /// When the request has no URL with a host.
    pub fn begin(
        &mut self,
        mut request: Request<Body>,
    ) -> Result<impl Future<Output = Result<Response<Incoming>>>> {
        if !request.headers().contains_key(HOST) {
            let host = request.uri().authority().context("a URL with a host")?;
            let host = host.as_str().parse()?;
            request.headers_mut().insert(HOST, host);
        }
        let path = request.uri().path_and_query().context("a path")?.clone();
        *request.uri_mut() = path.into();
        Ok(async {
            self.0.ready().await?;
            Ok(self.0.send_request(request).await?)
        })
    }

    /// Gets a URL.
    ///
    /// # Errors
    /// When the connection has ended, or there is no whole answer in time.
    pub async fn get(&mut self, url: &str) -> Result<Reply> {
        let response = self.open_request(Request::get(url).body(empty())?).await?;
        within(url, read(response)).await?
    }
}

/// Sends a request by HTTP/2 with prior knowledge.
///
/// # Errors
/// When there is no whole answer in time.
pub async fn send_h2c(request: Request<Body>) -> Result<Reply> {
    send_h2c_to(address(request.uri())?, request).await
}

/// The same to `address`, whatever the URL says.
///
/// # Errors
/// When there is no whole answer in time.
pub async fn send_h2c_to(address: SocketAddr, request: Request<Body>) -> Result<Reply> {
    let stream = TcpStream::connect(address).await?;
    let (mut sender, connection) =
        http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    within("HTTP/2", async {
        read(sender.send_request(request).await?).await
    })
    .await?
}

/// Sends bytes as they are, ends the sending half when `finish`, and reads what comes until the
/// other side ends the connection.
///
/// # Errors
/// When the connection is not ended in time.
pub async fn exchange(address: SocketAddr, bytes: &[u8], finish: bool) -> Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    let mut answer = Vec::new();
    let talk = async {
        unless_reset(stream.write_all(bytes).await)?;
        if finish {
            unless_reset(stream.shutdown().await)?;
        }
        unless_reset(stream.read_to_end(&mut answer).await.map(drop))
    };
    let talked = tokio::time::timeout(DEADLINE, talk).await;
    let answer = String::from_utf8_lossy(&answer).into_owned();
    talked.with_context(|| format!("the connection is not ended; so far: {answer}"))??;
    Ok(answer)
}

/// A reset is an end too: whoever refuses a request does not read the rest of it.
fn unless_reset(result: io::Result<()>) -> io::Result<()> {
    use io::ErrorKind::{BrokenPipe, ConnectionReset, NotConnected};
    match result {
        Err(error) if matches!(error.kind(), BrokenPipe | ConnectionReset | NotConnected) => Ok(()),
        other => other,
    }
}
