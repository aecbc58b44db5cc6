//! What can be asked without a running engine: pet names live in `malai.toml`, and domains in the
//! DNS.
//!
//! The same checks and the same answers as with one; an engine that starts in between sees the
//! change of the file.

use fastn_p2p::PublicKey;
use malai_api::{Failure, LogRequest, PeerState, PeerStatus, Request, Response};

use super::{
    EngineError, HomeLock,
    look::{self, report},
    peering::{check_peer_known, new_peer},
    rotating,
};
use crate::{
    causes::causes,
    config::{self, Config, ConfigError, Editor},
    domains::Domains,
    events::EventFeed,
    home::Home,
    identity::{self, KeyStore},
    rotation::{self, RotationError, RotationFile},
    shutdown::Shutdown,
};

/// Answers what needs no engine; `None` for everything else.
///
/// It reads and writes files on the calling thread.
#[must_use]
pub fn dispatch_offline(home: &Home, request: &Request) -> Option<Response> {
    let response = match request {
        Request::Peers => peers(home),
        Request::PeerAdd { name, id52 } => add(home, name, id52),
        Request::PeerRemove { name } => remove(home, name),
        Request::Log(request) => log(home, request),
        Request::Identity
        | Request::Status
        | Request::Metrics
        | Request::Share(_)
        | Request::Bridge(_)
        | Request::Stop { .. }
        | Request::Subscribe
        | Request::Watch
        | Request::Detect
        | Request::Read { .. }
        | Request::Nearby
        | Request::Services { .. }
        | Request::Domain { .. }
        | Request::Invite(_)
        | Request::Allow { .. }
        | Request::Requests
        | Request::Admit { .. }
        | Request::Deny { .. }
        | Request::Block { .. }
        | Request::Invites
        | Request::Revoke { .. }
        | Request::EndIn { .. }
        | Request::Describe { .. }
        | Request::GroupPut { .. }
        | Request::GroupRemove { .. }
        | Request::Check { .. }
        | Request::Doctor { .. }
        | Request::Qr { .. }
        | Request::Settings
        | Request::SetNetwork(_)
        | Request::SetGateway { .. }
        | Request::SetName { .. }
        | Request::ExportIdentity { .. }
        | Request::ImportIdentity { .. }
        | Request::Rotate { .. } => return None,
    };
    Some(response.unwrap_or_else(Response::Error))
}

/// Answers [`Request::Domain`] for the identity `own`, whose engine does not run.
///
/// It reads and writes files on the calling thread.
///
/// # Errors
/// When there is no such domain, `malai.toml` is not valid, or an engine has just started, which is
/// the one to ask then.
pub async fn domain_offline(
    home: &Home,
    own: PublicKey,
    name: &str,
    accept: bool,
) -> Result<Response, Failure> {
    let config = load(home)?;
    let lock = match accept {
        true => Some(HomeLock::take(home).map_err(EngineError::from)),
        false => None,
    };
    let lock = lock.transpose().map_err(|error| Failure::from(&error))?;
    let domains = Domains::open(
        Some(home.domains()),
        &Shutdown::default(),
        EventFeed::default(),
    );
    domains.apply(&config.domains);
    let report = report(&domains, own, name, accept).await;
    drop(lock);
    report.map(Response::Domain)
}

/// Gives the identity of `home` a new key, where no engine runs: the answer of an engine, and what
/// keeps one from starting meanwhile is the caller's.
///
/// # Errors
/// [`Failure`]; the identity has its old key then.
pub async fn rotate_offline(
    home: &Home,
    store: Option<KeyStore>,
    forget_old: bool,
) -> Result<Response, Failure> {
    let failed = |error: RotationError| rotating::failed(&error);
    if store == Some(KeyStore::Memory)
        || !identity::is_there(home).map_err(|it| failed(it.into()))?
    {
        return Err(rotating::no_identity());
    }
    let before = identity::open(home, store).await;
    let before = before.map_err(|it| failed(it.into()))?;
    let file = RotationFile::of(home);
    let mut rotations = file.load().map_err(|it| failed(it.into()))?;
    let now = rotating::now();
    let rotated = rotation::rotate(home, &mut rotations, before.secret(), forget_old, now).await;
    let after = rotated.map_err(failed)?;
    Ok(Response::Rotated {
        former: before.public().to_string(),
        id52: after.public().to_string(),
        notice: after.notice().map(str::to_owned),
    })
}

fn peers(home: &Home) -> Result<Response, Failure> {
    // Only for people to see; what is wrong with it is the engine's to say.
    let rotations = RotationFile::of(home).load().unwrap_or_default();
    let status = |(name, peer): (String, config::PeerConfig)| PeerStatus {
        name: Some(name),
        id52: peer.id.to_string(),
        state: PeerState::Offline,
        rtt_ms: None,
        blocked: false,
        last_seen: None,
        rotated: rotations.since(&peer.id),
        former: peer.former.iter().map(ToString::to_string).collect(),
    };
    let peers = load(home)?.peers.into_iter().map(status).collect();
    Ok(Response::Peers { peers })
}

fn add(home: &Home, name: &str, id52: &str) -> Result<Response, Failure> {
    match new_peer(&load(home)?, name, id52)? {
        Some(peer) => edit(home, |editor| editor.put_peer(name, &peer)),
        None => Ok(Response::Done),
    }
}

fn remove(home: &Home, name: &str) -> Result<Response, Failure> {
    check_peer_known(&load(home)?, name)?;
    edit(home, |editor| {
        editor.remove_peer(name);
    })
}

fn log(home: &Home, request: &LogRequest) -> Result<Response, Failure> {
    look::entries(&home.audit(), &load(home)?, request)
}

fn load(home: &Home) -> Result<Config, Failure> {
    let parsed = config::load(&home.config()).map_err(failure)?;
    Ok(parsed.config)
}

fn edit(home: &Home, change: impl FnOnce(&mut Editor)) -> Result<Response, Failure> {
    config::edit(&home.config(), change).map_err(failure)?;
    Ok(Response::Done)
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "the shape that `map_err` wants"
)]
fn failure(error: ConfigError) -> Failure {
    Failure::new(error.code(), causes(&error))
}
