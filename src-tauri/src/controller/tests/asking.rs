//! Questions that are put, answered and taken back.

use malai_api::{AccessRequest, Admission};

use super::*;
use crate::samples::request;

fn shop() -> Wish {
    let (peer, service) = (ALICE.to_owned(), "shop".to_owned());
    Wish { peer, service }
}

/// A controller whose engine has these requests, and what it has asked the user.
fn asking(requests: Vec<AccessRequest>) -> Lab {
    let lab = Lab::start();
    lab.status(|status| status.requests = requests);
    lab
}

async fn asked(lab: &mut Lab) -> Wish {
    match lab.did().await {
        Did::Asked(question) => question.wish,
        did => panic!("{did:?}"),
    }
}

fn allowed() -> Response {
    Response::Access {
        peer: ALICE.to_owned(),
        services: vec!["shop".to_owned()],
        still_allowed: Vec::new(),
    }
}

#[tokio::test]
async fn each_question_is_put_once_and_taken_back_when_it_is_over() {
    let alice = request(Some("alice"), ALICE, "shop");
    let mut lab = asking(vec![alice.clone()]);
    assert_eq!(asked(&mut lab).await, shop());

    // Time goes on, and somebody else asks: nothing is said again about the first.
    let waits_on = AccessRequest {
        waits_secs: Some(3),
        ..alice.clone()
    };
    let books = request(None, ALICE, "books");
    lab.status(|status| status.requests = vec![waits_on, books.clone()]);
    assert_eq!(asked(&mut lab).await.service, "books");

    // The first has waited in vain; it asks again.
    let over = AccessRequest {
        waits_secs: None,
        ..alice.clone()
    };
    lab.status(|status| status.requests = vec![over, books.clone()]);
    assert_eq!(lab.did().await, Did::Withdrew(shop()));
    let again = AccessRequest {
        asked: alice.asked + 400,
        ..alice
    };
    lab.status(|status| status.requests = vec![again, books]);
    assert_eq!(asked(&mut lab).await, shop());

    // Nobody can be let in by an engine that ends.
    lab.end.state.send_replace(EngineState::Stopping);
    for _ in 0..2 {
        assert!(matches!(lab.did().await, Did::Withdrew(_)));
    }
}

#[tokio::test]
async fn the_icon_tells_that_somebody_asks() {
    let mut lab = asking(vec![request(None, ALICE, "shop")]);
    lab.until(|(_, icon)| *icon == Some(Icon::Asks)).await;
    lab.status(|status| status.requests = Vec::new());
    lab.until(|(_, icon)| *icon == Some(Icon::Idle)).await;
}

#[tokio::test]
async fn a_row_answers_the_one_whom_it_names() {
    let mut lab = asking(vec![request(None, ALICE, "shop")]);
    asked(&mut lab).await;
    let (peer, service) = (ALICE.to_owned(), "shop".to_owned());
    let admit = |admission| Request::Admit {
        peer: peer.clone(),
        service: Some(service.clone()),
        admission,
    };
    let deny = Request::Deny {
        peer: peer.clone(),
        service: Some(service.clone()),
    };
    let block = Request::Block {
        peer: peer.clone(),
        blocked: true,
    };
    for (row, request) in [
        ("once", admit(Admission::Once)),
        ("hour", admit(Admission::For { secs: 3600 })),
        ("always", admit(Admission::Always)),
        ("deny", deny),
        ("block", block),
    ] {
        lab.click(&format!("asks:{ALICE}:shop/{row}")).await;
        assert_eq!(lab.answer(allowed()).await, request, "{row}");
    }
}

#[tokio::test]
async fn an_answer_in_a_notification_counts_and_a_refusal_of_the_engine_is_told() {
    let mut lab = asking(vec![request(None, ALICE, "shop")]);
    asked(&mut lab).await;
    let answer = Answer::Once;
    let wish = shop();
    lab.input(Input::Answered { wish, answer }).await;
    let failure = Failure::new("peer-blocked", "alice is blocked");
    let request = lab.answer(failure).await;
    assert!(matches!(request, Request::Admit { peer, .. } if peer == ALICE));
    assert_eq!(lab.did().await, Did::Told("peer-blocked".to_owned()));
    let title = "Nobody was let in".to_owned();
    let body = "Alice is blocked.".to_owned();
    assert_eq!(lab.did().await, Did::Failed { title, body });
}
