//! Putting texts on the clipboard.
//!
//! On X11 and Wayland whoever copies has to serve the text for as long as it is wanted, and both
//! may block, so the clipboard has a thread of its own that lives as long as the application.

use std::thread;

use anyhow::{Context as _, anyhow};
use tokio::{
    sync::{mpsc, oneshot},
    time::{Duration, timeout},
};
use tracing::{debug, error};

/// Texts that wait to be copied; people copy one at a time.
const QUEUE: usize = 8;

/// How long copying may take.
const DEADLINE: Duration = Duration::from_secs(5);

/// The way to the clipboard; clones are the same one.
#[derive(Debug, Clone)]
pub(crate) struct Clipboard {
    copies: mpsc::Sender<Copy>,
}

#[derive(Debug)]
struct Copy {
    text: String,
    reply: oneshot::Sender<Result<(), arboard::Error>>,
}

impl Clipboard {
    /// Starts the thread; the clipboard itself is opened when it is first used.
    pub(crate) fn start() -> Self {
        let (copies, inbox) = mpsc::channel(QUEUE);
        let started = thread::Builder::new()
            .name("clipboard".to_owned())
            .spawn(move || serve(inbox));
        if let Err(error) = started {
            error!(%error, "no thread for the clipboard");
        }
        Self { copies }
    }

    /// Copies `text`.
    ///
    /// # Errors
    /// When there is no clipboard, or it does not answer.
    pub(crate) async fn copy(&self, text: String) -> anyhow::Result<()> {
        let (reply, copied) = oneshot::channel();
        let done = async {
            let lost = || anyhow!("the clipboard's thread has ended");
            self.copies
                .send(Copy { text, reply })
                .await
                .map_err(|_| lost())?;
            copied
                .await
                .map_err(|_| lost())?
                .context("the clipboard cannot be used")
        };
        timeout(DEADLINE, done)
            .await
            .context("the clipboard does not answer")?
    }
}

fn serve(mut inbox: mpsc::Receiver<Copy>) {
    // Kept open: what was copied is gone with it.
    let mut clipboard: Option<arboard::Clipboard> = None;
    while let Some(Copy { text, reply }) = inbox.blocking_recv() {
        let opened = match clipboard.take() {
            Some(open) => Ok(open),
            None => arboard::Clipboard::new(),
        };
        let copied = opened.and_then(|mut open| {
            open.set_text(text)?;
            clipboard = Some(open);
            Ok(())
        });
        if reply.send(copied).is_err() {
            debug!("whoever copied did not wait");
        }
    }
}
