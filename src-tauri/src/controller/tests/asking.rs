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

#[tokio::test]
async fn a_link_for_one_person_is_an_invite_that_works_once() {
    let mut lab = Lab::start();
    lab.status(|status| status.services = vec![service("shop", &["alice"])]);
    lab.click("shared/service:shop/copy-one").await;
    let invite = lab.answer(invited()).await;
    assert!(matches!(invite, Request::Invite(invite) if invite.service == "shop" && invite.once));
    let link = "malai://me/shop?k=secret".to_owned();
    assert_eq!(lab.did().await, Did::Copied(link));
    let said = lab.did().await;
    let title = "Link to shop for one person copied";
    assert!(
        matches!(&said, Did::Notified { title: it, .. } if it == title),
        "{said:?}"
    );
}

#[tokio::test]
async fn the_end_of_a_share_is_moved_and_said() {
    let mut lab = Lab::start();
    lab.status(|status| status.services = vec![service("shop", &[])]);
    for (row, secs, said) in [
        ("30m", Some(1800), "shop stops in 30m"),
        ("never", None, "shop goes on"),
    ] {
        lab.click(&format!("shared/service:shop/end/{row}")).await;
        let request = lab.answer(Response::Done).await;
        let service = "shop".to_owned();
        assert_eq!(request, Request::EndIn { service, secs });
        let did = lab.did().await;
        assert!(
            matches!(&did, Did::Notified { title, .. } if title == said),
            "{did:?}"
        );
    }
    lab.click("shared/service:shop/end/1h").await;
    lab.answer(Failure::new("x", "it is kept")).await;
    assert_eq!(lab.did().await, Did::Told("x".to_owned()));
}
