//! What the controller finds out by itself: dev servers, the link on the clipboard, what peers
//! offer.

use std::time::Duration;

use malai_api::{EngineState, OfferedService, PeerState, PeerStatus, Request, Response, codes};
use tokio::time::Instant;
use tracing::debug;

use super::{Controller, Inbox, Input};
use crate::{
    host::Host,
    menu::{CopiedLink, called},
    shell::Shell,
};

/// Peers whose offers are remembered; the menu shows fewer.
const MOST_PEERS: usize = 32;

/// Between two questions to a peer what it offers: menus do not tell when they are opened.
pub(super) const ASK_INTERVAL: Duration = Duration::from_secs(10);

/// Questions to a peer that nothing of ours leads to, for each time it is connected: asked for ever,
/// the connection would stay for that alone.
const MOST_ASKS: u32 = 30;

/// How often a connected peer was asked what it offers.
#[derive(Debug)]
pub(super) struct Asked {
    at: Instant,
    times: u32,
}

impl Asked {
    fn is_due(&self, is_in_use: bool) -> bool {
        self.at.elapsed() >= ASK_INTERVAL && (is_in_use || self.times < MOST_ASKS)
    }
}

impl<S: Shell> Controller<S> {
    /// Looks for dev servers, unless it is being done.
    pub(super) fn look(&mut self) {
        let is_running = matches!(*self.state.borrow(), EngineState::Running { .. });
        if is_running && !self.looks {
            self.looks = true;
            self.start(find_servers(self.host.clone(), self.back.clone()));
        }
    }

    /// Finds out whose link is on the clipboard.
    pub(super) fn read_clipboard(&mut self, link: Option<String>) {
        match link {
            Some(link) => self.start(read_link(self.host.clone(), self.back.clone(), link)),
            None => self.copied = None,
        }
    }

    /// Asks peers with a name what they offer, again and again while they are connected; nobody is
    /// dialled for it.
    pub(super) fn ask_peers(&mut self) {
        let Some(status) = self.status.borrow().clone() else {
            return;
        };
        let is_connected = |peer: &&PeerStatus| {
            peer.name.is_some() && matches!(peer.state, PeerState::Direct | PeerState::Relayed)
        };
        let connected = status.peers.iter().filter(is_connected).take(MOST_PEERS);
        let connected: Vec<&String> = connected.map(|peer| &peer.id52).collect();
        self.asked.retain(|peer, _| connected.contains(&peer));
        for peer in connected {
            let is_it = |id52: Option<&String>| id52 == Some(peer);
            let mut bridges = status.bridges.iter();
            let is_in_use = bridges.any(|it| it.active && is_it(it.peer.as_ref()));
            let asked = self.asked.get(peer);
            if asked.is_some_and(|asked| !asked.is_due(is_in_use)) {
                continue;
            }
            let times = asked.map_or(0, |asked| asked.times).saturating_add(1);
            let at = Instant::now();
            self.asked.insert(peer.clone(), Asked { at, times });
            self.start(ask_peer(self.host.clone(), self.back.clone(), peer.clone()));
        }
        let known = |id52: &String| status.peers.iter().any(|peer| peer.id52 == *id52);
        self.offers.retain(|peer, _| known(peer));
    }

    pub(super) fn offered(&mut self, peer: String, services: Option<Vec<OfferedService>>) {
        match services {
            Some(services) => {
                self.offers.insert(peer, services);
            }
            None => {
                self.offers.remove(&peer);
            }
        }
    }
}

async fn find_servers(host: Host, back: Inbox) {
    let servers = match host.request(Request::Detect).await {
        Response::Detected { servers } => servers,
        other => {
            debug!(?other, "no servers are found");
            Vec::new()
        }
    };
    report(&back, Input::Found(servers)).await;
}

async fn read_link(host: Host, back: Inbox, link: String) {
    let request = Request::Read { link: link.clone() };
    let copied = match host.request(request).await {
        Response::Link(target) if !target.own => Some(CopiedLink {
            link,
            whose: called(target.name.as_deref(), &target.peer),
        }),
        _ => None,
    };
    report(&back, Input::Copied(copied)).await;
}

async fn ask_peer(host: Host, back: Inbox, peer: String) {
    let request = Request::Services { peer: peer.clone() };
    let services = match host.request(request).await {
        Response::Services { services, .. } => Some(services),
        // Nothing for us is an answer, too.
        Response::Error(failure) if failure.code == codes::NOT_PERMITTED => Some(Vec::new()),
        other => {
            debug!(?other, "a peer does not say what it offers");
            None
        }
    };
    report(&back, Input::Offered { peer, services }).await;
}

async fn report(back: &Inbox, input: Input) {
    if back.send(input).await.is_err() {
        debug!("the controller has ended");
    }
}
