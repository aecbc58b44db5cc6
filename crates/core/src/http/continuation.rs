//! `Expect: 100-continue`: the body waits until the next server wants it (RFC 9110, 10.1.1).
//!
//! hyper tells the client `100 Continue` by itself when the body is first read, so holding the body
//! back is all it takes to pass the expectation on.

use std::{
    pin::Pin,
    sync::{Mutex, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use http::{HeaderMap, Request, StatusCode, Version, header::EXPECT};
use tokio::{sync::oneshot, time::Sleep};

use super::ProxyBody;

/// A server that knows no `100-continue` never asks for the body: after this it is sent anyway, as
/// RFC 9110 allows. curl waits as long.
const WAIT_FOR_CONTINUE: Duration = Duration::from_secs(1);

/// Opens when the next server asks for the body, or has had its time.
#[derive(Debug)]
pub(super) struct Gate {
    state: State,
    waited: Pin<Box<Sleep>>,
    released: oneshot::Receiver<()>,
}

#[derive(Debug)]
enum State {
    Asking(oneshot::Receiver<()>),
    Unwanted,
}

/// What a [`Gate`] says in the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The body may pass.
    Open,
    /// The final answer came instead, and has been passed on: the body will never be wanted.
    Unwanted,
}

/// Held for as long as the answer is being passed on.
pub(super) type Release = oneshot::Sender<()>;

/// Holds the body of `request` back when its sender expects to be asked.
///
/// HTTP/2 tells nobody of a `100`, so there the expectation ends: hyper meets it towards the client
/// as soon as the body is read.
pub(super) fn hold_body(mut request: Request<ProxyBody>) -> (Request<ProxyBody>, Option<Release>) {
    if !expects_continue(request.headers()) {
        return (request, None);
    }
    if request.version() == Version::HTTP_2 {
        request.headers_mut().remove(EXPECT);
        return (request, None);
    }
    let (ask, asked) = oneshot::channel();
    let (release, released) = oneshot::channel();
    let waited = Box::pin(tokio::time::sleep(WAIT_FOR_CONTINUE));
    let gate = Gate {
        state: State::Asking(asked),
        waited,
        released,
    };
    let mut request = request.map(|body| body.gated(gate));
    let ask = Mutex::new(Some(ask));
    hyper::ext::on_informational(&mut request, move |response| {
        if response.status() == StatusCode::CONTINUE
            && let Some(ask) = ask.lock().unwrap_or_else(PoisonError::into_inner).take()
            && ask.send(()).is_err()
        {
            tracing::trace!("asked for a body that is gone");
        }
    });
    (request, Some(release))
}

fn expects_continue(headers: &HeaderMap) -> bool {
    headers
        .get(EXPECT)
        .is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"100-continue"))
}

impl Future for Gate {
    type Output = Verdict;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Verdict> {
        if let State::Asking(asked) = &mut self.state {
            match Pin::new(asked).poll(context) {
                Poll::Ready(Ok(())) => return Poll::Ready(Verdict::Open),
                Poll::Ready(Err(_)) => self.state = State::Unwanted,
                Poll::Pending => return self.waited.as_mut().poll(context).map(|()| Verdict::Open),
            }
        }
        // The answer must not be cut by this body's failure, so that comes after its end.
        Pin::new(&mut self.released)
            .poll(context)
            .map(|_| Verdict::Unwanted)
    }
}

impl Gate {
    /// Whether it is known that the body is not wanted.
    pub(super) fn is_closed(&self) -> bool {
        matches!(self.state, State::Unwanted)
    }
}
