//! A kept connection with nothing to do rests: hyper's buffers for it, some 20 KiB, are given back,
//! and its next request is looked at as the first one was.
//!
//! It rests only where nothing can be lost: between two HTTP/1.1 messages, with no answer under way
//! and nothing left to write, and after nothing has happened for a while.

use std::{
    future::Future,
    io::{self, IoSlice},
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
};

use http::{Request, Response};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::sleep,
};

use super::{Heads, REST_AFTER, plain::Plain, through_hyper};
use crate::{
    http::{ProxyBody, framing::Checked},
    shutdown::Shutdown,
    stream::ResetOnDrop,
};

/// Serves one connection of this machine like [`serve`](super::serve()), and lets it rest.
pub(crate) async fn serve_resting<F, R>(
    stream: ResetOnDrop,
    heads: Heads,
    shutdown: &Shutdown,
    answer: F,
) where
    F: Fn(Box<Request<ProxyBody>>) -> R,
    R: Future<Output = Response<ProxyBody>> + Send + 'static,
{
    let busy = Arc::new(());
    let answer_busily = |request| {
        let (answer, busy) = (answer(request), Arc::clone(&busy));
        async move { answer.await.map(|body| body.keeping_busy(busy)) }
    };
    let mut plain = Plain::new(stream, heads);
    while let Some(checked) = plain.serve(shutdown, &answer).await {
        let shared = Shared::new(checked);
        // Boxed, so that it is gone while the connection rests.
        let serving = through_hyper(shared.clone(), heads, shutdown, &answer_busily);
        let serving = Box::pin(serving);
        tokio::select! {
            biased;
            () = serving => return,
            () = shared.has_nothing_to_do(&busy) => {}
        }
        let Some(resting) = shared.into_inner() else {
            return;
        };
        plain = Plain::again(resting.into_inner(), heads);
    }
}

/// A connection that hyper has for a while.
struct Shared(Arc<Mutex<Lent>>);

struct Lent {
    checked: Checked<ResetOnDrop>,
    /// Reads and writes so far that did something.
    moves: u64,
    /// Whether the last thing to write waits for its reader.
    is_blocked: bool,
}

impl Shared {
    fn new(checked: Checked<ResetOnDrop>) -> Self {
        Self(Arc::new(Mutex::new(Lent {
            checked,
            moves: 0,
            is_blocked: false,
        })))
    }

    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }

    fn lock(&self) -> MutexGuard<'_, Lent> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The connection, when hyper has let it go.
    fn into_inner(self) -> Option<Checked<ResetOnDrop>> {
        let lent = Arc::into_inner(self.0)?.into_inner();
        Some(lent.unwrap_or_else(PoisonError::into_inner).checked)
    }

    /// Resolves when nothing has happened for as long as [`REST_AFTER`] and nothing is under way.
    /// `busy` is held by every answer.
    async fn has_nothing_to_do(&self, busy: &Arc<()>) {
        let mut before = None;
        loop {
            sleep(REST_AFTER).await;
            let lent = self.lock();
            let is_still = before.replace(lent.moves) == Some(lent.moves);
            let may_rest = lent.checked.is_between_messages() && !lent.is_blocked;
            if is_still && may_rest && Arc::strong_count(busy) == 1 {
                return;
            }
        }
    }
}

impl Lent {
    fn wrote(&mut self, outcome: &Poll<io::Result<usize>>) {
        self.is_blocked = outcome.is_pending();
        self.moves = self.moves.wrapping_add(u64::from(outcome.is_ready()));
    }
}

impl AsyncRead for Shared {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let mut lent = self.lock();
        let outcome = Pin::new(&mut lent.checked).poll_read(context, buffer);
        lent.moves = lent.moves.wrapping_add(u64::from(outcome.is_ready()));
        outcome
    }
}

