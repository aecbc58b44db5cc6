//! What is said to those who ask to be let in.

use malai_api::{Navigation, Response};

use super::Flow;
use crate::{
    asking::{Answer, Wish},
    controller::texts,
    shell::Shell,
};

impl<S: Shell> Flow<S> {
    pub(super) async fn answer(&self, wish: Wish, answer: Answer) {
        if let Response::Error(failure) = self.host.request(answer.request(wish)).await {
            let title = texts::not_answered(answer).to_owned();
            self.failed(title, &failure, Navigation::Home);
        }
    }
}
