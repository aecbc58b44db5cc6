//! What the status says of peers that have gone and of upstreams that answer.

use malai_api::{BridgeRequest, PeerState, PeerStatus};
use tokio::net::{TcpListener, TcpStream};

use super::*;
use crate::watching::StatusWatch;

/// Waits until `peer` is in this state.
async fn heard_of(place: &mut Place, peer: &str, wanted: PeerState) {
    let is_it = |event: &Event| {
        let Event::Peer {
            peer: of, state, ..
        } = event
        else {
            return None;
        };
        (of == peer && *state == wanted).then_some(())
    };
    place.event(is_it).await;
}

async fn bob_of(place: &Place) -> PeerStatus {
    let peers = place.status().await.peers;
    let bob = peers
        .iter()
        .find(|peer| peer.name.as_deref() == Some("bob"));
    bob.unwrap().clone()
}

#[tokio::test]
async fn a_peer_that_has_gone_was_seen_even_before_a_restart() {
    let bob = Place::in_memory().await;
    let id52 = bob.engine.id().to_string();
    let text = format!("[peer.bob]\nid = \"{id52}\"\n[service.shop]\nupstream = 3000\n");
    let mut alice = Place::with_file(&text).await;
    assert_eq!(bob_of(&alice).await.last_seen, None);
    let link = alice.status().await.services[0].link.clone();
    let request = BridgeRequest {
        to: link,
        ..BridgeRequest::default()
    };
    let response = bob.ask(Request::Bridge(request)).await;
    let Response::Bridged(bridge) = response else {
        panic!("{response:?}");
    };
    let mut client = TcpStream::connect(&bridge.local).await.unwrap();
    let request = format!("GET / HTTP/1.1\r\nhost: {}\r\n\r\n", bridge.local);
    tokio::io::AsyncWriteExt::write_all(&mut client, request.as_bytes())
        .await
        .unwrap();
    heard_of(&mut alice, &id52, PeerState::Direct).await;
    let since = bob_of(&alice).await.last_seen.unwrap();
    drop(client);
    bob.engine.stop().await;
    heard_of(&mut alice, &id52, PeerState::Offline).await;
    let seen = bob_of(&alice).await.last_seen.unwrap();
    assert!(seen >= since);

    alice.engine.stop().await;
    let again = Place::start(alice.dir, ConfigSource::File).await.unwrap();
    let gone = bob_of(&again).await;
    assert_eq!(
        (gone.state, gone.last_seen),
        (PeerState::Offline, Some(seen))
    );
    again.engine.stop().await;
}

#[tokio::test]
async fn whoever_watches_learns_whether_a_share_is_answered() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let place = Place::in_memory().await;
    let mut watch = place.engine.handle().watch();
    let upstream = listener.local_addr().unwrap().to_string();
    let shared = place.share(port(&upstream)).await.unwrap();
    assert_eq!(shared.answers, None);
    is_told(&mut watch, true).await;
    drop(listener);
    is_told(&mut watch, false).await;
    place.engine.stop().await;
}

/// Waits until the status says so.
async fn is_told(watch: &mut StatusWatch, wanted: bool) {
    let told = async {
        loop {
            let status = watch.next().await.unwrap();
            let shared = status.services.first();
            if shared.is_some_and(|service| service.answers == Some(wanted)) {
                return;
            }
        }
    };
    timeout(DEADLINE, told).await.unwrap();
}
