//! What goes over the control socket, word for word: scripts and other versions rely on it.

mod access;
mod samples;

use std::path::Path;

use malai_api::{
    BridgeRequest, Check, CheckOutcome, CheckSubject, DevServer, DomainReport, Event, Failure,
    IdentityStatus, InviteRequest, LinkTarget, NamedBy, NearbyPeer, OfferedService, Passphrase,
    PeerState, Protocol, QrCode, Request, Response, Settings, ShareRequest, codes,
};
use serde::{Serialize, de::DeserializeOwned};

pub(super) use self::samples::status;
use self::samples::{bridge, diagnosis, network, peer, service};

/// Set to write the golden file anew.
const REGENERATE: &str = "MALAI_REGENERATE_GOLDEN";

#[test]
fn the_control_protocol_is_as_it_was() {
    let mut text = String::new();
    requests().iter().for_each(|it| add(&mut text, it));
    access::requests().iter().for_each(|it| add(&mut text, it));
    responses().iter().for_each(|it| add(&mut text, it));
    access::responses().iter().for_each(|it| add(&mut text, it));
    events().iter().for_each(|it| add(&mut text, it));
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/control.ndjson");
    if std::env::var_os(REGENERATE).is_some() {
        std::fs::write(&golden, &text).unwrap();
    }
    let expected = std::fs::read_to_string(&golden).unwrap();
    assert!(
        text == expected,
        "the protocol differs from {}; when that is meant, run the test with {REGENERATE}=1",
        golden.display()
    );
}

