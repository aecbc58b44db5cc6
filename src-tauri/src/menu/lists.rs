//! The submenus: what is shared, what is bridged, who there is.

use std::collections::BTreeMap;

use malai_api::{
    BackendStatus, BreakerState, BridgeStatus, MemberState, MemberStatus, Navigation,
    OfferedService, PeerState, PeerStatus, Protocol, ServiceStatus, Status,
};

use super::{Action, Row, plain, show, text::cut};

/// Rows of a list; the window shows all.
const MOST_ROWS: usize = 10;

/// How much of an id52 stands for a peer without a pet name.
const SHORT_ID: usize = 8;

/// The longest description of a peer's service, in characters.
const LONGEST_DESCRIPTION: usize = 40;

/// When a share can be told to end by itself: an id, what it reads, and seconds.
const ENDS: [(&str, &str, Option<u64>); 4] = [
    ("30m", "In 30 minutes", Some(1800)),
    ("1h", "In 1 hour", Some(3600)),
    ("2h", "In 2 hours", Some(7200)),
    ("never", "No end", None),
];

/// The longest reason why a bridge cannot listen, in characters.
const LONGEST_REASON: usize = 60;

pub(super) fn shared(status: &Status) -> Row {
    let active = status.services.iter().filter(|service| service.active);
    let rows = active.map(service).collect();
    list(
        "shared",
        "Shared",
        "Nothing is shared",
        rows,
        Navigation::Home,
    )
}

pub(super) fn bridged(status: &Status) -> Row {
    let active = status.bridges.iter().filter(|bridge| bridge.active);
    let rows = active.map(bridge).collect();
    list(
        "bridged",
        "Bridged",
        "Nothing is bridged",
        rows,
        Navigation::Home,
    )
}

pub(super) fn peers(status: &Status, offers: &BTreeMap<String, Vec<OfferedService>>) -> Row {
    let rows = status.peers.iter();
    let rows = rows.map(|it| peer(it, offers.get(&it.id52))).collect();
    list("peers", "Peers", "No peers yet", rows, Navigation::Peers)
}

/// Whether `service` leads to `port` of this machine.
pub(crate) fn shares_port(service: &ServiceStatus, port: u16) -> bool {
    service.active
        && service.upstream.iter().any(|upstream| {
            let address = upstream.strip_prefix("http://").unwrap_or(upstream);
            let address = address.strip_suffix('/').unwrap_or(address);
            let host = address.strip_suffix(&format!(":{port}"));
            matches!(host, Some("localhost" | "127.0.0.1" | "[::1]"))
        })
}

/// How a peer is called in a menu.
pub(crate) fn called(name: Option<&str>, id52: &str) -> String {
    name.map_or_else(|| id52.chars().take(SHORT_ID).chain(['…']).collect(), plain)
}

fn list(id: &str, title: &str, none: &str, mut rows: Vec<Row>, all: Navigation) -> Row {
    if rows.is_empty() {
        rows.push(Row::info("none", none));
    } else if rows.len() > MOST_ROWS {
        rows.truncate(MOST_ROWS);
        rows.push(show("more", "More in the window…", all));
    }
    Row::sub(id, title, rows)
}

fn service(service: &ServiceStatus) -> Row {
    let name = &service.name;
    let upstream = service.upstream.first().map(|it| plain(it));
    let state = match (service.answers, upstream) {
        (Some(false), _) => "  (nothing answers)".to_owned(),
        (_, Some(upstream)) => format!("  ({upstream})"),
        (_, None) => String::new(),
    };
    let window = || Navigation::Service { name: name.clone() };
    let mut rows = backends(service);
    rows.extend([
        Row::act(
            "copy",
            "Copy link",
            Action::CopyLink {
                service: name.clone(),
            },
        ),
        Row::act(
            "copy-one",
            "Copy link for one person",
            Action::CopyLinkForOne {
                service: name.clone(),
            },
        ),
        show("qr", "Show QR", window()),
        show("who", "Who can connect…", window()),
        show("inspect", "Inspect…", window()),
    ]);
    if !service.kept {
        rows.push(Row::sub("end", "Stop at…", ends(name)));
    }
    rows.push(Row::act(
        "stop",
        "Stop",
        Action::Stop { name: name.clone() },
    ));
    Row::sub(
        &id("service", name),
        format!("{}{state}", plain(name)),
        rows,
    )
}

/// How each backend is, where there are several or one does not work.
fn backends(service: &ServiceStatus) -> Vec<Row> {
    let backends = &service.backends;
    if backends.len() < 2 && backends.iter().all(|backend| backend.up) {
        return Vec::new();
    }
    let row = |backend: &BackendStatus| {
        let state = match (backend.up, backend.breaker) {
            (true, _) => "works",
            (false, BreakerState::HalfOpen) => "is tried again",
            (false, BreakerState::Open | BreakerState::Closed) => "is down",
        };
        let address = cut(&backend.address, LONGEST_REASON);
        Row::info(
            &id("backend", &backend.address),
            format!("{address}: {state}"),
        )
    };
    backends.iter().take(MOST_ROWS).map(row).collect()
}

