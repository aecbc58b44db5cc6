//! Temporary shares: who may ask for what, and when they end.

use malai_api::codes;

use super::*;
use crate::control::{ControlClient, Owner};

#[tokio::test]
async fn a_share_has_a_link_until_it_is_stopped() {
    let mut place = Place::in_memory().await;
    let service = place.share(port("3000")).await.unwrap();
    assert_eq!(service.name, "port-3000");
    let link: crate::link::ShareLink = service.link.parse().unwrap();
    assert_eq!(link.peer, place.engine.id());
    assert!(!link.addresses.is_empty());
    place.shared("port-3000").await;

    let stop = Request::Stop {
        name: "port-3000".to_owned(),
        forget: false,
    };
    let stopped = Response::Stopped {
        name: "port-3000".to_owned(),
        kept: false,
    };
    assert_eq!(place.ask(stop).await, stopped);
    assert_eq!(place.reason_of_end("port-3000").await, "it was stopped");
    assert!(place.status().await.services.is_empty());
    place.engine.stop().await;
}

#[tokio::test]
async fn a_taken_name_is_refused_and_what_has_it_stays() {
    let place = Place::in_memory().await;
    let first = place.share(port("3000")).await.unwrap();
    let failure = place.share(port("3000")).await.unwrap_err();
    assert_eq!(failure.code, codes::NAME_TAKEN);
    assert_eq!(place.status().await.services, [first]);
    place.engine.stop().await;
}

#[tokio::test]
async fn wrong_arguments_are_refused_with_their_code() {
    let place = Place::in_memory().await;
    let allow = |who: &str| ShareRequest {
        allow: vec![who.to_owned()],
        ..port("3000")
    };
    let kept = ShareRequest {
        keep: true,
        ..port("3000")
    };
    for (request, code) in [
        (ShareRequest::default(), codes::ARGUMENT_INVALID),
        (port("no port"), codes::ARGUMENT_INVALID),
        (named("Not A Name"), codes::NAME_INVALID),
        (allow("bob"), codes::PEER_UNKNOWN),
        (allow("group:team"), codes::PEER_UNKNOWN),
        (allow(&"0".repeat(52)), codes::ARGUMENT_INVALID),
        (kept, codes::NOT_KEPT),
    ] {
        let failure = place.share(request.clone()).await.unwrap_err();
        assert_eq!(failure.code, code, "{request:?}");
    }
    assert!(place.status().await.services.is_empty());
    place.engine.stop().await;
}

#[tokio::test]
async fn a_share_ends_with_its_owner() {
    let mut place = Place::in_memory().await;
    let (owner, guard) = Owner::new();
    let request = Request::Share(named("shop"));
    place.engine.handle().dispatch_for(request, &owner).await;
    drop(guard);
    assert_eq!(
        place.reason_of_end("shop").await,
        "whoever asked for it has gone"
    );
    place.engine.stop().await;
}

#[tokio::test]
async fn a_share_ends_when_its_time_is_over() {
    let mut place = Place::in_memory().await;
    let request = ShareRequest {
        for_secs: Some(1),
        ..named("shop")
    };
    place.share(request).await.unwrap();
    assert_eq!(place.reason_of_end("shop").await, "its time is over");
    place.engine.stop().await;
}

#[cfg(unix)]
#[tokio::test]
async fn a_share_ends_with_its_control_connection() {
    let mut place = Place::in_memory().await;
    let home = Home::open(Some(place.dir.path().to_owned())).unwrap();
    let mut client = ControlClient::connect(&home).await.unwrap().unwrap();
    let response = client
        .request(&Request::Share(named("shop")))
        .await
        .unwrap();
    assert!(matches!(response, Response::Shared { .. }), "{response:?}");
    drop(client);
    place.reason_of_end("shop").await;
    place.engine.stop().await;
}

#[tokio::test]
async fn the_tree_shows_what_runs_and_nothing_else() {
    let place = Place::in_memory().await;
    place.share(named("shop")).await.unwrap();
    place.share(named("other")).await.unwrap();
    let stop = Request::Stop {
        name: "other".to_owned(),
        forget: false,
    };
    place.ask(stop).await;
    let tree = place.status().await.operations;
    assert_eq!(tree.name, "malai");
    assert_eq!(
        tree.children[0].name,
        format!("identity {}", place.engine.id())
    );
    let shares: Vec<&str> = tree.children[0]
        .children
        .iter()
        .map(|it| it.name.as_str())
        .collect();
    assert_eq!(shares, ["share shop"]);
    place.engine.stop().await;
}

#[tokio::test]
async fn an_engine_that_has_stopped_says_so() {
    let place = Place::in_memory().await;
    let handle = place.engine.handle().clone();
    assert_eq!(
        place.engine.stop().await,
        Drained {
            finished: 0,
            cut: 0
        }
    );
    let Response::Error(failure) = handle.dispatch(Request::Status).await else {
        panic!("answered");
    };
    assert_eq!(failure.code, codes::STOPPING);
}
