//! Which keys of a section are written: those that differ from what the section says already.
//!
//! A section that is new says the defaults, so only what differs from them is written.

use std::time::Duration;

use malai_api::Protocol;
use toml_edit::{Array, InlineTable, TableLike, Value};

use super::{
    spread,
    value::{List, differs, list, nested, put},
};
use crate::config::{
    Balance, BridgeConfig, GroupConfig, HealthConfig, LimitsConfig, LookupConfig, NetworkConfig,
    PeerConfig, PolicyConfig, RelayConfig, RouteConfig, ServiceConfig, keys,
};

pub(super) fn service(table: &mut dyn TableLike, old: Option<&ServiceConfig>, new: &ServiceConfig) {
    let defaults = ServiceConfig::default();
    let old = old.unwrap_or(&defaults);
    differs(table, "protocol", &old.protocol, &new.protocol, protocol);
    list(
        table,
        "upstream",
        &old.upstream,
        &new.upstream,
        List::OneAlone,
    );
    list(table, "allow", &old.allow, &new.allow, List::Always);
    list(table, "block", &old.block, &new.block, List::Always);
    differs(table, "ask", &old.ask, &new.ask, |ask| Some((*ask).into()));
    differs(table, "host", &old.host, &new.host, |host| {
        Some(host.to_string().into())
    });
    let text = |text: &Option<String>| text.as_deref().map(Value::from);
    let (before, after) = (&old.description, &new.description);
    differs(table, "description", before, after, text);
    differs(table, "active", &old.active, &new.active, |active| {
        Some((*active).into())
    });
    let (before, after) = (&old.proxy_protocol, &new.proxy_protocol);
    differs(table, "proxy_protocol", before, after, |told| {
        Some((*told).into())
    });
    if old.limits != new.limits {
        let (old, new) = (&old.limits, &new.limits);
        nested(table, "limits", |table| {
            let connections = |number: &usize| i64::try_from(*number).ok().map(Value::from);
            differs(
                table,
                "connections",
                &old.connections,
                &new.connections,
                connections,
            );
            let size = |size: &Option<u64>| size.map(|size| keys::size_text(size).into());
            differs(table, "body", &old.body, &new.body, size);
            let number = |number: &Option<u32>| number.map(|number| i64::from(number).into());
            let (before, after) = (&old.requests_per_second, &new.requests_per_second);
            differs(table, "requests_per_second", before, after, number);
            differs(table, "burst", &old.burst, &new.burst, number);
            more_limits(table, old, new);
        });
    }
    if old.timeouts != new.timeouts {
        let (old, new) = (&old.timeouts, &new.timeouts);
        nested(table, "timeouts", |table| {
            differs(table, "connect", &old.connect, &new.connect, duration);
            let (before, after) = (&old.response_header, &new.response_header);
            differs(table, "response_header", before, after, duration);
            differs(table, "idle", &old.idle, &new.idle, duration);
            let maybe = |time: &Option<Duration>| time.as_ref().and_then(duration);
            differs(table, "total", &old.total, &new.total, maybe);
        });
    }
    if old.pool != new.pool {
        let (old, new) = (&old.pool, &new.pool);
        nested(table, "pool", |table| {
            let number = |number: &u32| Some(i64::from(*number).into());
            differs(table, "size", &old.size, &new.size, number);
            differs(table, "idle", &old.idle, &new.idle, duration);
            differs(table, "wait", &old.wait, &new.wait, duration);
        });
    }
    spread::service(table, old, new);
    differs(table, "route", &old.route, &new.route, routes_value);
    health(table, old.health.as_ref(), new.health.as_ref());
}

fn health(table: &mut dyn TableLike, old: Option<&HealthConfig>, new: Option<&HealthConfig>) {
    let Some(new) = new else {
        if old.is_some() {
            put(table, "health", None);
        }
        return;
    };
    let defaults = HealthConfig::default();
    let old = match old {
        Some(old) if old == new => return,
        Some(old) => old,
        None => &defaults,
    };
    nested(table, "health", |table| {
        differs(table, "path", &old.path, &new.path, |path| {
            Some(path.into())
        });
        differs(table, "every", &old.every, &new.every, duration);
        differs(table, "timeout", &old.timeout, &new.timeout, duration);
        let number = |number: &u32| Some(i64::from(*number).into());
        differs(table, "fall", &old.fall, &new.fall, number);
        differs(table, "rise", &old.rise, &new.rise, number);
    });
}

#[expect(
    clippy::ptr_arg,
    reason = "it is passed on as a function of the field's type"
)]
fn routes_value(routes: &Vec<RouteConfig>) -> Option<Value> {
    let route = |route: &RouteConfig| {
        let upstream: Array = route.upstream.iter().map(ToString::to_string).collect();
        let mut table = InlineTable::new();
        if let Some(path) = &route.path {
            table.insert("path", path.into());
        }
        if !route.method.is_empty() {
            let methods: Array = route.method.iter().map(http::Method::as_str).collect();
            table.insert("method", methods.into());
        }
        if let Some(header) = &route.header {
            table.insert("header", header.to_string().into());
        }
        table.insert("upstream", upstream.into());
        Value::from(table)
    };
    let routes: Array = routes.iter().map(route).collect();
    (!routes.is_empty()).then(|| routes.into())
}

