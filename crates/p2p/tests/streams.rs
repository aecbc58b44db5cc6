//! Two nodes in one process, over real QUIC on loopback.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests fail by panicking"
)]
#![allow(clippy::disallowed_methods, reason = "tests own their tasks")]

use std::{net::Ipv4Addr, time::Duration};

use fastn_p2p::{
    AddressHints, Asked, Authorization, Call, ConnectError, Limits, LookupChoice, Node, NodeConfig,
    Path, Protocol, RejectCode, Rejection, RelayChoice, SecretKey, Session, Waiting, call, connect,
    copy_both, listen,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

struct Echo;
impl Protocol for Echo {
    const NAME: &'static str = "echo/1";
    type Open = String;
}

struct Length;
impl Protocol for Length {
    const NAME: &'static str = "length/1";
    type Open = String;
}
impl Call for Length {
    type Response = usize;
}

struct Unknown;
impl Protocol for Unknown {
    const NAME: &'static str = "unknown/1";
    type Open = ();
}

fn loopback(limits: Limits) -> NodeConfig {
    NodeConfig {
        bind: (Ipv4Addr::LOCALHOST, 0).into(),
        relay: RelayChoice::None,
        lookup: LookupChoice::default(),
        limits,
    }
}

async fn node_with(limits: Limits) -> Node {
    Node::bind(&SecretKey::generate(), loopback(limits))
        .await
        .unwrap()
}

fn serve(node: &Node) {
    let serving = listen(node)
        .authorize(|asked: Asked| async move {
            if asked.open.get().contains("forbidden") {
                Err(Rejection::new(RejectCode::Unauthorized, "not for you"))
            } else {
                Ok(())
            }
        })
        .handle_streams(Echo, (), echo)
        .handle_requests(Length, 1_usize, |extra, _peer, text: String| async move {
            Ok(text.len() + extra)
        })
        .serve();
    drop(serving);
}

/// A node that serves, and one that knows where it is.
async fn pair() -> (Node, Node) {
    let limits = Limits::default();
    let (server, client) = tokio::join!(node_with(limits), node_with(limits));
    let hints = AddressHints {
        addresses: server.addresses(),
        relay: None,
    };
    client.add_hints(server.id(), &hints);
    serve(&server);
    (server, client)
}

async fn echo((): (), mut session: Session, open: String) {
    assert_ne!(open, "panic", "asked to panic");
    if open == "abort" {
        session.write_all(b"half").await.unwrap();
        return;
    }
    let (mut reader, mut writer) = session.split();
    tokio::io::copy(&mut reader, &mut writer).await.unwrap();
    writer.shutdown().await.unwrap();
}

async fn round_trip(session: &mut Session, text: &str) -> String {
    session.write_all(text.as_bytes()).await.unwrap();
    session.shutdown().await.unwrap();
    let mut back = String::new();
    session.read_to_string(&mut back).await.unwrap();
    back
}

#[tokio::test]
async fn carries_bytes_both_ways_and_knows_the_peer() {
    let (server, client) = pair().await;
    let mut session = connect(&client, server.id(), Echo, &"hi".into())
        .await
        .unwrap();
    assert_eq!(session.peer(), server.id());
    assert_eq!(round_trip(&mut session, "over").await, "over");
    assert!(matches!(client.path(&server.id()), Path::Direct(_)));
    assert!(matches!(server.path(&client.id()), Path::Direct(_)));
}

#[tokio::test]
async fn many_streams_share_one_dial() {
    let (server, client) = pair().await;
    let mut events = client.paths();
    let sessions = (0..200).map(|index| {
        let (client, peer) = (client.clone(), server.id());
        tokio::spawn(async move {
            let mut session = connect(&client, peer, Echo, &String::new()).await.unwrap();
            let text = format!("stream {index}");
            assert_eq!(round_trip(&mut session, &text).await, text);
        })
    });
    for session in sessions.collect::<Vec<_>>() {
        session.await.unwrap();
    }
    let mut dials = 0;
    while let Ok(event) = events.try_recv() {
        dials += usize::from(event.path == Path::Connecting);
    }
    assert_eq!(dials, 1);
}

#[tokio::test]
async fn a_call_is_answered() {
    let (server, client) = pair().await;
    assert_eq!(
        call(&client, server.id(), Length, &"four".into())
            .await
            .unwrap(),
        5
    );
}

#[tokio::test]
async fn a_refusal_is_told_even_when_payload_is_on_its_way() {
    let (server, client) = pair().await;
    let mut session = connect(&client, server.id(), Echo, &"forbidden".into())
        .await
        .unwrap();
    session.write_all(&[0; 100_000]).await.unwrap();
    let error = session.read_u8().await.unwrap_err();
    assert_eq!(
        Rejection::of(&error).unwrap().code,
        RejectCode::Unauthorized
    );
    let mut unknown = connect(&client, server.id(), Unknown, &()).await.unwrap();
    let error = unknown.answered().await.unwrap_err();
    assert_eq!(
        Rejection::of(&error).unwrap().code,
        RejectCode::UnknownProtocol
    );
}

#[tokio::test]
async fn a_node_that_does_not_listen_refuses() {
    let (server, client) = tokio::join!(node_with(Limits::default()), node_with(Limits::default()));
    client.add_hints(
        server.id(),
        &AddressHints {
            addresses: server.addresses(),
            relay: None,
        },
    );
    let mut session = connect(&client, server.id(), Echo, &String::new())
        .await
        .unwrap();
    let error = session.answered().await.unwrap_err();
    assert_eq!(
        Rejection::of(&error).unwrap().code,
        RejectCode::ShuttingDown
    );
}

#[tokio::test]
async fn a_dropped_session_is_an_error_at_the_other_end_not_an_end() {
    let (server, client) = pair().await;
    let mut session = connect(&client, server.id(), Echo, &"abort".into())
        .await
        .unwrap();
    let error = session.read_to_end(&mut Vec::new()).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn a_panic_in_a_handler_resets_only_its_stream() {
    let (server, client) = pair().await;
    let mut good = connect(&client, server.id(), Echo, &String::new())
        .await
        .unwrap();
    good.answered().await.unwrap();
    let mut bad = connect(&client, server.id(), Echo, &"panic".into())
        .await
        .unwrap();
    bad.read_to_end(&mut Vec::new()).await.unwrap_err();
    assert_eq!(round_trip(&mut good, "still here").await, "still here");
}

#[tokio::test]
async fn a_header_too_long_is_refused_before_anything_is_sent() {
    let (server, client) = pair().await;
    let long = "x".repeat(fastn_p2p::MAX_HEADER_BYTES);
    let error = connect(&client, server.id(), Echo, &long)
        .await
        .unwrap_err();
    assert!(matches!(error, ConnectError::HeaderTooLong));
}

#[tokio::test]
async fn an_unknown_peer_and_ourselves_are_clear_errors() {
    let (_server, client) = pair().await;
    let stranger = SecretKey::generate().public();
    let error = connect(&client, stranger, Echo, &String::new())
        .await
        .unwrap_err();
    assert!(matches!(error, ConnectError::Unreachable { .. }), "{error}");
    let error = connect(&client, client.id(), Echo, &String::new())
        .await
        .unwrap_err();
    assert!(matches!(error, ConnectError::Ourselves));
}

#[tokio::test]
async fn copy_both_passes_half_close_on() {
    let (server, client) = pair().await;
    let session = connect(&client, server.id(), Echo, &String::new())
        .await
        .unwrap();
    let (mut near, far) = tokio::io::duplex(64);
    let copying = tokio::spawn(copy_both(far, session, |_, _| {}));
    near.write_all(b"ping").await.unwrap();
    near.shutdown().await.unwrap();
    let mut back = String::new();
    near.read_to_string(&mut back).await.unwrap();
    assert_eq!(back, "ping");
    let end = copying.await.unwrap();
    assert_eq!((end.forward_bytes, end.backward_bytes), (4, 4));
    assert!(end.error.is_none());
}

#[tokio::test]
async fn draining_lets_an_open_stream_end_and_refuses_new_ones() {
    let (server, client) = pair().await;
    let mut open = connect(&client, server.id(), Echo, &String::new())
        .await
        .unwrap();
    open.answered().await.unwrap();
    server.drain();
    let mut late = connect(&client, server.id(), Echo, &String::new())
        .await
        .unwrap();
    let error = late.answered().await.unwrap_err();
    assert_eq!(
        Rejection::of(&error).unwrap().code,
        RejectCode::ShuttingDown
    );
    drop(late);
    let closing = tokio::spawn(async move { server.close(Duration::from_secs(10)).await });
    assert_eq!(round_trip(&mut open, "in flight").await, "in flight");
    drop(open);
    assert_eq!(closing.await.unwrap(), 0);
}

#[tokio::test]
async fn a_restarted_peer_is_dialled_anew() {
    let client = node_with(Limits::default()).await;
    let secret = SecretKey::generate();
    let restart = async |hint_for: &Node| {
        let node = Node::bind(&secret, loopback(Limits::default()))
            .await
            .unwrap();
        let hints = AddressHints {
            addresses: node.addresses(),
            relay: None,
        };
        hint_for.add_hints(node.id(), &hints);
        serve(&node);
        node
    };
    let first = restart(&client).await;
    let mut session = connect(&client, first.id(), Echo, &String::new())
        .await
        .unwrap();
    assert_eq!(round_trip(&mut session, "before").await, "before");
    first.close(Duration::ZERO).await;
    let second = restart(&client).await;
    let mut session = connect(&client, second.id(), Echo, &String::new())
        .await
        .unwrap();
    assert_eq!(round_trip(&mut session, "after").await, "after");
}

#[tokio::test]
async fn a_stream_waits_for_an_answer_and_counts_while_it_does() {
    let (server, client) = pair().await;
    let (let_in, answer) = tokio::sync::watch::channel(None::<bool>);
    let asking = move |_: Asked| {
        let mut answer = answer.clone();
        async move {
            Authorization::Later(Box::pin(async move {
                let is_in = answer.wait_for(Option::is_some).await.unwrap();
                let refused = || Rejection::new(RejectCode::NotAdmitted, "nobody said yes");
                is_in.unwrap_or_default().then_some(()).ok_or_else(refused)
            }))
        }
    };
    drop(
        listen(&server)
            .authorize(asking)
            .handle_streams(Echo, (), echo)
            .serve(),
    );
    let waiting = Waiting::default();
    let open = String::new();
    let mut session = connect(&client, server.id(), Echo, &open).await.unwrap();
    session.count_waiting(&waiting);
    assert!(!waiting.any());
    tokio::select! {
        () = waiting.begun() => {}
        answer = session.answered() => panic!("answered too early: {answer:?}"),
    }
    let_in.send_replace(Some(true));
    session.answered().await.unwrap();
    assert!(!waiting.any());
    assert_eq!(round_trip(&mut session, "over").await, "over");
    let_in.send_replace(Some(false));
    let mut refused = connect(&client, server.id(), Echo, &open).await.unwrap();
    let error = refused.answered().await.unwrap_err();
    assert_eq!(Rejection::of(&error).unwrap().code, RejectCode::NotAdmitted);
}
