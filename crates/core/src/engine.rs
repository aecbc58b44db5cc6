//! Everything that runs, tied together, without any user interface.
//!
//! An engine holds the lock of its home, opens the identity, reads `malai.toml`, binds the node
//! and then shares and bridges what is wanted: what the file keeps, and what was asked for by
//! somebody who is still there.
//! All changes go through one task, the keeper; everybody else has an [`EngineHandle`].
//! Stopping drains first and reports what had to be cut.

mod answers;
mod apply;
mod asking;
mod bridging;
mod dispatch;
mod doctoring;
mod error;
mod exporter;
mod groups;
mod guests;
mod handle;
mod inviting;
mod keeper;
mod layers;
mod lock;
mod look;
mod network;
mod offline;
mod operations;
mod peering;
mod probe;
mod reaching;
mod revoking;
mod rotating;
mod settings;
mod sharing;
mod start;
mod status;
mod telling;
mod watching;

use std::{sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use fastn_p2p::{Node, PublicKey};
use malai_api::{Event, IdentityStatus};
use tokio::time::{Instant, sleep};
use tracing::info;

pub use doctoring::doctor_offline;
pub use error::EngineError;
pub use handle::EngineHandle;
pub use lock::{HomeLock, LockError};
#[cfg(test)]
pub(crate) use network::node_config;
pub use offline::{dispatch_offline, domain_offline, rotate_offline};
pub use reaching::{Reached, attach_or_start};

use self::{
    answers::Answers,
    guests::Guests,
    keeper::{Keeper, Parts},
    operations::Operations,
    rotating::Rotating,
    start::Base,
};
use crate::{
    bridge::Bridges,
    config::Config,
    control::{ControlListener, UiAddress, WebError, WebUi},
    domains::Domains,
    events::EventFeed,
    expose::Expose,
    home::Home,
    identity::{KeyStore, WithoutKeychain},
    logs::LogsHandle,
    peers::Peers,
    shutdown::Shutdown,
    traces::Traces,
};

/// How long the last lines of control connections may take.
const CONTROL_CLOSE: Duration = Duration::from_secs(1);

/// In the state of a home: when peers were last connected.
const PEERS_FILE: &str = "peers.json";

/// What an engine is started with.
#[derive(Debug)]
pub struct EngineOptions {
    /// Where everything of it is.
    pub home: Home,
    /// Where the secret key is kept; the identity module chooses when missing.
    pub key_store: Option<KeyStore>,
    /// What becomes of a new home where no keychain answers and no store was chosen.
    pub without_keychain: WithoutKeychain,
    /// How long whoever may not use a service waits while its owner is asked; what `malai.toml`
    /// says when missing.
    pub ask_timeout: Option<Duration>,
    /// What it does from the start.
    pub config: ConfigSource,
    /// Whether it answers on the control socket of its home.
    pub control: bool,
    /// Where it tells what happens; whoever subscribes before the start misses nothing.
    pub events: EventFeed,
    /// The log of this process, to be written as the configuration says.
    pub logs: LogsHandle,
}

/// Where the configuration comes from.
#[derive(Debug)]
pub enum ConfigSource {
    /// `malai.toml` in the home, followed as it changes.
    File,
    /// Only this; nothing can be kept.
    Memory(Box<Config>),
}

/// A running engine.
///
/// End it with [`Engine::stop`]; one that is only dropped cuts everything.
#[derive(Debug)]
pub struct Engine {
    handle: EngineHandle,
    node: Node,
    effective: Arc<ArcSwap<Config>>,
    expose: Expose,
    bridges: Bridges,
    operations: Operations,
    identity: IdentityStatus,
    shutdown: Shutdown,
    /// Outlives the rest, so that whoever listens hears how it ended.
    control: Shutdown,
    listener: Option<ControlListener>,
    _lock: HomeLock,
}

/// How the traffic of an engine ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Drained {
    /// What was in flight and ended by itself.
    pub finished: usize,
    /// What was cut, since it took too long.
    pub cut: usize,
}

