//! What a click on a row sets off, from the request to what the user is told.
//!
//! Nothing fails silently: what was asked for and not done is told by a notification, and in the
//! window where there is one.

mod access;

use malai_api::{
    BridgeRequest, BridgeStatus, Event, Failure, InviteRequest, Navigation, Protocol, Request,
    Response, ServiceStatus, ShareRequest, Status, codes,
};

use super::texts;
use crate::{
    host::Host,
    menu::{Action, shares_port},
    shell::{Notice, Shell},
};

/// Does what a row says; rows that need no engine are not for here.
pub(super) async fn run<S: Shell>(host: Host, shell: S, action: Action) {
    let flow = Flow { host, shell };
    match action {
        Action::Share { port, name } => flow.share(port, name).await,
        Action::CopyLink { service } => flow.copy_link(&service).await,
        Action::CopyLinkForOne { service } => flow.copy_link_for_one(service).await,
        Action::EndIn { service, secs } => flow.end_in(service, secs).await,
        Action::Answer { wish, answer } => flow.answer(wish, answer).await,
        Action::Stop { name } => flow.stop(name).await,
        Action::OpenBridge { name } => flow.open_bridge(&name).await,
        Action::CopyAddress { name } => flow.copy_address(&name).await,
        Action::Use {
            peer,
            service,
            protocol,
        } => flow.use_service(peer, service, protocol).await,
        Action::CopyPeer { id52 } => {
            let body = id52.clone();
            flow.copy(id52, texts::PEER_COPIED, &body, Navigation::Peers)
                .await;
        }
        Action::CopyId => flow.copy_id().await,
        Action::Show(_) | Action::Retry | Action::Quit => {}
    }
}

struct Flow<S> {
    host: Host,
    shell: S,
}

impl<S: Shell> Flow<S> {
    async fn share(&self, port: u16, name: Option<String>) {
        let shared = self.status().and_then(|status| {
            let mut services = status.services.iter();
            services.find(|it| shares_port(it, port)).cloned()
        });
        if let Some(service) = shared {
            return self.copy_link(&service.name).await;
        }
        let service = match self.ask_to_share(port, name).await {
            Ok(service) => service,
            Err(failure) => {
                return self.failed(texts::not_shared(port), &failure, Navigation::Share);
            }
        };
        let title = texts::sharing(&service.name);
        self.copy_link_of(&service, &title).await;
    }

    /// Shares under the guessed name or, when that is in use, under the port's.
    async fn ask_to_share(
        &self,
        port: u16,
        name: Option<String>,
    ) -> Result<ServiceStatus, Failure> {
        let had_name = name.is_some();
        let share = ShareRequest {
            // Some dev servers listen on `::1` alone: `localhost` is either.
            upstream: vec![format!("localhost:{port}")],
            name,
            must_answer: true,
            ..ShareRequest::default()
        };
        let unnamed = ShareRequest {
            name: None,
            ..share.clone()
        };
        match self.host.request(Request::Share(share)).await {
            Response::Error(failure) if had_name && failure.code == codes::NAME_TAKEN => {
                shared(self.host.request(Request::Share(unnamed)).await)
            }
            response => shared(response),
        }
    }

    /// A link that works for whoever gets it, unless the user has said who may use the service:
    /// then it is for those alone.
    async fn link_to(&self, service: &ServiceStatus) -> Result<String, Failure> {
        if !service.allow.is_empty() {
            return Ok(service.link.clone());
        }
        let invite = InviteRequest {
            service: service.name.clone(),
            ..InviteRequest::default()
        };
        match self.host.request(Request::Invite(invite)).await {
            Response::Invited { link, .. } => Ok(link),
            Response::Error(failure) => Err(failure),
            _ => Err(unexpected()),
        }
    }

    async fn copy_link(&self, name: &str) {
        let service = self.status().and_then(|status| {
            let mut services = status.services.iter();
            services.find(|service| service.name == name).cloned()
        });
        match service {
            Some(service) => self.copy_link_of(&service, &texts::link_copied(name)).await,
            None => self.failed(
                texts::NOT_COPIED.to_owned(),
                &has_ended(name),
                Navigation::Home,
            ),
        }
    }

    async fn copy_link_of(&self, service: &ServiceStatus, title: &str) {
        let window = Navigation::Service {
            name: service.name.clone(),
        };
        match self.link_to(service).await {
            Ok(link) => {
                let body = texts::who_may(&service.upstream, &service.allow);
                self.copy(link, title, &body, window).await;
            }
            Err(failure) => self.failed(texts::NOT_COPIED.to_owned(), &failure, window),
        }
    }

    async fn stop(&self, name: String) {
        let request = Request::Stop {
            name: name.clone(),
            forget: false,
        };
        if let Response::Error(failure) = self.host.request(request).await {
            self.failed(texts::not_stopped(&name), &failure, Navigation::Home);
        }
    }

