//! Who may ask: a token that opens one session, and the sessions that are open.
//!
//! Pure: takes the time as an argument. Everything is in memory and ends with the engine.

use std::{collections::VecDeque, time::Duration};

use tokio::time::Instant;

use super::secret::Secret;

/// Sessions at once, the oldest of which makes room: one for each browser of one person.
const MAX_SESSIONS: usize = 16;

/// Wrong tokens that are taken at once, and the time after which one more is: far too few to
/// guess, and enough for a person who pastes an old address.
const MAX_WRONG: u32 = 10;
const ONE_MORE_AFTER: Duration = Duration::from_secs(1);

/// The token that opens the next session, and those that are open.
#[derive(Debug)]
pub(super) struct Sessions {
    token: Secret,
    open: VecDeque<Secret>,
    wrong: u32,
    /// Up to when wrong tokens are forgiven.
    forgiven: Instant,
}

/// Why a token opens nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NotOpened {
    Wrong,
    /// There were too many wrong ones lately.
    TooMany,
}

impl Sessions {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            token: Secret::new(),
            open: VecDeque::new(),
            wrong: 0,
            forgiven: now,
        }
    }

    /// What opens the next session, once.
    pub(super) fn token(&self) -> &Secret {
        &self.token
    }

    /// Opens a session for the token, which is then used up.
    pub(super) fn open(&mut self, token: &str, now: Instant) -> Result<Secret, NotOpened> {
        self.forgive(now);
        if self.wrong >= MAX_WRONG {
            return Err(NotOpened::TooMany);
        }
        if !self.token.is(token) {
            self.wrong += 1;
            return Err(NotOpened::Wrong);
        }
        self.token = Secret::new();
        let session = Secret::new();
        if self.open.len() == MAX_SESSIONS {
            self.open.pop_front();
        }
        self.open.push_back(session.clone());
        Ok(session)
    }

    /// Whether this is the secret of an open session.
    pub(super) fn knows(&self, session: &str) -> bool {
        // All are compared, so that the time says nothing of which one it is.
        self.open
            .iter()
            .fold(false, |known, open| known | open.is(session))
    }

    fn forgive(&mut self, now: Instant) {
        while self.wrong > 0 && self.forgiven + ONE_MORE_AFTER <= now {
            self.wrong -= 1;
            self.forgiven += ONE_MORE_AFTER;
        }
        if self.wrong == 0 {
            self.forgiven = now;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sessions() -> Sessions {
        Sessions::new(Instant::now())
    }

    fn open(sessions: &mut Sessions) -> Secret {
        let token = sessions.token().reveal().to_owned();
        sessions.open(&token, Instant::now()).unwrap()
    }

    #[test]
    fn a_token_opens_one_session_and_no_second() {
        let mut sessions = sessions();
        let token = sessions.token().reveal().to_owned();
        let session = sessions.open(&token, Instant::now()).unwrap();
        assert!(sessions.knows(session.reveal()));
        let again = sessions.open(&token, Instant::now());
        assert_eq!(again.unwrap_err(), NotOpened::Wrong);
        assert!(!sessions.knows(&token));
        assert!(!sessions.knows(""));
    }

    #[test]
    fn the_oldest_session_makes_room() {
        let mut sessions = sessions();
        let first = open(&mut sessions);
        let second = open(&mut sessions);
        for _ in 1..MAX_SESSIONS {
            open(&mut sessions);
        }
        assert!(!sessions.knows(first.reveal()));
        assert!(sessions.knows(second.reveal()));
    }

    #[test]
    fn wrong_tokens_have_a_rate() {
        let mut sessions = sessions();
        let start = Instant::now();
        for _ in 0..MAX_WRONG {
            assert_eq!(sessions.open("x", start).unwrap_err(), NotOpened::Wrong);
        }
        let token = sessions.token().reveal().to_owned();
        let refused = sessions.open(&token, start);
        assert_eq!(refused.unwrap_err(), NotOpened::TooMany);
        let later = start + ONE_MORE_AFTER;
        assert_eq!(sessions.open("x", later).unwrap_err(), NotOpened::Wrong);
        assert_eq!(sessions.open("x", later).unwrap_err(), NotOpened::TooMany);
        let later = later + ONE_MORE_AFTER * MAX_WRONG * 2;
        assert!(sessions.open(&token, later).is_ok());
    }
}
