//! The answers to all requests of one connection, made by a single future that stays where it is.
//!
//! A request's future is 3 to 4 KiB long, and one that is made for each is moved twice before it runs.

use std::{
    convert::Infallible,
    future::poll_fn,
    pin::pin,
    sync::{Mutex, MutexGuard, PoisonError},
    task::Poll,
};

use http::{Request, Response};

use crate::http::ProxyBody;

/// One request on its way to whoever answers, and one answer on its way back.
#[derive(Debug, Default)]
pub(super) struct Exchange {
    request: Mutex<Option<Box<Request<ProxyBody>>>>,
    answer: Mutex<Option<Response<ProxyBody>>>,
}

impl Exchange {
    /// Puts a request down. Nobody is woken: whoever asks polls [`Self::answer_all`] next.
    pub(super) fn ask(&self, request: Box<Request<ProxyBody>>) {
        *lock(&self.request) = Some(request);
    }

    /// The answer, once it is there.
    pub(super) fn take_answer(&self) -> Option<Response<ProxyBody>> {
        lock(&self.answer).take()
    }

    /// Answers one request after another.
    pub(super) async fn answer_all<F, R>(&self, answer: &F) -> Infallible
    where
        F: Fn(Box<Request<ProxyBody>>) -> R,
        R: Future<Output = Response<ProxyBody>>,
    {
        loop {
            let request = poll_fn(|_| self.take_request().map_or(Poll::Pending, Poll::Ready)).await;
            let response = pin!(answer(request)).await;
            *lock(&self.answer) = Some(response);
        }
    }

    fn take_request(&self) -> Option<Box<Request<ProxyBody>>> {
        lock(&self.request).take()
    }
}

fn lock<T>(place: &Mutex<T>) -> MutexGuard<'_, T> {
    place.lock().unwrap_or_else(PoisonError::into_inner)
}