impl Engine {
    /// Starts an engine and everything its configuration wants.
    ///
    /// A bridge of the configuration that cannot listen is reported as an event and tried again;
    /// it does not keep the engine from starting.
    ///
    /// # Errors
    /// [`EngineError`] says which part could not start; nothing is left running then.
    pub async fn start(options: EngineOptions) -> Result<Self, EngineError> {
        let lock = HomeLock::take(&options.home)?;
        let shutdown = Shutdown::default();
        // Outlives the rest, as spans of what is cut do.
        let control_tasks = Shutdown::default();
        let traces = Traces::new(control_tasks.clone());
        let base = match Base::lay(&options, &traces, &shutdown).await {
            Ok(base) => base,
            Err(error) => {
                shutdown.drain(Duration::ZERO).await;
                return Err(error);
            }
        };
        let EngineOptions {
            home,
            ask_timeout,
            control,
            events,
            logs,
            ..
        } = options;
        logs.apply(&base.config.logs);
        info!("malai runs");
        events.send(|| Event::Identity {
            id52: base.identity.id52.clone(),
        });
        let seen = Some(home.state().join(PEERS_FILE));
        let kept = base.file.is_some().then(|| home.domains());
        let domains = Domains::open(kept, &shutdown, events.clone());
        let node = base.node.clone();
        let peers = Peers::new(node, seen, domains, &shutdown, events.clone());
        let operations = Operations::begin(&base.identity.id52).await;
        let effective = Arc::new(ArcSwap::from_pointee(Config::default()));
        let (file, reloads) = base.file.unzip();
        let ports = file.is_some().then(|| home.ports());
        let ports = start::load_ports(ports, &events).await;
        let bridges = Bridges::new(
            peers.clone(),
            ports,
            shutdown.clone(),
            events.clone(),
            traces.clone(),
        );
        // What lives in memory alone has nothing to keep.
        let access = file.is_some().then(|| home.access());
        let guests = Guests::open(access).await;
        base.clock.was_after(guests.as_of);
        let kept = file.is_some().then(|| home.clone());
        let parts = Parts {
            node: base.node.clone(),
            peers,
            expose: base.expose.clone(),
            bridges: bridges.clone(),
            events,
            operations: operations.clone(),
            answers: Answers::start(Arc::clone(&effective), &shutdown),
            effective: Arc::clone(&effective),
            identity: base.identity.clone(),
            secret: base.secret,
            home: home.clone(),
            network: base.config.network.clone(),
            ask_timeout,
            started: Instant::now(),
            clock: base.clock,
            audit: base.audit,
            logs,
            traces,
            file,
        };
        let known = (guests, Rotating::open(kept).await);
        let handle = Keeper::start(parts, base.config, known, reloads, &shutdown).await;
        // Policy is in force from the first stream on.
        base.expose.serve(&base.node);
        let mut engine = Self {
            handle,
            node: base.node,
            effective,
            expose: base.expose,
            bridges,
            operations,
            identity: base.identity,
            shutdown,
            control: control_tasks,
            listener: None,
            _lock: lock,
        };
        if control {
            match ControlListener::start(&home, engine.handle.clone(), &engine.control) {
                Ok(listener) => engine.listener = Some(listener),
                Err(error) => {
                    engine.stop().await;
                    return Err(error.into());
                }
            }
        }
        Ok(engine)
    }

    /// The way to ask it for things.
    #[must_use]
    pub fn handle(&self) -> &EngineHandle {
        &self.handle
    }

    /// Serves the web UI at `address`, for whoever has the URL, until the engine has ended.
    ///
    /// # Errors
    /// When it cannot listen there.
    pub async fn serve_ui(&self, address: UiAddress) -> Result<WebUi, WebError> {
        WebUi::start(address, self.handle.clone(), &self.control).await
    }

    /// Its public key.
    #[must_use]
    pub fn id(&self) -> PublicKey {
        self.node.id()
    }

    /// Who it is and where its key is kept.
    #[must_use]
    pub fn identity(&self) -> &IdentityStatus {
        &self.identity
    }

    /// Stops accepting, lets what is in flight end within `drain_timeout`, cuts the rest.
    pub async fn stop(self) -> Drained {
        self.stop_or_cut(std::future::pending()).await
    }

    /// The same, but cuts what is left as soon as `hurry` resolves.
    pub async fn stop_or_cut(self, hurry: impl Future<Output = ()>) -> Drained {
        let effective = self.effective.load_full();
        let patience = effective.drain_timeout;
        let in_flight = || status::in_flight(&effective, &self.expose, &self.bridges);
        let before = in_flight();
        self.node.drain();
        let all_end = async {
            // Bridges first, since they need the node; what peers fetch goes on meanwhile.
            self.shutdown.drain(Duration::MAX).await;
            self.node.close(patience).await;
        };
        let time_is_up = async {
            tokio::select! {
                () = sleep(patience) => {}
                () = hurry => {}
            }
        };
        let mut cut = 0;
        tokio::select! {
            biased;
            () = time_is_up => {
                // Counted in requests: of the tasks that are left many carry none.
                cut = in_flight();
                self.shutdown.drain(Duration::ZERO).await;
                self.node.close(Duration::ZERO).await;
            }
            () = all_end => {}
        }
        let drained = Drained {
            finished: before.saturating_sub(cut),
            cut,
        };
        self.operations.end();
        self.handle.feed().send(|| Event::Drained {
            finished: drained.finished,
            cut: drained.cut,
        });
        drop(self.listener);
        self.control.drain(CONTROL_CLOSE).await;
        info!(
            finished = drained.finished,
            cut = drained.cut,
            "malai has stopped"
        );
        drained
    }
}

#[cfg(test)]
mod tests;
