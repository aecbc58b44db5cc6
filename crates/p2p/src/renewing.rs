//! Makes the endpoint anew when it would wait too long before it asks its relay again.
//!
//! iroh 1.4 dials a relay that it could not reach after pauses that grow to 16 s, and cannot be told
//! that the network is back. Where there is nothing to lose, as no connection lives, an endpoint
//! that takes the place of the old one dials at once. Its key, what it knows of peers, and a port that
//! was asked for stay.

use std::{sync::Arc, time::Duration};

use iroh::{Endpoint, EndpointAddr, RelayUrl, TransportAddr, Watcher as _};
use tokio::{
    net::TcpStream,
    time::{Instant, sleep, timeout},
};

use crate::{
    SecretKey,
    node::{ALPN, Inner, close},
};

/// How often a relay is asked whether it can be reached, while none is connected.
const LOOK: Duration = Duration::from_millis(500);
/// How long it may take to answer, its name included.
const PROBE: Duration = Duration::from_secs(1);
/// How long iroh's own pauses are short enough, after a relay was lost.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long an endpoint may take that never had one: it measures the network first. Doubles with
/// each endpoint that does not find one.
const PATIENCE_AT_FIRST: Duration = Duration::from_secs(10);
/// The most of it: there may be a relay that takes connections and nothing more.
const LONGEST_PATIENCE: Duration = Duration::from_mins(1);
/// How long iroh may take with a relay that can be reached again.
const GRACE: Duration = Duration::from_millis(250);
/// How long a datagram to nobody is tried to be sent.
const WAKE: Duration = Duration::from_secs(1);
/// The pause before it is tried once more to listen.
const BIND_PAUSE: Duration = Duration::from_millis(100);

/// Looks after the relay until the node closes.
pub(crate) async fn follow(node: Arc<Inner>) {
    tokio::select! {
        biased;
        () = node.draining.cancelled() => {}
        () = look_after(&node) => {}
    }
}

async fn look_after(node: &Inner) {
    let relays = node.recipe.relays();
    let mut at_first = PATIENCE_AT_FIRST;
    let mut patience = at_first;
    loop {
        let Some(endpoint) = node.endpoint() else {
            return;
        };
        let is_back = tokio::select! {
            biased;
            () = connected(&endpoint) => true,
            () = reachable(node, &endpoint, &relays, patience) => {
                timeout(GRACE, connected(&endpoint)).await.is_ok()
            }
        };
        if is_back {
            (patience, at_first) = (PATIENCE, PATIENCE_AT_FIRST);
            lost(&endpoint).await;
            continue;
        }
        drop(endpoint);
        renew(node).await;
        (patience, at_first) = (at_first, LONGEST_PATIENCE.min(at_first * 2));
    }
}

/// Resolves when a relay can be reached, and iroh has had its time, and there is nothing to lose.
async fn reachable(node: &Inner, endpoint: &Endpoint, relays: &[RelayUrl], patience: Duration) {
    let mut changes = node.changes.subscribe();
    let begun = Instant::now();
    loop {
        tokio::select! {
            () = sleep(LOOK) => {}
            Ok(()) = changes.changed() => {}
        }
        let may_renew = begun.elapsed() >= patience && !node.connections.any_is_open();
        if may_renew && any_answers(endpoint, relays).await {
            return;
        }
    }
}

async fn connected(endpoint: &Endpoint) {
    until(endpoint, true).await;
}

async fn lost(endpoint: &Endpoint) {
    until(endpoint, false).await;
}

/// Resolves when a relay through which we can be reached is connected, or when none is. One that
/// refuses us counts as connected: asking it more often changes nothing.
async fn until(endpoint: &Endpoint, expected: bool) {
    let mut status = endpoint.home_relay_status();
    loop {
        let home = status.get();
        let is_connected = home
            .iter()
            .any(|relay| relay.is_connected() || relay.auth_denied_reason().is_some());
        if is_connected == expected {
            return;
        }
        if status.updated().await.is_err() {
            // Its endpoint is here, so it does not end.
            return;
        }
    }
}

/// Whether one of `relays` takes a connection.
async fn any_answers(endpoint: &Endpoint, relays: &[RelayUrl]) -> bool {
    let asked = relays.iter().map(|relay| {
        Box::pin(async move {
            let answered = timeout(PROBE, answers(endpoint, relay)).await;
            answered.unwrap_or(false).then_some(()).ok_or(())
        })
    });
    let asked: Vec<_> = asked.collect();
    !asked.is_empty() && futures_util::future::select_ok(asked).await.is_ok()
}

async fn answers(endpoint: &Endpoint, relay: &RelayUrl) -> bool {
    let (Ok(resolver), Some(port)) = (endpoint.dns_resolver(), relay.port_or_known_default())
    else {
        return false;
    };
    let Ok(address) = resolver.resolve_host(relay, false, PROBE).await else {
        return false;
    };
    TcpStream::connect((address, port)).await.is_ok()
}

/// Puts an endpoint in the place of this one.
async fn renew(node: &Inner) {
    tracing::debug!("a relay can be reached again: the endpoint is made anew");
    let address = node.recipe.address();
    let home = node.endpoint().map(|old| old.home_relay_status().get());
    let home = home.iter().flatten().map(|relay| relay.url().clone());
    let home: Vec<_> = home.collect();
    if address.port() != 0 {
        // Nobody else listens at that port before the old one has let it go.
        if let Some(old) = node.endpoint.send_replace(None) {
            close(&old).await;
        }
    }
    let endpoint = loop {
        match node.recipe.bind(address).await {
            Ok(endpoint) => break endpoint,
            Err(error) => tracing::debug!(%error, "there is no new endpoint yet"),
        }
        sleep(BIND_PAUSE).await;
    };
    for relay in home {
        let endpoint = endpoint.clone();
        let waking = async move { drop(timeout(WAKE, wake(&endpoint, relay)).await) };
        node.loops.spawn(waking);
    }
    let old = node.endpoint.send_replace(Some(endpoint));
    node.changes.send_replace(());
    if let Some(old) = old {
        node.loops.spawn(async move { close(&old).await });
    }
}

/// Connects to `relay` before it is home again: iroh does so to send something, and otherwise waits
/// for its measurement, which takes 3 s where UDP is blocked. The relay drops what is for nobody.
async fn wake(endpoint: &Endpoint, relay: RelayUrl) {
    let nobody = SecretKey::generate().public().to_iroh();
    let address = EndpointAddr::from_parts(nobody, [TransportAddr::Relay(relay)]);
    if let Err(error) = endpoint.connect(address, ALPN).await {
        tracing::debug!(%error, "a relay was not woken");
    }
}