impl AsyncWrite for Shared {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let mut lent = self.lock();
        let outcome = Pin::new(&mut lent.checked).poll_write(context, bytes);
        lent.wrote(&outcome);
        outcome
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.lock().checked).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.lock().checked).poll_shutdown(context)
    }

    fn is_write_vectored(&self) -> bool {
        self.lock().checked.is_write_vectored()
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let mut lent = self.lock();
        let outcome = Pin::new(&mut lent.checked).poll_write_vectored(context, slices);
        lent.wrote(&outcome);
        outcome
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bytes::Bytes;
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::{TcpListener, TcpStream},
        time::timeout,
    };

    use super::*;
    use crate::{http::serve::IDLE, stream::Stream};

    const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    /// Time for a connection to rest. Real time: a clock that is moved on while a socket has not yet
    /// told of its bytes would end the connection for being idle.
    const LONG: Duration = Duration::from_millis(500);

    async fn pair() -> (TcpStream, ResetOnDrop) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap());
        let (client, accepted) = tokio::join!(client, listener.accept());
        let (server, _) = accepted.unwrap();
        (client.unwrap(), ResetOnDrop::new(Stream::Tcp(server)))
    }

    async fn answer(client: &mut TcpStream) -> String {
        let mut text = Vec::new();
        while !text.ends_with(b"\r\n\r\nhere") {
            assert_ne!(client.read_buf(&mut text).await.unwrap(), 0, "{text:?}");
        }
        String::from_utf8(text).unwrap()
    }

    #[tokio::test]
    async fn a_connection_that_has_rested_answers_again_and_is_closed_in_good_order() {
        let (mut client, server) = pair().await;
        let shutdown = Shutdown::default();
        let tasks = shutdown.clone();
        shutdown.spawn(async move {
            let here = |_| async { Response::new(ProxyBody::full(Bytes::from_static(b"here"))) };
            serve_resting(server, Heads::default(), &tasks, here).await;
        });
        for _ in 0..3 {
            client.write_all(REQUEST).await.unwrap();
            assert!(answer(&mut client).await.starts_with("HTTP/1.1 200 "));
            sleep(LONG).await;
        }
        // A head in two pieces, and two requests at once.
        client.write_all(&REQUEST[..7]).await.unwrap();
        sleep(LONG).await;
        client.write_all(&REQUEST[7..]).await.unwrap();
        answer(&mut client).await;
        sleep(LONG).await;
        client.write_all(&REQUEST.repeat(2)).await.unwrap();
        let mut both = answer(&mut client).await;
        if both.matches("HTTP/1.1 200 ").count() == 1 {
            both += &answer(&mut client).await;
        }
        assert_eq!(both.matches("HTTP/1.1 200 ").count(), 2, "{both}");
        sleep(LONG).await;
        shutdown.drain(IDLE).await;
        let mut rest = Vec::new();
        client.read_to_end(&mut rest).await.unwrap();
        assert_eq!(rest, b"");
    }

    /// Whether `shared`, which has read what there is, would rest.
    async fn rests(shared: &Shared, busy: &Arc<()>) -> bool {
        timeout(LONG, shared.has_nothing_to_do(busy)).await.is_ok()
    }

    #[tokio::test]
    async fn it_rests_only_where_nothing_can_be_lost() {
        let (mut client, server) = pair().await;
        let mut shared = Shared::new(Checked::new(server, IDLE, IDLE));
        let busy = Arc::new(());
        assert!(!rests(&shared, &busy).await, "nothing was asked yet");
        let mut scrap = [0; 1024];
        client.write_all(REQUEST).await.unwrap();
        assert_eq!(shared.read(&mut scrap).await.unwrap(), REQUEST.len());
        assert!(rests(&shared, &busy).await);
        let under_way = Arc::clone(&busy);
        assert!(!rests(&shared, &busy).await, "an answer is under way");
        drop(under_way);
        shared.lock().is_blocked = true;
        assert!(!rests(&shared, &busy).await, "an answer is not written");
        shared.lock().is_blocked = false;
        client.write_all(&REQUEST[..3]).await.unwrap();
        assert_eq!(shared.read(&mut scrap).await.unwrap(), 3);
        assert!(!rests(&shared, &busy).await, "the next head has begun");
        client.write_all(&REQUEST[3..]).await.unwrap();
        assert_eq!(shared.read(&mut scrap).await.unwrap(), REQUEST.len() - 3);
        assert!(rests(&shared, &busy).await);
    }
}
