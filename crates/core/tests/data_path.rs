//! A share and a bridge in one process, over real QUIC on loopback, with raw clients and origins.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]
#![allow(clippy::disallowed_methods, reason = "tests own their tasks")]

use std::{net::Ipv4Addr, time::Duration};

use fastn_p2p::{LookupChoice, Node, NodeConfig, PublicKey, RelayChoice, SecretKey};
use malai_api::Protocol;
use malai_core::{
    access::AccessState,
    audit::Audit,
    bridge::{Bridges, Ports},
    clock::Clock,
    config::{BridgeConfig, Config, Member, ServiceConfig},
    domains::Domains,
    events::EventFeed,
    expose::Expose,
    link::ShareLink,
    peers::Peers,
    shutdown::Shutdown,
    traces::Traces,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// One engine's worth of parts.
struct Side {
    node: Node,
    expose: Expose,
    bridges: Bridges,
    shutdown: Shutdown,
}

async fn side() -> Side {
    let config = NodeConfig {
        bind: (Ipv4Addr::LOCALHOST, 0).into(),
        relay: RelayChoice::None,
        lookup: LookupChoice::default(),
        ..NodeConfig::default()
    };
    let node = Node::bind(&SecretKey::generate(), config).await.unwrap();
    let shutdown = Shutdown::default();
    let clock = Clock::start();
    let audit = Audit::start(None, clock.clone(), &shutdown);
    let expose = Expose::new(
        shutdown.clone(),
        EventFeed::default(),
        clock,
        audit,
        Traces::default(),
    );
    expose.serve(&node);
    let domains = Domains::open(None, &shutdown, EventFeed::default());
    let peers = Peers::new(node.clone(), None, domains, &shutdown, EventFeed::default());
    let bridges = Bridges::new(
        peers,
        Ports::default(),
        shutdown.clone(),
        EventFeed::default(),
        Traces::default(),
    );
    Side {
        node,
        expose,
        bridges,
        shutdown,
    }
}

fn share(side: &Side, protocol: Protocol, upstream: u16, allow: Vec<Member>) -> ShareLink {
    let upstream = format!("127.0.0.1:{upstream}").parse().unwrap();
    let service = ServiceConfig {
        allow,
        ..ServiceConfig::new(protocol, upstream)
    };
    let mut config = Config::default();
    config.policy.ask_timeout = Duration::ZERO;
    config.services.insert("shop".into(), service);
    side.expose.apply(&config, AccessState::default());
    ShareLink {
        peer: side.node.id(),
        service: "shop".into(),
        addresses: side.node.addresses(),
        relay: None,
        name: None,
        invite: None,
    }
}

async fn bridge(side: &Side, link: ShareLink, protocol: Protocol) -> String {
    let config = BridgeConfig::new(protocol, link.into());
    side.bridges.open("shop", &config).await.unwrap().local
}

/// Answers every connection with what `answer` makes of the request's bytes.
async fn origin(answer: &'static str) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            tokio::spawn(async move {
                let mut seen = Vec::new();
                while !seen.ends_with(b"\r\n\r\n") {
                    seen.push(stream.read_u8().await?);
                }
                let seen = String::from_utf8(seen).unwrap();
                let body = seen.replace("\r\n", "|");
                let answer = answer.replace("LENGTH", &body.len().to_string());
                stream
                    .write_all(answer.replace("SEEN", &body).as_bytes())
                    .await?;
                stream.shutdown().await
            });
        }
    });
    port
}

async fn ask(local: &str, request: &str) -> String {
    let mut stream = TcpStream::connect(local).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    if let Err(error) = stream.read_to_end(&mut answer).await {
        answer.extend(format!("\nERROR {}", error.kind()).bytes());
    }
    String::from_utf8(answer).unwrap()
}

const GET: &str = "GET /a?b HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
const SEEN: &str = "HTTP/1.1 200 OK\r\nContent-Length: LENGTH\r\n\r\nSEEN";

#[tokio::test]
async fn a_request_reaches_the_origin_and_says_who_asks() {
    let (sharing, using) = tokio::join!(side(), side());
    let link = share(
        &sharing,
        Protocol::Http,
        origin(SEEN).await,
        vec![Member::Anyone],
    );
    let local = bridge(&using, link, Protocol::Http).await;
    let forged = "GET /a?b HTTP/1.1\r\nHost: localhost\r\nMalai-Peer: me\r\n\
                  X-Forwarded-For: 1.2.3.4\r\nConnection: close, x-private\r\nX-Private: 1\r\n\r\n";
    let answer = ask(&local, forged).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.contains("GET /a?b HTTP/1.1|"), "{answer}");
    assert!(
        answer.contains(&format!("|malai-peer: {}|", using.node.id())),
        "{answer}"
    );
    assert!(answer.contains("|x-forwarded-host: localhost|"), "{answer}");
    assert!(answer.contains("|host: 127.0.0.1:"), "{answer}");
    assert!(
        !answer.contains("1.2.3.4") && !answer.contains("x-private"),
        "{answer}"
    );
}

