#![cfg(unix)]

use std::{os::unix::fs::PermissionsExt, time::Duration};

use malai_api::codes;

use super::*;
use crate::{
    control::{ControlListener, Dispatch, MAX_CONNECTIONS, Owner},
    events::{EventFeed, Events},
    shutdown::Shutdown,
    watching::{StatusFeed, StatusWatch},
};

/// Answers everything with `Done`, telling of it first.
#[derive(Clone, Default)]
struct Stub(EventFeed);

impl Dispatch for Stub {
    async fn dispatch(&self, _request: Request, _owner: &Owner) -> Response {
        self.0.send(|| Event::Identity {
            id52: "me".to_owned(),
        });
        Response::Done
    }

    fn events(&self) -> Events {
        self.0.subscribe()
    }

    fn watch(&self) -> StatusWatch {
        StatusFeed::new().0.watch()
    }
}

struct Place {
    _dir: tempfile::TempDir,
    home: Home,
    shutdown: Shutdown,
}

impl Place {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::open(Some(dir.path().to_owned())).unwrap();
        Self {
            _dir: dir,
            home,
            shutdown: Shutdown::default(),
        }
    }

    fn listen(&self) -> ControlListener {
        ControlListener::start(&self.home, Stub::default(), &self.shutdown).unwrap()
    }

    async fn connect(&self) -> ControlClient {
        ControlClient::connect(&self.home).await.unwrap().unwrap()
    }
}

#[tokio::test]
async fn finds_no_engine_where_none_runs() {
    let place = Place::new();
    assert!(ControlClient::connect(&place.home).await.unwrap().is_none());
}

#[tokio::test]
async fn a_leftover_socket_is_no_engine_and_is_replaced() {
    let place = Place::new();
    drop(std::os::unix::net::UnixListener::bind(place.home.control_socket()).unwrap());
    assert!(ControlClient::connect(&place.home).await.unwrap().is_none());
    let _listener = place.listen();
    let mut client = place.connect().await;
    assert_eq!(
        client.request(&Request::Status).await.unwrap(),
        Response::Done
    );
}

#[tokio::test]
async fn the_socket_is_for_its_owner_alone_and_goes_with_the_engine() {
    let place = Place::new();
    let listener = place.listen();
    let path = place.home.control_socket();
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    drop(listener);
    assert!(!path.exists());
}

#[tokio::test]
async fn events_that_come_before_a_response_are_kept() {
    let place = Place::new();
    let _listener = place.listen();
    let mut client = place.connect().await;
    client.request(&Request::Subscribe).await.unwrap();
    client.request(&Request::Status).await.unwrap();
    client.request(&Request::Status).await.unwrap();
    for _ in 0..2 {
        let event = client.next_event().await.unwrap();
        assert!(matches!(event, Some(Event::Identity { .. })));
    }
    place.shutdown.drain(Duration::from_secs(5)).await;
    assert_eq!(client.next_event().await.unwrap(), None);
}

#[tokio::test]
async fn too_many_connections_are_told_so() {
    let place = Place::new();
    let _listener = place.listen();
    let mut clients = Vec::new();
    for _ in 0..MAX_CONNECTIONS {
        let mut client = place.connect().await;
        client.request(&Request::Status).await.unwrap();
        clients.push(client);
    }
    let response = place.connect().await.request(&Request::Status).await;
    let Ok(Response::Error(failure)) = response else {
        panic!("{response:?}");
    };
    assert_eq!(failure.code, codes::BUSY);
}

#[test]
fn an_event_of_a_newer_version_is_passed_over() {
    let parsed = parse(br#"{"event":"from-the-future","x":1}"#).unwrap();
    assert!(matches!(parsed, Incoming::Unknown));
}
