//! Coming by an engine: starting one, or attaching to the one that has the home.

use std::path::PathBuf;

use malai_api::Failure;
use malai_core::{
    control::ControlClient,
    engine::{ConfigSource, Engine, EngineError, EngineOptions, Reached, attach_or_start},
    events::{EventFeed, Events},
    identity::WithoutKeychain,
};

use super::EngineSetup;

/// An engine to serve.
#[derive(Debug)]
pub(super) enum Opened {
    /// Ours, and what happens in it.
    Own(Box<Engine>, OwnEvents),
    /// Another process.
    Attached(Box<ControlClient>),
}

/// The feed of an engine of our own, heard from before its start.
#[derive(Debug)]
pub(super) struct OwnEvents {
    pub(super) feed: EventFeed,
    pub(super) events: Events,
}

/// Why there is none.
#[derive(Debug)]
pub(super) enum NotOpened {
    /// It is for the user to say whether the key may be kept in this file.
    Asks(PathBuf, Failure),
    /// It does not work.
    Failed(Failure),
}

/// Starts an engine, or attaches to the one that runs.
pub(super) async fn open(setup: &EngineSetup) -> Result<Opened, NotOpened> {
    let start = || start(setup);
    Ok(match attach_or_start(&setup.home, start).await? {
        Reached::Own((engine, events)) => Opened::Own(Box::new(engine), events),
        Reached::Attached(client) => Opened::Attached(client),
    })
}

async fn start(setup: &EngineSetup) -> Result<(Engine, OwnEvents), EngineError> {
    let feed = EventFeed::default();
    let events = feed.subscribe_to_changes();
    let options = EngineOptions {
        home: setup.home.clone(),
        key_store: setup.key_store,
        without_keychain: WithoutKeychain::Refuse,
        ask_timeout: None,
        config: ConfigSource::File,
        control: true,
        events: feed.clone(),
        logs: setup.logs.clone(),
    };
    let engine = Box::pin(Engine::start(options)).await?;
    Ok((engine, OwnEvents { feed, events }))
}

impl From<EngineError> for NotOpened {
    fn from(error: EngineError) -> Self {
        let failure = Failure::from(&error);
        match error.key_file() {
            Some(path) => Self::Asks(path.to_owned(), failure),
            None => Self::Failed(failure),
        }
    }
}
