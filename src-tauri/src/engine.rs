//! The engine's thread: an engine of our own, or the one that already runs on this home.
//!
//! It has a thread and a runtime to itself: nothing of the desktop may hold its traffic up.
//! When an engine we were attached to ends, the next one is started or waited for.

mod attached;
mod backoff;
mod opening;
mod own;

use std::thread;

use anyhow::Context as _;
use malai_api::{EngineState, Failure};
use malai_core::{home::Home, identity::KeyStore, logs::LogsHandle, runtime};
use tokio::{sync::oneshot, time::sleep};
use tracing::{error, info, warn};

use self::{
    backoff::Backoff,
    opening::{NotOpened, Opened, open},
};
use crate::host::{HostEnd, Order};

/// What the engine is started with.
#[derive(Debug, Clone)]
pub(crate) struct EngineSetup {
    pub(crate) home: Home,
    pub(crate) key_store: Option<KeyStore>,
    pub(crate) logs: LogsHandle,
}

/// Resolves when the engine's thread is done.
pub(crate) type Done = oneshot::Receiver<()>;

/// Starts the thread.
///
/// # Errors
/// When the system gives no thread or no runtime.
pub(crate) fn start(setup: EngineSetup, end: HostEnd) -> anyhow::Result<Done> {
    let runtime = runtime::build().context("cannot start the engine's runtime")?;
    let (done, is_done) = oneshot::channel();
    let engine = move || {
        runtime.block_on(run(setup, end));
        // A thread that still waits for a locked keychain must not hold the end up.
        runtime.shutdown_background();
        // A panic before this line is told by the channel's end.
        if done.send(()).is_err() {
            warn!("nobody waited for the engine's end");
        }
    };
    thread::Builder::new()
        .name("engine".to_owned())
        .spawn(engine)
        .context("cannot start the engine's thread")?;
    Ok(is_done)
}

async fn run(mut setup: EngineSetup, mut end: HostEnd) {
    let ending = end.ending.clone();
    let mut backoff = Backoff::default();
    loop {
        end.state.send_replace(EngineState::Starting);
        let opened = tokio::select! {
            biased;
            () = ending.stop.cancelled() => break,
            opened = open(&setup) => opened,
        };
        match opened {
            Ok(Opened::Own(engine, events)) => {
                own::serve(*engine, events, &mut end).await;
                break;
            }
            Ok(Opened::Attached(client)) => {
                backoff.reset();
                attached::serve(&setup.home, *client, &mut end).await;
                end.status.send_replace(None);
                if ending.stop.is_cancelled() {
                    break;
                }
            }
            Err(not_opened) => {
                let (failure, may_retry) = tell(not_opened, &end);
                let Some(next) = wait(&failure, may_retry, &mut backoff, &mut end).await else {
                    break;
                };
                if next == Next::UseKeyFile {
                    setup.key_store = Some(KeyStore::File);
                }
            }
        }
    }
    end.state.send_replace(EngineState::Stopping);
}

/// Says why there is no engine; also returns whether trying again by itself may help.
fn tell(not_opened: NotOpened, end: &HostEnd) -> (Failure, bool) {
    match not_opened {
        NotOpened::Asks(path, failure) => {
            info!("no keychain answers; the user is asked about a file");
            let path = path.display().to_string();
            end.state.send_replace(EngineState::AsksForKeyFile { path });
            (failure, false)
        }
        NotOpened::Failed(failure) => {
            error!(
                code = failure.code,
                error = failure.message,
                "the engine cannot start"
            );
            end.state.send_replace(EngineState::Failed(failure.clone()));
            // Asking a locked keychain again and again would show its owner prompt after prompt.
            let is_about_keys = ["keychain", "identity", "key-file"];
            let may_retry = !is_about_keys.iter().any(|part| failure.code.contains(part));
            (failure, may_retry)
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Next {
    Retry,
    UseKeyFile,
}

/// Until there is a reason to try again; `None` when all is to end.
async fn wait(
    failure: &Failure,
    may_retry: bool,
    backoff: &mut Backoff,
    end: &mut HostEnd,
) -> Option<Next> {
    let pause = sleep(backoff.next());
    tokio::pin!(pause);
    loop {
        tokio::select! {
            biased;
            () = end.ending.stop.cancelled() => return None,
            order = end.orders.recv() => match order? {
                Order::Ask { reply, .. } => own::answer(reply, failure.clone().into()),
                Order::Retry => {
                    backoff.reset();
                    return Some(Next::Retry);
                }
                Order::UseKeyFile => {
                    let state = end.state.borrow().clone();
                    // Anywhere else a key that exists would be passed over.
                    if matches!(state, EngineState::AsksForKeyFile { .. }) {
                        return Some(Next::UseKeyFile);
                    }
                }
            },
            () = &mut pause, if may_retry => return Some(Next::Retry),
        }
    }
}

#[cfg(test)]
mod tests;
