//! The one task that changes what an engine does.
//!
//! Requests, edits of `malai.toml` and ends of temporary shares come in here one after the other,
//! so that every change is applied to the whole before the next one is looked at.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use fastn_p2p::{Node, PublicKey, SecretKey};
use malai_api::{Event, Failure, IdentityStatus, Request, Response, codes};
use tokio::{
    sync::{Semaphore, mpsc, oneshot, watch},
    time::{Instant, sleep_until},
};
use tracing::warn;

use super::{
    EngineHandle,
    answers::Answers,
    apply::Share,
    bridging::Bridging,
    exporter::Exporter,
    guests::Guests,
    layers::Layers,
    look::{self, Look},
    operations::Operations,
    rotating::Rotating,
    telling::Telling,
    watching::Looking,
};
use crate::{
    asking::Asking,
    audit::Audit,
    bridge::Bridges,
    causes::causes,
    clock::Clock,
    config::{self, Config, ConfigError, Editor, NetworkConfig, Parsed, Problem},
    control::Owner,
    events::EventFeed,
    expose::{Expose, Redemption, Wish},
    home::Home,
    logs::LogsHandle,
    peers::Peers,
    rotation::Chain,
    shutdown::Shutdown,
    traces::Traces,
    watching::StatusFeed,
};

/// Commands that wait; whoever has more to ask waits, too.
const INBOX: usize = 64;

/// Between two tries of a bridge that could not listen.
const RETRY_INTERVAL: Duration = Duration::from_secs(2);

/// Something for the keeper to do.
#[derive(Debug)]
pub(super) enum Command {
    Ask {
        request: Request,
        owner: Owner,
        reply: oneshot::Sender<Response>,
    },
    /// A temporary share or bridge is over.
    End {
        name: String,
        generation: u64,
        reason: &'static str,
    },
    /// A peer has heard of all our keys.
    Delivered(PublicKey),
}

/// What `malai.toml` says after it changed.
pub(super) type Reloads = mpsc::Receiver<Result<Parsed, ConfigError>>;

/// The parts an engine is made of.
#[derive(Debug)]
pub(super) struct Parts {
    pub(super) node: Node,
    pub(super) peers: Peers,
    pub(super) expose: Expose,
    pub(super) bridges: Bridges,
    pub(super) events: EventFeed,
    pub(super) operations: Operations,
    /// Whether shares are answered.
    pub(super) answers: Answers,
    /// What is in force, for everybody to read.
    pub(super) effective: Arc<ArcSwap<Config>>,
    pub(super) identity: IdentityStatus,
    /// Masked when it is printed.
    pub(super) secret: SecretKey,
    pub(super) home: Home,
    /// What the node was bound with.
    pub(super) network: NetworkConfig,
    /// In place of what `malai.toml` says.
    pub(super) ask_timeout: Option<Duration>,
    pub(super) started: Instant,
    pub(super) clock: Clock,
    pub(super) audit: Audit,
    pub(super) logs: LogsHandle,
    pub(super) traces: Traces,
    /// Where things are kept; `None` for a configuration in memory.
    pub(super) file: Option<PathBuf>,
}

/// Where everything comes in that the keeper does something about.
#[derive(Debug)]
struct Came {
    commands: mpsc::Receiver<Command>,
    /// `None` for a configuration in memory.
    reloads: Option<Reloads>,
    redemptions: Option<mpsc::Receiver<Redemption>>,
    wishes: Option<mpsc::Receiver<Wish>>,
    /// Told when a peer has gone.
    gone: watch::Receiver<()>,
    rotations: Option<mpsc::Receiver<Chain>>,
}

/// Owns what is wanted and holds the parts to it.
#[derive(Debug)]
pub(super) struct Keeper {
    pub(super) parts: Parts,
    pub(super) layers: Layers,
    pub(super) shares: BTreeMap<String, Share>,
    pub(super) bridges: BTreeMap<String, Bridging>,
    pub(super) guests: Guests,
    pub(super) asking: Asking,
    pub(super) rotating: Rotating,
    pub(super) gateway: Option<std::net::SocketAddr>,
    pub(super) exporter: Exporter,
    pub(super) inbox: mpsc::WeakSender<Command>,
    /// The identity of the next start, when one was imported.
    pub(super) imported: Option<PublicKey>,
    pub(super) status: StatusFeed,
    retry_at: Instant,
}

