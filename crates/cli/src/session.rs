//! The engine a command talks to: the one that runs on this home, or one of its own.
//!
//! Both are asked the same way; what a command shares or bridges without keeping it ends with its
//! session.

mod stay;

use std::error::Error;

use malai_api::{Event, Failure, IdentityStatus, Request, Response, codes};
use malai_core::{
    control::{ControlClient, Owner, OwnerGuard, UiAddress, WebUi},
    engine::{ConfigSource, Engine, EngineError, EngineOptions, Reached, attach_or_start},
    events::{EventFeed, Events},
    home::Home,
    identity::WithoutKeychain,
};
use tokio::sync::broadcast::error::RecvError;

use crate::{output::Output, start::Start, text};

pub(crate) use self::stay::{Watched, run_until_signal, stay};

/// An engine to talk to.
#[derive(Debug)]
pub(crate) enum Session {
    /// One of our own; it ends with us.
    Own(Box<Own>),
    /// The one that runs on this home.
    Attached(Box<ControlClient>),
}

/// An engine in this process.
#[derive(Debug)]
pub(crate) struct Own {
    engine: Engine,
    events: Events,
    ui: Option<WebUi>,
    owner: Owner,
    _guard: OwnerGuard,
}

impl Session {
    /// The running engine, if there is one.
    pub(crate) async fn attach(home: &Home) -> anyhow::Result<Option<Self>> {
        let client = ControlClient::connect(home).await?;
        Ok(client.map(|client| Self::Attached(Box::new(client))))
    }

    /// The running engine.
    ///
    /// Fails with `not-running` and `purpose` when there is none.
    pub(crate) async fn running(home: &Home, purpose: &str) -> anyhow::Result<Self> {
        match Self::attach(home).await? {
            Some(session) => Ok(session),
            None => Err(Failure::new(codes::NOT_RUNNING, not_running(purpose)).into()),
        }
    }

    /// The running engine, or one of our own.
    pub(crate) async fn open(home: Home, start: Start, output: Output) -> anyhow::Result<Self> {
        let own = || Own::start(home.clone(), start.clone(), output);
        Ok(match attach_or_start(&home, own).await? {
            Reached::Own(own) => Self::Own(Box::new(own)),
            Reached::Attached(client) => Self::Attached(client),
        })
    }

    /// Asks; an answer that says no is an error.
    pub(crate) async fn request(&mut self, request: Request) -> anyhow::Result<Response> {
        let response = match self {
            Self::Own(own) => {
                let handle = own.engine.handle();
                handle.dispatch_for(request, &own.owner).await
            }
            Self::Attached(client) => client.request(&request).await?,
        };
        if let Response::Error(failure) = response {
            return Err(failure.into());
        }
        Ok(response)
    }

    /// Goes on with what was asked; when that failed, ends an engine of our own first.
    pub(crate) async fn keep<T>(self, asked: anyhow::Result<T>) -> anyhow::Result<(Self, T)> {
        match (asked, self) {
            (Ok(answer), session) => Ok((session, answer)),
            (Err(error), Self::Own(own)) => {
                own.engine.stop().await;
                Err(error)
            }
            (Err(error), Self::Attached(_)) => Err(error),
        }
    }

    /// Makes sure that events come from here on.
    pub(crate) async fn subscribe(&mut self) -> anyhow::Result<()> {
        // An engine of our own is heard from before its start.
        if let Self::Attached(_) = self {
            self.request(Request::Subscribe).await?;
        }
        Ok(())
    }

    /// Who the engine is.
    pub(crate) async fn identity(&mut self) -> anyhow::Result<IdentityStatus> {
        let response = self.request(Request::Identity).await?;
        let Response::Identity(identity) = response else {
            return Err(unexpected(&response));
        };
        Ok(identity)
    }

    /// The next event; `None` when the engine has ended. Cancel safe.
    pub(crate) async fn next_event(&mut self) -> anyhow::Result<Option<Event>> {
        match self {
            Self::Own(own) => Ok(own.next_event().await),
            Self::Attached(client) => Ok(client.next_event().await?),
        }
    }
}

impl Own {
    /// An engine in this process, as `malai.toml` says.
    pub(crate) async fn start(
        home: Home,
        start: Start,
        output: Output,
    ) -> Result<Self, EngineError> {
        let feed = EventFeed::default();
        // A line for each request is told only where somebody sees it.
        let events = if output.is_json() || output.is_for_person() {
            feed.subscribe()
        } else {
            feed.subscribe_to_changes()
        };
        let options = EngineOptions {
            home,
            key_store: start.key_store,
            ask_timeout: start.ask,
            without_keychain: WithoutKeychain::UseFile,
            config: ConfigSource::File,
            control: true,
            events: feed,
            logs: start.logs,
        };
        let engine = Box::pin(Engine::start(options)).await?;
        let (owner, guard) = Owner::new();
        Ok(Self {
            engine,
            events,
            ui: None,
            owner,
            _guard: guard,
        })
    }

    /// The same with the web UI; ended when that cannot be served.
    pub(crate) async fn with_ui(mut self, address: UiAddress) -> anyhow::Result<Self> {
        match self.engine.serve_ui(address).await {
            Ok(ui) => {
                self.ui = Some(ui);
                Ok(self)
            }
            Err(error) => {
                let cause = error.source().map(|cause| format!(": {cause}"));
                let message = format!("{error}{}", cause.unwrap_or_default());
                self.engine.stop().await;
                Err(Failure::new(error.code(), message).into())
            }
        }
    }

    /// The same with the gateway at `listen`; ended when it cannot be had.
    pub(crate) async fn with_gateway(self, listen: String) -> anyhow::Result<Self> {
        let request = Request::SetGateway {
            listen: Some(listen),
            keep: false,
        };
        let response = self.engine.handle().dispatch(request).await;
        let Response::Error(failure) = response else {
            return Ok(self);
        };
        self.engine.stop().await;
        Err(failure.into())
    }

    /// The next event; `None` when the engine has ended. Cancel safe.
    ///
    /// Among them, and nowhere else, are the URLs of its web UI.
    pub(crate) async fn next_event(&mut self) -> Option<Event> {
        loop {
            tokio::select! {
                url = next_url(&mut self.ui) => match url {
                    Some(url) => return Some(Event::Ui { url }),
                    None => self.ui = None,
                },
                event = self.events.recv() => return match event {
                    Ok(event) => Some(event),
                    Err(RecvError::Lagged(lost)) => Some(text::lost_events(lost)),
                    Err(RecvError::Closed) => None,
                },
            }
        }
    }
}

/// Never resolves without a web UI. Cancel safe.
async fn next_url(ui: &mut Option<WebUi>) -> Option<String> {
    match ui {
        Some(ui) => ui.next_url().await,
        None => std::future::pending().await,
    }
}

/// An answer of another kind than the question asks for.
pub(crate) fn unexpected(response: &Response) -> anyhow::Error {
    // Only its kind, since a response can hold a link with an invite.
    let kind = std::mem::discriminant(response);
    tracing::debug!(?kind, "an unexpected response");
    Failure::new(
        "control-failed",
        "the running engine speaks another version of malai",
    )
    .into()
}

fn not_running(purpose: &str) -> String {
    format!("malai is not running here{purpose}; start it with `malai serve`")
}
