//! What a node bears: floods of handshakes and streams, and bytes held to a rate.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests fail by panicking"
)]
#![allow(clippy::disallowed_methods, reason = "tests own their tasks")]

use std::{net::Ipv4Addr, time::Duration};

use fastn_p2p::{
    AddressHints, Asked, Limits, LookupChoice, Node, NodeConfig, Protocol, PublicKey, RejectCode,
    Rejection, RelayChoice, SecretKey, Session, connect, listen,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::Instant,
};

struct Sink;
impl Protocol for Sink {
    const NAME: &'static str = "sink/1";
    type Open = ();
}

async fn node(limits: Limits) -> Node {
    let config = NodeConfig {
        bind: (Ipv4Addr::LOCALHOST, 0).into(),
        relay: RelayChoice::None,
        lookup: LookupChoice::default(),
        limits,
    };
    Node::bind(&SecretKey::generate(), config).await.unwrap()
}

/// Another node, which knows where `server` is.
async fn client_of(server: &Node) -> Node {
    let client = node(Limits::default()).await;
    let hints = AddressHints {
        addresses: server.addresses(),
        relay: None,
    };
    client.add_hints(server.id(), &hints);
    client
}

/// Lets in the `known` ones, and reads what they send, to the end.
fn serve(node: &Node, known: Vec<PublicKey>) {
    let allowed = known.clone();
    let serving = listen(node)
        .know(move |peer| known.contains(peer))
        .authorize(move |asked: Asked| {
            let is_known = allowed.contains(&asked.peer);
            let refused = || Rejection::new(RejectCode::Unauthorized, "not for you");
            async move { if is_known { Ok(()) } else { Err(refused()) } }
        })
        .handle_streams(Sink, (), |(), mut session: Session, ()| async move {
            let mut bytes = Vec::new();
            let read = session.read_to_end(&mut bytes).await;
            if read.is_ok() && session.write_all(b"all").await.is_ok() {
                session.shutdown().await.unwrap();
            }
        })
        .serve();
    drop(serving);
}

async fn rejection(session: &mut Session) -> Option<RejectCode> {
    let error = session.answered().await.err()?;
    Rejection::of(&error).map(|rejection| rejection.code.clone())
}

#[tokio::test]
async fn streams_beyond_the_limit_are_told_that_it_is_busy_and_others_get_in() {
    let limits = Limits {
        streams: 8,
        ..Limits::default()
    };
    let server = node(limits).await;
    let (greedy, modest) = (client_of(&server).await, client_of(&server).await);
    serve(&server, vec![greedy.id(), modest.id()]);
    let mut open = Vec::new();
    let mut refused = 0;
    for _ in 0..20 {
        let mut session = connect(&greedy, server.id(), Sink, &()).await.unwrap();
        match rejection(&mut session).await {
            None => open.push(session),
            Some(code) => {
                assert_eq!(code, RejectCode::Busy);
                refused += 1;
            }
        }
    }
    // Rejections in delivery hold no place.
    assert_eq!((open.len(), refused), (6, 14));
    assert_eq!(server.turned_away().streams, 14);
    let mut session = connect(&modest, server.id(), Sink, &()).await.unwrap();
    assert_eq!(rejection(&mut session).await, None);
}

#[tokio::test]
async fn strangers_take_no_place_of_those_who_are_known() {
    let limits = Limits {
        connections: 16,
        ..Limits::default()
    };
    let server = node(limits).await;
    let friend = client_of(&server).await;
    serve(&server, vec![friend.id()]);
    let mut strangers = Vec::new();
    for _ in 0..24 {
        let stranger = client_of(&server).await;
        stranger.reach(server.id()).await.unwrap();
        strangers.push(stranger);
    }
    // Some are closed right behind the handshake.
    let patience = Instant::now() + Duration::from_secs(10);
    while server.turned_away().strangers < 20 {
        assert!(Instant::now() < patience, "{:?}", server.turned_away());
        tokio::task::yield_now().await;
    }
    let mut session = connect(&friend, server.id(), Sink, &()).await.unwrap();
    assert_eq!(rejection(&mut session).await, None);
}

