//! The rows of the table, in the order of the document.

use std::time::Duration;

use super::{
    Fallback::{self, Nothing, Required, Value},
    Key,
    Kind::{
        self, Address, Addresses, Boolean, Fraction, Integer, Size, Table, Tables, Text, Texts,
    },
};

/// All of them.
pub(in crate::config) const KEYS: &[Key] = &[
    key("version", Integer(1, 1), Value("1")),
    key(
        "network.relay",
        Texts("`default`, `none`, or http:// and https:// URLs"),
        Value("\"default\""),
    ),
    key(
        "network.lookup",
        Texts("of `dns`, `mdns`, `dht`"),
        Value("[\"dns\", \"mdns\"]"),
    ),
    key("network.visible", Boolean, Value("false")),
    key("network.bind", Text("`ip:port`"), Value("\"0.0.0.0:0\"")),
    key("network.dns", Table, Nothing),
    key(
        "network.dns.origin",
        Text("a domain"),
        Required("origin = \"lookup.example.org\""),
    ),
    key(
        "network.dns.pkarr",
        Text("an http:// or https:// URL"),
        Required("pkarr = \"https://lookup.example.org/pkarr\""),
    ),
    key(
        "service.NAME.protocol",
        Text("`http` or `tcp`"),
        Value("\"http\""),
    ),
    key(
        "service.NAME.upstream",
        Addresses(
            "a port, `host:port`, `http://…`, `https://…`, `h2c://…` or `unix:/path`, each maybe \
             with ` weight=N` behind it",
        ),
        Required("upstream = 3000"),
    ),
    key(
        "service.NAME.allow",
        Texts("of pet names, id52s, `group:NAME`, `anyone`"),
        Value("[]"),
    ),
    key(
        "service.NAME.block",
        Texts("of pet names, id52s, `group:NAME`"),
        Value("[]"),
    ),
    key("service.NAME.ask", Boolean, Value("true")),
    key(
        "service.NAME.host",
        Text("`upstream`, `keep`, `name` or `name:port`"),
        Value("\"upstream\""),
    ),
    key(
        "service.NAME.description",
        Text("at most 200 characters on one line"),
        Nothing,
    ),
    key("service.NAME.active", Boolean, Value("true")),
    key("service.NAME.proxy_protocol", Boolean, Value("false")),
    key(
        "service.NAME.limits.connections",
        Integer(1, 65_536),
        Value("2048"),
    ),
    key("service.NAME.limits.body", Size(1, 1 << 50), Nothing),
    key(
        "service.NAME.limits.requests_per_second",
        Integer(1, 1_000_000),
        Nothing,
    ),
    key("service.NAME.limits.burst", Integer(1, 1_000_000), Nothing),
    key(
        "service.NAME.limits.total_requests_per_second",
        Integer(1, 1_000_000),
        Nothing,
    ),
    key("service.NAME.limits.per_peer", Integer(1, 65_536), Nothing),
    key(
        "service.NAME.limits.bandwidth",
        Size(16 << 10, 1 << 40),
        Nothing,
    ),
    key(
        "service.NAME.limits.header_size",
        Size(8 << 10, 64 << 10),
        Value("\"64KiB\""),
    ),
    key(
        "service.NAME.limits.header_time",
        duration(Duration::from_secs(1), Duration::from_mins(10)),
        Value("\"30s\""),
    ),
    key(
        "service.NAME.timeouts.connect",
        duration(Duration::from_millis(10), Duration::from_mins(5)),
        Value("\"2s\""),
    ),
    key(
        "service.NAME.timeouts.response_header",
        duration(Duration::from_millis(100), Duration::from_hours(1)),
        Value("\"1m\""),
    ),
    key(
        "service.NAME.timeouts.idle",
        duration(Duration::from_secs(1), Duration::from_hours(24)),
        Value("\"5m\""),
    ),
    key(
        "service.NAME.timeouts.total",
        duration(Duration::from_millis(100), Duration::from_hours(24)),
        Nothing,
    ),
    key("service.NAME.pool.size", Integer(1, 65_536), Value("256")),
    key(
        "service.NAME.pool.idle",
        duration(Duration::from_secs(1), Duration::from_hours(1)),
        Value("\"30s\""),
    ),
    key(
        "service.NAME.pool.wait",
        duration(Duration::from_millis(10), Duration::from_mins(5)),
        Value("\"5s\""),
    ),
    key(
        "service.NAME.balance",
        Text("`first`, `least-loaded` or `round-robin`"),
        Value("\"first\""),
    ),
    key("service.NAME.sticky", Text("`cookie` or `peer`"), Nothing),
    key("service.NAME.breaker.active", Boolean, Value("true")),
    key(
        "service.NAME.breaker.failures",
        Integer(1, 1000),
        Value("5"),
    ),
    key(
        "service.NAME.breaker.error_rate",
        Fraction(0.01, 1.0),
        Value("0.5"),
    ),
    key(
        "service.NAME.breaker.slow",
        duration(Duration::from_millis(1), Duration::from_hours(1)),
        Nothing,
    ),
    key(
        "service.NAME.breaker.slow_rate",
        Fraction(0.01, 1.0),
        Value("0.5"),
    ),
    key(
        "service.NAME.breaker.window",
        duration(Duration::from_secs(1), Duration::from_mins(10)),
        Value("\"10s\""),
    ),
    key(
        "service.NAME.breaker.requests",
        Integer(1, 100_000),
        Value("20"),
    ),
    key(
        "service.NAME.retry.budget",
        Fraction(0.0, 1.0),
        Value("0.2"),
    ),
    key("service.NAME.retry.floor", Integer(0, 1000), Value("10")),
    key("service.NAME.route", Tables, Value("[]")),
    key(
        "service.NAME.route.path",
        Text("a path that starts with `/`"),
        Nothing,
    ),
    key(
        "service.NAME.route.method",
        Texts("of methods, such as `GET`"),
        Nothing,
    ),
    key(
        "service.NAME.route.header",
        Text("`name` or `name: value`"),
        Nothing,
    ),
    key(
        "service.NAME.route.upstream",
        Addresses("as of the service"),
        Required("upstream = 4000"),
    ),
    key("service.NAME.health", Table, Nothing),
    key(
        "service.NAME.health.path",
        Text("a path that starts with `/`"),
        Value("\"/\""),
    ),
    key(
        "service.NAME.health.every",
        duration(Duration::from_secs(1), Duration::from_hours(1)),
        Value("\"10s\""),
    ),
    key(
        "service.NAME.health.timeout",
        duration(Duration::from_millis(10), Duration::from_mins(5)),
        Value("\"2s\""),
    ),
    key("service.NAME.health.fall", Integer(1, 100), Value("3")),
    key("service.NAME.health.rise", Integer(1, 100), Value("2")),
    key("peer.NAME.id", Text("an id52"), Required("id = \"<id52>\"")),
    key("peer.NAME.addresses", Texts("of `ip:port`"), Value("[]")),
    key(
        "peer.NAME.relay",
        Text("an http:// or https:// URL"),
        Nothing,
    ),
    key("peer.NAME.former", Texts("of id52s"), Value("[]")),
    key(
        "group.NAME.members",
        Texts("of pet names, id52s, `group:NAME`"),
        Value("[]"),
    ),
    key(
        "bridge.NAME.to",
        Texts("of share links, `peer/service`, `id52/service`, `id52`, `domain/service`"),
        Required("to = \"alice/shop\""),
    ),
    key(
        "bridge.NAME.balance",
        Text("`failover` or `least-loaded`"),
        Value("\"failover\""),
    ),
    key(
        "bridge.NAME.listen",
        Address("a port, `127.0.0.1:PORT` or `unix:/path`"),
        Value("\"127.0.0.1:0\""),
    ),
    key(
        "bridge.NAME.protocol",
        Text("`http` or `tcp`"),
        Value("\"http\""),
    ),
    key("bridge.NAME.hosts", Texts("of host names"), Value("[]")),
    key(
        "bridge.NAME.connect_timeout",
        duration(Duration::from_millis(100), Duration::from_mins(10)),
        Value("\"10s\""),
    ),
    key(
        "bridge.NAME.timeouts.response_header",
        duration(Duration::from_millis(100), Duration::from_hours(24)),
        Value("\"15m\""),
    ),
    key(
        "bridge.NAME.timeouts.idle",
        duration(Duration::from_secs(1), Duration::from_hours(24)),
        Value("\"1h\""),
    ),
    key(
        "bridge.NAME.timeouts.total",
        duration(Duration::from_millis(100), Duration::from_hours(24)),
        Nothing,
    ),
    key("bridge.NAME.breaker.active", Boolean, Value("true")),
    key("bridge.NAME.breaker.failures", Integer(1, 1000), Value("1")),
    key(
        "bridge.NAME.breaker.error_rate",
        Fraction(0.01, 1.0),
        Value("0.5"),
    ),
    key(
        "bridge.NAME.breaker.slow",
        duration(Duration::from_millis(1), Duration::from_hours(1)),
        Nothing,
    ),
    key(
        "bridge.NAME.breaker.slow_rate",
        Fraction(0.01, 1.0),
        Value("0.5"),
    ),
    key(
        "bridge.NAME.breaker.window",
        duration(Duration::from_secs(1), Duration::from_mins(10)),
        Value("\"10s\""),
    ),
    key(
        "bridge.NAME.breaker.requests",
        Integer(1, 100_000),
        Value("20"),
    ),
    key("bridge.NAME.retry.budget", Fraction(0.0, 1.0), Value("0.2")),
    key("bridge.NAME.retry.floor", Integer(0, 1000), Value("10")),
    key("bridge.NAME.active", Boolean, Value("true")),
    key(
        "domains.servers",
        Texts("of `ip` or `ip:port`"),
        Value("[]"),
    ),
    key(
        "gateway.listen",
        Address("a port or `127.0.0.1:PORT`"),
        Nothing,
    ),
    key("engine.name", Text("a pet name"), Nothing),
    key(
        "metrics.listen",
        Address("a port or `127.0.0.1:PORT`"),
        Nothing,
    ),
    key(
        "logs.level",
        Text("`error`, `warn`, `info`, `debug` or `trace`"),
        Value("\"info\""),
    ),
    key("logs.size", Size(1 << 16, 1 << 30), Value("\"16MiB\"")),
    key(
        "logs.age",
        duration(Duration::from_hours(24), Duration::from_secs(31_557_600)),
        Value("\"7d\""),
    ),
    key("logs.total", Size(1 << 16, 1 << 40), Value("\"128MiB\"")),
    key(
        "traces.endpoint",
        Text("an http:// or https:// URL"),
        Required("endpoint = \"http://127.0.0.1:4318\""),
    ),
    key("traces.sample", Fraction(0.0, 1.0), Value("0.1")),
    key(
        "policy.block",
        Texts("of pet names, id52s, `group:NAME`"),
        Value("[]"),
    ),
    key(
        "policy.ask_timeout",
        duration(Duration::ZERO, Duration::from_mins(10)),
        Value("\"1m\""),
    ),
    key("limits.connections", Integer(1, 65_536), Value("1024")),
    key("limits.streams", Integer(1, 1_000_000), Value("16384")),
    key("limits.requests_per_second", Integer(1, 1_000_000), Nothing),
    key("limits.burst", Integer(1, 1_000_000), Nothing),
    key("limits.upload", Size(16 << 10, 1 << 40), Nothing),
    key("limits.download", Size(16 << 10, 1 << 40), Nothing),
    key(
        "limits.bridge_connections",
        Integer(1, 65_536),
        Value("16384"),
    ),
    key(
        "engine.drain_timeout",
        duration(Duration::from_secs(1), Duration::from_mins(10)),
        Value("\"10s\""),
    ),
];

const fn key(path: &'static str, kind: Kind, default: Fallback) -> Key {
    Key {
        path,
        kind,
        default,
    }
}

const fn duration(least: Duration, most: Duration) -> Kind {
    Kind::Duration(least, most)
}
