//! One identity on the network: one endpoint for listening and dialling.

mod settings;

use std::{
    net::SocketAddr,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use iroh::{Endpoint, EndpointAddr, RelayUrl, TransportAddr};
use tokio::{
    sync::{broadcast, watch},
    time::timeout,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use url::Url;

use crate::{
    Announcement, BindError, ConnectError, Neighbours, PublicKey, SecretKey, Slots, Throttle,
    TurnedAway, connections::Connections, door::Door, lan::Lan, recipe::Recipe, server::Handlers,
};

pub use self::settings::{
    AddressHints, Limits, LookupChoice, LookupOrigin, NodeConfig, Path, PathEvent, RelayChoice,
};

/// What both ends must speak; a new wire format gets a new name.
pub(crate) const ALPN: &[u8] = b"/malai/p2p/1";

/// How long the endpoint may take to say goodbye.
const ENDPOINT_CLOSE: Duration = Duration::from_secs(3);
/// Path changes kept for a listener that is slow.
const PATH_EVENTS: usize = 256;

/// One identity on the network; clones share it.
///
/// Close it with [`Node::close`]: a node that is only dropped keeps serving.
#[derive(Debug, Clone)]
pub struct Node(pub(crate) Arc<Inner>);

#[derive(Debug)]
pub(crate) struct Inner {
    /// Makes the endpoint, and one in its place.
    pub(crate) recipe: Recipe,
    /// The endpoint; nothing while another one is about to take its place.
    pub(crate) endpoint: watch::Sender<Option<Endpoint>>,
    pub(crate) id: PublicKey,
    /// Whether any relay is used, so that the network is measured at all.
    pub(crate) has_relays: bool,
    pub(crate) limits: Limits,
    pub(crate) connections: Connections,
    pub(crate) open_connections: Arc<AtomicUsize>,
    /// The most connections there may be.
    pub(crate) most_connections: AtomicUsize,
    /// Connections of those who may use nothing here as far as is known.
    pub(crate) strangers: Arc<AtomicUsize>,
    pub(crate) door: Door,
    /// The streams that peers have open here.
    pub(crate) slots: Slots,
    /// To all peers together, and from them.
    pub(crate) bandwidth: Bandwidth,
    pub(crate) handlers: RwLock<Option<Arc<Handlers>>>,
    pub(crate) paths: broadcast::Sender<PathEvent>,
    /// Refuses new streams and dials.
    pub(crate) draining: CancellationToken,
    /// Ends the loops.
    pub(crate) closing: CancellationToken,
    /// The loops: accepting, and one per connection.
    pub(crate) loops: TaskTracker,
    /// One per stream and dial.
    pub(crate) streams: TaskTracker,
    pub(crate) lan: Option<Lan>,
    pub(crate) neighbours: watch::Sender<Neighbours>,
    /// Told when the network may be another one.
    pub(crate) changes: watch::Sender<()>,
    /// Whether this machine has a network, as far as is known.
    pub(crate) has_network: AtomicBool,
}

/// How fast bytes go to peers, and come from them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Bandwidth {
    pub(crate) up: Throttle,
    pub(crate) down: Throttle,
}

impl Node {
    /// Binds the endpoint and begins to accept connections; streams are refused until
    /// [`listen`](crate::listen) has been served.
    ///
    /// # Errors
    /// [`BindError`] when the address or a server's address cannot be used.
    pub async fn bind(secret: &SecretKey, config: NodeConfig) -> Result<Self, BindError> {
        let bind_error = |error| BindError::Address(config.bind, Box::new(error));
        let neighbours = watch::Sender::default();
        let lan = config
            .lookup
            .mdns
            .then(|| Lan::join(secret.public(), neighbours.clone()))
            .transpose()
            .map_err(bind_error)?;
        let recipe = Recipe::new(secret, &config, lan.clone());
        let endpoint = recipe.bind(config.bind).await?;
        let inner = Arc::new(Inner {
            id: PublicKey::from_iroh(endpoint.id()),
            has_relays: config.relay != RelayChoice::None,
            recipe,
            endpoint: watch::Sender::new(Some(endpoint)),
            limits: config.limits,
            connections: Connections::default(),
            open_connections: Arc::default(),
            most_connections: AtomicUsize::new(config.limits.connections),
            strangers: Arc::default(),
            door: Door::new(&config.limits),
            slots: Slots::new(config.limits.streams, None),
            bandwidth: Bandwidth::default(),
            handlers: RwLock::new(None),
            paths: broadcast::channel(PATH_EVENTS).0,
            draining: CancellationToken::new(),
            closing: CancellationToken::new(),
            loops: TaskTracker::new(),
            streams: TaskTracker::new(),
            lan,
            neighbours,
            changes: watch::Sender::default(),
            has_network: AtomicBool::new(true),
        });
        if let Some(lan) = inner.lan.clone() {
            let closing = inner.closing.clone();
            inner.loops.spawn(async move {
                closing.run_until_cancelled_owned(lan.follow()).await;
            });
        }
        inner
            .loops
            .spawn(crate::incoming::accept_connections(Arc::clone(&inner)));
        inner
            .loops
            .spawn(crate::changes::follow(Arc::clone(&inner)));
        if inner.has_relays {
            let renewing = crate::renewing::follow(Arc::clone(&inner));
            inner.loops.spawn(renewing);
        }
        Ok(Self(inner))
    }

    /// Our own key.
    #[must_use]
    pub fn id(&self) -> PublicKey {
        self.0.id
    }

    /// The UDP addresses at which we may be reached, as far as we know them.
    #[must_use]
    pub fn addresses(&self) -> Vec<SocketAddr> {
        let address = self.0.endpoint().map(|endpoint| endpoint.addr());
        address
            .iter()
            .flat_map(EndpointAddr::ip_addrs)
            .copied()
            .collect()
    }

    /// The relay through which we may be reached, once one has answered.
    #[must_use]
    pub fn relay(&self) -> Option<Url> {
        let address = self.0.endpoint()?.addr();
        address.relay_urls().next().map(|relay| Url::clone(relay))
    }

    /// Waits until a relay has answered. Never resolves without one. Cancel safe.
    pub async fn online(&self) {
        let mut endpoint = self.0.endpoint.subscribe();
        loop {
            let current = endpoint.borrow_and_update().clone();
            let online = async {
                match &current {
                    Some(current) => current.online().await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = online => return,
                Ok(()) = endpoint.changed() => {}
            }
        }
    }

    /// Makes a connection to `peer` when there is none, so that its path is known.
    ///
    /// Tried once, within the node's limit for a dial. Cancel safe: a dial goes on for others.
    ///
    /// # Errors
    /// [`ConnectError`] when there is no connection in time.
    pub async fn reach(&self, peer: PublicKey) -> Result<(), ConnectError> {
        self.0.connection(peer).await.map(drop)
    }

    /// Remembers where `peer` may be found, in addition to what is known.
    pub fn add_hints(&self, peer: PublicKey, hints: &AddressHints) {
        let direct = hints.addresses.iter().copied().map(TransportAddr::Ip);
        let relay = hints
            .relay
            .clone()
            .map(|relay| TransportAddr::Relay(RelayUrl::from(relay)));
        let addresses: Vec<_> = direct.chain(relay).collect();
        if !addresses.is_empty() {
            self.0
                .recipe
                .hints
                .add_endpoint_info(EndpointAddr::from_parts(peer.to_iroh(), addresses));
        }
    }

    /// Other bounds of [`Limits::connections`] and [`Limits::streams`], for those who come from here
    /// on.
    pub fn limit(&self, connections: usize, streams: usize) {
        let most = &self.0.most_connections;
        most.store(connections, Ordering::Relaxed);
        self.0.slots.resize(streams, None);
    }

    /// So many bytes a second to all peers, and from them, from here on; any number when missing.
    /// Peers share them fairly.
    pub fn limit_bandwidth(&self, up: Option<u64>, down: Option<u64>) {
        self.0.bandwidth.up.set(up);
        self.0.bandwidth.down.set(down);
    }

    /// What was turned away so far before anything was asked about it.
    #[must_use]
    pub fn turned_away(&self) -> TurnedAway {
        self.0.door.turned_away.reading()
    }

    /// How `peer` is reached at this moment.
    #[must_use]
    pub fn path(&self, peer: &PublicKey) -> Path {
        self.0.connections.path(peer)
    }

    /// Hears of every change of the way to any peer.
    #[must_use]
    pub fn paths(&self) -> broadcast::Receiver<PathEvent> {
        self.0.paths.subscribe()
    }

    /// Changes whenever the network may be another one, so that whoever waits tries again.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<()> {
        self.0.changes.subscribe()
    }

    /// Refuses new streams with `shutting-down` and dials nobody; what is open goes on.
    pub fn drain(&self) {
        self.0.draining.cancel();
    }

    /// Drains, waits up to `deadline` for open streams, cuts the rest, tells the peers and closes.
    ///
    /// Takes at most `deadline` and 3 s; returns how many streams were cut.
    pub async fn close(&self, deadline: Duration) -> usize {
        self.drain();
        self.announce(Announcement::Nothing);
        self.0.streams.close();
        self.0.loops.close();
        let cut = match timeout(deadline, self.0.streams.wait()).await {
            Ok(()) => 0,
            Err(_) => self.0.streams.len(),
        };
        self.0.closing.cancel();
        self.0.connections.close_all();
        if let Some(endpoint) = self.0.endpoint() {
            close(&endpoint).await;
        }
        self.0.loops.wait().await;
        cut
    }
}

impl Inner {
    /// The endpoint at this moment.
    pub(crate) fn endpoint(&self) -> Option<Endpoint> {
        self.endpoint.borrow().clone()
    }

    pub(crate) fn handlers(&self) -> Option<Arc<Handlers>> {
        self.handlers
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub(crate) fn report(&self, peer: PublicKey, path: Path) {
        if self.paths.send(PathEvent { peer, path }).is_err() {
            tracing::trace!("nobody listens to path changes");
        }
    }
}

/// Says goodbye, and waits for that for a bounded time.
pub(crate) async fn close(endpoint: &Endpoint) {
    if timeout(ENDPOINT_CLOSE, endpoint.close()).await.is_err() {
        tracing::debug!("the endpoint did not close in time");
    }
}
