//! What a file may say, what it may not, and in which words it is told.

use std::{net::SocketAddr, time::Duration};

use fastn_p2p::SecretKey;
use malai_api::Protocol;
use proptest::prelude::*;

use super::*;

mod documents;
mod edits;
mod every_key;
mod files;

/// The id52 of a peer of the tests.
fn id52(number: u8) -> String {
    SecretKey::from_bytes([number; 32]).public().to_string()
}

/// What a valid text says.
fn read(text: &str) -> Config {
    parse(text)
        .unwrap_or_else(|problems| panic!("{problems}\n{text}"))
        .config
}

/// What is wrong with a text: each problem without the file's name.
fn errors(text: &str) -> Vec<String> {
    let problems = parse(text).unwrap_err().errors;
    problems.iter().map(shown).collect()
}

fn warnings(text: &str) -> Vec<String> {
    let warnings = parse(text)
        .unwrap_or_else(|problems| panic!("{problems}\n{text}"))
        .warnings;
    warnings.iter().map(shown).collect()
}

fn shown(problem: &Problem) -> String {
    problem.to_string().replacen("malai.toml:", "", 1)
}

/// The text has exactly these problems, each with its line, key and words.
#[track_caller]
fn refused(text: &str, expected: &[&str]) {
    assert_eq!(errors(text), expected, "{text}");
}

#[test]
fn nothing_means_every_default() {
    for text in [
        "",
        "\n",
        "# nothing\n",
        "version = 1\n",
        "\u{feff}version = 1\r\n",
    ] {
        let parsed = parse(text).unwrap();
        assert_eq!(parsed.config, Config::default());
        assert_eq!(parsed.warnings, []);
    }
}

#[test]
fn reads_services_in_full() {
    let text = format!(
        r#"
version = 1
[service.shop]
upstream = [3000, "h2c://localhost:4000", "unix:/run/shop.sock"]
allow = ["alice", "group:team", "{}", "anyone"]
host = "keep"
active = false
limits = {{ connections = 5, body = "1GiB" }}
timeouts.connect = "1s"
pool = {{ size = 2, idle = "1m", wait = "50ms" }}
[[service.shop.route]]
path = "/api/"
upstream = 4000
[service.database]
protocol = "tcp"
upstream = 5432
[peer.alice]
id = "{}"
[group.team]
members = "alice"
"#,
        id52(9),
        id52(1)
    );
    let config = read(&text);
    let shop = &config.services["shop"];
    let upstream: Vec<String> = shop.upstream.iter().map(ToString::to_string).collect();
    assert_eq!(
        upstream,
        [
            "127.0.0.1:3000",
            "h2c://localhost:4000",
            "unix:/run/shop.sock"
        ]
    );
    let allow: Vec<String> = shop.allow.iter().map(ToString::to_string).collect();
    assert_eq!(allow, ["alice", "group:team", &id52(9), "anyone"]);
    assert_eq!((&shop.host, shop.active), (&HostRule::Keep, false));
    assert_eq!(
        (shop.limits.connections, shop.limits.body),
        (5, Some(1 << 30))
    );
    assert_eq!(shop.timeouts.connect, Duration::from_secs(1));
    assert_eq!(
        (shop.pool.size, shop.pool.wait),
        (2, Duration::from_millis(50))
    );
    assert_eq!(
        (shop.route.len(), shop.route[0].path.as_deref()),
        (1, Some("/api/"))
    );
    assert_eq!(config.services["database"].protocol, Protocol::Tcp);
    assert_eq!(
        config.groups["team"].members,
        [Member::Peer("alice".to_owned())]
    );
}

#[test]
fn reads_networks_bridges_and_the_rest() {
    let text = format!(
        r#"
version = 1
gateway.listen = 8080
engine.drain_timeout = "3s"
domains.servers = ["127.0.0.1:5353", "::1"]
[network]
relay = ["https://relay.example.org"]
lookup = ["dht"]
bind = "127.0.0.1:0"
dns = {{ origin = "Lookup.example.org.", pkarr = "https://lookup.example.org/pkarr" }}
[peer.bob]
id = "{id}"
addresses = ["192.168.1.5:4433", "[::1]:7"]
relay = "https://relay.example.org"
[bridge.orders]
to = ["bob/orders", "malai://{id}/orders?k=abc", "shop.example.org/orders"]
listen = "unix:/run/orders.sock"
hosts = ["Orders.test"]
"#,
        id = id52(1)
    );
    let config = read(&text);
    assert_eq!(
        config.gateway.listen,
        Some(SocketAddr::from(([127, 0, 0, 1], 8080)))
    );
    assert_eq!(config.drain_timeout, Duration::from_secs(3));
    let servers = ["127.0.0.1:5353", "[::1]:53"].map(|server| server.parse().unwrap());
    assert_eq!(config.domains.servers, servers);
    assert_eq!(config.network.lookup, [LookupConfig::Dht]);
    assert!(matches!(&config.network.relay, RelayConfig::Own(relays) if relays.len() == 1));
    assert_eq!(config.network.dns.unwrap().origin, "lookup.example.org");
    assert_eq!(config.peers["bob"].addresses.len(), 2);
    let bridge = &config.bridges["orders"];
    let to: Vec<String> = bridge.to.iter().map(ToString::to_string).collect();
    let link = format!("malai://{}/orders?k=abc", id52(1));
    assert_eq!(to, ["bob/orders", &link, "shop.example.org/orders"]);
    assert_eq!(
        bridge.listen,
        ListenAddress::Unix("/run/orders.sock".into())
    );
    assert_eq!(bridge.hosts, ["orders.test"]);
}

