//! Brings members of a bridge back that are out: one probe at a time, after pauses that grow.

use std::{sync::Arc, time::Duration};

use fastn_p2p::{Path, PathEvent};
use malai_api::Protocol;
use tokio::{
    sync::broadcast,
    time::{sleep, timeout},
};

use super::{member::Member, members::Members, peer_dial};
use crate::{
    http::ProxyError,
    shutdown::Shutdown,
    wire::{HttpStream, TcpStream},
};

/// How long a probe may take.
const PROBE_WAIT: Duration = Duration::from_secs(3);
/// The shortest pause between two probes, whatever ends it.
const SHORTEST_PAUSE: Duration = Duration::from_millis(250);
/// The longest pause between two probes, so that the preferred member is back soon.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// A bridge of which nothing was asked for this long is not in use.
const IN_USE: Duration = Duration::from_mins(5);
/// The pause between two probes while the bridge is not in use.
const PAUSE_WHEN_UNUSED: Duration = Duration::from_mins(1);

/// Looks after all members of a bridge, when there are several, for as long as `part` runs.
pub(super) fn begin(members: &Arc<Members>, protocol: Protocol, part: &Shutdown) {
    for member in members.list().iter().filter(|_| members.are_several()) {
        let ended = part.clone();
        let bringing = bring_back(Arc::clone(members), Arc::clone(member), protocol);
        part.spawn(async move {
            tokio::select! {
                biased;
                () = ended.draining() => {}
                () = bringing => {}
            }
        });
    }
}

/// Probes `member` whenever it could not be reached, until the future is dropped.
async fn bring_back(members: Arc<Members>, member: Arc<Member>, protocol: Protocol) {
    let peers = member.naming.peers.clone();
    let (mut used, mut changes) = (members.used(), peers.changes());
    loop {
        member.unreached().await;
        let mut paths = peers.paths();
        sleep(SHORTEST_PAUSE).await;
        let is_used = used.borrow_and_update().elapsed() < IN_USE;
        let pause = if is_used {
            member.rest().min(LONGEST_PAUSE)
        } else {
            PAUSE_WHEN_UNUSED
        };
        tokio::select! {
            biased;
            () = member.reached() => continue,
            () = comes_to_us(&member, &mut paths) => {}
            Ok(()) = changes.changed() => {}
            Ok(()) = used.changed(), if !is_used => continue,
            () = sleep(pause) => {}
        }
        let turn = member.probe();
        match timeout(PROBE_WAIT, probe(&member, protocol)).await {
            Ok(Ok(())) => turn.worked(),
            Ok(Err(error)) => turn.failed(&error),
            Err(_) => turn.failed(&ProxyError::peer_failed("A probe took too long.")),
        }
    }
}

/// Resolves when the member's peer is connected, such as by its own doing.
async fn comes_to_us(member: &Member, paths: &mut broadcast::Receiver<PathEvent>) {
    while let Ok(event) = paths.recv().await {
        let is_there = matches!(event.path, Path::Direct(_) | Path::Relayed(_));
        if is_there && member.naming.known() == Some(event.peer) {
            return;
        }
    }
    std::future::pending().await
}

/// Opens a stream to the member's service and lets it go again.
async fn probe(member: &Member, protocol: Protocol) -> Result<(), ProxyError> {
    let naming = &member.naming;
    let peer = naming.key().await?;
    let attending = naming.peers.attend(peer);
    let (peers, target) = (&naming.peers, &naming.target);
    let mut session = if protocol == Protocol::Tcp {
        peers.open(peer, TcpStream, target, PROBE_WAIT).await?
    } else {
        peers.open(peer, HttpStream, target, PROBE_WAIT).await?
    };
    let answered = peer_dial::answered(&mut session, PROBE_WAIT).await;
    drop(attending);
    answered
}
