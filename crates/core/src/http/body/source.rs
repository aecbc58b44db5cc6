//! Where the bytes of a body come from.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Body as _, Frame, SizeHint};
use hyper::body::Incoming;

use super::BodyError;
use crate::http::{plain::Rest, pool::Lease, sender::gone};

#[derive(Debug, Default)]
pub(super) enum Source {
    #[default]
    Empty,
    Full(Bytes),
    Incoming(Incoming),
    /// Over the connection that is lent.
    Rest(Rest),
}

impl Source {
    pub(super) fn poll_frame(
        &mut self,
        lease: Option<&mut Lease>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        match self {
            Self::Empty => Poll::Ready(None),
            Self::Full(bytes) => {
                let bytes = std::mem::take(bytes);
                Poll::Ready((!bytes.is_empty()).then(|| Ok(Frame::data(bytes))))
            }
            Self::Incoming(incoming) => Pin::new(incoming)
                .poll_frame(context)
                .map_err(BodyError::Broken),
            Self::Rest(rest) => match lease {
                Some(lease) => lease.poll_frame(rest, context).map_err(BodyError::Cut),
                None => Poll::Ready(Some(Err(BodyError::Cut(gone())))),
            },
        }
    }

    pub(super) fn size_hint(&self) -> SizeHint {
        match self {
            Self::Empty => SizeHint::with_exact(0),
            Self::Full(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Self::Incoming(incoming) => incoming.size_hint(),
            Self::Rest(rest) => rest.size_hint(),
        }
    }

    pub(super) fn is_end(&self) -> bool {
        match self {
            Self::Empty => true,
            Self::Full(bytes) => bytes.is_empty(),
            Self::Incoming(incoming) => incoming.is_end_stream(),
            Self::Rest(rest) => rest.is_end(),
        }
    }
}
