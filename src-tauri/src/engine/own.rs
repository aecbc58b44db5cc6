//! Serving an engine of our own until it has drained.

use std::sync::Arc;

use malai_api::{EngineState, Event, Failure, Request, Response, codes};
use malai_core::{
    engine::{Engine, EngineHandle},
    events::Events,
};
use tokio::{
    sync::{broadcast::error::RecvError, oneshot},
    task::JoinSet,
};
use tracing::{debug, error};

use super::opening::OwnEvents;
use crate::host::{HostEnd, Order};

/// Requests that are answered at once; further ones wait in the inbox.
const MOST_AT_ONCE: usize = 16;

/// Answers until the end is asked for, then drains.
pub(super) async fn serve(engine: Engine, heard: OwnEvents, end: &mut HostEnd) {
    let handle = engine.handle().clone();
    let OwnEvents { feed, mut events } = heard;
    let mut answers = JoinSet::new();
    // Held while somebody looks at requests: the engine gathers them only then.
    let mut requests: Option<Events> = None;
    let stop = end.ending.stop.clone();
    let mut status = handle.watch();
    end.state
        .send_replace(EngineState::Running { attached: false });
    loop {
        // Every branch is cancel safe; what is taken from a queue is handled before the next turn.
        tokio::select! {
            biased;
            () = stop.cancelled() => break,
            order = end.orders.recv(), if answers.len() < MOST_AT_ONCE => match order {
                Some(Order::Ask { request, reply }) => {
                    answers.spawn(ask(handle.clone(), request, reply));
                }
                Some(Order::UseKeyFile | Order::Retry) => debug!("the engine runs already"),
                None => break,
            },
            Some(ended) = answers.join_next() => {
                if let Err(panicked) = ended {
                    error!(error = %panicked, "answering a request went wrong");
                }
            }
            Ok(()) = end.watched.changed() => {
                let wanted = *end.watched.borrow_and_update() > 0;
                requests = wanted.then(|| feed.subscribe());
            }
            known = status.next() => match known {
                Some(known) => {
                    end.status.send_replace(Some(known));
                }
                None => break,
            },
            event = events.recv() => match event {
                Ok(event) => tell(end, event),
                Err(RecvError::Lagged(lost)) => debug!(lost, "events came too fast"),
                Err(RecvError::Closed) => break,
            },
        }
    }
    drop(requests);
    // What is in flight at this moment, for whoever is told what is waited for.
    if let Response::Status(last) = handle.dispatch(Request::Status).await {
        end.status.send_replace(Some(Arc::from(last)));
    }
    end.state.send_replace(EngineState::Stopping);
    drain(engine, end).await;
}

/// Lets what is in flight end; whoever asks meanwhile is told that it is too late.
async fn drain(engine: Engine, end: &mut HostEnd) {
    let hurry = end.ending.hurry.clone();
    let stopping = engine.stop_or_cut(hurry.cancelled_owned());
    tokio::pin!(stopping);
    loop {
        tokio::select! {
            biased;
            _drained = &mut stopping => return,
            Some(order) = end.orders.recv() => {
                if let Order::Ask { reply, .. } = order {
                    let failure = Failure::new(codes::STOPPING, "malai is stopping");
                    answer(reply, failure.into());
                }
            }
        }
    }
}

async fn ask(handle: EngineHandle, request: Request, reply: oneshot::Sender<Response>) {
    answer(reply, handle.dispatch(request).await);
}

/// Answers; whoever asked may have gone.
pub(super) fn answer(reply: oneshot::Sender<Response>, response: Response) {
    if reply.send(response).is_err() {
        debug!("whoever asked did not wait for the answer");
    }
}

/// Passes on what happened.
pub(super) fn tell(end: &HostEnd, event: Event) {
    if end.events.send(event).is_err() {
        debug!("nobody listens to this event");
    }
}
