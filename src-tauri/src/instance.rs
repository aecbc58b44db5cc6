//! One application for each home: a second start shows the first one's window and goes.
//!
//! The lock says who is first and is freed by the system however that one ends; the door, a socket
//! of the owner alone, takes one line of JSON: where to go. Nothing else can be asked there.
//! It is by home and not by session, so that two homes can run side by side, and it needs no D-Bus.

#[cfg_attr(unix, path = "instance/unix.rs")]
#[cfg_attr(windows, path = "instance/windows.rs")]
mod door;

use std::{
    fs::{File, OpenOptions, TryLockError},
    path::Path,
    time::Duration,
};

use anyhow::{Context as _, bail};
use malai_api::Navigation;
use malai_core::home::Home;
use tokio::{
    io::{
        AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _,
        BufReader,
    },
    time::{Instant, sleep, timeout},
};
use tracing::{debug, info, warn};

use self::door::Door;
use crate::{
    args::connect_to,
    controller::{Inbox, Input},
};

/// How long the first one may take to open its door.
const PATIENCE: Duration = Duration::from_secs(5);

/// How often its door is tried.
const INTERVAL: Duration = Duration::from_millis(50);

/// How long a second start may take to say where to go.
const LINE_TIMEOUT: Duration = Duration::from_secs(2);

/// The longest line, in bytes: a link and what is around it.
const LONGEST_LINE: u64 = 8 * 1024;

/// What the first one answers.
const HEARD: &[u8] = b"ok\n";

/// Which one this is.
#[derive(Debug)]
pub(crate) enum Place {
    /// The first on its home.
    First(Instance),
    /// Another one runs and has been told.
    HandedOver,
}

/// Being the first; until dropped.
#[derive(Debug)]
pub(crate) struct Instance {
    door: Option<Door>,
    _lock: File,
}

/// Becomes the first application on `home`, or tells the first one where to go.
///
/// # Errors
/// When neither is possible.
pub(crate) async fn take(home: &Home, navigation: Option<Navigation>) -> anyhow::Result<Place> {
    if let Some(lock) = lock(&home.state().join("desktop.lock"))? {
        // Without a door it is still the first one, only a second start cannot be heard.
        let door = Door::open(home).map_or_else(
            |error| {
                warn!(%error, "a second start will not be heard");
                None
            },
            Some,
        );
        return Ok(Place::First(Instance { door, _lock: lock }));
    }
    let deadline = Instant::now() + PATIENCE;
    loop {
        match hand_over(home, navigation.as_ref()).await {
            Ok(()) => return Ok(Place::HandedOver),
            Err(error) if Instant::now() < deadline => {
                debug!(%error, "the running application does not listen yet");
                sleep(INTERVAL).await;
            }
            Err(error) => return Err(error.context("malai runs already here, but does not answer")),
        }
    }
}

impl Instance {
    /// Hears of later starts until the controller has ended.
    pub(crate) async fn listen(self, inbox: Inbox) {
        let Some(mut door) = self.door else {
            return;
        };
        loop {
            let heard = async { timeout(LINE_TIMEOUT, hear(door.next().await?)).await? };
            match heard.await {
                Ok(Some(navigation)) => {
                    info!("started a second time; the window is shown");
                    if inbox.send(Input::Show(cleaned(navigation))).await.is_err() {
                        return;
                    }
                }
                Ok(None) => debug!("started a second time, hidden"),
                Err(error) => {
                    debug!(%error, "a second start was not understood");
                    sleep(INTERVAL).await;
                }
            }
        }
    }
}

/// A link from another process is looked at like any from outside.
fn cleaned(navigation: Navigation) -> Navigation {
    match navigation {
        Navigation::Connect { link: Some(link) } => connect_to(&link),
        other => other,
    }
}

fn lock(path: &Path) -> anyhow::Result<Option<File>> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let cannot = || format!("cannot write {}; check its permissions", path.display());
    let file = options.open(path).with_context(cannot)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error).with_context(cannot),
    }
}

async fn hand_over(home: &Home, navigation: Option<&Navigation>) -> anyhow::Result<()> {
    let mut stream = door::knock(home).await?;
    let mut line = serde_json::to_vec(&navigation)?;
    line.push(b'\n');
    let told = async {
        stream.write_all(&line).await?;
        let mut answer = Vec::new();
        (&mut stream)
            .take(HEARD.len() as u64)
            .read_to_end(&mut answer)
            .await?;
        anyhow::Ok(answer)
    };
    if timeout(LINE_TIMEOUT, told).await?? != HEARD {
        bail!("it did not understand");
    }
    Ok(())
}

async fn hear(stream: impl AsyncRead + AsyncWrite + Unpin) -> anyhow::Result<Option<Navigation>> {
    let mut stream = BufReader::new(stream);
    let mut line = Vec::new();
    (&mut stream)
        .take(LONGEST_LINE)
        .read_until(b'\n', &mut line)
        .await?;
    let navigation = serde_json::from_slice(&line)?;
    stream.get_mut().write_all(HEARD).await?;
    Ok(navigation)
}

#[cfg(all(test, unix))]
mod tests {
    use tokio::sync::mpsc;

    use super::*;

    #[tokio::test]
    async fn a_second_start_tells_the_first_where_to_go() {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::open(Some(dir.path().to_owned())).unwrap();
        let Place::First(first) = take(&home, None).await.unwrap() else {
            panic!("nobody else is there");
        };
        let (inbox, mut inputs) = mpsc::channel(1);
        let link = Some("malai://abc/shop".to_owned());
        let second = async {
            let navigation = Navigation::Connect { link: link.clone() };
            let place = take(&home, Some(navigation)).await.unwrap();
            assert!(matches!(place, Place::HandedOver));
            inputs.recv().await
        };
        let input = tokio::select! {
            input = second => input,
            () = first.listen(inbox) => panic!("it stopped listening"),
        };
        let Some(Input::Show(Navigation::Connect { link: heard })) = input else {
            panic!("{input:?}");
        };
        assert_eq!(heard, link);
    }

    #[tokio::test]
    async fn the_next_one_is_first_when_the_first_has_gone() {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::open(Some(dir.path().to_owned())).unwrap();
        drop(take(&home, None).await.unwrap());
        assert!(matches!(take(&home, None).await.unwrap(), Place::First(_)));
    }
}