#[test]
fn reads_every_form_of_a_whole_file() {
    let text = format!(
        r#"
version = 1

[network]
relay = "default"                  # or "none", or a list of URLs
lookup = ["dns", "mdns"]
bind = "0.0.0.0:0"

[service.shop]
protocol = "http"
upstream = ["127.0.0.1:3000"]
allow = ["alice", "group:team"]
host = "upstream"
active = true
health = {{ path = "/healthz", every = "10s", timeout = "2s", fall = 3, rise = 2 }}
limits = {{ requests_per_second = 50, burst = 100, connections = 256, body = "1GiB" }}
timeouts = {{ connect = "2s", response_header = "60s", idle = "5m" }}
route = [{{ path = "/api/", upstream = ["127.0.0.1:4000"] }}]

[peer.alice]
id = "{alice}"

[peer.bob]
id = "{bob}"

[group.team]
members = ["alice", "group:ops", "{alice}"]

[group.ops]

[bridge.orders]
to = ["alice/orders", "bob/orders"]
listen = "127.0.0.1:4001"
"#,
        alice = id52(1),
        bob = id52(2)
    );
    let config = read(&text);
    let shop = &config.services["shop"];
    let health = HealthConfig {
        path: "/healthz".to_owned(),
        ..HealthConfig::default()
    };
    assert_eq!(shop.health, Some(health));
    assert_eq!(shop.limits.burst, Some(100));
    assert_eq!(shop.timeouts, TimeoutsConfig::default());
    assert_eq!(config.network, NetworkConfig::default());
    assert_eq!(config.bridges["orders"].to.len(), 2);
}

#[test]
fn tells_all_problems_at_once_in_the_order_of_lines() {
    let text = "version = 1\nsevrice = 1\n[service.shop]\nupstraem = 3000\nallow = [\n  \"alice\",\n  \"Bob\",\n]\nactive = \"yes\"\n";
    refused(
        text,
        &[
            "2: sevrice: there is no such key; did you mean `service`?",
            "3: service.shop: `upstream` is missing; write for example `upstream = 3000`",
            "4: service.shop.upstraem: there is no such key; did you mean `upstream`?",
            "6: service.shop.allow: there is no peer `alice`; add it with `malai peer add alice ID52`",
            "7: service.shop.allow: `Bob` is not a member; write a pet name, an id52, `group:NAME` or `anyone`",
            "9: service.shop.active: this is a text; write true or false",
        ],
    );
}

#[test]
fn tells_the_line_of_what_is_not_toml() {
    let problems = errors("version = 1\n[service.shop\nupstream = 3000\n");
    assert_eq!(problems.len(), 1);
    assert!(
        problems[0].starts_with("2: this is not TOML: "),
        "{problems:?}"
    );
    let twice = errors("[service.a]\nupstream = 1\n[service.a]\nupstream = 2\n");
    assert!(twice[0].starts_with("3: this is not TOML: "), "{twice:?}");
}

#[test]
fn refuses_versions_it_does_not_know() {
    assert!(errors("version = 2")[0].starts_with("1: version: this malai reads version 1, and"));
    assert_eq!(
        errors("version = \"1\""),
        ["1: version: write `version = 1`"]
    );
    let missing = warnings("[service.a]\nupstream = 1");
    assert!(
        missing[0].starts_with("1: version: missing, so"),
        "{missing:?}"
    );
}

