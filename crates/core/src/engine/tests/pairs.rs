//! Two engines: what one shares, the other bridges.

use malai_api::{BridgeRequest, BridgeStatus};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use super::*;

/// What the service of these tests says, whatever it is asked.
const ANSWER: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nhi";

/// A service that gives one answer to each of its connections; it lives as long as `shutdown`.
async fn service(shutdown: &Shutdown) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    shutdown.spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") && stream.read_buf(&mut head).await.unwrap() > 0 {}
            stream.write_all(ANSWER.as_bytes()).await.unwrap();
        }
    });
    address
}

/// What a plain client gets from `local`.
async fn get(local: &str) -> String {
    let mut stream = TcpStream::connect(local).await.unwrap();
    let request = format!("GET / HTTP/1.1\r\nhost: {local}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    let read = stream.read_to_string(&mut answer);
    timeout(DEADLINE, read).await.unwrap().unwrap();
    answer
}

impl Place {
    async fn bridge(&self, request: BridgeRequest) -> Result<BridgeStatus, Failure> {
        let response = self.ask(Request::Bridge(request)).await;
        if let Response::Error(failure) = response {
            return Err(failure);
        }
        let Response::Bridged(bridge) = response else {
            panic!("{response:?}");
        };
        Ok(bridge)
    }
}

fn to(link: &str) -> BridgeRequest {
    BridgeRequest {
        to: link.to_owned(),
        ..BridgeRequest::default()
    }
}

#[tokio::test]
async fn a_request_goes_through_and_is_told_and_counted() {
    let shutdown = Shutdown::default();
    let (mut alice, bob) = (Place::in_memory().await, Place::in_memory().await);
    let share = ShareRequest {
        allow: vec![bob.engine.id().to_string()],
        ..port(&service(&shutdown).await.to_string())
    };
    let link = alice.share(share).await.unwrap().link;
    let bridge = bob.bridge(to(&link)).await.unwrap();
    let answer = get(&bridge.local).await;
    assert!(
        answer.starts_with("HTTP/1.1 200") && answer.ends_with("hi"),
        "{answer}"
    );

    let bobs = bob.engine.id().to_string();
    let is_told = |event: &Event| {
        matches!(event, Event::Request { peer, status: 200, .. } if *peer == bobs).then_some(())
    };
    alice.event(is_told).await;
    assert_eq!(alice.status().await.services[0].traffic.requests, 1);
    assert_eq!(bob.status().await.bridges[0].traffic.requests, 1);
    assert_eq!(
        bob.status().await.bridges[0].state,
        malai_api::PeerState::Direct
    );
    bob.engine.stop().await;
    alice.engine.stop().await;
}

#[tokio::test]
async fn whoever_is_not_allowed_gets_403() {
    let (alice, bob) = (Place::in_memory().await, Place::in_memory().await);
    let link = alice.share(port("3000")).await.unwrap().link;
    let bridge = bob.bridge(to(&link)).await.unwrap();
    let answer = get(&bridge.local).await;
    assert!(answer.starts_with("HTTP/1.1 403"), "{answer}");
    bob.engine.stop().await;
    alice.engine.stop().await;
}

#[tokio::test]
async fn a_bridge_on_a_taken_port_is_refused_and_leaves_nothing() {
    let place = Place::in_memory().await;
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let request = BridgeRequest {
        listen: Some(taken.local_addr().unwrap().to_string()),
        ..to(&format!(
            "{}/shop",
            fastn_p2p::SecretKey::generate().public()
        ))
    };
    place.bridge(request).await.unwrap_err();
    assert!(place.status().await.bridges.is_empty());
    place.engine.stop().await;
}

#[tokio::test]
async fn a_kept_bridge_waits_for_its_port() {
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = taken.local_addr().unwrap();
    let key = fastn_p2p::SecretKey::generate().public();
    let text = format!("[bridge.shop]\nto = \"{key}/shop\"\nlisten = \"{address}\"\n");
    let mut place = Place::with_file(&text).await;
    place.error_code().await;
    assert!(place.status().await.bridges[0].error.is_some());
    drop(taken);
    let is_open = |event: &Event| {
        matches!(event, Event::Bridged { local, .. } if *local == address.to_string()).then_some(())
    };
    place.event(is_open).await;
    assert_eq!(place.status().await.bridges[0].error, None);
    place.engine.stop().await;
}

#[tokio::test]
async fn bridges_without_a_name_are_numbered() {
    let place = Place::in_memory().await;
    let link = format!("{}/shop", fastn_p2p::SecretKey::generate().public());
    let mut names = Vec::new();
    for _ in 0..3 {
        names.push(place.bridge(to(&link)).await.unwrap().name);
    }
    assert_eq!(names, ["shop", "shop-2", "shop-3"]);
    place.engine.stop().await;
}
