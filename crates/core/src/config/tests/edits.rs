//! Changing a file: what was asked is written, and nothing else is touched.

use std::{fs, path::PathBuf};

use proptest::{collection, option, sample};
use tempfile::TempDir;

use super::*;

fn file(text: &str) -> (TempDir, PathBuf) {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("malai.toml");
    fs::write(&path, text).unwrap();
    (home, path)
}

/// The text after an edit that works.
#[track_caller]
fn edited(text: &str, change: impl FnOnce(&mut Editor)) -> String {
    let (_home, path) = file(text);
    let parsed = edit(&path, change).unwrap();
    assert_eq!(load(&path).unwrap(), parsed);
    fs::read_to_string(path).unwrap()
}

fn port(port: u16) -> ServiceConfig {
    ServiceConfig::new(Protocol::Http, port.to_string().parse().unwrap())
}

fn peer(number: u8) -> PeerConfig {
    PeerConfig {
        former: Vec::new(),
        id: id52(number).parse().unwrap(),
        addresses: Vec::new(),
        relay: None,
    }
}

/// Changes one service as a person would: by what it said before.
fn change(editor: &mut Editor, name: &str, change: impl FnOnce(&mut ServiceConfig)) {
    let mut service = editor.config().services[name].clone();
    change(&mut service);
    editor.put_service(name, &service);
}

const WRITTEN: &str = r#"# My machine.
# Ask before changing.

version = 1   # the form

# The shop for customers.
[service.shop]
upstream = 3000              # vite
allow = [
    "alice",   # from work
    "bob",     # a friend
]
limits = { connections = 9 } # small

# The blog, later.
[service.blog]
upstream = ["127.0.0.1:4000"]

[peer.alice]
id = "ALICE"

[peer.bob]
id = "BOB"
# the end
"#;

fn written() -> String {
    WRITTEN.replace("ALICE", &id52(1)).replace("BOB", &id52(2))
}

#[test]
fn makes_a_file_that_is_missing_and_private() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("malai.toml");
    edit(&path, |editor| editor.put_service("shop", &port(3000))).unwrap();
    let text = fs::read_to_string(&path).unwrap();
    assert_eq!(
        text,
        "version = 1\n\n[service.shop]\nupstream = \"127.0.0.1:3000\"\n"
    );
    #[cfg(unix)]
    {
        let mode =
            std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&path).unwrap().permissions());
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[test]
fn begins_below_the_comments_of_an_empty_file() {
    let after = edited("# mine\n", |editor| editor.put_service("a", &port(1)));
    assert_eq!(
        after,
        "# mine\nversion = 1\n\n[service.a]\nupstream = \"127.0.0.1:1\"\n"
    );
}

#[test]
fn an_edit_that_changes_nothing_writes_nothing() {
    let text = written();
    let same = edited(&text, |editor| {
        change(editor, "shop", |_| {});
        change(editor, "blog", |_| {});
        editor.put_peer("alice", &peer(1));
        assert!(!editor.remove_bridge("nobody"));
    });
    assert_eq!(same, text);
}

#[test]
fn touches_only_what_changes() {
    let text = written();
    let after = edited(&text, |editor| {
        change(editor, "shop", |shop| {
            shop.upstream = vec!["4000".parse().unwrap()];
            shop.limits.connections = 10;
            shop.active = false;
        });
    });
    let expected = text
        .replace(
            "upstream = 3000              #",
            "upstream = \"127.0.0.1:4000\"              #",
        )
        .replace(
            "connections = 9 } # small\n",
            "connections = 10 } # small\nactive = false\n",
        );
    assert_eq!(after, expected);
}

#[test]
fn lists_keep_the_comments_of_their_entries() {
    let text = written();
    let added = edited(&text, |editor| {
        change(editor, "shop", |shop| shop.allow.push(Member::Anyone));
    });
    assert_eq!(
        added,
        text.replace("# a friend\n", "# a friend\n    \"anyone\",\n")
    );
    let removed = edited(&text, |editor| {
        change(editor, "shop", |shop| shop.allow.truncate(1));
    });
    assert_eq!(removed, text.replace("    \"bob\",     # a friend\n", ""));
    let removed = edited(&text, |editor| {
        change(editor, "shop", |shop| drop(shop.allow.remove(0)));
    });
    assert_eq!(removed, text.replace("    \"alice\",   # from work\n", ""));
    let one_line = "version = 1\nservice.a = { upstream = 1, allow = [\"anyone\"] }\n";
    let added = edited(one_line, |editor| {
        editor.put_peer("alice", &peer(1));
        change(editor, "a", |a| {
            a.allow.insert(0, Member::Peer("alice".to_owned()))
        });
    });
    assert!(
        added.starts_with(&one_line.replace("[\"anyone\"]", "[\"alice\", \"anyone\"]")),
        "{added}"
    );
}

