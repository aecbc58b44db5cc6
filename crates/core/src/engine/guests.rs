//! Whom invites have let in: pinning keys, ending what has run out, and keeping what is kept.
//!
//! The keeper changes it, and [`Keeper::apply`] brings it into force; what is written to
//! `state/access.json` is about kept shares only.

use std::{path::PathBuf, time::Duration};

use malai_api::Failure;
use tokio::time::Instant;

use super::keeper::Keeper;
use crate::{
    access::{Access, AccessFile, AccessFileError, AccessState, Kept, ShareId},
    causes::causes,
    clock::Timestamp,
    config::Config,
    expose::Redemption,
};

/// How often the time of day is looked at while something is to end by it: a machine that has slept
/// wakes up later than its timers know.
pub(super) const LONGEST_SLEEP: Duration = Duration::from_secs(30);

/// How often the time is written down while something is to end by it, so that a clock that is set
/// back between two runs prolongs that by no more.
const TIME_KEPT_EVERY: Duration = Duration::from_mins(5);

/// Invites and grants, and where they are kept.
#[derive(Debug, Default)]
pub(super) struct Guests {
    pub(super) access: Access,
    /// `None` when nothing can be kept.
    file: Option<AccessFile>,
    /// What the file says, apart from when it was written.
    written: String,
    /// When it was written.
    pub(super) as_of: Timestamp,
    /// What was wrong with it, until it is told.
    pub(super) unreadable: Option<Failure>,
}

impl Guests {
    /// Reads what is kept at `path`.
    pub(super) async fn open(path: Option<PathBuf>) -> Self {
        let Some(file) = path.map(AccessFile::new) else {
            return Self {
                written: untimed(&Access::default()),
                ..Self::default()
            };
        };
        let reader = file.clone();
        let read = tokio::task::spawn_blocking(move || reader.load()).await;
        let failed =
            |error: &dyn std::error::Error| Failure::new("access-unreadable", causes(error));
        let (Kept { access, as_of }, file, unreadable) = match read {
            Ok(Ok(kept)) => (kept, Some(file), None),
            Ok(Err(error @ AccessFileError::MovedAside { .. })) => {
                (Kept::default(), Some(file), Some(failed(&error)))
            }
            // What cannot be read and not be moved is not written over either.
            Ok(Err(error)) => (Kept::default(), None, Some(failed(&error))),
            Err(error) => (Kept::default(), None, Some(failed(&error))),
        };
        Self {
            written: untimed(&access),
            access,
            file,
            as_of,
            unreadable,
        }
    }

    async fn save(&mut self, now: Timestamp) -> Result<(), Failure> {
        let is_late = now >= self.as_of.after(TIME_KEPT_EVERY);
        let is_due = is_late && self.file.is_some() && self.access.next_end().is_some();
        let kept = untimed(&self.access);
        if kept == self.written && !is_due {
            return Ok(());
        }
        let Some(file) = self.file.clone() else {
            let message = "links to kept shares cannot be kept here; see the engine's first words";
            return Err(Failure::new("access-not-kept", message));
        };
        let text = AccessFile::text(&self.access, now);
        match tokio::task::spawn_blocking(move || file.write(&text)).await {
            Ok(Ok(())) => {
                self.written = kept;
                self.as_of = now;
                Ok(())
            }
            Ok(Err(error)) => Err(Failure::new("access-not-saved", causes(&error))),
            Err(error) => Err(Failure::new("internal", causes(&error))),
        }
    }
}

/// What is written of `access`, whenever that is.
fn untimed(access: &Access) -> String {
    AccessFile::text(access, Timestamp::default())
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
        self.forget_questions(config);
        if let Err(failure) = self.save_guests().await {
            self.error(&failure.code, &failure.message);
        }
        let active = config.services.iter().filter(|(_, service)| service.active);
        let shares = active.map(|(name, _)| self.share_id(name));
        self.guests.access.state(shares, now)
    }

    /// Forgets who has asked for what is not shared any more.
    fn forget_questions(&mut self, config: &Config) {
        let is_there = |share: &ShareId| {
            let service = config.services.get(&share.service);
            service.is_some_and(|it| it.active) && self.share_id(&share.service) == *share
        };
        let asking = self.asking.shown().map(|it| it.share.clone());
        let gone: Vec<ShareId> = asking.filter(|share| !is_there(share)).collect();
        self.asking.answered(|it| gone.contains(&it.share));
    }

    /// Pins an invite to the key that has shown it.
    pub(super) async fn redeem(&mut self, redemption: Redemption) {
        let Redemption {
            share,
            shown,
            peer,
            done,
        } = redemption;
        let now = self.parts.clock.now();
        let is_in = self.guests.access.redeem(&share, &shown, &peer, now);
        // A wrong PIN was counted.
        if is_in || shown.with_pin.is_some() {
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
        } else if let Err(failure) = self.save_guests().await {
            self.error(&failure.code, &failure.message);
        }
    }

    /// Writes what has changed for kept shares.
    pub(super) async fn save_guests(&mut self) -> Result<(), Failure> {
        self.guests.save(self.parts.clock.now()).await
    }

    /// Writes down how late it is, if something is to end by that.
    pub(super) async fn leave_guests(mut self) {
        if self.guests.access.next_end().is_some() {
            self.guests.as_of = Timestamp::default();
        }
        if let Err(failure) = self.save_guests().await {
            self.error(&failure.code, &failure.message);
        }
    }
}
