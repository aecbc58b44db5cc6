//! The controller against a shell that records, and an engine that the test plays.

mod asking;
mod lab;

use malai_api::{Failure, LinkTarget, PeerState, Protocol, Request, Response};
use tokio::time::{advance, timeout};

use self::lab::{Did, Lab, PATIENCE};
use super::{looking::ASK_INTERVAL, *};
use crate::{
    menu::Kind,
    samples::{ALICE, bridge, identity, offered, peer, server, service},
};

fn invited() -> Response {
    Response::Invited {
        id: String::new(),
        pin: None,
        service: "shop".to_owned(),
        link: "malai://me/shop?k=secret".to_owned(),
    }
}

fn shared(name: &str) -> Response {
    Response::Shared {
        service: service(name, &[]),
        answers: true,
    }
}

fn share_request(request: Request) -> malai_api::ShareRequest {
    let Request::Share(share) = request else {
        panic!("{request:?}");
    };
    share
}

#[tokio::test]
async fn one_click_shares_copies_the_link_and_says_so() {
    let mut lab = Lab::start();
    lab.click("share-3000").await;
    let share = share_request(lab.answer(shared("shop")).await);
    assert_eq!(share.upstream, ["localhost:3000"]);
    assert!(share.must_answer && share.allow.is_empty() && !share.keep);
    let invite = lab.answer(invited()).await;
    assert!(matches!(invite, Request::Invite(invite) if invite.service == "shop" && !invite.once));
    assert_eq!(
        lab.did().await,
        Did::Copied("malai://me/shop?k=secret".to_owned())
    );
    let Did::Notified { title, show, .. } = lab.did().await else {
        panic!("not told");
    };
    assert_eq!(title, "Sharing shop: link copied");
    assert_eq!(
        show,
        Navigation::Service {
            name: "shop".to_owned()
        }
    );
}

#[tokio::test]
async fn a_dead_port_is_refused_plainly_and_in_the_window() {
    let mut lab = Lab::start();
    lab.click("share-3000").await;
    let message = "nothing answers on localhost:3000; start it, then share it again";
    lab.answer(Failure::new(codes::NOTHING_ANSWERS, message))
        .await;
    assert_eq!(
        lab.did().await,
        Did::Told(codes::NOTHING_ANSWERS.to_owned())
    );
    let title = "localhost:3000 is not shared".to_owned();
    let body = "Nothing answers on localhost:3000; start it, then share it again.".to_owned();
    assert_eq!(lab.did().await, Did::Failed { title, body });
}

#[tokio::test]
async fn a_guessed_name_that_is_taken_gives_way() {
    let mut lab = Lab::start();
    lab.servers = vec![server(5173, None, Some("shop"))];
    lab.click("share-5173").await;
    let first = share_request(lab.answer(Failure::new(codes::NAME_TAKEN, "in use")).await);
    assert_eq!(first.name.as_deref(), Some("shop"));
    let second = share_request(lab.answer(shared("port-5173")).await);
    assert_eq!(second.name, None);
}

#[tokio::test]
async fn a_port_that_is_shared_already_gives_its_link() {
    let mut lab = Lab::start();
    lab.status(|status| status.services = vec![service("shop", &[])]);
    lab.until(|(menu, _)| matches!(menu.action("share-3000"), Some(Action::CopyLink { .. })))
        .await;
    lab.click("share-3000").await;
    lab.answer(invited()).await;
    assert_eq!(
        lab.did().await,
        Did::Copied("malai://me/shop?k=secret".to_owned())
    );
}

#[tokio::test]
async fn the_link_of_a_service_for_somebody_lets_nobody_else_in() {
    let mut lab = Lab::start();
    lab.status(|status| status.services = vec![service("shop", &["alice"])]);
    lab.click("shared/service:shop/copy").await;
    assert_eq!(lab.did().await, Did::Copied("malai://me/shop".to_owned()));
}

#[tokio::test]
async fn copying_the_id_is_confirmed_and_a_broken_clipboard_is_told() {
    let mut lab = Lab::start();
    lab.click("copy-id").await;
    lab.answer(Response::Identity(identity())).await;
    assert_eq!(lab.did().await, Did::Copied("my-id52".to_owned()));
    assert!(matches!(lab.did().await, Did::Notified { .. }));

    let mut lab = Lab::with(false);
    lab.click("copy-id").await;
    lab.answer(Response::Identity(identity())).await;
    assert_eq!(lab.did().await, Did::Told("clipboard-unusable".to_owned()));
    assert!(matches!(lab.did().await, Did::Failed { title, .. } if title == "Nothing was copied"));
}

#[tokio::test(start_paused = true)]
async fn a_peer_is_asked_again_and_what_is_gone_there_is_gone_here() {
    let mut lab = Lab::start();
    lab.status(|status| status.peers = vec![peer("alice", PeerState::Direct)]);
    let both = vec![offered("api", Protocol::Http), offered("db", Protocol::Tcp)];
    let answer = |services| Response::Services {
        peer: ALICE.to_owned(),
        services,
    };
    lab.answer(answer(both)).await;
    let shows = |service: &str| {
        let path = format!("peers/peer:{ALICE}/use:{service}");
        move |menu: &Menu| menu.action(&path).is_some()
    };
    let (api, db) = (shows("api"), shows("db"));
    lab.until(|(menu, _)| api(menu) && db(menu)).await;
    advance(ASK_INTERVAL).await;
    let asked = lab
        .answer(answer(vec![offered("api", Protocol::Http)]))
        .await;
    assert!(matches!(asked, Request::Services { peer } if peer == ALICE));
    lab.until(|(menu, _)| api(menu) && !db(menu)).await;
    advance(ASK_INTERVAL).await;
    lab.answer(Failure::new(codes::NOT_PERMITTED, "nothing for you"))
        .await;
    lab.until(|(menu, _)| !api(menu)).await;
}