#[test]
fn refuses_bad_names() {
    for (text, expected) in [
        (
            "[service.Shop]\nupstream = 1",
            "1: service.Shop: `Shop` is not a name; a name has",
        ),
        (
            "[bridge.localhost]\nto = \"a.b/c\"",
            "1: bridge.localhost: `localhost` means something else",
        ),
        (
            "[group.anyone]",
            "1: group.anyone: `anyone` means something else",
        ),
        (
            "[service.\"a.b\"]\nupstream = 1",
            "1: service.a.b: `a.b` is not a name",
        ),
    ] {
        assert!(errors(text)[0].starts_with(expected), "{:?}", errors(text));
    }
    let like = format!("[peer.{}]\nid = \"{}\"", id52(1), id52(2));
    assert!(
        errors(&like)[0].contains("looks like an id52"),
        "{:?}",
        errors(&like)
    );
}

#[test]
fn refuses_members_that_nobody_is() {
    let text = format!(
        "[service.a]\nupstream = 1\nallow = [\"alcie\", \"group:taem\", \"team\", \"{}\"]\n[peer.alice]\nid = \"{}\"\n[group.team]\nmembers = [\"anyone\"]\n",
        &id52(3)[..51],
        id52(1)
    );
    refused(
        &text,
        &[
            "3: service.a.allow: an id52 has 52 characters, this has 51",
            "3: service.a.allow: there is no peer `alcie`; did you mean `alice`?",
            "3: service.a.allow: there is no group `taem`; did you mean `team`?",
            "3: service.a.allow: there is no peer `team`; for the group write `group:team`",
            "7: group.team.members: a group cannot hold `anyone`; write it in the service's `allow`",
        ],
    );
}

#[test]
fn names_the_groups_of_a_circle_in_order() {
    let text = "[group.a]\nmembers = \"group:b\"\n[group.b]\nmembers = [\"group:c\"]\n[group.c]\nmembers = [\n\"group:b\",\"group:d\"]\n[group.d]\nmembers = \"group:d\"";
    refused(
        text,
        &[
            "7: group.c.members: the groups go in a circle: b → c → b",
            "9: group.d.members: the groups go in a circle: d → d",
        ],
    );
    let shared = "[group.a]\nmembers = [\"group:b\", \"group:c\"]\n[group.b]\nmembers = \"group:c\"\n[group.c]";
    read(shared);
}

#[test]
fn survives_groups_nested_without_end() {
    let nested = |last: &str| {
        let groups = (0..20_000).map(|n| format!("[group.g{n}]\nmembers = \"group:g{}\"\n", n + 1));
        groups
            .chain([format!("[group.g20000]\nmembers = [{last}]\n")])
            .collect::<String>()
    };
    read(&nested(""));
    assert_eq!(errors(&nested("\"group:g0\"")).len(), 1);
}

#[test]
fn refuses_an_address_used_twice() {
    let text = "gateway.listen = \"0.0.0.0:4001\"\n[bridge.a]\nto = \"x.y/z\"\nlisten = 4001\n[bridge.b]\nto = \"x.y/z\"\nlisten = \"unix:/a\"\n[bridge.c]\nto = \"x.y/z\"\nlisten = \"unix:/a\"\n[bridge.d]\nto = \"x.y/z\"\nlisten = 4001\nactive = false\n[bridge.e]\nto = \"x.y/z\"\nlisten = 0\n[bridge.f]\nto = \"x.y/z\"\nlisten = 0\n";
    refused(
        text,
        &[
            "1: gateway.listen: `0.0.0.0:4001` is taken by `bridge.a.listen`; choose another",
            "10: bridge.c.listen: `unix:/a` is taken by `bridge.b.listen`; choose another",
        ],
    );
}

#[test]
fn refuses_one_key_under_two_pet_names() {
    let text = format!("[peer.a]\nid = \"{0}\"\n[peer.b]\nid = \"{0}\"\n", id52(1));
    refused(
        &text,
        &["4: peer.b.id: `peer.a.id` has this id52 already; a peer has one pet name"],
    );
}

#[test]
fn proxy_protocol_is_for_tcp_alone() {
    let http = "version = 1\n[service.a]\nupstream = 1\nproxy_protocol = true\n";
    let error = "4: service.a.proxy_protocol: this is for tcp services";
    assert!(errors(http)[0].starts_with(error), "{:?}", errors(http));
    assert!(!read(&http.replace("true", "false")).services["a"].proxy_protocol);
    let tcp = format!("{http}protocol = \"tcp\"\n");
    assert!(read(&tcp).services["a"].proxy_protocol);
}

