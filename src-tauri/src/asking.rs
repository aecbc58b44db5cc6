//! Those who ask to be let in, as the tray and notifications put it to the user.
//!
//! A question is known by who wants what, wherever it is put: an answer that comes late never
//! answers another one than the one that was read.

use std::time::{Duration, UNIX_EPOCH};

use malai_api::{AccessRequest, Admission, Request, Status};

use crate::menu::plain;

/// How much of an id52 stands for a peer without a pet name; `malai allow` takes it, too.
const SHORT_ID: usize = 7;

/// What *for 1 hour* means.
const HOUR: u64 = 3600;

/// The last second that has a date of the usual form.
const LAST_DATE: u64 = 253_402_300_799;

/// A peer wants to use a service of ours.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Wish {
    /// The peer's id52.
    pub(crate) peer: String,
    pub(crate) service: String,
}

/// What can be said to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    Once,
    Hour,
    Always,
    Deny,
    Block,
}

/// A question with everything that a notification says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Question {
    pub(crate) wish: Wish,
    pub(crate) title: String,
    pub(crate) body: String,
    /// How long the one who asks goes on waiting.
    pub(crate) waits: Duration,
}

/// Those who wait for an answer: people with a name first, so that no crowd of strangers hides
/// them, and the earliest first among each.
pub(crate) fn waiting(status: &Status) -> Vec<&AccessRequest> {
    let waiting = status.requests.iter().filter(|it| it.waits_secs.is_some());
    let mut waiting: Vec<&AccessRequest> = waiting.collect();
    waiting.sort_by_key(|it| it.name.is_none());
    waiting
}

/// Who wants what, in words.
pub(crate) fn wants(request: &AccessRequest) -> String {
    let who = match &request.name {
        Some(name) => plain(name),
        None => format!("Stranger {}", short(&request.peer)),
    };
    format!("{who} wants to open {}", plain(&request.service))
}

impl Wish {
    pub(crate) fn of(request: &AccessRequest) -> Self {
        Self {
            peer: request.peer.clone(),
            service: request.service.clone(),
        }
    }
}

impl Answer {
    /// All of them, in the order of the menu.
    pub(crate) const ALL: [Self; 5] = [
        Self::Once,
        Self::Hour,
        Self::Always,
        Self::Deny,
        Self::Block,
    ];

    /// Its name where no person reads it.
    pub(crate) fn id(self) -> &'static str {
        match self {
            Self::Once => "once",
            Self::Hour => "hour",
            Self::Always => "always",
            Self::Deny => "deny",
            Self::Block => "block",
        }
    }

    /// The one with this name.
    pub(crate) fn with_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|answer| answer.id() == id)
    }

    /// Its row in the menu.
    pub(crate) fn row(self) -> &'static str {
        match self {
            Self::Once => "Allow once",
            Self::Hour => "Allow for 1 hour",
            Self::Always => "Always allow",
            Self::Deny => "Deny",
            Self::Block => "Block",
        }
    }

    /// What does it.
    pub(crate) fn request(self, wish: Wish) -> Request {
        let Wish { peer, service } = wish;
        let admission = match self {
            Self::Once => Admission::Once,
            Self::Hour => Admission::For { secs: HOUR },
            Self::Always => Admission::Always,
            Self::Deny => {
                let service = Some(service);
                return Request::Deny { peer, service };
            }
            Self::Block => {
                let blocked = true;
                return Request::Block { peer, blocked };
            }
        };
        let service = Some(service);
        Request::Admit {
            peer,
            service,
            admission,
        }
    }
}

impl Question {
    pub(crate) fn of(request: &AccessRequest) -> Self {
        let title = match request.name {
            Some(_) => wants(request),
            None => format!("A stranger wants to open {}", plain(&request.service)),
        };
        Self {
            wish: Wish::of(request),
            title,
            body: format!("{} If nobody answers, the answer is no.", known(request)),
            waits: Duration::from_secs(request.waits_secs.unwrap_or_default()),
        }
    }

    /// What it says where there are no buttons.
    pub(crate) fn body_without_buttons(&self) -> String {
        format!("{} Answer in malai's tray menu or window.", self.body)
    }
}

fn known(request: &AccessRequest) -> String {
    match (&request.name, request.known_since) {
        (Some(name), Some(since)) => {
            format!("You have known {} since {}.", plain(name), date(since))
        }
        (Some(name), None) => format!("{} was never here before.", plain(name)),
        (None, _) => {
            let key = short(&request.peer);
            format!("Its id52 begins with {key}; you have given it no name.")
        }
    }
}

fn short(id52: &str) -> String {
    id52.chars().take(SHORT_ID).collect()
}

/// The day of a moment in seconds since 1970, in UTC.
fn date(secs: u64) -> String {
    let moment = UNIX_EPOCH + Duration::from_secs(secs.min(LAST_DATE));
    let text = humantime::format_rfc3339_seconds(moment).to_string();
    let day = text.split_once('T').map(|(day, _)| day.to_owned());
    day.unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{ALICE, request};

    #[test]
    fn a_question_says_who_it_is_and_what_silence_means() {
        let question = |request: &AccessRequest| {
            let question = Question::of(request);
            (question.title, question.body)
        };
        let alice = AccessRequest {
            known_since: Some(1_777_777_777),
            ..request(Some("alice"), ALICE, "shop")
        };
        let (title, body) = question(&alice);
        assert_eq!(title, "alice wants to open shop");
        let no = "If nobody answers, the answer is no.";
        assert_eq!(body, format!("You have known alice since 2026-05-03. {no}"));

        let (_, body) = question(&request(Some("alice"), ALICE, "shop"));
        assert_eq!(body, format!("alice was never here before. {no}"));

        let (title, body) = question(&request(None, ALICE, "shop"));
        assert_eq!(title, "A stranger wants to open shop");
        let who = "Its id52 begins with 9f86d08; you have given it no name.";
        assert_eq!(body, format!("{who} {no}"));
    }

    #[test]
    fn every_answer_is_found_by_its_id() {
        for answer in Answer::ALL {
            assert_eq!(Answer::with_id(answer.id()), Some(answer));
        }
        assert_eq!(Answer::with_id("default"), None);
    }

    #[test]
    fn a_date_is_a_day() {
        assert_eq!(date(0), "1970-01-01");
        assert_eq!(date(u64::MAX), "9999-12-31");
    }
}
