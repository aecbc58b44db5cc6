//! Who has asked to be let in, and what becomes of it; pure, the time is an argument.
//!
//! A few wait at a time, of one peer and in all, so that nobody can bury an owner in questions.
//! Whoever is denied, or was not answered, is not heard again for a while; all that those who ask
//! can tell is that they wait, whatever is here.

use std::time::Duration;

use fastn_p2p::PublicKey;

use crate::{access::ShareId, clock::Timestamp};

/// Questions of one peer that wait at once.
const MAX_WAITING_PER_PEER: usize = 3;
/// Questions that wait at once, half of which may be those of peers without a pet name.
const MAX_WAITING: usize = 16;
/// Questions of peers without a pet name that are put to the owner within [`STRANGERS_TIME`].
const MAX_STRANGERS: usize = 30;
/// See [`MAX_STRANGERS`].
const STRANGERS_TIME: Duration = Duration::from_hours(1);
/// Questions that are remembered; with more the earliest that do not wait are forgotten.
const MAX_REMEMBERED: usize = 256;
/// For how long whoever was not answered is not heard again.
const MUTED_UNANSWERED: Duration = Duration::from_mins(5);
/// For how long whoever was denied is not heard again.
const MUTED_DENIED: Duration = Duration::from_hours(1);
/// For how long a question that was not answered is shown.
const SHOWN_UNANSWERED: Duration = Duration::from_hours(24);

/// All questions, the earliest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asking {
    questions: Vec<Question>,
    /// When strangers were heard, within the time in which they are counted.
    strangers: Vec<Timestamp>,
}

/// A peer wants to use a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// Who.
    pub peer: PublicKey,
    /// What.
    pub share: ShareId,
    /// When it asked.
    pub asked: Timestamp,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Up to this moment.
    Waits(Timestamp),
    /// Since this moment.
    Unanswered(Timestamp),
    /// Since this moment.
    Denied(Timestamp),
}

impl Question {
    /// How long it goes on waiting; `None` for one that was sent away unanswered.
    #[must_use]
    pub fn waits(&self, now: Timestamp) -> Option<Duration> {
        match self.state {
            State::Waits(until) if now < until => Some(until.since(now)),
            State::Waits(_) | State::Unanswered(_) | State::Denied(_) => None,
        }
    }

    fn is_shown(&self) -> bool {
        !matches!(self.state, State::Denied(_))
    }

    /// Whether asking again is of no use yet.
    fn is_muted(&self, now: Timestamp) -> bool {
        match self.state {
            State::Waits(_) => true,
            State::Unanswered(since) => now < since.after(MUTED_UNANSWERED),
            State::Denied(since) => now < since.after(MUTED_DENIED),
        }
    }

    fn is_over(&self, now: Timestamp) -> bool {
        match self.state {
            State::Waits(_) => false,
            State::Unanswered(since) => now >= since.after(SHOWN_UNANSWERED),
            State::Denied(since) => now >= since.after(MUTED_DENIED),
        }
    }
}

impl Asking {
    /// `peer` wants to use `share` and waits until `until`; tells whether the owner is to be asked,
    /// which is not so for one that waits already, or is not heard for now.
    pub fn ask(
        &mut self,
        peer: PublicKey,
        share: &ShareId,
        is_stranger: bool,
        until: Timestamp,
        now: Timestamp,
    ) -> bool {
        self.advance(now);
        let is_it = |it: &Question| it.peer == peer && it.share == *share;
        let before = self.questions.iter().position(is_it);
        if before.is_some_and(|place| self.questions[place].is_muted(now)) {
            return false;
        }
        let waiting = || self.questions.iter().filter(|it| it.waits(now).is_some());
        if waiting().count() >= MAX_WAITING
            || waiting().filter(|it| it.peer == peer).count() >= MAX_WAITING_PER_PEER
        {
            return false;
        }
        if is_stranger {
            if self.strangers.len() >= MAX_STRANGERS || waiting().count() >= MAX_WAITING / 2 {
                return false;
            }
            self.strangers.push(now);
        }
        if let Some(place) = before {
            self.questions.remove(place);
        } else if self.questions.len() >= MAX_REMEMBERED {
            // Those that wait are fewer.
            let earliest = self.questions.iter().position(|it| it.waits(now).is_none());
            earliest.map(|place| self.questions.remove(place));
        }
        self.questions.push(Question {
            peer,
            share: share.clone(),
            asked: now,
            state: State::Waits(until),
        });
        true
    }

    /// Those that wait and those that were not answered, the earliest first.
    pub fn shown(&self) -> impl Iterator<Item = &Question> {
        self.questions.iter().filter(|it| it.is_shown())
    }

    /// Forgets the questions for which `is_answered` is true.
    pub fn answered(&mut self, is_answered: impl Fn(&Question) -> bool) {
        self.questions.retain(|question| !is_answered(question));
    }

    /// Does not hear for a while those for which `is_denied` is true; tells how many were shown.
    pub fn denied(&mut self, now: Timestamp, is_denied: impl Fn(&Question) -> bool) -> usize {
        let shown = self.questions.iter_mut().filter(|it| it.is_shown());
        let denied = shown.filter(|question| is_denied(question));
        denied.map(|it| it.state = State::Denied(now)).count()
    }

    /// Sends away those that have waited long enough by `now`; tells whether there were any.
    pub fn advance(&mut self, now: Timestamp) -> bool {
        let mut changed = false;
        for question in &mut self.questions {
            if let State::Waits(until) = question.state
                && now >= until
            {
                question.state = State::Unanswered(until);
                changed = true;
            }
        }
        self.questions.retain(|question| !question.is_over(now));
        self.strangers
            .retain(|heard| now < heard.after(STRANGERS_TIME));
        changed
    }

    /// When the next one is sent away.
    #[must_use]
    pub fn next_end(&self) -> Option<Timestamp> {
        let waiting = self.questions.iter().filter_map(|it| match it.state {
            State::Waits(until) => Some(until),
            State::Unanswered(_) | State::Denied(_) => None,
        });
        waiting.min()
    }
}

#[cfg(test)]
mod tests;