#[test]
fn warns_of_what_is_odd_but_allowed() {
    let text = "version = 1\n[service.a]\nupstream = 1\nhealth = {}\nlimits = { requests_per_second = 5, burst = 9 }\n[service.b]\nprotocol = \"tcp\"\nupstream = 2\nhost = \"keep\"\n[bridge.c]\nto = [\"a.b/c\"]\nbalance = \"least-loaded\"\nlisten = \"0.0.0.0:1\"\n";
    let warnings = warnings(text);
    let expected = [
        "9: service.b.host: this is for http services; on a tcp service it does nothing",
        "13: bridge.c.listen: this port is open to other machines: ",
    ];
    assert_eq!(warnings.len(), expected.len(), "{warnings:?}");
    for (warning, expected) in warnings.iter().zip(expected) {
        assert!(warning.starts_with(expected), "{warning}");
    }
}

#[test]
fn says_what_would_be_right() {
    for (line, expected) in [
        (
            "timeouts = { idle = 30 }",
            "timeouts.idle: this is a whole number; write a text with a unit, such as \"30s\" or \"5m\"",
        ),
        (
            "timeouts = { idle = \"30\" }",
            "timeouts.idle: `30` is not a duration; write for example \"30s\" or \"5m\"",
        ),
        (
            "timeouts = { idle = \"2days\" }",
            "timeouts.idle: 2days is out of range; it can be `1s` to `1day`",
        ),
        (
            "limits = { connections = 0 }",
            "limits.connections: 0 is out of range; it can be `1` to `65536`",
        ),
        (
            "limits = { connections = -1 }",
            "limits.connections: -1 is out of range; it can be `1` to `65536`",
        ),
        (
            "limits = { body = \"lots\" }",
            "limits.body: `lots` is not a size; write for example \"100MiB\" or \"1GiB\"",
        ),
        (
            "limits = { body = 0 }",
            "limits.body: 0 is out of range; it can be `1B` to `1PiB`",
        ),
        (
            "limits = { burst = 1 }",
            "limits.burst: a burst needs a rate; write `requests_per_second` too",
        ),
        (
            "limits = 5",
            "limits: this is a whole number; write a table: `[…]` or `{ … }`",
        ),
        (
            "protocol = \"htp\"",
            "protocol: `htp` is not known; did you mean `http`?",
        ),
        (
            "protocol = \"udp\"",
            "protocol: `udp` is not known; it can be http, tcp",
        ),
        (
            "protocol = []",
            "protocol: this is a list; write `http` or `tcp` in quotes",
        ),
        (
            "host = \"a b\"",
            "host: `a b` is not a host; write `upstream`, `keep` or a fixed `name` or `name:port`",
        ),
        (
            "allow = [5]",
            "allow: this is a whole number; write a list [\"…\"] of pet names, id52s, `group:NAME`, `anyone`",
        ),
        (
            "route = { path = \"/\" }",
            "route: this is a table; write a list of tables: `[{ … }]`",
        ),
        (
            "route = [5]",
            "route: this is a whole number; write `{ … }`",
        ),
        (
            "route = [{ path = \"api\", upstream = 1 }]",
            "route.path: `api` is not a path; it starts with `/` and has no space, `?` or `#`",
        ),
        (
            "route = [{ upstream = 1 }]",
            "route: a route says which requests it is for; write `path`, `method` or `header`",
        ),
        (
            "route = [{ method = [\"get\"], upstream = 1 }]",
            "route.method: `get` is not a method; write it in capitals, such as `GET`",
        ),
        (
            "route = [{ header = \"a: \", upstream = 1 }]",
            "route.header: `a: ` is not a header to look for; write `name` or `name: value`",
        ),
        (
            "route = [{ method = [\"GET\", \"POST\"], upstream = 1 }, { method = [\"POST\", \"GET\"], upstream = 2 }]",
            "route: there is a route for these requests already",
        ),
        (
            "balance = \"least\"",
            "balance: `least` is not known; it can be first, least-loaded, round-robin",
        ),
        (
            "breaker = { error_rate = 2 }",
            "breaker.error_rate: 2 is out of range; it can be `0.01` to `1`",
        ),
        (
            "route = [{ path = \"/\" }]",
            "route: `upstream` is missing; write for example `upstream = 4000`",
        ),
        (
            "colour = 1",
            "colour: there is no such key; the keys here are `protocol`, `upstream`, `allow`, `block`, `ask`, `host`, `description`, `active`, `proxy_protocol`, `limits`, `timeouts`, `pool`, `balance`, `sticky`, `breaker`, `retry`, `route`, `health`",
        ),
    ] {
        let text = format!("[service.a]\nupstream = 1\n{line}\n");
        refused(&text, &[&format!("3: service.a.{expected}")]);
    }
}

