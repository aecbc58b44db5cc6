//! What works and what does not, where no engine runs: what one would have is opened and tried, and
//! let go of again. Nothing is offered, and no identity is made.

use std::{sync::Arc, time::Duration};

use fastn_p2p::{LookupChoice, Node, SecretKey};
use malai_api::{Failure, Response};
use tokio::task::spawn_blocking;

use super::{EngineError, HomeLock, network};
use crate::{
    causes::causes,
    config::{self, Config},
    doctor::{self, IdentityState, NodeState, Setup},
    domains::Domains,
    events::EventFeed,
    home::Home,
    identity::{self, KeyStore},
    peers::Peers,
    shutdown::Shutdown,
};

/// How long the node may take to say goodbye.
const CLOSE: Duration = Duration::from_secs(1);

/// Answers [`Request::Doctor`](malai_api::Request::Doctor) for `home`, whose engine does not run.
///
/// It reads files on the calling thread.
///
/// # Errors
/// When an engine has just started, which is the one to ask then, or `peer` names nobody.
pub async fn doctor_offline(
    home: &Home,
    store: Option<KeyStore>,
    peer: Option<&str>,
) -> Result<Response, Failure> {
    let lock = HomeLock::take(home).map_err(EngineError::from);
    let lock = lock.map_err(|error| Failure::from(&error))?;
    let shutdown = Shutdown::default();
    let (identity, secret) = open(home, store).await;
    let path = home.config();
    let loaded = spawn_blocking(move || config::load(&path)).await;
    let config = loaded.ok().and_then(Result::ok).map(|it| it.config);
    let node = match &config {
        None => NodeState::NotTried,
        Some(config) => bind(config, secret.as_ref()).await,
    };
    let config = config.unwrap_or_default();
    let setup = Setup {
        home: Some(home.clone()),
        config: Arc::new(config),
        identity,
        node: node.clone(),
        runs: false,
    };
    let response = Box::pin(look(home, &setup, secret.as_ref(), peer, &shutdown)).await;
    if let NodeState::Bound(node) = node {
        node.close(CLOSE).await;
    }
    shutdown.drain(CLOSE).await;
    drop(lock);
    response
}

async fn look(
    home: &Home,
    setup: &Setup,
    secret: Option<&SecretKey>,
    peer: Option<&str>,
    shutdown: &Shutdown,
) -> Result<Response, Failure> {
    let own = Box::pin(doctor::examine(setup));
    let (Some(text), NodeState::Bound(node)) = (peer, &setup.node) else {
        let diagnosis = doctor::diagnosis(setup, own.await, None);
        return Ok(Response::Diagnosis(Box::new(diagnosis)));
    };
    let events = EventFeed::default();
    let domains = Domains::open(Some(home.domains()), shutdown, events.clone());
    let peers = Peers::new(node.clone(), None, domains, shutdown, events);
    peers.apply(&setup.config);
    let us = secret.map(SecretKey::public);
    let (key, name) = doctor::find_peer(&peers, &setup.config, us, text).await?;
    let there = Box::pin(doctor::examine_peer(node, key, name));
    let (own, there) = tokio::join!(own, there);
    let diagnosis = doctor::diagnosis(setup, own, Some(there));
    Ok(Response::Diagnosis(Box::new(diagnosis)))
}

/// The identity as it is; none is made.
async fn open(home: &Home, store: Option<KeyStore>) -> (IdentityState, Option<SecretKey>) {
    if store == Some(KeyStore::Memory) {
        return (IdentityState::Opened(KeyStore::Memory), None);
    }
    match identity::is_there(home) {
        Ok(true) => {}
        Ok(false) => return (IdentityState::Missing, None),
        Err(error) => return (IdentityState::Failed(causes(&error)), None),
    }
    match identity::open(home, store).await {
        Ok(opened) => {
            let secret = opened.secret().clone();
            (IdentityState::Opened(opened.store()), Some(secret))
        }
        Err(error) => (IdentityState::Failed(causes(&error)), None),
    }
}

/// A node as an engine would have it; one without an identity is found by nobody.
async fn bind(config: &Config, secret: Option<&SecretKey>) -> NodeState {
    let mut wanted = network::node_config(&config.network);
    let secret = match secret {
        Some(secret) => secret.clone(),
        None => {
            wanted.lookup = LookupChoice::default();
            SecretKey::generate()
        }
    };
    match Box::pin(Node::bind(&secret, wanted)).await {
        Ok(node) => NodeState::Bound(node),
        Err(error) => NodeState::Failed(causes(&error)),
    }
}
