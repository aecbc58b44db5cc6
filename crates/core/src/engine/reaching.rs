//! Coming by an engine: the one that runs on a home, or one that is started.

use std::{future::Future, time::Duration};

use tokio::time::{Instant, sleep};

use super::{EngineError, LockError};
use crate::{control::ControlClient, home::Home};

/// How long an engine that has the home but no socket yet, or no more, may take to be asked.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often it is tried.
const INTERVAL: Duration = Duration::from_millis(50);

/// An engine to ask.
#[derive(Debug)]
pub enum Reached<T> {
    /// What was started here.
    Own(T),
    /// The one that runs already.
    Attached(Box<ControlClient>),
}

/// Attaches to the engine that runs on `home`, or else starts one by `start`.
///
/// While somebody else is just starting or stopping there, it tries again for 5 s.
///
/// # Errors
/// Those of `start`, among them [`LockError::Held`] when the other one cannot be asked after all;
/// [`EngineError::Control`] when there is a socket that cannot be used.
pub async fn attach_or_start<T, F, R>(home: &Home, start: F) -> Result<Reached<T>, EngineError>
where
    F: Fn() -> R,
    R: Future<Output = Result<T, EngineError>>,
{
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(client) = ControlClient::connect(home).await? {
            return Ok(Reached::Attached(Box::new(client)));
        }
        match start().await {
            Err(EngineError::Lock(LockError::Held { .. })) if Instant::now() < deadline => {
                sleep(INTERVAL).await;
            }
            started => return started.map(Reached::Own),
        }
    }
}