#[test]
fn what_may_be_left_out_may_be_left_out() {
    let request: Request =
        serde_json::from_str(r#"{"request":"share","upstream":["3000"]}"#).unwrap();
    let share = ShareRequest {
        upstream: vec!["3000".to_owned()],
        ..ShareRequest::default()
    };
    assert_eq!(request, Request::Share(share));
}

/// Adds a line and makes sure that it reads back as what it was.
fn add<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(text: &mut String, it: &T) {
    let line = serde_json::to_string(it).unwrap();
    assert_eq!(&serde_json::from_str::<T>(&line).unwrap(), it);
    text.push_str(&line);
    text.push('\n');
}

fn requests() -> Vec<Request> {
    vec![
        Request::Identity,
        Request::Status,
        Request::Metrics,
        Request::Share(ShareRequest {
            upstream: vec!["3000".to_owned()],
            name: Some("shop".to_owned()),
            protocol: Protocol::Http,
            allow: vec!["alice".to_owned(), "group:team".to_owned()],
            description: Some("Our web shop".to_owned()),
            for_secs: Some(7200),
            keep: false,
            must_answer: true,
            proxy_protocol: None,
        }),
        Request::Bridge(BridgeRequest {
            to: "alice/shop".to_owned(),
            name: Some("shop".to_owned()),
            listen: Some("8080".to_owned()),
            protocol: Protocol::Tcp,
            keep: true,
        }),
        Request::Stop {
            name: "shop".to_owned(),
            forget: true,
        },
        Request::Peers,
        Request::PeerAdd {
            name: "alice".to_owned(),
            id52: "id52".to_owned(),
        },
        Request::PeerRemove {
            name: "alice".to_owned(),
        },
        Request::Subscribe,
        Request::Watch,
        Request::Detect,
        Request::Read {
            link: "malai://id52/shop".to_owned(),
        },
        Request::Nearby,
        Request::Services {
            peer: "alice".to_owned(),
        },
        Request::Domain {
            name: "example.com".to_owned(),
            accept: true,
        },
        Request::Invite(InviteRequest {
            service: "shop".to_owned(),
            once: true,
            for_secs: Some(3600),
            pin: true,
        }),
        Request::Allow {
            service: "shop".to_owned(),
            allow: vec!["alice".to_owned()],
        },
        Request::Describe {
            service: "shop".to_owned(),
            description: Some("Our web shop".to_owned()),
        },
        Request::GroupPut {
            name: "team".to_owned(),
            members: vec!["alice".to_owned()],
        },
        Request::GroupRemove {
            name: "team".to_owned(),
        },
        Request::Doctor {
            peer: Some("alice".to_owned()),
        },
        Request::Check {
            service: "shop".to_owned(),
        },
        Request::Qr {
            text: "malai://id52/shop".to_owned(),
        },
        Request::Settings,
        Request::SetNetwork(network()),
        Request::SetGateway {
            listen: Some("127.0.0.1:0".to_owned()),
            keep: true,
        },
        Request::SetName {
            name: Some("bob".to_owned()),
        },
        Request::ExportIdentity {
            path: "/home/me/malai.key".to_owned(),
            passphrase: None,
        },
        Request::ImportIdentity {
            path: "/home/me/malai.age".to_owned(),
            passphrase: Some(Passphrase::new("open sesame".to_owned())),
        },
        Request::Rotate { forget_old: false },
    ]
}

fn responses() -> Vec<Response> {
    vec![
        Response::Identity(identity()),
        Response::Status(Box::new(status())),
        Response::Shared {
            service: service(),
            answers: true,
        },
        Response::Bridged(bridge()),
        Response::Metrics {
            text: "malai_uptime_seconds 61\n".to_owned(),
        },
        Response::Stopped {
            name: "shop".to_owned(),
            kept: true,
        },
        Response::Peers {
            peers: vec![peer()],
        },
        Response::Detected {
            servers: vec![DevServer {
                port: 3000,
                program: Some("vite".to_owned()),
                name: Some("shop".to_owned()),
                shared_as: Some("shop".to_owned()),
            }],
        },
        Response::Link(LinkTarget {
            peer: "peer".to_owned(),
            name: Some("alice".to_owned()),
            suggested_name: Some("alice-2".to_owned()),
            service: "shop".to_owned(),
            invite: true,
            pin: true,
            own: false,
            bridged_as: Some("shop".to_owned()),
            domain: Some(NamedBy {
                name: "example.com".to_owned(),
                secure: Some(true),
                first: true,
            }),
        }),
        Response::Nearby {
            peers: vec![NearbyPeer {
                id52: "peer".to_owned(),
                name: Some("alice".to_owned()),
                suggested_name: Some("alice-2".to_owned()),
            }],
        },
        Response::Services {
            peer: "peer".to_owned(),
            services: vec![OfferedService {
                name: "shop".to_owned(),
                protocol: Protocol::Http,
                description: Some("Our web shop".to_owned()),
                up: Some(true),
            }],
        },
        Response::Domain(DomainReport {
            domain: "example.com".to_owned(),
            record: "_malai.example.com. 300 IN TXT \"malai=id52\"".to_owned(),
            key: Some("peer".to_owned()),
            place: Some("_malai.example.com".to_owned()),
            secure: Some(false),
            own: false,
            remembered: Some("other".to_owned()),
            problem: Some(Failure::new(codes::DOMAIN_KEY_CHANGED, "what to do")),
        }),
        Response::Invited {
            service: "shop".to_owned(),
            link: "malai://id52/shop?k=secret".to_owned(),
            id: "0123456789abcdef".to_owned(),
            pin: Some("123456".to_owned()),
        },
        Response::Checked {
            checks: vec![Check {
                what: CheckSubject::Upstream,
                outcome: CheckOutcome::Good,
                message: "it answers with 200".to_owned(),
            }],
        },
        Response::Diagnosis(Box::new(diagnosis())),
        Response::Qr(QrCode {
            width: 1,
            modules: "1".to_owned(),
        }),
        Response::Settings(Box::new(Settings {
            home: "/home/me/.local/share/malai".to_owned(),
            config: "/home/me/.local/share/malai/malai.toml".to_owned(),
            logs: "/home/me/.local/share/malai/logs".to_owned(),
            name: Some("bob".to_owned()),
            gateway: Some("127.0.0.1:0".to_owned()),
            network: network(),
            restart_needed: true,
        })),
        Response::Rotated {
            former: "id52".to_owned(),
            id52: "another".to_owned(),
            notice: Some("where the former key is".to_owned()),
        },
        Response::Done,
        Response::Error(Failure::new(codes::NAME_UNKNOWN, "what to do")),
    ]
}

fn events() -> Vec<Event> {
    let (service, peer) = ("shop".to_owned(), "peer".to_owned());
    vec![
        Event::Identity {
            id52: "id52".to_owned(),
        },
        Event::Shared {
            service: service.clone(),
            protocol: Protocol::Http,
            upstream: "127.0.0.1:3000".to_owned(),
            id52: "id52".to_owned(),
            link: "malai://id52/shop".to_owned(),
        },
        Event::Bridged {
            service: service.clone(),
            peer: peer.clone(),
            local: "127.0.0.1:41234".to_owned(),
            url: "http://127.0.0.1:41234/".to_owned(),
        },
        Event::Peer {
            peer: peer.clone(),
            state: PeerState::Direct,
            rtt_ms: Some(12.3),
        },
        Event::Rotated {
            peer: peer.clone(),
            former: "id52".to_owned(),
            name: Some("alice".to_owned()),
        },
        Event::Request {
            service: service.clone(),
            peer: peer.clone(),
            method: "GET".to_owned(),
            path: "/".to_owned(),
            status: 200,
            ms: 3.1,
        },
        Event::Access {
            peer,
            service: service.clone(),
            decision: malai_api::AccessDecision::Denied,
            name: Some("alice".to_owned()),
        },
        Event::Stopped {
            service,
            reason: "it was stopped".to_owned(),
        },
        Event::Drained {
            finished: 1,
            cut: 0,
        },
        Event::Status(Box::new(status())),
        Event::Ui {
            url: "http://127.0.0.1:40000/#token=secret".to_owned(),
        },
        Event::Error {
            code: codes::EVENTS_LOST.to_owned(),
            message: "what happened".to_owned(),
        },
    ]
}

fn identity() -> IdentityStatus {
    IdentityStatus {
        id52: "id52".to_owned(),
        store: "file".to_owned(),
        notice: Some("know this".to_owned()),
    }
}