impl Keeper {
    /// Applies `config` and then keeps going until `shutdown` drains.
    pub(super) async fn start(
        parts: Parts,
        config: Config,
        (guests, rotating): (Guests, Rotating),
        reloads: Option<Reloads>,
        shutdown: &Shutdown,
    ) -> EngineHandle {
        let (sender, inbox) = mpsc::channel(INBOX);
        let look = Look {
            node: parts.node.clone(),
            peers: parts.peers.clone(),
            effective: Arc::clone(&parts.effective),
            audit: parts.audit.clone(),
            home: parts.file.is_some().then(|| parts.home.clone()),
            store: parts.identity.store.clone(),
            detector: Arc::default(),
            checking: Arc::new(Semaphore::new(look::MAX_CHECKS)),
            shutdown: shutdown.clone(),
        };
        if let Some(asked) = parts.expose.examinations() {
            shutdown.spawn(look.clone().tell_peers(asked, shutdown.clone()));
        }
        let (status, source) = StatusFeed::new();
        let looking = Looking {
            source,
            keeper: sender.downgrade(),
            events: parts.events.clone(),
            answers: parts.answers.clone(),
            shutdown: shutdown.clone(),
        };
        shutdown.spawn(looking.run());
        let telling = Telling {
            node: parts.node.clone(),
            owed: rotating.owed(),
            keeper: sender.downgrade(),
        };
        shutdown.spawn(telling.run(shutdown.clone()));
        let (events, feed) = (parts.events.clone(), status.clone());
        let handle = EngineHandle::new(sender.clone(), events, feed, look);
        let mut layers = Layers::new(config);
        layers.ask_timeout = parts.ask_timeout;
        let mut keeper = Self {
            parts,
            layers,
            shares: BTreeMap::new(),
            bridges: BTreeMap::new(),
            guests,
            asking: Asking::default(),
            rotating,
            gateway: None,
            exporter: Exporter::new(sender.downgrade(), shutdown.clone()),
            inbox: sender.downgrade(),
            imported: None,
            status,
            retry_at: Instant::now() + RETRY_INTERVAL,
        };
        if let Some(failure) = keeper.guests.unreadable.take() {
            keeper.error(&failure.code, &failure.message);
        }
        if let Some(failure) = keeper.rotating.unreadable.clone() {
            keeper.error(&failure.code, &failure.message);
        }
        keeper.apply("").await;
        let redemptions = keeper.parts.expose.redemptions();
        let rotations = keeper.parts.expose.rotations();
        let came = Came {
            commands: inbox,
            reloads,
            redemptions,
            wishes: keeper.parts.expose.wishes(),
            gone: keeper.parts.peers.gone(),
            rotations,
        };
        shutdown.spawn(keeper.run(came, shutdown.clone()));
        handle
    }

    async fn run(mut self, mut came: Came, shutdown: Shutdown) {
        loop {
            let end_of_access = self.next_end_of_access();
            let end_of_asking = self.next_end_of_asking();
            // Every branch is cancel safe: nothing is taken from a queue without being handled.
            tokio::select! {
                biased;
                () = shutdown.draining() => return self.leave_guests().await,
                command = came.commands.recv() => match command {
                    Some(command) => self.handle(command).await,
                    None => return,
                },
                loaded = next(&mut came.reloads) => self.reload(loaded).await,
                redemption = next(&mut came.redemptions) => self.redeem(redemption).await,
                wish = next(&mut came.wishes) => self.wish(&wish),
                Ok(()) = came.gone.changed() => self.end_visits().await,
                said = next(&mut came.rotations) => self.follow(said).await,
                () = at(end_of_access) => self.end_access().await,
                () = at(end_of_asking) => self.end_asking(),
                () = sleep_until(self.retry_at), if self.has_failed_bridges() => {
                    self.retry_at = Instant::now() + RETRY_INTERVAL;
                    self.retry_bridges().await;
                }
            }
        }
    }

    async fn handle(&mut self, command: Command) {
        match command {
            Command::Ask {
                request,
                owner,
                reply,
            } => {
                let response = self.answer(request, owner).await;
                if reply
                    .send(response.unwrap_or_else(Response::Error))
                    .is_err()
                {
                    tracing::debug!("whoever asked did not wait for the answer");
                }
            }
            Command::End {
                name,
                generation,
                reason,
            } => {
                if self.layers.remove(&name, generation) {
                    self.apply(reason).await;
                }
            }
            Command::Delivered(peer) => self.delivered(peer).await,
        }
    }

    async fn reload(&mut self, loaded: Result<Parsed, ConfigError>) {
        match loaded {
            Ok(Parsed { config, warnings }) => {
                warn_all(&warnings);
                let has_changed = config.network != self.layers.file.network;
                if has_changed && self.needs_restart(&config.network) {
                    let message = "`[network]` in malai.toml has changed; restart malai to use it";
                    self.error(codes::RESTART_NEEDED, message);
                }
                self.layers.file = config;
                self.apply("malai.toml has changed").await;
                self.follow_waiting().await;
            }
            Err(error) => {
                let said = causes(&error);
                let message = format!("malai.toml is not used as it is now: {said}");
                self.error(error.code(), &message);
            }
        }
    }

    /// Changes `malai.toml` and takes up what it says then; the caller applies it.
    pub(super) async fn edit(
        &mut self,
        change: impl FnOnce(&mut Editor) + Send + 'static,
    ) -> Result<(), Failure> {
        let Some(path) = self.parts.file.clone() else {
            let message = "this engine has no malai.toml to keep it in";
            return Err(Failure::new(codes::NOT_KEPT, message));
        };
        let edited = tokio::task::spawn_blocking(move || config::edit(&path, change)).await;
        match edited {
            Ok(Ok(parsed)) => {
                self.layers.file = parsed.config;
                Ok(())
            }
            Ok(Err(error)) => Err(Failure::new(error.code(), causes(&error))),
            Err(error) => Err(Failure::new("internal", causes(&error))),
        }
    }

    /// Tells whoever listens, and the log, that something went wrong.
    pub(super) fn error(&self, code: &str, message: &str) {
        warn!(code, error = message, "something needs a look");
        self.parts.events.send(|| Event::Error {
            code: code.to_owned(),
            message: message.to_owned(),
        });
    }
}

/// Logs what is odd about a configuration that works.
pub(super) fn warn_all(warnings: &[Problem]) {
    for problem in warnings {
        warn!(problem = %problem, "malai.toml has something to look at");
    }
}

/// The next of what comes in here; never resolves when nothing can come. Cancel safe.
async fn next<T>(receiver: &mut Option<mpsc::Receiver<T>>) -> T {
    if let Some(receiver) = receiver
        && let Some(item) = receiver.recv().await
    {
        return item;
    }
    std::future::pending().await
}

/// Never resolves without an instant. Cancel safe.
pub(super) async fn at(instant: Option<Instant>) {
    match instant {
        Some(instant) => sleep_until(instant).await,
        None => std::future::pending().await,
    }
}
