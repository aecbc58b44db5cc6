//! Tells when the user's file has changed, however an editor writes it.
//!
//! Editors replace files, write them in place or in several steps, and some file systems report
//! nothing at all. So a notice from the system only means *look*: the file is read when it has been
//! quiet for a moment, and told only when its bytes differ from those told last; and it is looked
//! at now and then without any notice.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use tokio::{
    sync::{Notify, mpsc},
    time::{Instant, sleep, timeout},
};
use tracing::{debug, warn};

use super::{ConfigError, Parsed, file};
use crate::shutdown::Shutdown;

/// How long the file has to be quiet before it is read.
const QUIET: Duration = Duration::from_millis(100);

/// How long a file that never gets quiet is waited for.
const QUIET_MAX: Duration = Duration::from_secs(2);

/// How long the file has to be missing or empty before that is believed: some editors remove or
/// empty it before they write it anew, and believing that would end every share.
const GONE: Duration = Duration::from_secs(1);

/// How often the file is looked at without notice, when the system gives notices.
const LOOK_SELDOM: Duration = Duration::from_secs(30);

/// How often, when it gives none.
const LOOK_OFTEN: Duration = Duration::from_secs(2);

/// Results that wait for the caller; one, since a later one makes it old.
const RESULTS: usize = 1;

type Bytes = Option<Vec<u8>>;

/// Watches the file at `path` until draining, and tells what it says each time it changed.
///
/// What counts as changed is measured from the moment of this call, so call it before
/// [`load`](super::load) and nothing is missed. An error means the file cannot be used as it is;
/// the caller keeps what it has and reports it.
pub fn watch(path: &Path, shutdown: &Shutdown) -> mpsc::Receiver<Result<Parsed, ConfigError>> {
    let (sender, receiver) = mpsc::channel(RESULTS);
    let hint = Arc::new(Notify::new());
    let watchers = watchers(path, &hint);
    // Read after the watchers stand, so that no change falls between.
    let told = file::read(path).ok();
    let watched = Watched {
        path: path.to_owned(),
        look: if watchers.is_empty() {
            LOOK_OFTEN
        } else {
            LOOK_SELDOM
        },
        hint,
        told,
    };
    let draining = shutdown.clone();
    shutdown.spawn(async move {
        tokio::select! {
            biased;
            () = draining.draining() => {}
            () = watched.run(sender) => {}
        }
        drop(watchers);
    });
    receiver
}

/// System watchers of the directory, and of the one where a symbolic link leads.
fn watchers(path: &Path, hint: &Arc<Notify>) -> Vec<RecommendedWatcher> {
    let target = file::target(path);
    let mut directories = vec![file::directory(path)];
    if file::directory(&target) != directories[0] {
        directories.push(file::directory(&target));
    }
    let mut watchers = Vec::new();
    for directory in directories {
        let hint = Arc::clone(hint);
        let heard = move |event: notify::Result<notify::Event>| {
            // Reading the file is an event too, and must not lead to reading it again.
            if !matches!(event, Ok(event) if event.kind.is_access()) {
                hint.notify_one();
            }
        };
        let watcher = notify::recommended_watcher(heard).and_then(|mut watcher| {
            watcher.watch(directory, RecursiveMode::NonRecursive)?;
            Ok(watcher)
        });
        match watcher {
            Ok(watcher) => watchers.push(watcher),
            Err(error) => {
                warn!(%error, "cannot watch the configuration; looking at it now and then instead");
                return Vec::new();
            }
        }
    }
    watchers
}

/// The file as it was told last.
#[derive(Debug)]
struct Watched {
    path: PathBuf,
    look: Duration,
    hint: Arc<Notify>,
    /// Its bytes; `None` when it was told that it cannot be read.
    told: Option<Bytes>,
}

impl Watched {
    async fn run(mut self, sender: mpsc::Sender<Result<Parsed, ConfigError>>) {
        loop {
            // Without a hint it is simply time to look.
            if timeout(self.look, self.hint.notified()).await.is_ok() {
                self.quiet().await;
            }
            let Some(result) = self.changed().await else {
                continue;
            };
            debug!("the configuration has changed");
            if sender.send(result).await.is_err() {
                return;
            }
        }
    }

    /// Waits until no hint has come for a moment, or hints have come for too long.
    async fn quiet(&self) {
        let deadline = Instant::now() + QUIET_MAX;
        while Instant::now() < deadline && timeout(QUIET, self.hint.notified()).await.is_ok() {}
    }

    /// What the file says, when its bytes are others than those told last.
    async fn changed(&mut self) -> Option<Result<Parsed, ConfigError>> {
        let mut read = self.read().await;
        if read.as_ref().is_ok_and(is_gone) && self.told.as_ref().is_some_and(|told| !is_gone(told))
        {
            sleep(GONE).await;
            read = self.read().await;
        }
        match read {
            Ok(bytes) if self.told.as_ref() == Some(&bytes) => None,
            Ok(bytes) => {
                self.told = Some(bytes.clone());
                Some(file::understand(&self.path, bytes))
            }
            Err(error) => self.told.take().map(|_| Err(error)),
        }
    }

    async fn read(&self) -> Result<Bytes, ConfigError> {
        let path = self.path.clone();
        let reading = tokio::task::spawn_blocking(move || file::read(&path));
        match reading.await {
            Ok(result) => result,
            Err(error) => Err(ConfigError::Read(
                self.path.clone(),
                std::io::Error::other(error),
            )),
        }
    }
}

fn is_gone(bytes: &Bytes) -> bool {
    let blank = |bytes: &Vec<u8>| bytes.iter().all(u8::is_ascii_whitespace);
    bytes.as_ref().is_none_or(blank)
}
