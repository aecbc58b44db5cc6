//! What the controller puts to the user by itself: that somebody asks to be let in.

use malai_api::EngineState;

use super::Controller;
use crate::{
    asking::{Question, Wish, waiting},
    shell::Shell,
};

impl<S: Shell> Controller<S> {
    /// Puts each new question once, and takes back those that are answered or over.
    pub(super) fn put_questions(&mut self) {
        let is_running = matches!(*self.state.borrow(), EngineState::Running { .. });
        let status = self.status.borrow().clone().filter(|_| is_running);
        let open = status.as_deref().map(waiting).unwrap_or_default();
        let shell = &self.shell;
        self.questions.retain(|wish, asked| {
            // Whoever asks again later asks a new question.
            let mut same = open.iter().filter(|request| request.asked == *asked);
            let stays = same.any(|request| Wish::of(request) == *wish);
            if !stays {
                shell.withdraw(wish.clone());
            }
            stays
        });
        for request in open {
            let before = self.questions.insert(Wish::of(request), request.asked);
            if before.is_none() {
                self.shell.ask(Question::of(request));
            }
        }
    }
}
