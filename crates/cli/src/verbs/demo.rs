//! `malai demo`: everything there is, on this machine alone and without internet.
//!
//! Two engines with identities of their own run in this process: one shares a small sample
//! service with the other, which bridges it, and the service is fetched through the bridge.

mod fetch;
mod service;
mod steps;

use std::{net::SocketAddr, time::Duration};

use anyhow::{Context as _, bail};
use malai_api::{BridgeRequest, Failure, Request, Response, ShareRequest};
use malai_core::{
    config::{Config, RelayConfig},
    engine::{ConfigSource, Drained, Engine, EngineOptions},
    events::EventFeed,
    home::Home,
    identity::{KeyStore, WithoutKeychain},
    logs::LogsHandle,
    shutdown::Shutdown,
};
use tempfile::TempDir;
use tokio::time::timeout;

use self::{service::GREETING, steps::Steps};
use crate::{exit::Exit, output::Output, session::unexpected, text};

/// What the service is called.
const SERVICE: &str = "hello";

/// The whole demo takes a fraction of a second; with this, something is wrong.
const LIMIT: Duration = Duration::from_secs(20);

/// Requests that show how fast a bridge is once it is open.
const REPEATS: u32 = 100;

pub(crate) async fn run(output: Output) -> anyhow::Result<Exit> {
    match timeout(LIMIT, show(output)).await {
        Ok(shown) => shown.map(|()| Exit::Done),
        Err(_) => {
            let message = format!("the demo did not end within {} seconds", LIMIT.as_secs());
            Err(Failure::new("demo-failed", message).into())
        }
    }
}

async fn show(output: Output) -> anyhow::Result<()> {
    let mut steps = Steps::begin(output);
    let shutdown = Shutdown::default();
    let service = service::start(&shutdown).await?;
    steps.done(&format!("a sample service listens on {service}"))?;

    let (alice, _alices) = start(&mut steps).await?;
    steps.done(&format!("Alice is {}", text::short(&alice.identity().id52)))?;
    let (bob, _bobs) = match start(&mut steps).await {
        Ok(started) => started,
        Err(error) => {
            alice.stop().await;
            return Err(error);
        }
    };
    let toured = tour(&mut steps, service, &alice, &bob).await;
    let (bobs, alices) = tokio::join!(bob.stop(), alice.stop());
    shutdown.drain(Duration::from_secs(1)).await;
    toured?;
    let drained = Drained {
        finished: bobs.finished + alices.finished,
        cut: bobs.cut + alices.cut,
    };
    steps.done(&format!("both have stopped: {}", text::drained(drained)))?;
    steps.end()
}

async fn tour(
    steps: &mut Steps,
    service: SocketAddr,
    alice: &Engine,
    bob: &Engine,
) -> anyhow::Result<()> {
    let bobs_id = &bob.identity().id52;
    steps.done(&format!("Bob is {}", text::short(bobs_id)))?;
    let link = share(alice, service, bobs_id).await?;
    steps.done(&format!(
        "Alice shares `{SERVICE}` with Bob and nobody else: {link}"
    ))?;
    let url = bridge(bob, link).await?;
    steps.done(&format!("Bob opens the link and has it at {url}"))?;
    let mut client = fetch::connect(&url).await?;
    expect_greeting(&client.get().await?)?;
    steps.done("Bob fetches it: dialled, allowed, answered with 200")?;
    for _ in 0..REPEATS {
        expect_greeting(&client.get().await?)?;
    }
    steps.done(&format!("and {REPEATS} times more, one after the other"))
}

/// An engine with a new identity in a home that goes with the demo.
async fn start(steps: &mut Steps) -> anyhow::Result<(Engine, TempDir)> {
    let dir = tempfile::tempdir().context("cannot make a directory for the demo")?;
    let mut config = Config::default();
    config.network.relay = RelayConfig::None;
    config.network.lookup.clear();
    config.network.bind = SocketAddr::from(([127, 0, 0, 1], 0));
    let events = EventFeed::default();
    steps.follow(&events);
    let options = EngineOptions {
        home: Home::open(Some(dir.path().to_owned()))?,
        key_store: Some(KeyStore::Memory),
        without_keychain: WithoutKeychain::UseFile,
        ask_timeout: None,
        config: ConfigSource::Memory(Box::new(config)),
        control: false,
        events,
        logs: LogsHandle::default(),
    };
    let engine = Box::pin(Engine::start(options)).await?;
    Ok((engine, dir))
}

/// Shares the service and returns the link.
async fn share(engine: &Engine, service: SocketAddr, allowed: &str) -> anyhow::Result<String> {
    let request = ShareRequest {
        upstream: vec![service.to_string()],
        name: Some(SERVICE.to_owned()),
        allow: vec![allowed.to_owned()],
        ..ShareRequest::default()
    };
    let response = engine.handle().dispatch(Request::Share(request)).await;
    let Response::Shared { service, .. } = response else {
        return Err(refused(response));
    };
    Ok(service.link)
}

/// Opens the link and returns the bridge's URL.
async fn bridge(engine: &Engine, link: String) -> anyhow::Result<String> {
    let request = BridgeRequest {
        to: link,
        ..BridgeRequest::default()
    };
    let response = engine.handle().dispatch(Request::Bridge(request)).await;
    let Response::Bridged(bridge) = response else {
        return Err(refused(response));
    };
    Ok(bridge.url)
}

fn refused(response: Response) -> anyhow::Error {
    if let Response::Error(failure) = response {
        failure.into()
    } else {
        unexpected(&response)
    }
}

fn expect_greeting(body: &[u8]) -> anyhow::Result<()> {
    if body != GREETING.as_bytes() {
        bail!(
            "the bridge answered something else: {}",
            String::from_utf8_lossy(body)
        );
    }
    Ok(())
}