/// When a share that `malai.toml` does not keep is to end by itself.
fn ends(service: &str) -> Vec<Row> {
    let row = |(id, text, secs)| {
        let service = service.to_owned();
        Row::act(id, text, Action::EndIn { service, secs })
    };
    ENDS.map(row).to_vec()
}

fn bridge(bridge: &BridgeStatus) -> Row {
    let name = || bridge.name.clone();
    let mut rows = vec![Row::info("state", way_of(bridge))];
    if bridge.members.len() > 1 {
        rows.extend(bridge.members.iter().map(member));
    }
    if !bridge.url.is_empty() {
        rows.push(Row::act(
            "open",
            "Open in browser",
            Action::OpenBridge { name: name() },
        ));
    }
    if !bridge.local.is_empty() {
        rows.push(Row::act(
            "copy",
            "Copy address",
            Action::CopyAddress { name: name() },
        ));
    }
    rows.push(Row::act(
        "stop",
        "Disconnect",
        Action::Stop { name: name() },
    ));
    Row::sub(&id("bridge", &bridge.name), plain(&bridge.name), rows)
}

/// One of the places that a bridge may lead to.
fn member(member: &MemberStatus) -> Row {
    let state = match member.state {
        MemberState::InUse => "in use",
        MemberState::Ready => "ready",
        MemberState::Out => "does not answer",
    };
    let to = cut(&member.to, LONGEST_REASON);
    Row::info(&id("member", &member.to), format!("{to}: {state}"))
}

fn way_of(bridge: &BridgeStatus) -> String {
    if let Some(error) = &bridge.error {
        return cut(error, LONGEST_REASON);
    }
    match (bridge.state, bridge.rtt_ms) {
        (PeerState::Direct, Some(rtt)) => format!("Direct, {}", milliseconds(rtt)),
        (PeerState::Direct, None) => "Direct".to_owned(),
        (PeerState::Relayed, Some(rtt)) => format!("Relayed, {}", milliseconds(rtt)),
        (PeerState::Relayed, None) => "Relayed".to_owned(),
        (PeerState::Connecting, _) => "Connecting…".to_owned(),
        (PeerState::Offline | _, _) => "Not connected; connects when it is used".to_owned(),
    }
}

/// Rounded so that a steady connection shows a steady number.
fn milliseconds(rtt: f64) -> String {
    let step = match rtt {
        rtt if rtt < 10.0 => 1.0,
        rtt if rtt < 100.0 => 5.0,
        _ => 50.0,
    };
    format!("about {:.0} ms", ((rtt / step).round() * step).max(1.0))
}

fn peer(peer: &PeerStatus, offered: Option<&Vec<OfferedService>>) -> Row {
    let who = called(peer.name.as_deref(), &peer.id52);
    let is_connected = matches!(peer.state, PeerState::Direct | PeerState::Relayed);
    let mut rows = Vec::new();
    match offered {
        Some(offered) if offered.is_empty() => rows.push(Row::info("none", "Offers us nothing")),
        Some(offered) => {
            let services = offered.iter().take(MOST_ROWS);
            rows.extend(services.map(|service| offer(&peer.id52, service)));
        }
        None => {}
    }
    if offered.is_none_or(|offered| offered.len() > MOST_ROWS) {
        let link = Some(peer.id52.clone());
        rows.push(show(
            "services",
            "Its services…",
            Navigation::Connect { link },
        ));
    }
    let id52 = peer.id52.clone();
    rows.push(Row::act("copy", "Copy id52", Action::CopyPeer { id52 }));
    let text = if is_connected {
        who
    } else {
        format!("{who}  (not connected)")
    };
    Row::sub(&id("peer", &peer.id52), text, rows)
}

fn offer(peer: &str, service: &OfferedService) -> Row {
    let mut text = plain(&service.name);
    if let Some(description) = &service.description {
        text = format!("{text} — {}", cut(description, LONGEST_DESCRIPTION));
    }
    if service.protocol == Protocol::Tcp {
        text.push_str("  (tcp)");
    }
    if service.up == Some(false) {
        text.push_str("  (down)");
    }
    let action = Action::Use {
        peer: peer.to_owned(),
        service: service.name.clone(),
        protocol: service.protocol,
    };
    Row::act(&id("use", &service.name), text, action)
}

/// An id for a row about `name`, which a peer may have chosen: `/` separates ids.
pub(super) fn id(kind: &str, name: &str) -> String {
    format!("{kind}:{}", name.replace('%', "%25").replace('/', "%2F"))
}
