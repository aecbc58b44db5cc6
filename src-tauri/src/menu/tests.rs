//! Menus compared by value.

mod asking;
mod backends;

use malai_api::{BridgeStatus, Failure, PeerState, Reach, Traffic};

use super::*;
use crate::samples::{ALICE as ID, bridge, offered, peer, server, service, status};

struct Case {
    engine: EngineState,
    status: Option<Status>,
    servers: Vec<DevServer>,
    copied: Option<CopiedLink>,
    offers: BTreeMap<String, Vec<OfferedService>>,
}

impl Case {
    fn new(status: Status) -> Self {
        Self {
            engine: EngineState::Running { attached: false },
            status: Some(status),
            servers: Vec::new(),
            copied: None,
            offers: BTreeMap::new(),
        }
    }

    fn in_state(engine: EngineState) -> Self {
        Self {
            engine,
            status: None,
            ..Self::new(status())
        }
    }

    fn menu(&self) -> Menu {
        Menu::of(&Facts {
            engine: &self.engine,
            status: self.status.as_ref(),
            servers: &self.servers,
            copied: self.copied.as_ref(),
            offers: &self.offers,
        })
    }
}

fn texts(rows: &[Row]) -> Vec<&str> {
    rows.iter().map(|row| row.text.as_str()).collect()
}

fn rows_of<'a>(menu: &'a Menu, path: &[&str]) -> &'a [Row] {
    path.iter().fold(&menu.rows, |rows, id| {
        let row = rows.iter().find(|row| row.id == *id).unwrap();
        let Kind::Sub(rows) = &row.kind else {
            panic!("{id} is no submenu");
        };
        rows
    })
}

#[test]
fn an_idle_menu_offers_the_usual_port_and_everything_else() {
    let expected = vec![
        Row::info("state", "● Online: nothing shared"),
        Row::act(
            "share-3000",
            "Share localhost:3000",
            Action::Share {
                port: 3000,
                name: None,
            },
        ),
        Row::act(
            "share-other",
            "Share another port…",
            Action::Show(Navigation::Share),
        ),
        Row::act(
            "connect",
            "Connect to…",
            Action::Show(Navigation::Connect { link: None }),
        ),
        Row::separator("line-lists"),
        Row::sub(
            "shared",
            "Shared",
            vec![Row::info("none", "Nothing is shared")],
        ),
        Row::sub(
            "bridged",
            "Bridged",
            vec![Row::info("none", "Nothing is bridged")],
        ),
        Row::sub("peers", "Peers", vec![Row::info("none", "No peers yet")]),
        Row::separator("line-app"),
        Row::act("copy-id", "Copy my id52", Action::CopyId),
        Row::act("open", "Open malai", Action::Show(Navigation::Home)),
        Row::act("settings", "Settings…", Action::Show(Navigation::Settings)),
        Row::act(
            "check",
            "Check my connection…",
            Action::Show(Navigation::Connection),
        ),
        Row::act("quit", "Quit", Action::Quit),
    ];
    assert_eq!(Case::new(status()).menu().rows, expected);
}

#[test]
fn each_server_has_a_row_up_to_five() {
    let mut case = Case::new(status());
    case.servers = vec![
        server(3000, Some("vite"), Some("shop")),
        server(8000, Some("python"), None),
        server(8080, None, Some("api")),
        server(9000, None, None),
        server(9001, None, None),
        server(9002, None, None),
    ];
    let menu = case.menu();
    assert_eq!(
        texts(&menu.rows)[1..7],
        [
            "Share localhost:3000  (vite, \"shop\")",
            "Share localhost:8000  (python)",
            "Share localhost:8080  (\"api\")",
            "Share localhost:9000",
            "Share localhost:9001",
            "Share another port…",
        ]
    );
    let share = Action::Share {
        port: 3000,
        name: Some("shop".to_owned()),
    };
    assert_eq!(menu.action("share-3000"), Some(&share));
}