#[test]
fn refuses_values_that_lead_nowhere() {
    for (text, expected) in [
        (
            "[domains]\nservers = [\"9.9.9.9\", \"dns.example.org\"]",
            "2: domains.servers: `dns.example.org` is not the address of a DNS server; write for example 192.168.1.1",
        ),
        (
            "[service.a]\nupstream = []",
            "2: service.a.upstream: an empty list leads nowhere; write at least one, such as 3000",
        ),
        (
            "[service.a]\nupstream = 0",
            "2: service.a.upstream: `0` is not an upstream; write a port, `host:port`, http://, https://, h2c:// or unix:/path",
        ),
        (
            "[service.a]\nupstream = 70000",
            "2: service.a.upstream: `70000` is not an upstream; write a port, `host:port`, http://, https://, h2c:// or unix:/path",
        ),
        (
            "[service.a]\nprotocol = \"tcp\"\nupstream = \"https://x\"",
            "3: service.a.upstream: a tcp service passes bytes on as they are; write `host:port`",
        ),
        (
            "[bridge.a]\nto = []",
            "2: bridge.a.to: an empty list leads nowhere; write at least one, such as \"alice/shop\"",
        ),
        (
            "[bridge.a]\nto = \"alice/shop\"",
            "2: bridge.a.to: there is no peer `alice`; add it with `malai peer add alice ID52`",
        ),
        (
            "[bridge.a]\nto = \"a.b\"\nlisten = \"unix:a\"",
            "3: bridge.a.listen: `unix:a` is not an address to listen at; write a port, `127.0.0.1:PORT` or `unix:/path`",
        ),
        (
            "gateway.listen = \"unix:/a\"",
            "1: gateway.listen: the gateway listens at a port, not a socket",
        ),
        (
            "network.relay = [\"none\", \"https://a.b\"]",
            "1: network.relay: \"none\" stands alone, not in a list with others",
        ),
        (
            "network.relay = []",
            "1: network.relay: an empty list names no relay; write \"none\" for no relay at all",
        ),
        (
            "network.relay = \"ftp://a\"",
            "1: network.relay: `ftp://a` is not a URL; write for example https://relay.example.org",
        ),
        (
            "network.lookup = \"mnds\"",
            "1: network.lookup: `mnds` is not known; did you mean `mdns`?",
        ),
        (
            "network.bind = \"4433\"",
            "1: network.bind: `4433` is not `ip:port`; write for example 192.168.1.5:4433",
        ),
        (
            "network.dns = { origin = \"a.b\" }",
            "1: network.dns: `pkarr` is missing; write for example `pkarr = \"https://lookup.example.org/pkarr\"`",
        ),
        (
            "service = 5",
            "1: service: this is a whole number; write a table: `[…]` or `{ … }`",
        ),
        (
            "service.a = 5",
            "1: service.a: this is a whole number; write a table: `[…]` or `{ … }`",
        ),
        (
            "[[service]]",
            "1: service: this is a list of tables; write a table: `[…]` or `{ … }`",
        ),
    ] {
        refused(text, &[expected]);
    }
}

#[test]
fn never_repeats_an_invite() {
    let link = format!("malai://{}/shop?k=s3cret", id52(1));
    let config = read(&format!("[bridge.a]\nto = \"{link}\""));
    assert!(!format!("{config:?}").contains("s3cret"));
    let problems = errors(&format!(
        "[bridge.a]\nto = \"{link}!\"\n[bridge.b]\nto = \"x{link}\""
    ));
    assert_eq!(problems.len(), 2);
    assert!(!problems.concat().contains("s3cret"), "{problems:?}");
}

proptest! {
    #[test]
    fn never_panics(text in any::<String>(), lines in "([a-z.\\[\\]={}\"0-9:/ ,?#-]{0,20}\n){0,6}") {
        drop(parse(&text));
        drop(parse(&lines));
    }

    #[test]
    fn values_never_panic(value in any::<String>()) {
        drop(value.parse::<UpstreamAddress>());
        drop(value.parse::<ListenAddress>());
        drop(value.parse::<HostRule>());
        drop(value.parse::<Member>());
        let quoted = toml_edit::Value::from(value);
        for key in ["timeouts.idle", "limits.body", "upstream", "allow", "host", "route"] {
            drop(parse(&format!("[service.a]\nupstream = 1\n{key} = {quoted}\n")));
        }
    }
}

#[test]
fn a_problem_repeats_nothing_that_commands_a_terminal() {
    let text = "version = 1\n[service.shop]\nupstream = \"\\e[2J\"\n\"\\e\" = 1\n";
    let problems = parse(text).unwrap_err().to_string();
    assert!(problems.contains("\\u{1b}[2J"), "{problems}");
    assert!(!problems.contains('\u{1b}'), "{problems}");
}