#[test]
fn a_removed_section_takes_only_its_own_comment() {
    let text = written();
    let after = edited(&text, |editor| assert!(editor.remove_service("shop")));
    let start = text.find("# The shop").unwrap();
    let end = text.find("\n# The blog").unwrap() + 1;
    assert_eq!(
        after.trim_start(),
        format!("{}{}", &text[..start], &text[end..]).trim_start()
    );
    let above = "# Licence: mine.\n\n# a\n[service.a]\nupstream = 1\n\n[service.b]\nupstream = 2\n";
    let after = edited(above, |editor| assert!(editor.remove_service("a")));
    assert!(after.starts_with("# Licence: mine.\n"), "{after}");
    assert!(!after.contains("# a\n"), "{after}");
    let after = edited(&after, |editor| assert!(editor.remove_service("b")));
    assert!(after.contains("# Licence: mine."), "{after}");
}

#[test]
fn writes_bridges_and_peers() {
    let text = edited("version = 1\n", |editor| {
        let mut bob = peer(2);
        bob.addresses = vec!["192.168.1.5:4433".parse().unwrap()];
        bob.relay = Some("https://relay.example.org".parse().unwrap());
        editor.put_peer("bob", &bob);
        let mut bridge = BridgeConfig::new(Protocol::Tcp, "bob/db".parse().unwrap());
        bridge.listen = "4001".parse().unwrap();
        editor.put_bridge("db", &bridge);
        let mut invited: BridgeTarget = "bob/shop".parse().unwrap();
        invited.invite = Some("s3cret".to_owned());
        editor.put_bridge("shop", &BridgeConfig::new(Protocol::Http, invited));
    });
    let expected = format!(
        "version = 1\n\n[peer.bob]\nid = \"{id}\"\naddresses = [\"192.168.1.5:4433\"]\nrelay = \"https://relay.example.org/\"\n\n[bridge.db]\nto = \"bob/db\"\nlisten = \"127.0.0.1:4001\"\nprotocol = \"tcp\"\n\n[bridge.shop]\nto = \"malai://{id}/shop?k=s3cret\"\n",
        id = id52(2)
    );
    assert_eq!(text, expected);
}

#[test]
fn keeps_line_ends_and_the_byte_order_mark() {
    let text = "\u{feff}version = 1\r\n\r\n# mine\r\n[service.a]\r\nupstream = 1\r\n";
    let after = edited(text, |editor| editor.put_service("b", &port(2)));
    let expected = format!("{text}\r\n[service.b]\r\nupstream = \"127.0.0.1:2\"\r\n");
    assert_eq!(after, expected);
}

#[test]
fn never_touches_an_invalid_file() {
    for text in ["[service", "version = 1\nnonsense = 1\n"] {
        let (_home, path) = file(text);
        let error = edit(&path, |editor| editor.put_service("a", &port(1))).unwrap_err();
        assert_eq!(error.code(), "config-invalid");
        assert_eq!(fs::read_to_string(path).unwrap(), text);
    }
}

#[test]
fn refuses_a_change_that_makes_the_file_invalid() {
    let text = written();
    let (_home, path) = file(&text);
    let error = edit(&path, |editor| assert!(editor.remove_peer("alice"))).unwrap_err();
    assert_eq!(error.code(), "config-change-refused");
    assert!(
        error
            .problems()
            .unwrap()
            .to_string()
            .contains("there is no peer `alice`")
    );
    let error = edit(&path, |editor| editor.put_service("Shop", &port(1))).unwrap_err();
    assert_eq!(error.code(), "config-change-refused");
    let error = edit(&path, |editor| {
        change(editor, "shop", |shop| {
            shop.host = HostRule::Fixed("keep".to_owned())
        });
    });
    assert_eq!(error.unwrap_err().code(), "config-change-no-form");
    assert_eq!(fs::read_to_string(path).unwrap(), text);
}

