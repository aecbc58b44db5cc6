//! Serving an engine that is another process on the same home.
//!
//! One connection stays: it hears events, and what is shared or bridged over it belongs to it and
//! ends with us. Everything else is asked on connections of its own, so that a slow look-up keeps
//! nothing else from being answered.

use std::sync::Arc;

use malai_api::{EngineState, Event, Failure, Request, Response, codes};
use malai_core::{
    control::{ControlClient, ControlError},
    home::Home,
};
use tokio::{sync::oneshot, task::JoinSet};
use tracing::{debug, info, warn};

use super::own::{answer, tell};
use crate::host::{HostEnd, Order};

/// Connections for requests at once; the engine has room for more than these.
const MOST_AT_ONCE: usize = 8;

/// Answers until that engine ends or all is to end.
pub(super) async fn serve(home: &Home, client: ControlClient, end: &mut HostEnd) {
    info!("malai runs already here; this is its tray");
    match converse(home, client, end).await {
        Ok(()) => debug!("let go of the running engine"),
        Err(error) => warn!(%error, "lost the running engine"),
    }
}

async fn converse(
    home: &Home,
    mut client: ControlClient,
    end: &mut HostEnd,
) -> Result<(), ControlError> {
    client.request(&Request::Watch).await?;
    end.state
        .send_replace(EngineState::Running { attached: true });
    let stop = end.ending.stop.clone();
    let mut answers = JoinSet::new();
    loop {
        // Every branch is cancel safe; what is taken from a queue is handled before the next turn.
        tokio::select! {
            biased;
            () = stop.cancelled() => return Ok(()),
            order = end.orders.recv(), if answers.len() < MOST_AT_ONCE => match order {
                Some(Order::Ask { request, reply }) if is_owned(&request) => {
                    answer(reply, client.request(&request).await?);
                }
                Some(Order::Ask { request, reply }) => {
                    answers.spawn(ask(home.clone(), request, reply));
                }
                Some(Order::UseKeyFile | Order::Retry) => debug!("an engine runs already"),
                None => return Ok(()),
            },
            Some(ended) = answers.join_next() => {
                if let Err(panicked) = ended {
                    warn!(error = %panicked, "answering a request went wrong");
                }
            }
            event = client.next_event() => {
                let Some(event) = event? else {
                    return Ok(());
                };
                match event {
                    Event::Status(status) => {
                        end.status.send_replace(Some(Arc::from(status)));
                    }
                    event => tell(end, event),
                }
            }
        }
    }
}

/// Whether what is asked for lives as long as the connection it was asked on.
fn is_owned(request: &Request) -> bool {
    matches!(request, Request::Share(_) | Request::Bridge(_))
}

async fn ask(home: Home, request: Request, reply: oneshot::Sender<Response>) {
    answer(reply, ask_alone(&home, &request).await);
}

async fn ask_alone(home: &Home, request: &Request) -> Response {
    let asked = async {
        match ControlClient::connect(home).await? {
            Some(mut client) => client.request(request).await.map(Some),
            None => Ok(None),
        }
    };
    match asked.await {
        Ok(Some(response)) => response,
        Ok(None) => Failure::new(codes::NOT_RUNNING, "malai's engine has ended").into(),
        Err(error) => Failure::new("control-failed", error.to_string()).into(),
    }
}
