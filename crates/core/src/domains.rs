//! Domains that stand for a peer: a TXT record names the peer's key.
//!
//! The first key of a domain is remembered, in `state/domains.json`; another one is told of and not
//! followed until a person accepts it. What is remembered goes on when the DNS cannot be asked.
//! Answers are kept for the TTL of their records; a name in use is asked for again in the
//! background, so that no request waits for it.

mod answer;
mod asking;
mod cache;
mod error;
mod file;
mod query;
mod records;
mod state;

use std::{
    collections::HashMap,
    net::SocketAddr,
    path::PathBuf,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use arc_swap::ArcSwap;
use fastn_p2p::PublicKey;
use malai_api::{Event, Failure};
use tokio::{sync::Semaphore, task::spawn_blocking};

pub(crate) use self::{
    answer::{Answer, Meaning, meaning},
    query::said,
    records::{Spot, line},
};
use self::{
    file::{DomainsFileError, Known},
    state::State,
};
use crate::{config::DomainsConfig, events::EventFeed, shutdown::Shutdown};

pub use error::DomainError;

/// Lookups under way at once.
const MAX_LOOKUPS: usize = 16;

/// What domains mean; clones share it.
#[derive(Debug, Clone)]
pub struct Domains(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// Where it is kept; `None` for nowhere.
    path: Option<PathBuf>,
    servers: ArcSwap<Vec<SocketAddr>>,
    state: Mutex<State>,
    /// One for each domain that is being looked up.
    turns: Mutex<HashMap<String, Arc<tokio::sync::Mutex<()>>>>,
    lookups: Semaphore,
    /// Only one writes at a time, so that the last word stays.
    writing: tokio::sync::Mutex<()>,
    /// How often another key was accepted.
    generation: AtomicU64,
    shutdown: Shutdown,
    events: EventFeed,
}

/// What is to be said of a domain.
#[derive(Debug)]
pub(crate) struct Looked {
    /// What the DNS says.
    pub(crate) answer: Answer,
    /// What is remembered.
    pub(crate) known: Option<PublicKey>,
    /// What follows from both.
    pub(crate) meaning: Result<Meaning, DomainError>,
}

impl Domains {
    /// Those that the file `path` remembers; without one nothing is kept.
    ///
    /// Blocks for the time of a disk access. A file that cannot be read is told to `events`.
    #[must_use]
    pub fn open(path: Option<PathBuf>, shutdown: &Shutdown, events: EventFeed) -> Self {
        let loaded = path.as_deref().map(file::load).unwrap_or(Ok(Known::new()));
        let (known, path, unreadable) = match loaded {
            Ok(known) => (known, path, None),
            Err(error @ DomainsFileError::MovedAside { .. }) => (Known::new(), path, Some(error)),
            // What cannot be read and not be moved is not written over either.
            Err(error) => (Known::new(), None, Some(error)),
        };
        let domains = Self(Arc::new(Inner {
            path,
            servers: ArcSwap::default(),
            state: Mutex::new(State::new(known)),
            turns: Mutex::default(),
            lookups: Semaphore::new(MAX_LOOKUPS),
            writing: tokio::sync::Mutex::default(),
            generation: AtomicU64::new(0),
            shutdown: shutdown.clone(),
            events,
        }));
        if let Some(error) = unreadable {
            domains.tell("domains-unreadable", &error.words());
        }
        domains
    }

    /// Takes over which servers are asked; with other ones all answers are asked for again.
    pub fn apply(&self, config: &DomainsConfig) {
        if **self.0.servers.load() != config.servers {
            self.0.servers.store(Arc::new(config.servers.clone()));
            self.state().begin_anew();
        }
    }

    /// The key that is remembered for `domain`.
    pub(crate) fn known(&self, domain: &str) -> Option<PublicKey> {
        self.state().known.get(domain).copied()
    }

    /// The remembered key, when it was found right in this run and nothing has spoken against it
    /// since.
    pub(crate) fn settled(&self, domain: &str) -> Option<PublicKey> {
        self.state().settled(domain)
    }

    /// Changes whenever a key was accepted in place of another.
    pub(crate) fn generation(&self) -> u64 {
        self.0.generation.load(Ordering::Relaxed)
    }

    /// The key of `domain`, for a dial: one that is settled is asked for again in the background.
    /// Cancel safe.
    ///
    /// # Errors
    /// [`DomainError`] when it means nobody, or nobody for certain.
    pub(crate) async fn key(&self, domain: &str) -> Result<PublicKey, DomainError> {
        if let Some(key) = self.settled(domain) {
            self.refresh(domain);
            return Ok(key);
        }
        self.settle(domain).await
    }

    /// The key of `domain`, for something new: the first one is remembered. Cancel safe.
    ///
    /// # Errors
    /// [`DomainError`] when it means nobody, or nobody for certain.
    pub(crate) async fn settle(&self, domain: &str) -> Result<PublicKey, DomainError> {
        let answer = self.answer(domain).await;
        let meaning = self.state().take_up(domain, &answer)?;
        // Also what somebody else has taken up and had no time to save.
        let is_saved = !self.state().is_unsaved;
        if !is_saved && let Err(failure) = self.save().await {
            self.tell(&failure.code, &failure.message);
        }
        Ok(meaning.key())
    }

    /// What is to be said of `domain`; nothing is remembered. Cancel safe.
    pub(crate) async fn look(&self, domain: &str) -> Looked {
        let answer = self.answer(domain).await;
        self.looked(domain, answer)
    }

    /// The same, asked of the DNS at this moment. Cancel safe.
    pub(crate) async fn look_again(&self, domain: &str) -> Looked {
        let answer = self.ask(domain).await;
        self.looked(domain, answer)
    }

    /// Remembers the key that `domain` names now, in place of another one.
    ///
    /// # Errors
    /// When it names none, or it cannot be kept.
    pub(crate) async fn accept(&self, domain: &str) -> Result<Looked, Failure> {
        let answer = self.ask(domain).await;
        if let Answer::Key(named) = &answer {
            let is_another = self.state().accept(domain, named.key);
            if is_another.map_err(|error| Failure::from(&error))? {
                self.0.generation.fetch_add(1, Ordering::Relaxed);
            }
            self.save().await?;
        }
        Ok(self.looked(domain, answer))
    }

    fn looked(&self, domain: &str, answer: Answer) -> Looked {
        let known = self.known(domain);
        let meaning = meaning(domain, known, &answer);
        Looked {
            answer,
            known,
            meaning,
        }
    }

    async fn save(&self) -> Result<(), Failure> {
        let Some(path) = self.0.path.clone() else {
            return Ok(());
        };
        let writing = self.0.writing.lock().await;
        let known = {
            let mut state = self.state();
            state.is_unsaved = false;
            state.known.clone()
        };
        let written = spawn_blocking(move || file::write(&path, known)).await;
        if !matches!(written, Ok(Ok(()))) {
            self.state().is_unsaved = true;
        }
        drop(writing);
        match written {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(Failure::new("domains-not-saved", error.words())),
            Err(error) => Err(Failure::new("internal", error.to_string())),
        }
    }

    fn tell(&self, code: &str, message: &str) {
        // The message names a domain, which is nobody's business above DEBUG.
        tracing::warn!(code, "a domain needs a look");
        tracing::debug!(code, error = message, "what is with the domain");
        self.0.events.send(|| Event::Error {
            code: code.to_owned(),
            message: message.to_owned(),
        });
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether `servers`, or those of the system when there are none, answer a question about `domain`.
/// Nothing is remembered. Cancel safe.
///
/// # Errors
/// Why not, in plain words.
pub(crate) async fn try_servers(servers: &[SocketAddr], domain: &str) -> Result<(), String> {
    match query::ask(servers, domain).await {
        (Answer::Failed(why), _) => Err(why),
        (Answer::Key(_) | Answer::Nobody | Answer::Several(_), _) => Ok(()),
    }
}

#[cfg(test)]
mod tests;
