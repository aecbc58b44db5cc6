//! The beginning of an engine: everything that may fail before anything is offered.
//!
//! The node comes last, so that whatever fails leaves nothing on the network.

use std::path::PathBuf;

use fastn_p2p::{Node, SecretKey};
use malai_api::{Event, IdentityStatus};

use super::{ConfigSource, EngineError, EngineOptions, keeper, network};
use crate::{
    audit::Audit,
    bridge::Ports,
    causes::causes,
    clock::Clock,
    config::{self, Config, Parsed},
    events::EventFeed,
    expose::Expose,
    identity, open_files,
    shutdown::Shutdown,
    traces::Traces,
};

/// What an engine stands on.
#[derive(Debug)]
pub(super) struct Base {
    pub(super) config: Config,
    /// Where the configuration is and how it changes; `None` for one in memory.
    pub(super) file: Option<(PathBuf, keeper::Reloads)>,
    pub(super) identity: IdentityStatus,
    pub(super) secret: SecretKey,
    pub(super) clock: Clock,
    pub(super) audit: Audit,
    pub(super) expose: Expose,
    pub(super) node: Node,
}

impl Base {
    /// Reads the configuration, opens the identity and binds the node.
    ///
    /// When it fails, `shutdown` may own a task already.
    pub(super) async fn lay(
        options: &EngineOptions,
        traces: &Traces,
        shutdown: &Shutdown,
    ) -> Result<Self, EngineError> {
        open_files::raise_limit();
        let (config, file) = match &options.config {
            ConfigSource::Memory(config) => (Config::clone(config), None),
            ConfigSource::File => {
                let path = options.home.config();
                // Watched before it is read, so that no change is missed in between.
                let reloads = config::watch(&path, shutdown);
                let Parsed { config, warnings } = config::load(&path)?;
                keeper::warn_all(&warnings);
                (config, Some((path, reloads)))
            }
        };
        let identity =
            identity::open_or(&options.home, options.key_store, options.without_keychain).await?;
        let clock = Clock::start();
        let record = file.is_some().then(|| options.home.audit());
        let audit = Audit::start(record, clock.clone(), shutdown);
        let expose = Expose::new(
            shutdown.clone(),
            options.events.clone(),
            clock.clone(),
            audit.clone(),
            traces.clone(),
        );
        let node = Node::bind(identity.secret(), network::node_config(&config.network)).await?;
        let secret = identity.secret().clone();
        let identity = IdentityStatus {
            id52: identity.public().to_string(),
            store: identity.store().to_string(),
            notice: identity.notice().map(str::to_owned),
        };
        Ok(Self {
            config,
            file,
            identity,
            secret,
            clock,
            audit,
            expose,
            node,
        })
    }
}

/// The ports that bridges had before, when they are kept at `path`; tells what is wrong with it.
pub(super) async fn load_ports(path: Option<PathBuf>, events: &EventFeed) -> Ports {
    let Some(path) = path else {
        return Ports::default();
    };
    let loaded = tokio::task::spawn_blocking(move || Ports::load(path)).await;
    let (ports, said) = match loaded {
        Ok((ports, error)) => (ports, error.map(|error| causes(&error))),
        Err(error) => (Ports::default(), Some(causes(&error))),
    };
    if let Some(message) = said {
        tracing::warn!(error = message, "the ports of bridges are forgotten");
        events.send(|| Event::Error {
            code: "ports-unreadable".to_owned(),
            message,
        });
    }
    ports
}