#[test]
fn never_overwrites_what_another_program_just_wrote() {
    let (_home, path) = file("version = 1\n");
    let error = edit(&path, |editor| {
        fs::write(&path, "version = 1 # by hand\n").unwrap();
        editor.put_service("a", &port(1));
    });
    assert_eq!(error.unwrap_err().code(), "config-changed-meanwhile");
    assert_eq!(
        fs::read_to_string(&path).unwrap(),
        "version = 1 # by hand\n"
    );
}

#[test]
#[cfg(unix)]
fn says_when_the_file_cannot_be_written() {
    let path = PathBuf::from("/dev/null/malai.toml");
    let error = edit(&path, |editor| editor.put_service("a", &port(1)));
    assert_eq!(error.unwrap_err().code(), "config-not-writable");
}

#[test]
#[cfg(unix)]
fn follows_a_symbolic_link() {
    let home = tempfile::tempdir().unwrap();
    let (_elsewhere, target) = file("version = 1\n");
    let path = home.path().join("malai.toml");
    std::os::unix::fs::symlink(&target, &path).unwrap();
    edit(&path, |editor| editor.put_service("shop", &port(3000))).unwrap();
    assert!(fs::symlink_metadata(&path).unwrap().is_symlink());
    assert!(
        fs::read_to_string(&target)
            .unwrap()
            .contains("[service.shop]")
    );
    fs::remove_file(&target).unwrap();
    edit(&path, |editor| editor.put_service("blog", &port(4000))).unwrap();
    assert!(
        fs::read_to_string(&target)
            .unwrap()
            .contains("[service.blog]")
    );
}

#[test]
fn edits_at_once_are_all_kept() {
    let (_home, path) = file("version = 1\n");
    std::thread::scope(|scope| {
        for number in 1..=8_u16 {
            let path = &path;
            scope.spawn(move || {
                edit(path, |editor| {
                    editor.put_service(&format!("s{number}"), &port(number))
                })
                .unwrap();
            });
        }
    });
    assert_eq!(load(&path).unwrap().config.services.len(), 8);
}

fn durations(least: u64, most: u64) -> impl Strategy<Value = Duration> {
    (least * 1000..=most * 1000).prop_map(Duration::from_millis)
}

fn upstreams() -> impl Strategy<Value = Vec<UpstreamAddress>> {
    const TEXTS: [&str; 6] = [
        "1",
        "a.b:80 weight=7",
        "localhost:3000",
        "https://a.b",
        "h2c://[::1]:5",
        "unix:/run/x",
    ];
    collection::vec(
        sample::select(&TEXTS[..]).prop_map(|text| text.parse().unwrap()),
        1..4,
    )
}

/// `sticky`, `breaker`, `retry` and `timeouts.total`.
fn spreads() -> impl Strategy<Value = (Option<Sticky>, BreakerConfig, RetryConfig, Option<Duration>)>
{
    let sticky = option::of(sample::select(&Sticky::ALL[..]));
    let breaker = (
        any::<bool>(),
        1..=1000_u32,
        0.01..=1.0,
        option::of(durations(1, 3600)),
    );
    let breaker = breaker.prop_map(|(active, failures, error_rate, slow)| BreakerConfig {
        active,
        failures,
        error_rate,
        slow,
        ..BreakerConfig::default()
    });
    let retry = (0.0..=1.0, 0..=1000_u32);
    let retry = retry.prop_map(|(budget, floor)| RetryConfig { budget, floor });
    (sticky, breaker, retry, option::of(durations(1, 86_400)))
}

#[test]
fn the_network_is_changed_and_its_comments_stay() {
    let relays = RelayConfig::Own(vec!["https://relay.example.org".parse().unwrap()]);
    let text =
        "version = 1\n\n# How.\n[network]\nrelay = \"none\" # alone\nbind = \"127.0.0.1:0\"\n";
    let after = edited(text, |editor| {
        editor.put_network(&relays, &[LookupConfig::Dns, LookupConfig::Dht], false);
    });
    assert_eq!(
        after,
        "version = 1\n\n# How.\n[network]\nrelay = [\"https://relay.example.org/\"] # alone\n\
         bind = \"127.0.0.1:0\"\nlookup = [\"dns\", \"dht\"]\n"
    );
    let back = edited(&after, |editor| {
        editor.put_network(&RelayConfig::Default, &[], false);
    });
    assert!(back.contains("relay = \"default\" # alone"), "{back}");
    assert!(back.contains("lookup = []"), "{back}");
}