    async fn open_bridge(&self, name: &str) {
        match self.bridge(name) {
            Some(bridge) => self.open(&bridge).await,
            None => self.failed(
                texts::NOT_OPENED.to_owned(),
                &has_ended(name),
                Navigation::Home,
            ),
        }
    }

    async fn copy_address(&self, name: &str) {
        match self.bridge(name) {
            Some(bridge) => self.copy_address_of(&bridge).await,
            None => self.failed(
                texts::NOT_COPIED.to_owned(),
                &has_ended(name),
                Navigation::Home,
            ),
        }
    }

    async fn use_service(&self, peer: String, service: String, protocol: Protocol) {
        let bridged = self.status().and_then(|status| {
            let leads_there = |it: &&BridgeStatus| {
                it.active && it.service == service && it.peer.as_ref() == Some(&peer)
            };
            status.bridges.iter().find(leads_there).cloned()
        });
        let bridge = match bridged {
            Some(bridge) => Ok(bridge),
            None => self.bridge_to(format!("{peer}/{service}"), protocol).await,
        };
        match bridge {
            Ok(bridge) if bridge.url.is_empty() => self.copy_address_of(&bridge).await,
            Ok(bridge) => self.open(&bridge).await,
            Err(failure) => {
                self.failed(texts::not_connected(&service), &failure, Navigation::Home);
            }
        }
    }

    async fn bridge_to(&self, to: String, protocol: Protocol) -> Result<BridgeStatus, Failure> {
        let request = BridgeRequest {
            to,
            protocol,
            ..BridgeRequest::default()
        };
        match self.host.request(Request::Bridge(request)).await {
            Response::Bridged(bridge) => Ok(bridge),
            Response::Error(failure) => Err(failure),
            _ => Err(unexpected()),
        }
    }

    async fn copy_id(&self) {
        match self.host.request(Request::Identity).await {
            Response::Identity(identity) => {
                let body = texts::ID_COPIED_BODY;
                self.copy(identity.id52, texts::ID_COPIED, body, Navigation::Settings)
                    .await;
            }
            Response::Error(failure) => {
                self.failed(texts::NOT_COPIED.to_owned(), &failure, Navigation::Home);
            }
            _ => self.failed(
                texts::NOT_COPIED.to_owned(),
                &unexpected(),
                Navigation::Home,
            ),
        }
    }

    async fn copy_address_of(&self, bridge: &BridgeStatus) {
        let address = if bridge.url.is_empty() {
            &bridge.local
        } else {
            &bridge.url
        };
        self.copy(
            address.clone(),
            texts::ADDRESS_COPIED,
            address,
            Navigation::Home,
        )
        .await;
    }

    async fn open(&self, bridge: &BridgeStatus) {
        if let Err(error) = self.shell.open(bridge.url.clone()).await {
            let failure = Failure::new("not-opened", format!("{error:#}"));
            self.failed(texts::NOT_OPENED.to_owned(), &failure, Navigation::Home);
        }
    }

    async fn copy(&self, text: String, title: &str, body: &str, show: Navigation) {
        match self.shell.copy(text).await {
            Ok(()) => self.shell.notify(Notice {
                title: title.to_owned(),
                body: body.to_owned(),
                show,
                failed: false,
            }),
            Err(error) => {
                let failure = Failure::new("clipboard-unusable", format!("{error:#}"));
                self.failed(texts::NOT_COPIED.to_owned(), &failure, show);
            }
        }
    }

    fn failed(&self, title: String, failure: &Failure, show: Navigation) {
        let body = texts::sentence(failure);
        self.shell.tell_window(Event::Error {
            code: failure.code.clone(),
            message: format!("{title}: {}", failure.message),
        });
        self.shell.notify(Notice {
            title,
            body,
            show,
            failed: true,
        });
    }

    fn status(&self) -> Option<std::sync::Arc<Status>> {
        self.host.status().borrow().clone()
    }

    fn bridge(&self, name: &str) -> Option<BridgeStatus> {
        let status = self.status()?;
        status
            .bridges
            .iter()
            .find(|bridge| bridge.name == name)
            .cloned()
    }
}

fn shared(response: Response) -> Result<ServiceStatus, Failure> {
    match response {
        Response::Shared { service, .. } => Ok(service),
        Response::Error(failure) => Err(failure),
        _ => Err(unexpected()),
    }
}

fn has_ended(name: &str) -> Failure {
    Failure::new(codes::NAME_UNKNOWN, format!("`{name}` has ended"))
}

fn unexpected() -> Failure {
    Failure::new(
        "control-failed",
        "the running engine speaks another version of malai",
    )
}