#[tokio::test]
async fn a_stranger_in_a_loop_is_slowed_down_and_known_ones_are_not() {
    let server = node(Limits::default()).await;
    let (stranger, friend) = (client_of(&server).await, client_of(&server).await);
    serve(&server, vec![friend.id()]);
    let started = Instant::now();
    for _ in 0..120 {
        let mut session = connect(&stranger, server.id(), Sink, &()).await.unwrap();
        let code = rejection(&mut session).await;
        assert_eq!(code, Some(RejectCode::Unauthorized));
    }
    let slowed = started.elapsed();
    assert!(slowed >= Duration::from_secs(1), "{slowed:?}");
    for _ in 0..120 {
        let mut session = connect(&friend, server.id(), Sink, &()).await.unwrap();
        assert_eq!(rejection(&mut session).await, None);
    }
}

#[tokio::test]
async fn a_flood_of_handshakes_is_turned_away_and_the_next_moment_is_fine() {
    let server = node(Limits::default()).await;
    let friend = client_of(&server).await;
    serve(&server, vec![friend.id()]);
    // One address has 64 at once, and as many once it has proven that it is one.
    let mut flood = tokio::task::JoinSet::new();
    for _ in 0..400 {
        let stranger = client_of(&server).await;
        let id = server.id();
        flood.spawn(async move {
            let reached = stranger.reach(id).await.is_ok();
            stranger.close(Duration::ZERO).await;
            reached
        });
    }
    let reached = flood.join_all().await;
    let turned_away = server.turned_away();
    assert!(turned_away.handshakes > 0, "{turned_away:?}");
    assert!(reached.iter().any(|reached| *reached), "{turned_away:?}");
    let patience = Instant::now() + Duration::from_secs(20);
    while let Err(error) = friend.reach(server.id()).await {
        assert!(Instant::now() < patience, "{error}");
    }
}

#[tokio::test]
async fn a_peer_that_connects_again_and_again_has_few_connections() {
    let server = node(Limits::default()).await;
    let secret = SecretKey::generate();
    serve(&server, vec![secret.public()]);
    let mut clients = Vec::new();
    for _ in 0..12 {
        let config = NodeConfig {
            bind: (Ipv4Addr::LOCALHOST, 0).into(),
            relay: RelayChoice::None,
            lookup: LookupChoice::default(),
            limits: Limits::default(),
        };
        let client = Node::bind(&secret, config).await.unwrap();
        let hints = AddressHints {
            addresses: server.addresses(),
            relay: None,
        };
        client.add_hints(server.id(), &hints);
        let session = connect(&client, server.id(), Sink, &()).await;
        let mut session = session.unwrap();
        session.answered().await.unwrap();
        clients.push((client, session));
    }
    // The newest four are there yet, the older ones have been closed.
    let mut cut = 0;
    for (_, session) in &mut clients[..8] {
        let mut nothing = [0; 1];
        cut += usize::from(session.read(&mut nothing).await.is_err());
    }
    assert_eq!(cut, 8);
    let (_, newest) = clients.last_mut().unwrap();
    newest.shutdown().await.unwrap();
    let mut answer = String::new();
    newest.read_to_string(&mut answer).await.unwrap();
    assert_eq!(answer, "all");
}

#[tokio::test]
async fn bytes_take_the_time_that_the_bandwidth_says() {
    let server = node(Limits::default()).await;
    let client = client_of(&server).await;
    serve(&server, vec![client.id()]);
    for limit in ["up", "down"] {
        match limit {
            "up" => client.limit_bandwidth(Some(1_000_000), None),
            _ => {
                client.limit_bandwidth(None, None);
                server.limit_bandwidth(None, Some(1_000_000));
            }
        }
        let started = Instant::now();
        let mut session = connect(&client, server.id(), Sink, &()).await.unwrap();
        session.write_all(&vec![0; 1_500_000]).await.unwrap();
        session.shutdown().await.unwrap();
        let mut answer = String::new();
        session.read_to_string(&mut answer).await.unwrap();
        let took = started.elapsed();
        assert!(took >= Duration::from_millis(1200), "{limit}: {took:?}");
    }
}
