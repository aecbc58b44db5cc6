//! Whom invites have let in: pinning keys, ending what has run out, and keeping what is kept.
//!
//! The keeper changes it, and [`Keeper::apply`] brings it into force; what is written to
//! `state/access.json` is about kept shares only.

use std::{path::PathBuf, time::Duration};

use malai_api::Failure;
use tokio::time::Instant;

use super::{handle::chain, keeper::Keeper};
use crate::{
    access::{Access, AccessFile, AccessFileError, AccessState, ShareId},
    config::Config,
    expose::Redemption,
};

/// How often the time of day is looked at while something is to end by it: a machine that has slept
/// wakes up later than its timers know.
const LONGEST_SLEEP: Duration = Duration::from_secs(30);

/// Invites and grants, and where they are kept.
#[derive(Debug, Default)]
pub(super) struct Guests {
    pub(super) access: Access,
    /// `None` when nothing can be kept.
    file: Option<AccessFile>,
    /// What the file says.
    written: String,
    /// What was wrong with it, until it is told.
    pub(super) unreadable: Option<Failure>,
}

impl Guests {
    /// Reads what is kept at `path`.
    pub(super) async fn open(path: Option<PathBuf>) -> Self {
        let Some(file) = path.map(AccessFile::new) else {
            return Self::default();
        };
        let reader = file.clone();
        let read = tokio::task::spawn_blocking(move || reader.load()).await;
        let failed =
            |error: &dyn std::error::Error| Failure::new("access-unreadable", chain(error));
        let (access, file, unreadable) = match read {
            Ok(Ok(access)) => (access, Some(file), None),
            Ok(Err(error @ AccessFileError::MovedAside { .. })) => {
                (Access::default(), Some(file), Some(failed(&error)))
            }
            // What cannot be read and not be moved is not written over either.
            Ok(Err(error)) => (Access::default(), None, Some(failed(&error))),
            Err(error) => (Access::default(), None, Some(failed(&error))),
        };
        let written = AccessFile::text(&access);
        Self {
            access,
            file,
            written,
            unreadable,
        }
    }

    /// Writes what has changed for kept shares.
    pub(super) async fn save(&mut self) -> Result<(), Failure> {
        let text = AccessFile::text(&self.access);
        if text == self.written {
            return Ok(());
        }
        let Some(file) = self.file.clone() else {
            let message = "links to kept shares cannot be kept here; see the engine's first words";
            return Err(Failure::new("access-not-kept", message));
        };
        let wanted = text.clone();
        match tokio::task::spawn_blocking(move || file.write(&wanted)).await {
            Ok(Ok(())) => {
                self.written = text;
                Ok(())
            }
            Ok(Err(error)) => Err(Failure::new("access-not-saved", chain(&error))),
            Err(error) => Err(Failure::new("internal", chain(&error))),
        }
    }
}

impl Keeper {
    /// The share that has this name now.
    pub(super) fn share_id(&self, service: &str) -> ShareId {
        ShareId {
            service: service.to_owned(),
            generation: self.layers.services.get(service).map(|it| it.generation),
        }
    }

    /// Forgets what is over, and tells what holds for the services of `config`.
    pub(super) async fn admitted(&mut self, config: &Config) -> AccessState {
        let now = self.parts.clock.now();
        let layers = &self.layers;
        self.guests
            .access
            .retain(now, |share| match share.generation {
                Some(generation) => {
                    let temporary = layers.services.get(&share.service);
                    temporary.is_some_and(|it| it.generation == generation)
                }
                None => layers.file.services.contains_key(&share.service),
            });
        if let Err(failure) = self.guests.save().await {
            self.error(&failure.code, &failure.message);
        }
        let active = config.services.iter().filter(|(_, service)| service.active);
        let shares = active.map(|(name, _)| self.share_id(name));
        self.guests.access.state(shares, now)
    }

    /// Pins an invite to the key that has shown it.
    pub(super) async fn redeem(&mut self, redemption: Redemption) {
        let Redemption {
            share,
            hash,
            peer,
            done,
        } = redemption;
        let now = self.parts.clock.now();
        if self.guests.access.redeem(&share, &hash, &peer, now) {
            self.apply("").await;
        }
        if done.send(()).is_err() {
            tracing::debug!("whoever showed an invite has gone");
        }
    }

    /// When to look again whether an invite or a grant has ended.
    pub(super) fn next_end_of_access(&self) -> Option<Instant> {
        let end = self.guests.access.next_end()?;
        let left = end.since(self.parts.clock.now());
        Some(Instant::now() + left.min(LONGEST_SLEEP))
    }

    /// Ends what has run out by now.
    pub(super) async fn end_access(&mut self) {
        let now = self.parts.clock.now();
        let next = self.guests.access.next_end();
        if next.is_some_and(|end| end <= now) {
            self.apply("its time is over").await;
        }
    }
}
