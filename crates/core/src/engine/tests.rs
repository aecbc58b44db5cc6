mod files;
mod looks;
mod pairs;
mod settings;
mod shares;

use std::{net::SocketAddr, time::Duration};

use malai_api::{Event, Failure, Request, Response, ServiceStatus, ShareRequest, Status};
use tempfile::TempDir;
use tokio::time::timeout;

use super::*;
use crate::{config::RelayConfig, events::Events};

/// How long anything that is waited for may take.
const DEADLINE: Duration = Duration::from_secs(10);

/// The network of every test: this machine alone.
const LOCAL_NETWORK: &str =
    "version = 1\n[network]\nrelay = \"none\"\nlookup = []\nbind = \"127.0.0.1:0\"\n";

/// An engine in a home of its own, and what it says.
struct Place {
    dir: TempDir,
    engine: Engine,
    events: Events,
}

impl Place {
    /// An engine whose configuration is in memory.
    async fn in_memory() -> Self {
        let mut config = Config::default();
        config.network.relay = RelayConfig::None;
        config.network.lookup.clear();
        config.network.bind = SocketAddr::from(([127, 0, 0, 1], 0));
        let source = ConfigSource::Memory(Box::new(config));
        Self::start(tempfile::tempdir().unwrap(), source)
            .await
            .unwrap()
    }

    /// An engine whose `malai.toml` has `text` after the network.
    async fn with_file(text: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        write(&dir, text);
        Self::start(dir, ConfigSource::File).await.unwrap()
    }

    async fn start(dir: TempDir, config: ConfigSource) -> Result<Self, EngineError> {
        let feed = EventFeed::default();
        let events = feed.subscribe();
        let options = EngineOptions {
            home: Home::open(Some(dir.path().to_owned())).unwrap(),
            key_store: Some(KeyStore::Memory),
            without_keychain: WithoutKeychain::UseFile,
            ask_timeout: Some(Duration::ZERO),
            config,
            control: true,
            events: feed,
            logs: LogsHandle::default(),
        };
        let engine = Engine::start(options).await?;
        Ok(Self {
            dir,
            engine,
            events,
        })
    }

    async fn ask(&self, request: Request) -> Response {
        self.engine.handle().dispatch(request).await
    }

    async fn share(&self, request: ShareRequest) -> Result<ServiceStatus, Failure> {
        let response = self.ask(Request::Share(request)).await;
        if let Response::Error(failure) = response {
            return Err(failure);
        }
        let Response::Shared { service, .. } = response else {
            panic!("{response:?}");
        };
        Ok(service)
    }

    async fn status(&self) -> Status {
        let response = self.ask(Request::Status).await;
        let Response::Status(status) = response else {
            panic!("{response:?}");
        };
        *status
    }

    /// Waits for the first event that `wanted` makes something of.
    async fn event<T>(&mut self, wanted: impl Fn(&Event) -> Option<T>) -> T {
        let found = async {
            loop {
                if let Some(found) = wanted(&self.events.recv().await.unwrap()) {
                    return found;
                }
            }
        };
        timeout(DEADLINE, found).await.unwrap()
    }

    async fn reason_of_end(&mut self, name: &str) -> String {
        self.event(|event| {
            let Event::Stopped { service, reason } = event else {
                return None;
            };
            (service == name).then(|| reason.clone())
        })
        .await
    }

    async fn error_code(&mut self) -> String {
        self.event(|event| {
            let Event::Error { code, .. } = event else {
                return None;
            };
            Some(code.clone())
        })
        .await
    }

    async fn shared(&mut self, name: &str) {
        self.event(|event| {
            let is_it = matches!(event, Event::Shared { service, .. } if service == name);
            is_it.then_some(())
        })
        .await;
    }
}

fn write(dir: &TempDir, text: &str) {
    std::fs::write(
        dir.path().join("malai.toml"),
        format!("{LOCAL_NETWORK}{text}"),
    )
    .unwrap();
}

fn port(port: &str) -> ShareRequest {
    ShareRequest {
        upstream: vec![port.to_owned()],
        ..ShareRequest::default()
    }
}

fn named(name: &str) -> ShareRequest {
    ShareRequest {
        name: Some(name.to_owned()),
        ..port("3000")
    }
}
