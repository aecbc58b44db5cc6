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

use http::{HeaderMap, Request, StatusCode, header::EXPECT};
use tokio::{sync::oneshot, time::Sleep};

use super::ProxyBody;

/// A server that knows no `100-continue` never asks for the body: after this it is sent anyway, as
/// RFC 9110 allows. curl waits as long.
const WAIT_FOR_CONTINUE: Duration = Duration::from_secs(1);

/// Opens when the next server asks for the body, or has had its time.
#[derive(Debug)]
pub(super) struct Gate {
    asked: Option<oneshot::Receiver<()>>,
    waited: Pin<Box<Sleep>>,
}

/// Holds the body of `request` back when its sender expects to be asked.
pub(super) fn hold_body(request: Request<ProxyBody>) -> Request<ProxyBody> {
    if !expects_continue(request.headers()) {
        return request;
    }
    let (ask, asked) = oneshot::channel();
    let gate = Gate {
        asked: Some(asked),
        waited: Box::pin(tokio::time::sleep(WAIT_FOR_CONTINUE)),
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
    request
}

fn expects_continue(headers: &HeaderMap) -> bool {
    headers
        .get(EXPECT)
        .is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"100-continue"))
}

impl Future for Gate {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        match self
            .asked
            .as_mut()
            .map(|asked| Pin::new(asked).poll(context))
        {
            Some(Poll::Ready(Ok(()))) => return Poll::Ready(()),
            // The final answer came instead: the body is not wanted.
            Some(Poll::Ready(Err(_))) => self.asked = None,
            Some(Poll::Pending) => return self.waited.as_mut().poll(context),
            None => {}
        }
        Poll::Pending
    }
}
