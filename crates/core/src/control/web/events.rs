//! The event stream: `text/event-stream`, every event as one `data:` line of JSON, the first of
//! them the status.
//!
//! Source of the format: the HTML standard, section 9.2 (server-sent events).

use std::{convert::Infallible, sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::stream;
use http::{
    HeaderValue, Response, StatusCode,
    header::{CACHE_CONTROL, CONTENT_TYPE},
};
use http_body_util::{BodyExt as _, StreamBody};
use hyper::body::Frame;
use malai_api::{Event, codes};
use tokio::{sync::OwnedSemaphorePermit, time::timeout};

use super::{
    MAX_STREAMS, Ui,
    answer::{Body, fail},
};
use crate::{
    control::{Dispatch, hearing::Hearing},
    shutdown::Shutdown,
};

/// A line without meaning after so much silence, so that nothing in between takes the stream for
/// dead.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// One open stream.
#[derive(Debug)]
struct Telling {
    hearing: Hearing,
    shutdown: Shutdown,
    over: bool,
    _place: OwnedSemaphorePermit,
}

/// Answers with all that happens from here on, until the engine ends.
pub(super) fn answer<D: Dispatch>(ui: &Ui<D>) -> Response<Body> {
    let Ok(place) = Arc::clone(&ui.streams).try_acquire_owned() else {
        let message = format!("{MAX_STREAMS} pages are open already; close one of them");
        return fail(StatusCode::SERVICE_UNAVAILABLE, codes::BUSY, &message);
    };
    let telling = Telling {
        hearing: Hearing::watch(&ui.engine),
        shutdown: ui.shutdown.clone(),
        over: false,
        _place: place,
    };
    let pieces = stream::unfold(telling, |mut telling| async {
        let piece = telling.next().await?;
        Some((Ok::<_, Infallible>(Frame::data(piece)), telling))
    });
    let mut response = Response::new(StreamBody::new(pieces).boxed_unsync());
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

impl Telling {
    async fn next(&mut self) -> Option<Bytes> {
        if self.over {
            return None;
        }
        tokio::select! {
            biased;
            () = self.shutdown.draining() => {
                self.over = true;
                // What was already said when the engine ended is still told.
                let mut rest = Vec::new();
                while let Some(event) = self.hearing.rest() {
                    rest.extend(line(&event)?);
                }
                (!rest.is_empty()).then(|| rest.into())
            }
            event = timeout(KEEP_ALIVE, self.hearing.next()) => match event {
                Ok(event) => line(&event?).map(Bytes::from),
                Err(_) => Some(Bytes::from_static(b":\n\n")),
            },
        }
    }
}

/// JSON has no line ends but escaped ones.
fn line(event: &Event) -> Option<Vec<u8>> {
    let mut line = b"data: ".to_vec();
    if let Err(error) = serde_json::to_writer(&mut line, event) {
        tracing::warn!(%error, "an event cannot be written");
        return None;
    }
    line.extend(b"\n\n");
    Some(line)
}