#[test]
fn a_file_without_a_network_gets_one_and_the_default_none() {
    let lookup = [LookupConfig::Dns, LookupConfig::Mdns];
    let same = edited(WRITTEN_BY_NOBODY, |editor| {
        editor.put_network(&RelayConfig::Default, &lookup, false);
    });
    assert_eq!(same, WRITTEN_BY_NOBODY);
    let after = edited("", |editor| {
        editor.put_network(&RelayConfig::None, &lookup, false);
    });
    assert_eq!(after, "version = 1\n\n[network]\nrelay = \"none\"\n");
    for text in [
        "version = 1\nnetwork.bind = \"127.0.0.1:0\"\n",
        "version = 1\nnetwork = { bind = \"127.0.0.1:0\" }\n",
        "version = 1\n[network.dns]\norigin = \"a.example\"\npkarr = \"https://a.example\"\n",
    ] {
        edited(text, |editor| {
            editor.put_network(&RelayConfig::None, &[LookupConfig::Mdns], false);
        });
    }
}

#[test]
fn the_gateway_the_name_and_being_seen_are_switched() {
    let text = "version = 1\n\n[gateway]\nlisten = 8080 # by name\n";
    let other = edited(text, |editor| {
        editor.put_gateway(Some("127.0.0.1:0".parse().unwrap()));
    });
    assert!(
        other.contains("listen = \"127.0.0.1:0\" # by name"),
        "{other}"
    );
    let off = edited(&other, |editor| editor.put_gateway(None));
    assert!(!off.contains("listen"), "{off}");
    let named = edited("", |editor| {
        editor.put_name(Some("alice"));
        editor.put_network(
            &RelayConfig::Default,
            &NetworkConfig::default().lookup,
            true,
        );
    });
    let wanted = "version = 1\n\n[engine]\nname = \"alice\"\n\n[network]\nvisible = true\n";
    assert_eq!(named, wanted);
    let nameless = edited(&named, |editor| editor.put_name(None));
    assert!(!nameless.contains("alice"), "{nameless}");
}

/// Nothing but its version.
const WRITTEN_BY_NOBODY: &str = "version = 1\n";

prop_compose! {
    fn services()(
        upstream in upstreams(),
        allow in sample::subsequence(&["alice", "bob", "anyone"][..], 0..=3),
        host in sample::select(&["upstream", "keep", "shop.test:80"][..]),
        active in any::<bool>(),
        connections in 1..=65_536_usize,
        body in option::of(1..=1_u64 << 50),
        rate in option::of(1..=9_u32),
        connect in durations(1, 300),
        idle in durations(1, 86_400),
        size in 1..=65_536_u32,
        route in option::of(upstreams()),
        health in option::of((1..=100_u32, durations(1, 300))),
        spread in spreads(),
    ) -> ServiceConfig {
        let (sticky, breaker, retry, total) = spread;
        ServiceConfig {
            upstream,
            balance: UpstreamBalance::RoundRobin,
            sticky,
            breaker,
            retry,
            allow: allow.iter().map(|text| text.parse().unwrap()).collect(),
            host: host.parse().unwrap(),
            active,
            limits: LimitsConfig {
                connections,
                body,
                requests_per_second: rate,
                burst: rate,
                total_requests_per_second: rate,
                per_peer: rate.map(|_| connections),
                bandwidth: rate.map(|rate| u64::from(rate) * 16_400),
                header_size: 8192 + connections % 57_000,
                header_time: connect,
            },
            timeouts: TimeoutsConfig { connect, idle, total, ..TimeoutsConfig::default() },
            pool: PoolConfig { size, ..PoolConfig::default() },
            route: route.into_iter().map(|upstream| RouteConfig { path: Some("/a".to_owned()), method: vec![http::Method::GET], header: "x-a: b".parse().ok(), upstream }).collect(),
            health: health.map(|(fall, timeout)| HealthConfig { fall, timeout, ..HealthConfig::default() }),
            ..ServiceConfig::default()
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_put_is_what_the_file_says(before in services(), after in services()) {
        let (_home, path) = file(&written());
        let first = edit(&path, |editor| editor.put_service("new", &before)).unwrap();
        prop_assert_eq!(&first.config.services["new"], &before);
        let second = edit(&path, |editor| {
            editor.put_service("new", &after);
            editor.put_service("shop", &before);
        }).unwrap();
        prop_assert_eq!(&second.config.services["new"], &after);
        prop_assert_eq!(&second.config.services["shop"], &before);
        let text = fs::read_to_string(&path).unwrap();
        prop_assert!(text.contains("# the end") && text.contains("# The blog, later."));
    }
}