#[test]
fn a_shared_service_has_its_rows_and_its_port_offers_the_link() {
    let mut status = status();
    status.services = vec![service("shop", &[])];
    let menu = Case::new(status).menu();
    assert_eq!(menu.rows[0].text, "● Online: 1 shared");
    let copy = || Action::CopyLink {
        service: "shop".to_owned(),
    };
    let window = || {
        Action::Show(Navigation::Service {
            name: "shop".to_owned(),
        })
    };
    let end = |id: &str, text: &str, secs| {
        let service = "shop".to_owned();
        Row::act(id, text, Action::EndIn { service, secs })
    };
    let text = "Copy link to localhost:3000  (\"shop\")";
    assert_eq!(menu.rows[1], Row::act("share-3000", text, copy()));
    let rows = vec![
        Row::act("copy", "Copy link", copy()),
        Row::act(
            "copy-one",
            "Copy link for one person",
            Action::CopyLinkForOne {
                service: "shop".to_owned(),
            },
        ),
        Row::act("qr", "Show QR", window()),
        Row::act("who", "Who can connect…", window()),
        Row::act("inspect", "Inspect…", window()),
        Row::sub(
            "end",
            "Stop at…",
            vec![
                end("30m", "In 30 minutes", Some(1800)),
                end("1h", "In 1 hour", Some(3600)),
                end("2h", "In 2 hours", Some(7200)),
                end("never", "No end", None),
            ],
        ),
        Row::act(
            "stop",
            "Stop",
            Action::Stop {
                name: "shop".to_owned(),
            },
        ),
    ];
    let shop = Row::sub("service:shop", "shop  (localhost:3000)", rows);
    assert_eq!(rows_of(&menu, &["shared"]), [shop]);
    assert_eq!(menu.action("shared/service:shop/copy"), Some(&copy()));
}

#[test]
fn a_share_that_is_kept_has_no_end_to_choose() {
    let mut status = status();
    status.services = vec![ServiceStatus {
        kept: true,
        ..service("shop", &[])
    }];
    let menu = Case::new(status).menu();
    let rows = rows_of(&menu, &["shared", "service:shop"]);
    assert!(!texts(rows).contains(&"Stop at…"), "{rows:?}");
}

#[test]
fn a_bridge_says_how_its_peer_is_reached() {
    let ways = [
        (PeerState::Direct, Some(12.4), "Direct, about 10 ms"),
        (PeerState::Relayed, Some(0.2), "Relayed, about 1 ms"),
        (PeerState::Direct, Some(3.6), "Direct, about 4 ms"),
        (PeerState::Connecting, None, "Connecting…"),
        (
            PeerState::Offline,
            None,
            "Not connected; connects when it is used",
        ),
    ];
    for (state, rtt, said) in ways {
        let mut status = status();
        status.bridges = vec![BridgeStatus {
            state,
            rtt_ms: rtt,
            ..bridge("api", Protocol::Http)
        }];
        let menu = Case::new(status).menu();
        let rows = rows_of(&menu, &["bridged", "bridge:api"]);
        assert_eq!(
            texts(rows),
            [said, "Open in browser", "Copy address", "Disconnect"]
        );
    }
}

#[test]
fn a_bridge_that_cannot_listen_is_counted_and_says_why() {
    let mut status = status();
    status.services = vec![service("shop", &[])];
    status.bridges = vec![BridgeStatus {
        error: Some("port 4001 is in use".to_owned()),
        local: String::new(),
        url: String::new(),
        ..bridge("api", Protocol::Http)
    }];
    let menu = Case::new(status).menu();
    assert_eq!(
        menu.rows[0].text,
        "● Online: 1 shared, 1 bridged, 1 not working"
    );
    let rows = rows_of(&menu, &["bridged", "bridge:api"]);
    assert_eq!(texts(rows), ["port 4001 is in use", "Disconnect"]);
}

#[test]
fn the_first_row_says_how_far_we_reach() {
    for (reach, begin) in [
        (Reach::Anywhere, "● Online: "),
        (Reach::Lan, "◐ Local network only: "),
        (Reach::Machine, "○ Not reachable from outside: "),
    ] {
        let menu = Case::new(Status { reach, ..status() }).menu();
        assert_eq!(
            menu.rows[0],
            Row::info("state", format!("{begin}nothing shared"))
        );
    }
}

#[test]
fn a_link_on_the_clipboard_names_its_peer_and_is_only_shown() {
    let mut case = Case::new(status());
    let link = format!("malai://{ID}/shop");
    case.copied = Some(CopiedLink {
        link: link.clone(),
        whose: "alice".to_owned(),
    });
    let connect = Action::Show(Navigation::Connect { link: Some(link) });
    let row = Row::act(
        "connect",
        "Connect to alice…  (link on the clipboard)",
        connect,
    );
    assert_eq!(case.menu().rows[3], row);
}

