//! Notifications that want an answer, and go away when there is one.

use gtk::glib::variant::ToVariant as _;
use malai_api::Navigation;

use super::{DEFAULT, NOTIFIER, Sent, call, send};
use crate::{
    asking::{Answer, Question, Wish},
    controller::Input,
};

/// The buttons. Some services show only the first three, so yes and no are among them.
const BUTTONS: [(Answer, &str); 5] = [
    (Answer::Once, "Once"),
    (Answer::Hour, "1 hour"),
    (Answer::Deny, "Deny"),
    (Answer::Always, "Always"),
    (Answer::Block, "Block"),
];

/// Questions that are put, and the numbers of their notifications once the service has said them.
#[derive(Default)]
pub(super) struct Questions(Vec<(Wish, Option<u32>)>);

/// Puts a question, with a button for each answer where the service shows any.
pub(crate) fn ask(question: Question) {
    NOTIFIER.with_borrow_mut(|notifier| notifier.questions.put(question.wish.clone()));
    call("GetCapabilities", None, |answer| {
        let able = answer.get::<(Vec<String>,)>();
        let has_buttons = able.is_some_and(|(able,)| able.iter().any(|it| it == "actions"));
        show(question, has_buttons);
    });
}

/// Takes a question back.
pub(crate) fn withdraw(wish: &Wish) {
    let shown = NOTIFIER.with_borrow_mut(|notifier| notifier.questions.take(wish));
    if let Some(id) = shown {
        close(id);
    }
}

/// What pressing a button of a question means.
pub(super) fn pressed(wish: &Wish, action: &str) -> Option<Input> {
    if action == DEFAULT {
        return Some(Input::Show(Navigation::Home));
    }
    let answer = Answer::with_id(action)?;
    let wish = wish.clone();
    Some(Input::Answered { wish, answer })
}

fn show(question: Question, has_buttons: bool) {
    let (body, actions) = if has_buttons {
        let buttons = BUTTONS.map(|(answer, label)| (answer.id(), label));
        let actions = [(DEFAULT, "Show")].into_iter().chain(buttons).collect();
        (question.body, actions)
    } else {
        (question.body_without_buttons(), Vec::new())
    };
    let sent = Sent {
        title: question.title,
        body,
        actions,
        is_urgent: true,
        // It is taken back in any case; this is for the case that malai ends before.
        lasts: i32::try_from(question.waits.as_millis()).unwrap_or(i32::MAX),
    };
    let wish = question.wish;
    send(sent, move |id| {
        let is_wanted =
            NOTIFIER.with_borrow_mut(|notifier| notifier.questions.now_shown_as(&wish, id));
        if !is_wanted {
            close(id);
        }
    });
}

fn close(id: u32) {
    call("CloseNotification", Some(&(id,).to_variant()), |_| {});
}

impl Questions {
    fn put(&mut self, wish: Wish) {
        self.0.push((wish, None));
    }

    /// Notes the number; `false` when the question was taken back meanwhile.
    fn now_shown_as(&mut self, wish: &Wish, id: u32) -> bool {
        let is_it = |(put, shown): &&mut (Wish, Option<u32>)| put == wish && shown.is_none();
        let found = self.0.iter_mut().find(is_it);
        found.map(|(_, shown)| *shown = Some(id)).is_some()
    }

    /// Forgets a question; its number if it has one.
    fn take(&mut self, wish: &Wish) -> Option<u32> {
        let place = self.0.iter().position(|(put, _)| put == wish)?;
        self.0.remove(place).1
    }

    /// The question with this number.
    pub(super) fn shown_as(&self, id: u32) -> Option<&Wish> {
        let found = self.0.iter().find(|(_, shown)| *shown == Some(id));
        found.map(|(wish, _)| wish)
    }

    pub(super) fn forget(&mut self) {
        self.0.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish(service: &str) -> Wish {
        Wish {
            peer: "abc".to_owned(),
            service: service.to_owned(),
        }
    }

    #[test]
    fn a_number_means_one_question_until_it_is_taken_back() {
        let mut questions = Questions::default();
        questions.put(wish("shop"));
        questions.put(wish("books"));
        assert!(questions.now_shown_as(&wish("books"), 1));
        assert!(questions.now_shown_as(&wish("shop"), 2));
        assert_eq!(questions.shown_as(1), Some(&wish("books")));
        assert_eq!(questions.take(&wish("books")), Some(1));
        assert_eq!(questions.shown_as(1), None);
        assert_eq!(questions.shown_as(2), Some(&wish("shop")));
    }

    #[test]
    fn what_is_taken_back_before_it_is_shown_is_not_wanted_then() {
        let mut questions = Questions::default();
        questions.put(wish("shop"));
        assert_eq!(questions.take(&wish("shop")), None);
        assert!(!questions.now_shown_as(&wish("shop"), 1));
        // Asked again before the service has answered the first time: one of them stays.
        questions.put(wish("shop"));
        assert!(questions.now_shown_as(&wish("shop"), 2));
        assert!(!questions.now_shown_as(&wish("shop"), 3));
    }

    #[test]
    fn a_button_answers_its_question_and_the_rest_leads_to_the_window() {
        let shop = wish("shop");
        let input = pressed(&shop, "deny");
        assert!(
            matches!(input, Some(Input::Answered { wish, answer: Answer::Deny }) if wish == shop)
        );
        let shown = pressed(&shop, DEFAULT);
        assert!(matches!(shown, Some(Input::Show(Navigation::Home))));
        assert!(pressed(&shop, "install").is_none());
    }

    #[test]
    fn the_first_three_buttons_have_a_yes_and_a_no_and_every_answer_has_one() {
        let first = &BUTTONS[..3];
        assert!(first.iter().any(|(answer, _)| *answer == Answer::Once));
        assert!(first.iter().any(|(answer, _)| *answer == Answer::Deny));
        for answer in Answer::ALL {
            assert!(BUTTONS.iter().any(|(it, _)| *it == answer));
        }
    }
}