#[tokio::test]
async fn a_stranger_is_denied_and_a_revoked_peer_too() {
    let (sharing, using) = tokio::join!(side(), side());
    let port = origin(SEEN).await;
    let link = share(&sharing, Protocol::Http, port, vec![]);
    let local = bridge(&using, link.clone(), Protocol::Http).await;
    assert!(ask(&local, GET).await.starts_with("HTTP/1.1 403"));
    let me: PublicKey = using.node.id();
    share(&sharing, Protocol::Http, port, vec![Member::Key(me)]);
    assert!(ask(&local, GET).await.starts_with("HTTP/1.1 200"));
    share(&sharing, Protocol::Http, port, vec![]);
    let answer = ask(&local, GET).await;
    assert!(answer.starts_with("HTTP/1.1 403"), "{answer}");
    assert!(answer.contains("malai-error: not-permitted"), "{answer}");
}

#[tokio::test]
async fn an_upstream_that_is_not_there_is_a_502_and_one_that_dies_an_abort() {
    let (sharing, using) = tokio::join!(side(), side());
    let unused = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let dead = unused.local_addr().unwrap().port();
    drop(unused);
    let link = share(&sharing, Protocol::Http, dead, vec![Member::Anyone]);
    let local = bridge(&using, link, Protocol::Http).await;
    let answer = ask(&local, GET).await;
    assert!(answer.starts_with("HTTP/1.1 502"), "{answer}");
    assert!(answer.contains("malai-error: upstream-down"), "{answer}");
    let long = "x".repeat(100_000);
    let short = format!("HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n{long}");
    let short = origin(short.leak()).await;
    share(&sharing, Protocol::Http, short, vec![Member::Anyone]);
    assert!(is_cut(&ask(&local, GET).await));
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nshort\r\n";
    share(
        &sharing,
        Protocol::Http,
        origin(chunked).await,
        vec![Member::Anyone],
    );
    assert!(is_cut(&ask(&local, GET).await));
}

/// Either the answer was cut before its end, or nothing of it had been passed on yet.
fn is_cut(answer: &str) -> bool {
    let complete = answer.contains("\r\n0\r\n") || answer.len() > 200_000;
    answer.starts_with("HTTP/1.1 502") || (answer.contains("ERROR") && !complete)
}

#[tokio::test]
async fn ambiguous_framing_and_foreign_hosts_are_refused() {
    let (sharing, using) = tokio::join!(side(), side());
    let link = share(
        &sharing,
        Protocol::Http,
        origin(SEEN).await,
        vec![Member::Anyone],
    );
    let local = bridge(&using, link, Protocol::Http).await;
    let both = "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\
                Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    assert!(ask(&local, both).await.starts_with("HTTP/1.1 400"));
    let foreign = GET.replace("localhost", "evil.test");
    let answer = ask(&local, &foreign).await;
    assert!(answer.starts_with("HTTP/1.1 421"), "{answer}");
}

#[tokio::test]
async fn tcp_goes_both_ways_with_half_close() {
    let (sharing, using) = tokio::join!(side(), side());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut all = String::new();
        stream.read_to_string(&mut all).await.unwrap();
        stream
            .write_all(all.to_uppercase().as_bytes())
            .await
            .unwrap();
        stream.shutdown().await.unwrap();
    });
    let link = share(&sharing, Protocol::Tcp, port, vec![Member::Anyone]);
    let local = bridge(&using, link, Protocol::Tcp).await;
    let mut stream = TcpStream::connect(&local).await.unwrap();
    stream.write_all(b"hello").await.unwrap();
    stream.shutdown().await.unwrap();
    let mut back = String::new();
    stream.read_to_string(&mut back).await.unwrap();
    assert_eq!(back, "HELLO");
}

#[tokio::test]
async fn a_request_in_flight_ends_before_the_drain() {
    let (sharing, using) = tokio::join!(side(), side());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let link = share(&sharing, Protocol::Http, port, vec![Member::Anyone]);
    let local = bridge(&using, link, Protocol::Http).await;
    let asking = tokio::spawn(async move { ask(&local, GET).await });
    let (mut stream, _) = listener.accept().await.unwrap();
    let deadline = Duration::from_secs(10);
    let draining = tokio::spawn(async move {
        using.shutdown.drain(deadline).await + using.node.close(deadline).await
    });
    stream
        .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        .await
        .unwrap();
    assert!(asking.await.unwrap().ends_with("ok"));
    assert_eq!(draining.await.unwrap(), 0);
}