#[test]
fn a_peer_has_its_services_or_a_way_to_ask() {
    let mut status = status();
    status.peers = vec![peer("alice", PeerState::Direct)];
    let mut case = Case::new(status);
    let link = Some(ID.to_owned());
    let ask = Row::act(
        "services",
        "Its services…",
        Action::Show(Navigation::Connect { link }),
    );
    let copy = Row::act(
        "copy",
        "Copy id52",
        Action::CopyPeer {
            id52: ID.to_owned(),
        },
    );
    let path = ["peers", &format!("peer:{ID}")];
    assert_eq!(rows_of(&case.menu(), &path), [ask, copy.clone()]);

    let described = OfferedService {
        description: Some("Our web shop".to_owned()),
        ..offered("shop", Protocol::Http)
    };
    let down = OfferedService {
        up: Some(false),
        ..offered("a/b", Protocol::Tcp)
    };
    let offers = vec![described, down];
    case.offers.insert(ID.to_owned(), offers);
    let menu = case.menu();
    let using = |service: &str, protocol| Action::Use {
        peer: ID.to_owned(),
        service: service.to_owned(),
        protocol,
    };
    let rows = [
        Row::act(
            "use:shop",
            "shop — Our web shop",
            using("shop", Protocol::Http),
        ),
        Row::act(
            "use:a%2Fb",
            "a/b  (tcp)  (down)",
            using("a/b", Protocol::Tcp),
        ),
        copy,
    ];
    assert_eq!(rows_of(&menu, &path), rows);
    let path = format!("peers/peer:{ID}/use:a%2Fb");
    assert_eq!(menu.action(&path), Some(&using("a/b", Protocol::Tcp)));
}

#[test]
fn a_long_list_ends_with_a_way_to_the_window() {
    let mut status = status();
    let services = (0..12).map(|n| service(&format!("s{n}"), &[]));
    status.services = services.collect();
    let menu = Case::new(status).menu();
    let rows = rows_of(&menu, &["shared"]);
    assert_eq!(rows.len(), 11);
    let more = Row::act(
        "more",
        "More in the window…",
        Action::Show(Navigation::Home),
    );
    assert_eq!(rows[10], more);
}

#[test]
fn names_from_outside_are_cut_and_cannot_pass_for_rows() {
    let mut status = status();
    status.peers = vec![peer(
        &format!("a\nQuit\u{202e}{}", "x".repeat(99)),
        PeerState::Direct,
    )];
    let menu = Case::new(status).menu();
    let text = &rows_of(&menu, &["peers"])[0].text;
    assert!(
        text.starts_with("a Quitxxx") && text.ends_with('…'),
        "{text}"
    );
    assert!(text.chars().count() <= 33, "{text}");
}

#[test]
fn without_an_engine_there_is_why_and_what_to_do() {
    let failure = Failure::new("config-invalid", format!("malai.toml: {}", "x".repeat(200)));
    let path = "/home/a/identity.key".to_owned();
    let cases = [
        (EngineState::Starting, vec!["○ Starting…"]),
        (
            EngineState::AsksForKeyFile { path },
            vec![
                "○ Not running: no keychain answers",
                "Choose where the key is kept…",
            ],
        ),
        (EngineState::Stopping, vec!["○ Stopping…"]),
    ];
    for (engine, first) in cases {
        let quit = if engine == EngineState::Stopping {
            "Quit at once"
        } else {
            "Quit"
        };
        let menu = Case::in_state(engine).menu();
        assert_eq!(
            texts(&menu.rows),
            [&first[..], &["Open malai", quit]].concat()
        );
    }
    let menu = Case::in_state(EngineState::Failed(failure)).menu();
    assert!(
        menu.rows[0]
            .text
            .starts_with("○ Not running: malai.toml: xxx")
    );
    assert!(menu.rows[0].text.chars().count() < 100);
    assert_eq!(menu.action("retry"), Some(&Action::Retry));
}

#[test]
fn stopping_says_what_it_waits_for() {
    let mut case = Case::new(status());
    case.engine = EngineState::Stopping;
    let open = |streams_open| ServiceStatus {
        traffic: Traffic {
            streams_open,
            ..Traffic::default()
        },
        ..service("shop", &[])
    };
    for (count, said) in [
        (1, "○ Finishing 1 request…"),
        (2, "○ Finishing 2 requests…"),
    ] {
        case.status = Some(Status {
            services: vec![open(count)],
            ..status()
        });
        assert_eq!(case.menu().rows[0].text, said);
    }
}

#[test]
fn a_row_that_has_gone_does_nothing() {
    let menu = Case::new(status()).menu();
    for path in ["", "shared", "state", "shared/service:shop/stop", "quit/x"] {
        assert_eq!(menu.action(path), None, "{path}");
    }
}
