//! Questions to the operating system's keychain, each with an end.
//!
//! A locked keychain may wait for a dialog that nobody can see, and the stores offer no way out of
//! that; so every question is asked on one thread of its own and given up after a limit.
//! A thread that is stuck is left behind: it holds no lock of ours and does not keep the process.
//! What failed is told by the stage more than by the error: no store to be had is *unavailable*, a
//! store that will not open is *locked*, and "no such entry" is an answer, not a failure.

mod system;

use std::{
    fmt::Write,
    sync::{Arc, mpsc},
    time::Duration,
};

use keyring_core::{CredentialStore, Error};
use tokio::sync::oneshot;
use tracing::debug;
use zeroize::Zeroizing;

use super::error::KeychainCause;

/// How long a question may take where a person can be asked to unlock the keychain.
const DESKTOP_LIMIT: Duration = Duration::from_secs(30);

/// How long a question may take where no dialog can be shown.
const HEADLESS_LIMIT: Duration = Duration::from_secs(5);

/// Questions that may wait behind the one being asked.
const QUEUE_LENGTH: usize = 4;

/// How often a keychain that is still starting is tried; the Secret Service store gives up on a
/// message after 2 s, and a service started on demand can take longer.
const CONNECT_ATTEMPTS: u32 = 5;

/// Why the keychain gave no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum KeychainError {
    /// There is no keychain here.
    Unavailable(KeychainCause),
    /// There is one, but it stays closed or silent.
    Locked(KeychainCause),
    /// It answered, with a failure.
    Failed(KeychainCause),
}

impl KeychainError {
    pub(super) fn unavailable(cause: impl Into<String>) -> Self {
        Self::Unavailable(KeychainCause(cause.into()))
    }

    pub(super) fn locked(cause: impl Into<String>) -> Self {
        Self::Locked(KeychainCause(cause.into()))
    }

    pub(super) fn failed(cause: impl Into<String>) -> Self {
        Self::Failed(KeychainCause(cause.into()))
    }

    /// Judges an error of an entry; only its message is kept, its fields may hold a secret.
    fn of_entry(error: &Error) -> Self {
        if matches!(error, Error::NoStorageAccess(_)) {
            Self::locked(error.to_string())
        } else {
            Self::failed(error.to_string())
        }
    }
}

type Connection = Result<Arc<CredentialStore>, KeychainError>;
type Question = Box<dyn FnOnce(&Connection) + Send>;

/// The thread that talks to one keychain; it ends when this is dropped.
#[derive(Debug)]
pub(super) struct Keychain {
    questions: mpsc::SyncSender<Question>,
    limit: Duration,
}

impl Keychain {
    /// The keychain of the operating system; it is not touched before the first question.
    pub(super) fn system() -> Self {
        Self::start(system::connect, limit())
    }

    /// The kernel's keyring, where legacy malai kept keys.
    #[cfg(target_os = "linux")]
    pub(super) fn legacy_kernel() -> Self {
        Self::start(system::connect_legacy_kernel, limit())
    }

    /// Starts a thread for the store that `connect` opens.
    pub(super) fn start<F>(connect: F, limit: Duration) -> Self
    where
        F: Fn() -> keyring_core::Result<Arc<CredentialStore>> + Send + 'static,
    {
        let (questions, asked) = mpsc::sync_channel(QUEUE_LENGTH);
        let thread = std::thread::Builder::new()
            .name("keychain".to_owned())
            .spawn(move || answer(&asked, connect));
        if let Err(error) = thread {
            // The receiver is gone with the closure, so every question fails.
            debug!(%error, "the keychain's thread did not start");
        }
        Self { questions, limit }
    }

    /// The value of an entry; `None` when the keychain says there is no such entry, which a
    /// locked one can say as well.
    pub(super) async fn get(
        &self,
        service: &'static str,
        user: &str,
    ) -> Result<Option<Zeroizing<Vec<u8>>>, KeychainError> {
        let user = user.to_owned();
        self.ask(
            move |store| match store.build(service, &user, None)?.get_secret() {
                Ok(value) => Ok(Some(Zeroizing::new(value))),
                Err(Error::NoEntry) => Ok(None),
                Err(error) => Err(error),
            },
        )
        .await
    }

    /// Makes or overwrites an entry.
    pub(super) async fn set(
        &self,
        service: &'static str,
        user: &str,
        value: Zeroizing<String>,
    ) -> Result<(), KeychainError> {
        let user = user.to_owned();
        self.ask(move |store| {
            store
                .build(service, &user, None)?
                .set_secret(value.as_bytes())
        })
        .await
    }

    /// Removes an entry.
    pub(super) async fn delete(
        &self,
        service: &'static str,
        user: &str,
    ) -> Result<(), KeychainError> {
        let user = user.to_owned();
        self.ask(move |store| store.build(service, &user, None)?.delete_credential())
            .await
    }

    /// Cancel safe for the asker; a question that was put is still asked.
    async fn ask<T, F>(&self, question: F) -> Result<T, KeychainError>
    where
        T: Send + 'static,
        F: FnOnce(&CredentialStore) -> keyring_core::Result<T> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let question: Question = Box::new(move |connection| {
            let result = match connection {
                Ok(store) => {
                    question(store.as_ref()).map_err(|error| KeychainError::of_entry(&error))
                }
                Err(error) => Err(error.clone()),
            };
            if reply.send(result).is_err() {
                debug!("the keychain answered after the wait for it had ended");
            }
        });
        match self.questions.try_send(question) {
            Ok(()) => {}
            Err(mpsc::TrySendError::Full(_)) => {
                return Err(KeychainError::locked("it is busy with earlier questions"));
            }
            Err(mpsc::TrySendError::Disconnected(_)) => {
                return Err(KeychainError::failed("its thread has ended"));
            }
        }
        match tokio::time::timeout(self.limit, answer).await {
            Ok(Ok(result)) => result,
            Ok(Err(_)) => Err(KeychainError::failed("its thread has ended")),
            Err(_) => {
                let mut cause = String::from("it did not answer");
                if write!(cause, " within {} s", self.limit.as_secs()).is_err() {
                    debug!("a text could not be written into memory");
                }
                Err(KeychainError::locked(cause))
            }
        }
    }
}

/// Answers questions until nobody can ask any more.
fn answer<F>(questions: &mpsc::Receiver<Question>, connect: F)
where
    F: Fn() -> keyring_core::Result<Arc<CredentialStore>>,
{
    let Ok(first) = questions.recv() else {
        return;
    };
    let connection = connect_patiently(connect);
    first(&connection);
    for question in questions {
        question(&connection);
    }
}

fn connect_patiently<F>(connect: F) -> Connection
where
    F: Fn() -> keyring_core::Result<Arc<CredentialStore>>,
{
    let mut last = String::new();
    for _ in 0..CONNECT_ATTEMPTS {
        match connect() {
            Ok(store) => return Ok(store),
            Err(error) if system::is_late(&error) => last = error.to_string(),
            Err(error) => return Err(KeychainError::unavailable(error.to_string())),
        }
    }
    Err(KeychainError::locked(last))
}

/// A prompt needs a screen, which on Linux a session announces; elsewhere it is assumed.
fn limit() -> Duration {
    let screen = ["WAYLAND_DISPLAY", "DISPLAY"]
        .iter()
        .any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()));
    if screen || !cfg!(target_os = "linux") {
        DESKTOP_LIMIT
    } else {
        HEADLESS_LIMIT
    }
}
