//! A request on its way out, kept without a copy where it may have to be sent once more.

use std::{ops::Deref, sync::Arc};

use http::Request;
use http_body::Body as _;

use super::{ProxyBody, spare};

/// A request on its way out.
#[derive(Debug)]
pub(crate) struct Outgoing(Arc<Inner>);

#[derive(Debug)]
struct Inner(Request<ProxyBody>);

impl Outgoing {
    pub(crate) fn new(request: Request<ProxyBody>) -> Self {
        Self(Arc::new(Inner(request)))
    }

    /// The same once more, when sending it twice does no harm (RFC 9110, 9.2.2) and it has no body
    /// that would be gone.
    pub(crate) fn again(&self) -> Option<Self> {
        let may_be = self.method().is_idempotent() && self.body().is_end_stream();
        may_be.then(|| Self(Arc::clone(&self.0)))
    }

    /// To change it, though not what was kept to be sent once more.
    pub(crate) fn get_mut(&mut self) -> &mut Request<ProxyBody> {
        &mut Arc::make_mut(&mut self.0).0
    }

    pub(super) fn into_inner(self) -> Request<ProxyBody> {
        let mut inner = Arc::unwrap_or_clone(self.0);
        std::mem::take(&mut inner.0)
    }
}

impl Deref for Outgoing {
    type Target = Request<ProxyBody>;

    fn deref(&self) -> &Self::Target {
        &self.0.0
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        spare::give(std::mem::take(self.0.headers_mut()));
    }
}

/// Only what has no body is there twice.
impl Clone for Inner {
    fn clone(&self) -> Self {
        let mut again = Request::new(ProxyBody::default());
        *again.method_mut() = self.0.method().clone();
        *again.uri_mut() = self.0.uri().clone();
        *again.version_mut() = self.0.version();
        *again.headers_mut() = self.0.headers().clone();
        Self(again)
    }
}