#[tokio::test]
async fn a_peers_service_is_bridged_and_opened() {
    let mut lab = Lab::start();
    lab.status(|status| status.peers = vec![peer("alice", PeerState::Direct)]);
    let asked = lab
        .answer(Response::Services {
            peer: ALICE.to_owned(),
            services: vec![offered("api", Protocol::Http), offered("db", Protocol::Tcp)],
        })
        .await;
    assert!(matches!(asked, Request::Services { peer } if peer == ALICE));

    lab.click(&format!("peers/peer:{ALICE}/use:api")).await;
    let asked = lab
        .answer(Response::Bridged(bridge("api", Protocol::Http)))
        .await;
    assert!(matches!(asked, Request::Bridge(bridge) if bridge.to == format!("{ALICE}/api")));
    assert_eq!(
        lab.did().await,
        Did::Opened("http://127.0.0.1:4001/".to_owned())
    );

    lab.click(&format!("peers/peer:{ALICE}/use:db")).await;
    lab.answer(Response::Bridged(bridge("db", Protocol::Tcp)))
        .await;
    assert_eq!(lab.did().await, Did::Copied("127.0.0.1:4001".to_owned()));
}

#[tokio::test]
async fn a_bridge_is_opened_copied_and_ended() {
    let mut lab = Lab::start();
    lab.status(|status| status.bridges = vec![bridge("api", Protocol::Http)]);
    lab.click("bridged/bridge:api/open").await;
    assert_eq!(
        lab.did().await,
        Did::Opened("http://127.0.0.1:4001/".to_owned())
    );
    lab.click("bridged/bridge:api/copy").await;
    assert_eq!(
        lab.did().await,
        Did::Copied("http://127.0.0.1:4001/".to_owned())
    );
    assert!(matches!(lab.did().await, Did::Notified { .. }));
    lab.click("bridged/bridge:api/stop").await;
    let asked = lab.answer(Failure::new("x", "it is kept")).await;
    assert!(matches!(asked, Request::Stop { name, forget: false } if name == "api"));
    assert_eq!(lab.did().await, Did::Told("x".to_owned()));
}

#[tokio::test]
async fn servers_come_and_go_and_a_copied_link_is_named() {
    let mut lab = Lab::start();
    lab.servers = vec![server(8000, Some("python"), None)];
    lab.until(|(menu, _)| menu.action("share-8000").is_some())
        .await;

    let link = "malai://abc/shop".to_owned();
    lab.input(Input::Clipboard(Some(link.clone()))).await;
    lab.answer(Response::Link(LinkTarget {
        pin: false,
        peer: ALICE.to_owned(),
        name: Some("alice".to_owned()),
        suggested_name: None,
        service: "shop".to_owned(),
        invite: false,
        own: false,
        bridged_as: None,
        domain: None,
    }))
    .await;
    let names_alice = |(menu, _): &(Menu, Option<Icon>)| {
        menu.rows
            .iter()
            .any(|row| row.text.starts_with("Connect to alice"))
    };
    lab.until(names_alice).await;
    lab.click("connect").await;
    let shown = Did::Showed(Navigation::Connect { link: Some(link) });
    assert_eq!(lab.did().await, shown);
    lab.input(Input::Clipboard(None)).await;
    lab.until(|shown| !names_alice(shown)).await;
}

#[tokio::test]
async fn the_icon_follows_what_is_shared() {
    let mut lab = Lab::start();
    lab.until(|(_, icon)| *icon == Some(Icon::Idle)).await;
    lab.status(|status| status.services = vec![service("shop", &[])]);
    lab.until(|(_, icon)| *icon == Some(Icon::Active)).await;
    let failure = Failure::new("config-invalid", "line 3: no");
    lab.end.state.send_replace(EngineState::Failed(failure));
    lab.until(|(_, icon)| *icon == Some(Icon::Offline)).await;
}

#[tokio::test]
async fn where_the_key_is_kept_is_asked_without_a_click() {
    let mut lab = Lab::start();
    let path = "/home/a/identity.key".to_owned();
    lab.end
        .state
        .send_replace(EngineState::AsksForKeyFile { path });
    assert_eq!(lab.did().await, Did::Showed(Navigation::Home));
}

#[tokio::test]
async fn quitting_waits_for_the_engine_and_a_second_time_does_not() {
    let mut lab = Lab::start();
    lab.click("quit").await;
    timeout(PATIENCE, lab.end.ending.stop.cancelled())
        .await
        .unwrap();
    assert!(!lab.end.ending.hurry.is_cancelled());
    lab.end.state.send_replace(EngineState::Stopping);
    lab.until(|(menu, _)| menu.rows.iter().any(|row| row.text == "Quit at once"))
        .await;
    lab.click("quit").await;
    timeout(PATIENCE, lab.end.ending.hurry.cancelled())
        .await
        .unwrap();
    lab.ended.take().unwrap().send(()).unwrap();
    drop(lab.end.state);
    assert_eq!(
        timeout(PATIENCE, lab.did.recv()).await.unwrap(),
        Some(Did::Exited(0))
    );
    timeout(PATIENCE, lab.running).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_menu_has_no_click_for_what_only_informs() {
    let mut lab = Lab::start();
    lab.until(|(menu, _)| menu.rows.first().is_some_and(|row| row.kind == Kind::Info))
        .await;
    lab.input(Input::Clicked("state".to_owned())).await;
    lab.click("settings").await;
    assert_eq!(lab.did().await, Did::Showed(Navigation::Settings));
}
