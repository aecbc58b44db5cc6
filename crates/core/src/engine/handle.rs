//! How everybody asks an engine for things: one dispatch for all front ends.

use malai_api::{BridgeRequest, Failure, Request, Response, ShareRequest, codes};
use tokio::sync::{mpsc, oneshot};

use super::{
    keeper::Command,
    look::{self, Look},
    probe,
};
use crate::{
    control::{Dispatch, Owner},
    events::{EventFeed, Events},
    watching::{StatusFeed, StatusWatch},
};

/// Asks an engine; clones ask the same one.
#[derive(Debug, Clone)]
pub struct EngineHandle {
    inbox: mpsc::Sender<Command>,
    events: EventFeed,
    status: StatusFeed,
    look: Look,
}

impl EngineHandle {
    pub(super) fn new(
        inbox: mpsc::Sender<Command>,
        events: EventFeed,
        status: StatusFeed,
        look: Look,
    ) -> Self {
        Self {
            inbox,
            events,
            status,
            look,
        }
    }

    /// Does what is asked; what is not kept stays until it is stopped or the engine ends.
    pub async fn dispatch(&self, request: Request) -> Response {
        self.dispatch_for(request, &Owner::engine()).await
    }

    /// Does what is asked; what is not kept ends with `owner`.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "whatever does not only look is the keeper's, also what comes later"
    )]
    pub async fn dispatch_for(&self, request: Request, owner: &Owner) -> Response {
        // What only looks, and may take a while, does not keep the keeper from anything.
        match request {
            Request::Share(share) => self.share(share, owner).await,
            Request::Bridge(bridge) => self.bridge(bridge, owner).await,
            Request::Read { link } => self.read(link, owner).await,
            Request::Domain { name, accept } => self.look.domain(&name, accept).await,
            Request::Detect => self.look.servers().await,
            Request::Services { peer } => self.look.services(&peer).await,
            Request::Nearby => self.look.nearby(),
            Request::Check { service } => self.look.check(&service).await,
            Request::Doctor { peer } => Box::pin(self.look.doctor(peer)).await,
            Request::Qr { text } => look::qr(&text),
            Request::Log(request) => self.look.log(request).await,
            request => self.ask(request, owner).await,
        }
    }

    /// Every event from here on.
    #[must_use]
    pub fn events(&self) -> Events {
        self.events.subscribe()
    }

    /// Every event from here on; requests only while somebody else wants to hear of them.
    #[must_use]
    pub fn changes(&self) -> Events {
        self.events.subscribe_to_changes()
    }

    /// The status as it is, and from then on whenever it has changed: what happened shows within
    /// some tens of milliseconds, what moves by itself once a second.
    #[must_use]
    pub fn watch(&self) -> StatusWatch {
        self.status.watch()
    }

    pub(super) fn feed(&self) -> &EventFeed {
        &self.events
    }

    async fn share(&self, mut share: ShareRequest, owner: &Owner) -> Response {
        probe::settle(&mut share.upstream).await;
        let upstream = share.upstream.clone();
        let (response, answers) = if share.must_answer {
            if !probe::any(&upstream).await {
                let upstream = upstream.join(", ");
                let message =
                    format!("nothing answers on {upstream}; start it, then share it again");
                return Failure::new(codes::NOTHING_ANSWERS, message).into();
            }
            (self.ask(Request::Share(share), owner).await, true)
        } else {
            let asked = self.ask(Request::Share(share), owner);
            tokio::join!(asked, probe::any(&upstream))
        };
        if let Response::Shared { service, .. } = response {
            Response::Shared { service, answers }
        } else {
            response
        }
    }

    /// A domain that means nobody is refused before anything is opened.
    async fn bridge(&self, bridge: BridgeRequest, owner: &Owner) -> Response {
        match self.look.settle_domain(&bridge.to).await {
            Ok(()) => self.ask(Request::Bridge(bridge), owner).await,
            Err(failure) => failure.into(),
        }
    }

    async fn read(&self, link: String, owner: &Owner) -> Response {
        let by_domain = match self.look.by_domain(&link).await {
            Ok(Some(by_domain)) => by_domain,
            Ok(None) => return self.ask(Request::Read { link }, owner).await,
            Err(failure) => return failure.into(),
        };
        let link = by_domain.link.clone();
        let response = self.ask(Request::Read { link }, owner).await;
        if let Response::Link(target) = response {
            Response::Link(by_domain.told(target))
        } else {
            response
        }
    }

    async fn ask(&self, request: Request, owner: &Owner) -> Response {
        let (reply, response) = oneshot::channel();
        let command = Command::Ask {
            request,
            owner: owner.clone(),
            reply,
        };
        if self.inbox.send(command).await.is_err() {
            return stopping();
        }
        response.await.unwrap_or_else(|_| stopping())
    }
}

impl Dispatch for EngineHandle {
    async fn dispatch(&self, request: Request, owner: &Owner) -> Response {
        self.dispatch_for(request, owner).await
    }

    fn events(&self) -> Events {
        self.events.subscribe()
    }

    fn watch(&self) -> StatusWatch {
        self.status.watch()
    }
}

fn stopping() -> Response {
    Failure::new(codes::STOPPING, "malai is stopping").into()
}
