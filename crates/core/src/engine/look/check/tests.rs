//! Real engines and real services on this machine.

use malai_api::{Request, Response};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use super::*;
use crate::{
    config::{Config, RelayConfig},
    engine::{ConfigSource, Engine, EngineOptions},
    events::EventFeed,
    home::Home,
    identity::{KeyStore, WithoutKeychain},
    logs::LogsHandle,
    shutdown::Shutdown,
};

/// An engine at `bind` that shares `toml`'s services.
async fn engine(bind: &str, services: &str) -> (Engine, TempDir) {
    let mut config: Config = crate::config::parse(&format!("version = 1\n{services}"))
        .unwrap()
        .config;
    config.network.relay = RelayConfig::None;
    config.network.lookup.clear();
    config.network.bind = bind.parse().unwrap();
    let dir = tempfile::tempdir().unwrap();
    let options = EngineOptions {
        home: Home::open(Some(dir.path().to_owned())).unwrap(),
        key_store: Some(KeyStore::Memory),
        without_keychain: WithoutKeychain::UseFile,
        ask_timeout: Some(Duration::ZERO),
        config: ConfigSource::Memory(Box::new(config)),
        control: false,
        events: EventFeed::default(),
        logs: LogsHandle::default(),
    };
    (Engine::start(options).await.unwrap(), dir)
}

async fn checked(engine: &Engine, service: &str) -> [Check; 3] {
    let request = Request::Check {
        service: service.to_owned(),
    };
    let response = engine.handle().dispatch(request).await;
    let Response::Checked { checks } = response else {
        panic!("{response:?}");
    };
    checks.try_into().unwrap()
}

/// A server that answers every request with this status line.
async fn server(status: &'static str, tasks: &Shutdown) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tasks.spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut head = [0; 1024];
            let read = stream.read(&mut head).await.unwrap();
            // Who only wants to know whether it takes connections asks for nothing.
            if head[..read].starts_with(b"GET / HTTP/1.1\r\n") {
                let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n");
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
        }
    });
    port
}

#[tokio::test]
async fn says_what_the_upstream_answers() {
    let tasks = Shutdown::default();
    let good = server("404 Not Found", &tasks).await;
    let broken = server("500 Oh", &tasks).await;
    let dead = {
        let listener = TcpListener::bind("127.0.0.77:0").await.unwrap();
        listener.local_addr().unwrap()
    };
    let services = format!(
        "[service.good]\nupstream = {good}\n[service.broken]\nupstream = {broken}\n\
         [service.dead]\nupstream = \"{dead}\"\n[service.second]\nupstream = [\"{dead}\", {good}]\n\
         [service.tcp]\nprotocol = \"tcp\"\nupstream = {good}\n"
    );
    let (engine, _dir) = engine("127.0.0.1:0", &services).await;
    for (service, outcome, message) in [
        ("good", CheckOutcome::Good, "it answers with 404"),
        ("second", CheckOutcome::Good, "it answers with 404"),
        ("broken", CheckOutcome::Bad, "it answers with 500;"),
        ("dead", CheckOutcome::Bad, "Nothing answers at 127.0.0.77:"),
        ("tcp", CheckOutcome::Good, "takes connections"),
    ] {
        let [upstream, ..] = checked(&engine, service).await;
        assert_eq!(upstream.what, CheckSubject::Upstream);
        assert_eq!(upstream.outcome, outcome, "{service}: {upstream:?}");
        assert!(upstream.message.contains(message), "{upstream:?}");
    }
    let missing = Request::Check {
        service: "missing".to_owned(),
    };
    let Response::Error(failure) = engine.handle().dispatch(missing).await else {
        panic!("no such service");
    };
    assert_eq!(failure.code, codes::NAME_UNKNOWN);
    engine.stop().await;
    tasks.drain(Duration::ZERO).await;
}

#[tokio::test]
async fn a_node_on_this_machine_alone_without_relay_is_off_both_ways() {
    let (engine, _dir) = engine("127.0.0.1:0", "[service.shop]\nupstream = 3000\n").await;
    let [_, lan, relay] = checked(&engine, "shop").await;
    assert_eq!(
        (lan.what, lan.outcome),
        (CheckSubject::Lan, CheckOutcome::Off)
    );
    assert!(lan.message.contains("`bind`"), "{lan:?}");
    let off = (CheckSubject::Relay, CheckOutcome::Off);
    assert_eq!((relay.what, relay.outcome), off);
    assert!(relay.message.contains("`relay`"), "{relay:?}");
    engine.stop().await;
}

#[tokio::test]
async fn a_node_on_the_network_is_dialled_and_the_stranger_is_not_told_of() {
    let (engine, _dir) = engine("0.0.0.0:0", "[service.shop]\nupstream = 3000\n").await;
    let [_, lan, _] = checked(&engine, "shop").await;
    let has_network = engine
        .node
        .addresses()
        .iter()
        .any(|it| !it.ip().is_loopback());
    // A machine without any network says so.
    let expected = if has_network {
        CheckOutcome::Good
    } else {
        CheckOutcome::Off
    };
    assert_eq!(lan.outcome, expected, "{lan:?}");
    let response = engine.handle().dispatch(Request::Status).await;
    let Response::Status(status) = response else {
        panic!("{response:?}");
    };
    assert!(status.peers.is_empty(), "{:?}", status.peers);
    engine.stop().await;
}
