//! What is said to those who ask, links for one person, and when a share ends by itself.

use std::time::Duration;

use malai_api::{InviteRequest, Navigation, Request, Response};

use super::{Flow, unexpected};
use crate::{
    asking::{Answer, Wish},
    controller::texts,
    shell::{Notice, Shell},
};

impl<S: Shell> Flow<S> {
    pub(super) async fn answer(&self, wish: Wish, answer: Answer) {
        if let Response::Error(failure) = self.host.request(answer.request(wish)).await {
            let title = texts::not_answered(answer).to_owned();
            self.failed(title, &failure, Navigation::Home);
        }
    }

    /// A link that lets in only the first who opens it.
    pub(super) async fn copy_link_for_one(&self, service: String) {
        let window = Navigation::Service {
            name: service.clone(),
        };
        let invite = InviteRequest {
            service: service.clone(),
            once: true,
            ..InviteRequest::default()
        };
        let failure = match self.host.request(Request::Invite(invite)).await {
            Response::Invited { link, .. } => {
                let title = texts::link_for_one_copied(&service);
                return self.copy(link, &title, texts::FOR_ONE, window).await;
            }
            Response::Error(failure) => failure,
            _ => unexpected(),
        };
        self.failed(texts::NOT_COPIED.to_owned(), &failure, window);
    }

    pub(super) async fn end_in(&self, service: String, secs: Option<u64>) {
        let show = Navigation::Service {
            name: service.clone(),
        };
        let request = Request::EndIn {
            service: service.clone(),
            secs,
        };
        if let Response::Error(failure) = self.host.request(request).await {
            return self.failed(texts::END_NOT_SET.to_owned(), &failure, show);
        }
        self.shell.notify(Notice {
            title: texts::end_set(&service, secs.map(Duration::from_secs)),
            body: texts::END_SET_BODY.to_owned(),
            show,
            failed: false,
        });
    }
}
