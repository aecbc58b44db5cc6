//! Real engines on loopback, reached through a host.

use std::{fs, time::Duration};

use malai_api::{EngineState, Request, Response, ShareRequest, codes};
use malai_core::{home::Home, identity::KeyStore, logs::LogsHandle};
use tempfile::TempDir;
use tokio::time::timeout;

use super::*;
use crate::host::Host;

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// A network that nobody else is on.
const ALONE: &str =
    "version = 1\n[network]\nrelay = \"none\"\nlookup = []\nbind = \"127.0.0.1:0\"\n";

fn home(config: &str) -> (TempDir, Home) {
    let dir = tempfile::tempdir().unwrap();
    let home = Home::open(Some(dir.path().to_owned())).unwrap();
    fs::write(home.config(), config).unwrap();
    (dir, home)
}

fn started(home: &Home) -> (Host, Done) {
    let (host, end) = Host::new();
    let setup = EngineSetup {
        home: home.clone(),
        key_store: Some(KeyStore::Memory),
        logs: LogsHandle::default(),
    };
    (host, start(setup, end).unwrap())
}

async fn until(host: &Host, is_so: impl FnMut(&EngineState) -> bool) -> EngineState {
    let mut state = host.state();
    let reached = timeout(PATIENCE, state.wait_for(is_so)).await;
    reached.expect("it never came to that").unwrap().clone()
}

async fn ended(host: &Host, done: Done) {
    host.stop();
    timeout(PATIENCE, done).await.unwrap().unwrap();
}

const OWN: EngineState = EngineState::Running { attached: false };
const ATTACHED: EngineState = EngineState::Running { attached: true };

#[tokio::test]
async fn what_is_shared_is_in_the_status_without_asking() {
    let (_dir, home) = home(ALONE);
    let (host, done) = started(&home);
    until(&host, |state| *state == OWN).await;
    let share = ShareRequest {
        upstream: vec!["127.0.0.1:9".to_owned()],
        name: Some("shop".to_owned()),
        ..ShareRequest::default()
    };
    let response = host.request(Request::Share(share)).await;
    assert!(matches!(response, Response::Shared { .. }), "{response:?}");
    let mut status = host.status();
    let is_shared = status.wait_for(|status| {
        let services = status.iter().flat_map(|status| &status.services);
        services.into_iter().any(|service| service.name == "shop")
    });
    drop(timeout(PATIENCE, is_shared).await.unwrap().unwrap());
    ended(&host, done).await;
    let Response::Error(failure) = host.request(Request::Status).await else {
        panic!("it answers after its end");
    };
    assert_eq!(failure.code, codes::STOPPING);
}

#[tokio::test]
async fn a_second_one_attaches_and_takes_over_when_the_first_has_ended() {
    let (_dir, home) = home(ALONE);
    let (first, first_done) = started(&home);
    until(&first, |state| *state == OWN).await;
    let (second, second_done) = started(&home);
    until(&second, |state| *state == ATTACHED).await;
    let share = ShareRequest {
        upstream: vec!["127.0.0.1:9".to_owned()],
        ..ShareRequest::default()
    };
    let response = second.request(Request::Share(share)).await;
    assert!(matches!(response, Response::Shared { .. }), "{response:?}");
    let mut status = first.status();
    let is_shared = status.wait_for(|status| {
        let status = status.as_ref();
        status.is_some_and(|status| !status.services.is_empty())
    });
    drop(timeout(PATIENCE, is_shared).await.unwrap().unwrap());
    ended(&first, first_done).await;
    until(&second, |state| *state == OWN).await;
    ended(&second, second_done).await;
}

#[tokio::test]
async fn a_repaired_configuration_is_taken_up() {
    let (_dir, home) = home("version = 1\n[service.shop]\nupstrem = 3000\n");
    let (host, done) = started(&home);
    let state = until(&host, |state| matches!(state, EngineState::Failed(_))).await;
    let EngineState::Failed(failure) = state else {
        panic!("{state:?}");
    };
    assert_eq!(failure.code, codes::CONFIG_INVALID);
    let Response::Error(refused) = host.request(Request::Status).await else {
        panic!("it answers without an engine");
    };
    assert_eq!(refused, failure);
    fs::write(home.config(), ALONE).unwrap();
    host.retry();
    until(&host, |state| *state == OWN).await;
    ended(&host, done).await;
}
