//! Staying until something ends: a signal, the share's time, or the engine.

use std::time::Duration;

use malai_api::{Event, Failure, Request, codes};
use malai_core::control::ControlClient;
use tokio::{sync::oneshot, time::timeout};

use super::{Own, Session};
use crate::{
    exit::Exit,
    output::{Output, Printer},
    signals::{Signal, Signals},
    text,
};

/// How long a running engine may take to end our share before we leave anyway.
const STOP_TIMEOUT: Duration = Duration::from_secs(3);

/// How long an engine may take to cut everything when it is told to hurry.
const AT_ONCE: Duration = Duration::from_millis(500);

/// What a command stays with.
#[derive(Debug)]
pub(crate) struct Watched {
    /// The name of the share or bridge here.
    pub(crate) name: String,
    /// What its requests name: for a bridge, the peer's name of the service.
    pub(crate) service: String,
}

/// Stays with a share or bridge, telling what happens to it.
pub(crate) async fn stay(
    mut session: Session,
    watched: Watched,
    mut signals: Signals,
    output: Output,
) -> anyhow::Result<Exit> {
    let mut printer = Printer::start(output)?;
    loop {
        let event = tokio::select! {
            biased;
            signal = signals.next() => {
                let exit = exit_of(signal);
                return match session {
                    Session::Own(own) => drain(*own, exit, signals, printer, output).await,
                    Session::Attached(client) => {
                        leave(*client, &watched.name, output).await;
                        printer.finish().await;
                        Ok(exit)
                    }
                };
            }
            event = session.next_event() => event?,
        };
        let Some(event) = event else {
            printer.finish().await;
            return Err(Failure::new(codes::STOPPING, "the running engine has ended").into());
        };
        if !watched.concerns(&event) {
            continue;
        }
        let is_over = matches!(event, Event::Stopped { .. });
        printer.print(event)?;
        if is_over {
            return match session {
                Session::Own(own) => drain(*own, Exit::Done, signals, printer, output).await,
                Session::Attached(_) => {
                    printer.finish().await;
                    Ok(Exit::Done)
                }
            };
        }
    }
}

/// Runs an engine of our own until a signal, telling all that happens.
pub(crate) async fn run_until_signal(
    mut own: Own,
    mut signals: Signals,
    output: Output,
) -> anyhow::Result<Exit> {
    let mut printer = Printer::start(output)?;
    loop {
        tokio::select! {
            biased;
            signal = signals.next() => {
                return drain(own, exit_of(signal), signals, printer, output).await;
            }
            event = own.next_event() => match event {
                Some(event) => printer.print(event)?,
                None => return Ok(Exit::Done),
            },
        }
    }
}

fn exit_of(signal: Signal) -> Exit {
    match signal {
        Signal::Interrupt => Exit::Interrupted,
        Signal::Terminate => Exit::Done,
    }
}

/// Stops an engine of our own and tells how; a second signal does not wait for it.
async fn drain(
    own: Own,
    exit: Exit,
    mut signals: Signals,
    mut printer: Printer,
    output: Output,
) -> anyhow::Result<Exit> {
    let Own {
        engine, mut events, ..
    } = own;
    let (hurry, hurried) = oneshot::channel::<()>();
    let mut stopping = Box::pin(engine.stop_or_cut(async {
        if hurried.await.is_err() {
            std::future::pending::<()>().await;
        }
    }));
    let (drained, exit) = tokio::select! {
        biased;
        drained = &mut stopping => (Some(drained), exit),
        _ = signals.next() => {
            if hurry.send(()).is_err() {
                tracing::debug!("it has just stopped");
            }
            // Peers are told, but nobody waits for those who do not hear it.
            (timeout(AT_ONCE, stopping).await.ok(), Exit::Interrupted)
        }
    };
    while let Ok(event) = events.try_recv() {
        printer.print(event)?;
    }
    printer.finish().await;
    match drained {
        Some(drained) => output.talk(&text::drained(drained)),
        None => output.talk("ended at once; what was in flight is cut"),
    }
    Ok(exit)
}

/// Ends what the running engine has for us.
///
/// It would end with the connection, too; asking makes it over before we are.
async fn leave(mut client: ControlClient, name: &str, output: Output) {
    let request = Request::Stop {
        name: name.to_owned(),
        forget: false,
    };
    match timeout(STOP_TIMEOUT, client.request(&request)).await {
        Ok(Ok(_)) => output.talk(&format!("`{name}` has ended")),
        Ok(Err(error)) => tracing::debug!(%error, "not told that it ended"),
        Err(_) => tracing::debug!("not told in time that it ended"),
    }
}

impl Watched {
    /// Whether an event is about this; its beginning was told already.
    fn concerns(&self, event: &Event) -> bool {
        match event {
            Event::Request { service, .. } | Event::Access { service, .. } => {
                *service == self.service
            }
            Event::Stopped { service, .. } => *service == self.name,
            Event::Identity { .. } | Event::Shared { .. } | Event::Bridged { .. } => false,
            Event::Peer { .. } | Event::Drained { .. } | Event::Error { .. } | _ => true,
        }
    }
}
