//! Prints events on a thread of its own: a pipe that nobody reads must not hold traffic up.
//!
//! Its queue is bounded; what does not fit is lost, and said to be.

use std::{
    io,
    sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    thread,
    time::Duration,
};

use malai_api::Event;
use tokio::{sync::oneshot, time::timeout};

use super::Output;
use crate::text;

/// Events that wait to be printed.
const QUEUE: usize = 1024;

/// How long the last events may take to be printed.
const FINISH_TIMEOUT: Duration = Duration::from_secs(1);

/// Prints what it is given, in order.
#[derive(Debug)]
pub(crate) struct Printer {
    queue: SyncSender<Event>,
    finished: oneshot::Receiver<()>,
    lost: u64,
}

impl Printer {
    pub(crate) fn start(output: Output) -> io::Result<Self> {
        let (queue, events) = sync_channel(QUEUE);
        let (sender, finished) = oneshot::channel::<()>();
        thread::Builder::new()
            .name("printer".to_owned())
            .spawn(move || {
                print_all(&events, output);
                // Whoever waits for the end hears of it by this being dropped.
                drop(sender);
            })?;
        Ok(Self {
            queue,
            finished,
            lost: 0,
        })
    }

    /// Prints `event` as soon as it can; it never waits.
    ///
    /// Fails when nobody reads the output any more.
    pub(crate) fn print(&mut self, event: Event) -> io::Result<()> {
        if self.lost > 0 && self.enqueue(text::lost_events(self.lost))? {
            self.lost = 0;
        }
        if !self.enqueue(event)? {
            self.lost += 1;
        }
        Ok(())
    }

    /// Waits until everything is printed, but not for ever.
    pub(crate) async fn finish(self) {
        drop(self.queue);
        if timeout(FINISH_TIMEOUT, self.finished).await.is_err() {
            tracing::debug!("the last events were not printed in time");
        }
    }

    /// Whether there was room.
    fn enqueue(&self, event: Event) -> io::Result<bool> {
        match self.queue.try_send(event) {
            Ok(()) => Ok(true),
            Err(TrySendError::Full(_)) => Ok(false),
            Err(TrySendError::Disconnected(_)) => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }
}

fn print_all(events: &Receiver<Event>, output: Output) {
    for event in events {
        if let (Event::Ui { url }, false) = (&event, output.is_json()) {
            // A result, and a secret: not for the log that stderr may be.
            if let Err(error) = output.line(&format!("web UI: {url}")) {
                tracing::debug!(%error, "nobody reads the address");
            }
        } else if output.is_json() {
            if let Err(error) = output.object(&event) {
                tracing::debug!(%error, "nobody reads the events");
                return;
            }
        } else if output.is_for_person() || !matches!(event, Event::Request { .. }) {
            // A line for each request is for somebody who watches, not for a log file.
            if let Some(line) = text::event(&event) {
                output.talk(&line);
            }
        }
    }
}
