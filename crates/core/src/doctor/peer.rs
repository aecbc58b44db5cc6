//! The way to a peer, and the same seen from its end.

mod judging;

use std::time::Duration;

use fastn_p2p::{
    CallError, ConnectError, Node, Path, PublicKey, RejectCode, Rejection, call, connect, reach,
};
use malai_api::{Failure, PeerDiagnosis, codes};
use tokio::time::{Instant, timeout, timeout_at};

use super::{
    Found, speech,
    speed::{self, Speed},
};
use crate::{
    causes::causes,
    clock::Clock,
    config::{BridgeTarget, Config, PeerName},
    peers::Peers,
    wire::{Doctor, Offer, Open, Services, Told},
};

/// How long a dial may take; a relayed one takes several round trips.
const REACH: Duration = Duration::from_secs(10);
/// How long a connection that begins through a relay may take to go directly.
const DIRECT: Duration = Duration::from_secs(4);
/// How long the peer may take to tell what it sees; it may look at itself first.
const TELL: Duration = Duration::from_secs(8);
/// How long it may take to say what it offers.
const OFFER: Duration = Duration::from_secs(5);

/// A peer, and what was found on the way to it.
#[derive(Debug)]
pub(crate) struct Destination {
    key: PublicKey,
    name: String,
    reached: bool,
    found: Vec<Found>,
}

impl From<Destination> for PeerDiagnosis {
    fn from(destination: Destination) -> Self {
        Self {
            id52: destination.key.to_string(),
            name: destination.name,
            reached: destination.reached,
            findings: destination.found.into_iter().map(Found::into).collect(),
        }
    }
}

/// Why a peer does not tell what it sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Silence {
    /// Its version does not know the question.
    Older,
    /// We may use nothing there, so it tells us nothing.
    Denied,
    /// Not at the moment.
    Busy,
    /// The stream broke off, or took too long.
    Broken,
}

/// What was seen of a peer that was reached.
#[derive(Debug)]
struct Seen {
    path: Path,
    address: Option<std::net::SocketAddr>,
    told: Result<(Told, Speed), Silence>,
    offer: Option<Offer>,
    /// Our time when it told, in seconds since 1970.
    now: u64,
}

/// Who `text` names: the key, and what to call it. A link's addresses are remembered; the key of a
/// domain is not.
///
/// # Errors
/// When it names nobody, or is ourselves.
pub(crate) async fn find_peer(
    peers: &Peers,
    config: &Config,
    own: Option<PublicKey>,
    text: &str,
) -> Result<(PublicKey, String), Failure> {
    let target: BridgeTarget = text.parse().map_err(|error: crate::link::LinkError| {
        Failure::new(codes::ARGUMENT_INVALID, causes(&error))
    })?;
    let key = match &target.peer {
        PeerName::Domain(domain) => {
            let looked = peers.domains().look(domain).await;
            let meaning = looked.meaning.map_err(|error| Failure::from(&error))?;
            meaning.key()
        }
        PeerName::Key(_) | PeerName::Pet(_) => {
            let key = peers.resolve(&target).await;
            key.map_err(|error| Failure::new(codes::PEER_UNKNOWN, error.message))?
        }
    };
    if Some(key) == own {
        let message = "this is your own id52; name a peer, or nobody to check this machine alone";
        return Err(Failure::new(codes::ARGUMENT_INVALID, message));
    }
    let name = config.pet_name(&key);
    Ok((key, name.map_or_else(|| key.short(), str::to_owned)))
}

/// Dials the peer, asks it what it sees, and measures. Takes at most some 20 seconds.
pub(crate) async fn examine_peer(node: &Node, key: PublicKey, name: String) -> Destination {
    match Box::pin(look(node, key)).await {
        Ok(seen) => Destination {
            found: judging::judge(&seen, &name),
            key,
            name,
            reached: true,
        },
        Err(error) => Destination {
            found: vec![judging::unreachable(error.as_ref(), &name)],
            key,
            name,
            reached: false,
        },
    }
}

/// No error is that it took too long.
async fn look(node: &Node, key: PublicKey) -> Result<Seen, Option<ConnectError>> {
    match timeout(REACH, reach(node, key)).await {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => return Err(Some(error)),
        Err(_) => return Err(None),
    }
    wait_for_direct(node, &key).await;
    let offering = timeout(OFFER, ask_for_offer(node, key));
    let (told, offer) = tokio::join!(Box::pin(ask(node, key)), offering);
    Ok(Seen {
        path: node.path(&key),
        address: node.remote_address(&key),
        told,
        offer: offer.ok().flatten(),
        now: Clock::start().now().as_secs(),
    })
}

/// A connection may begin through a relay and go directly a moment later.
async fn wait_for_direct(node: &Node, key: &PublicKey) {
    let deadline = Instant::now() + DIRECT;
    let mut paths = node.paths();
    while !matches!(node.path(key), Path::Direct(_)) {
        // What was missed is seen at the next look.
        if timeout_at(deadline, paths.recv()).await.is_err() {
            return;
        }
    }
}

async fn ask(node: &Node, key: PublicKey) -> Result<(Told, Speed), Silence> {
    // Nobody is let in by being looked at: an invite is not shown.
    let open = Open {
        service: String::new(),
        invite: None,
    };
    let telling = async {
        let opened = connect(node, key, Doctor, &open).await;
        let mut session = opened.map_err(|_| Silence::Broken)?;
        let told = speech::read_told(&mut session).await;
        let told = told.map_err(|error| match Rejection::of(&error) {
            Some(rejection) => silence(rejection),
            None => Silence::Broken,
        })?;
        Ok((told, session))
    };
    let (told, session) = timeout(TELL, telling)
        .await
        .unwrap_or(Err(Silence::Broken))?;
    Ok((told, Box::pin(speed::measure(session)).await))
}

fn silence(rejection: &Rejection) -> Silence {
    match rejection.code {
        RejectCode::UnknownProtocol | RejectCode::BadRequest => Silence::Older,
        RejectCode::Unauthorized | RejectCode::NotAdmitted => Silence::Denied,
        RejectCode::Busy | RejectCode::ShuttingDown => Silence::Busy,
        RejectCode::Other(_) | _ => Silence::Denied,
    }
}

async fn ask_for_offer(node: &Node, key: PublicKey) -> Option<Offer> {
    let open = Open {
        service: String::new(),
        invite: None,
    };
    match call(node, key, Services, &open).await {
        Ok(offer) => Some(offer),
        Err(CallError::Rejected(rejection)) => {
            tracing::debug!(code = rejection.code.as_str(), "a peer offers nothing");
            None
        }
        Err(error) => {
            tracing::debug!(error = causes(&error), "a peer did not say what it offers");
            None
        }
    }
}