pub(super) fn peer(table: &mut dyn TableLike, old: Option<&PeerConfig>, new: &PeerConfig) {
    if old.is_none_or(|old| old.id != new.id) {
        put(table, "id", Some(new.id.to_string().into()));
    }
    let (addresses, relay) = match old {
        Some(old) => (old.addresses.as_slice(), &old.relay),
        None => (&[][..], &None),
    };
    list(table, "addresses", addresses, &new.addresses, List::Always);
    let url = |relay: &Option<url::Url>| relay.as_ref().map(|relay| relay.as_str().into());
    differs(table, "relay", relay, &new.relay, url);
    let former = old.map_or(&[][..], |old| &old.former);
    list(table, "former", former, &new.former, List::Always);
}

pub(super) fn group(table: &mut dyn TableLike, old: Option<&GroupConfig>, new: &GroupConfig) {
    let members = old.map_or(&[][..], |old| &old.members);
    list(table, "members", members, &new.members, List::Always);
}

pub(super) fn bridge(table: &mut dyn TableLike, old: Option<&BridgeConfig>, new: &BridgeConfig) {
    let defaults = BridgeConfig::default();
    let old = old.unwrap_or(&defaults);
    list(table, "to", &old.to, &new.to, List::OneAlone);
    differs(table, "balance", &old.balance, &new.balance, |balance| {
        Some(match balance {
            Balance::Failover => "failover".into(),
            Balance::LeastLoaded => "least-loaded".into(),
        })
    });
    differs(table, "listen", &old.listen, &new.listen, |listen| {
        Some(listen.to_string().into())
    });
    differs(table, "protocol", &old.protocol, &new.protocol, protocol);
    list(table, "hosts", &old.hosts, &new.hosts, List::Always);
    differs(
        table,
        "connect_timeout",
        &old.connect_timeout,
        &new.connect_timeout,
        duration,
    );
    if old.timeouts != new.timeouts {
        let (old, new) = (&old.timeouts, &new.timeouts);
        nested(table, "timeouts", |table| {
            let (before, after) = (&old.response_header, &new.response_header);
            differs(table, "response_header", before, after, duration);
            differs(table, "idle", &old.idle, &new.idle, duration);
            let total = |total: &Option<Duration>| total.as_ref().and_then(duration);
            differs(table, "total", &old.total, &new.total, total);
        });
    }
    if old.breaker != new.breaker {
        nested(table, "breaker", |table| {
            spread::breaker(table, &old.breaker, &new.breaker);
        });
    }
    if old.retry != new.retry {
        nested(table, "retry", |table| {
            spread::retry(table, old.retry, new.retry)
        });
    }
    differs(table, "active", &old.active, &new.active, |active| {
        Some((*active).into())
    });
}

pub(super) fn policy(table: &mut dyn TableLike, old: &PolicyConfig, new: &PolicyConfig) {
    list(table, "block", &old.block, &new.block, List::Always);
    let timeout = &new.ask_timeout;
    differs(table, "ask_timeout", &old.ask_timeout, timeout, duration);
}

pub(super) fn network(table: &mut dyn TableLike, old: &NetworkConfig, new: &NetworkConfig) {
    differs(table, "visible", &old.visible, &new.visible, |visible| {
        Some((*visible).into())
    });
    differs(table, "relay", &old.relay, &new.relay, |relay| {
        Some(match relay {
            RelayConfig::Default => "default".into(),
            RelayConfig::None => "none".into(),
            RelayConfig::Own(relays) => {
                let relays = relays.iter().map(url::Url::as_str);
                relays.collect::<Array>().into()
            }
        })
    });
    let (old, new) = (names(&old.lookup), names(&new.lookup));
    list(table, "lookup", &old, &new, List::Always);
}

fn names(lookup: &[LookupConfig]) -> Vec<&'static str> {
    lookup.iter().map(|it| it.name()).collect()
}

fn protocol(protocol: &Protocol) -> Option<Value> {
    match protocol {
        Protocol::Http => Some("http".into()),
        Protocol::Tcp => Some("tcp".into()),
        _ => None,
    }
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "it has the form of all functions that write a value"
)]
pub(super) fn duration(duration: &Duration) -> Option<Value> {
    Some(humantime::format_duration(*duration).to_string().into())
}

fn more_limits(table: &mut dyn TableLike, old: &LimitsConfig, new: &LimitsConfig) {
    let number = |number: &Option<u32>| number.map(|number| i64::from(number).into());
    let (before, after) = (
        &old.total_requests_per_second,
        &new.total_requests_per_second,
    );
    differs(table, "total_requests_per_second", before, after, number);
    let count = |count: &Option<usize>| i64::try_from((*count)?).ok().map(Value::from);
    differs(table, "per_peer", &old.per_peer, &new.per_peer, count);
    let size = |size: &Option<u64>| size.map(|size| keys::size_text(size).into());
    differs(table, "bandwidth", &old.bandwidth, &new.bandwidth, size);
    let size = |size: &usize| Some(keys::size_text(u64::try_from(*size).ok()?).into());
    differs(
        table,
        "header_size",
        &old.header_size,
        &new.header_size,
        size,
    );
    differs(
        table,
        "header_time",
        &old.header_time,
        &new.header_time,
        duration,
    );
}
