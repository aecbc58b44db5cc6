//! The engine as the application sees it: one handle, whether the engine runs in here or is
//! another process on the same home.
//!
//! The engine's side is [`crate::engine`], on a thread of its own; everything in between is a
//! bounded channel, so a busy window never slows traffic down.

use std::{sync::Arc, time::Duration};

use malai_api::{EngineState, Event, Failure, Request, Response, Status, codes};
use tokio::{
    sync::{broadcast, mpsc, oneshot, watch},
    time::timeout,
};
use tokio_util::sync::CancellationToken;
use tracing::debug;

/// Orders that wait for the engine's thread; whoever has more waits, too.
const ORDERS: usize = 64;

/// Events kept for a listener that is slow; beyond it the oldest are lost.
const EVENTS: usize = 256;

/// How long one answer may take: a little more than the control socket allows.
const DEADLINE: Duration = Duration::from_secs(65);

/// Asks the engine and hears of it; clones are the same.
#[derive(Debug, Clone)]
pub(crate) struct Host {
    orders: mpsc::Sender<Order>,
    state: watch::Receiver<EngineState>,
    status: watch::Receiver<Option<Arc<Status>>>,
    events: broadcast::Sender<Event>,
    watched: watch::Sender<usize>,
    ending: Ending,
}

/// The other side of a [`Host`].
#[derive(Debug)]
pub(crate) struct HostEnd {
    pub(crate) orders: mpsc::Receiver<Order>,
    pub(crate) state: watch::Sender<EngineState>,
    pub(crate) status: watch::Sender<Option<Arc<Status>>>,
    pub(crate) events: broadcast::Sender<Event>,
    /// How many want to hear of every request.
    pub(crate) watched: watch::Receiver<usize>,
    pub(crate) ending: Ending,
}

/// How the end is asked for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ending {
    /// Let what is in flight end, then stop.
    pub(crate) stop: CancellationToken,
    /// Cut it.
    pub(crate) hurry: CancellationToken,
}

/// Something for the engine's thread.
#[derive(Debug)]
pub(crate) enum Order {
    /// Ask the engine.
    Ask {
        request: Request,
        reply: oneshot::Sender<Response>,
    },
    /// Keep the key in a file, since no keychain answers.
    UseKeyFile,
    /// Try to start again now.
    Retry,
}

/// Wants to hear of every request for as long as it is there.
#[derive(Debug)]
pub(crate) struct Watching(watch::Sender<usize>);

impl Host {
    /// A handle and its other side.
    pub(crate) fn new() -> (Self, HostEnd) {
        let (orders, order_inbox) = mpsc::channel(ORDERS);
        let (state_out, state) = watch::channel(EngineState::Starting);
        let (status_out, status) = watch::channel(None);
        let (events, _) = broadcast::channel(EVENTS);
        let (watched, watched_in) = watch::channel(0);
        let ending = Ending::default();
        let end = HostEnd {
            orders: order_inbox,
            state: state_out,
            status: status_out,
            events: events.clone(),
            watched: watched_in,
            ending: ending.clone(),
        };
        let host = Self {
            orders,
            state,
            status,
            events,
            watched,
            ending,
        };
        (host, end)
    }

    /// Asks the engine; what goes wrong on the way is an answer, too.
    pub(crate) async fn request(&self, request: Request) -> Response {
        let (reply, response) = oneshot::channel();
        let asked = async {
            self.orders.send(Order::Ask { request, reply }).await.ok()?;
            response.await.ok()
        };
        match timeout(DEADLINE, asked).await {
            Ok(Some(response)) => response,
            Ok(None) => Failure::new(codes::STOPPING, "malai is stopping").into(),
            Err(_) => {
                let message = "malai's engine does not answer; quit malai and start it again";
                Failure::new(codes::BUSY, message).into()
            }
        }
    }

    /// What has become of the engine.
    pub(crate) fn state(&self) -> watch::Receiver<EngineState> {
        self.state.clone()
    }

    /// What the engine does; `None` while it is not known.
    pub(crate) fn status(&self) -> watch::Receiver<Option<Arc<Status>>> {
        self.status.clone()
    }

    /// Every event from here on but requests, which come only while somebody is [`Watching`].
    pub(crate) fn events(&self) -> broadcast::Receiver<Event> {
        self.events.subscribe()
    }

    /// Has requests told as well.
    pub(crate) fn watch_requests(&self) -> Watching {
        self.watched.send_modify(|count| *count += 1);
        Watching(self.watched.clone())
    }

    /// Keeps the key in a file and starts.
    pub(crate) fn use_key_file(&self) {
        self.order(Order::UseKeyFile);
    }

    /// Tries to start again now.
    pub(crate) fn retry(&self) {
        self.order(Order::Retry);
    }

    /// Ends the engine: first in order, and when asked again at once.
    pub(crate) fn stop(&self) {
        if self.ending.stop.is_cancelled() {
            self.ending.hurry.cancel();
        }
        self.ending.stop.cancel();
    }

    fn order(&self, order: Order) {
        if let Err(error) = self.orders.try_send(order) {
            debug!(%error, "the engine's thread takes no orders");
        }
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count = count.saturating_sub(1));
    }
}
