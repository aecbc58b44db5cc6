//! One picture of everything an engine does, for `malai status` and every user interface.

use std::{collections::BTreeMap, net::SocketAddr, time::Duration};

use fastn_p2p::PublicKey;
use malai_api::{
    BridgeStatus, EngineStatus, GroupStatus, MemberState, MemberStatus, PeerState, PeerStatus,
    Protocol, Reach, ServiceStatus, Status, Traffic,
};
use tokio::time::Instant;

use super::keeper::Keeper;
use crate::{
    bridge::{BridgeReport, Bridges, MemberReport},
    config::{BridgeConfig, BridgeTarget, Config, PeerConfig, RelayConfig, ServiceConfig},
    expose::Expose,
    metrics::{Member, Snapshot},
    peers::state_of,
    process::Usage,
};

impl Keeper {
    pub(super) fn status(&self) -> Status {
        let config = self.layers.effective();
        let services = config.services.iter();
        let bridges = config.bridges.iter();
        Status {
            identity: self.parts.identity.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            pid: std::process::id(),
            uptime_secs: self.parts.started.elapsed().as_secs(),
            reach: self.reach(),
            relay: self.parts.node.relay().map(|relay| relay.to_string()),
            addresses: texts(self.parts.node.addresses()),
            services: services
                .map(|(name, it)| self.service_status(name, it))
                .collect(),
            bridges: bridges
                .map(|(name, it)| self.bridge_status(name, it))
                .collect(),
            peers: self.peer_statuses(),
            groups: self.group_statuses(),
            requests: self.requests(),
            blocked: texts(&config.policy.block),
            gateway: self.gateway.map(|address| address.to_string()),
            engine: self.engine_status(&config),
            operations: self.parts.operations.tree(),
        }
    }

    pub(super) fn service_status(&self, name: &str, service: &ServiceConfig) -> ServiceStatus {
        let temporary = self.layers.services.get(name);
        let (share, now) = (self.share_id(name), self.parts.clock.now());
        let left = |ends: Instant| ends.saturating_duration_since(Instant::now()).as_secs();
        ServiceStatus {
            name: name.to_owned(),
            protocol: service.protocol,
            upstream: texts(service.upstream.iter()),
            description: service.description.clone(),
            allow: texts(service.allow.iter()),
            active: service.active,
            kept: temporary.is_none(),
            link: self.link(name),
            ends_in_secs: temporary.and_then(|it| it.ends).map(left),
            answers: self.parts.answers.of(name, &service.upstream),
            backends: self.parts.expose.backends(name),
            guests: self.guests.access.guests(&share, now),
            invites: self.guests.access.is_open(&share, now),
            traffic: self.parts.expose.traffic(name),
            measured: self.parts.expose.measured(name),
        }
    }

    /// What the process uses, and has in hand.
    fn engine_status(&self, config: &Config) -> EngineStatus {
        let usage = Usage::now();
        let [direct, relayed] = self.connected();
        let count = |count| u64::try_from(count).unwrap_or(u64::MAX);
        EngineStatus {
            memory_bytes: usage.memory_bytes,
            open_files: usage.open_files,
            cpu_secs: usage.cpu.map(|cpu| cpu.as_secs_f64()),
            peers_direct: count(direct),
            peers_relayed: count(relayed),
            streams_open: count(in_flight(config, &self.parts.expose, &self.parts.bridges)),
            log_lines_lost: self.parts.logs.lost(),
            spans_lost: self.parts.traces.counts()[1],
        }
    }

    /// Peers that are connected directly, and through a relay.
    fn connected(&self) -> [usize; 2] {
        let reports = self.parts.peers.states();
        let are = |state| reports.iter().filter(|it| it.state == state).count();
        [are(PeerState::Direct), are(PeerState::Relayed)]
    }

    /// What was counted, as text for Prometheus.
    pub(super) fn metrics(&self) -> String {
        let config = self.layers.effective();
        let active = config.services.iter().filter(|(_, service)| service.active);
        let names: Vec<&String> = active.map(|(name, _)| name).collect();
        let expose = &self.parts.expose;
        let backends = names.iter().flat_map(|name| {
            let backends = expose.backends(name).into_iter();
            backends.map(|backend| ((*name).clone(), backend))
        });
        let now = self.parts.clock.now();
        let snapshot = Snapshot {
            uptime: self.parts.started.elapsed(),
            backends: backends.collect(),
            shares: names
                .iter()
                .map(|name| ((*name).clone(), expose.figures(name)))
                .collect(),
            bridges: self.parts.bridges.figures(),
            members: self.bridge_members(),
            repeats: self.parts.bridges.repeats(),
            gateway: self.parts.bridges.gateway_figures(),
            usage: Usage::now(),
            log_lines_lost: self.parts.logs.lost(),
            spans: self.parts.traces.counts(),
            turned_away: self.parts.node.turned_away(),
            peers: self.connected(),
            asking: self
                .asking
                .shown()
                .filter(|it| it.waits(now).is_some())
                .count(),
        };
        snapshot.text()
    }

    /// Members of bridges by their place in the list: who they are is nobody's business.
    fn bridge_members(&self) -> Vec<Member> {
        let reports = self.parts.bridges.reports().into_iter();
        let members = reports.flat_map(|report| {
            let name = report.name;
            let members = report.members.into_iter().enumerate();
            members.map(move |(place, member)| Member {
                bridge: name.clone(),
                place,
                breaker: member.breaker,
                path: state_of(member.path),
            })
        });
        members.collect()
    }

    pub(super) fn bridge_status(&self, name: &str, bridge: &BridgeConfig) -> BridgeStatus {
        let reports = self.parts.bridges.reports();
        let report = reports.iter().find(|report| report.name == name);
        let peer = report.and_then(|report| report.peer);
        let members = report.map(members).unwrap_or_default();
        let used = members.iter().find(|it| it.state == MemberState::InUse);
        let (state, rtt_ms) = match used {
            Some(used) => (used.path, used.rtt_ms),
            None => peer.map(|peer| self.way_to(&peer)).unwrap_or_default(),
        };
        let outcome = self.bridges.get(name).map(|bridging| &bridging.outcome);
        let failure = outcome.and_then(|outcome| outcome.as_ref().err());
        BridgeStatus {
            name: name.to_owned(),
            to: bridge.to.first().map(plain).unwrap_or_default(),
            peer: peer.map(|peer| peer.to_string()),
            service: report
                .map(|report| report.service.clone())
                .unwrap_or_default(),
            protocol: bridge.protocol,
            local: report
                .map(|report| report.local.clone())
                .unwrap_or_default(),
            url: report.map(|report| report.url.clone()).unwrap_or_default(),
            named_url: report.and_then(|report| self.named_url(report)),
            active: bridge.active,
            kept: !self.layers.bridges.contains_key(name),
            state,
            rtt_ms,
            members,
            waiting: report.is_some_and(|report| report.waiting),
            error: failure.map(|failure| failure.message.clone()),
            traffic: report.map(|report| report.traffic).unwrap_or_default(),
            measured: self.parts.bridges.measured(name),
        }
    }

    /// Where a bridge's service is found by its name at the gateway.
    fn named_url(&self, report: &BridgeReport) -> Option<String> {
        if report.protocol != Protocol::Http {
            return None;
        }
        let (gateway, peer) = (self.gateway?, report.peer?);
        let name = self.layers.file.pet_name(&peer)?;
        let service = match report.service.as_str() {
            "" => String::new(),
            service => format!("{service}."),
        };
        let port = gateway.port();
        Some(format!("http://{service}{name}.localhost:{port}/"))
    }

    /// Peers with a pet name first, then those who are connected without one.
    pub(super) fn peer_statuses(&self) -> Vec<PeerStatus> {
        let pets = &self.layers.file.peers;
        let named = pets
            .iter()
            .map(|(name, peer)| (Some(name.clone()), peer.id));
        let reports = self.parts.peers.states();
        let nameless = reports.iter().filter(|report| {
            report.state != PeerState::Offline && !pets.values().any(|peer| peer.id == report.key)
        });
        let nameless = nameless.map(|report| (None, report.key));
        let status = |(name, key): (Option<String>, PublicKey)| {
            let (state, rtt_ms) = self.way_to(&key);
            PeerStatus {
                name,
                id52: key.to_string(),
                state,
                rtt_ms,
                blocked: self.parts.expose.is_blocked(&key, ""),
                last_seen: self.parts.peers.last_seen(&key),
                former: former(pets, &key),
                rotated: self.rotating.known.since(&key),
            }
        };
        named.chain(nameless).map(status).collect()
    }

    /// By name.
    fn group_statuses(&self) -> Vec<GroupStatus> {
        let groups = self.layers.file.groups.iter();
        groups
            .map(|(name, group)| GroupStatus {
                name: name.clone(),
                members: texts(&group.members),
            })
            .collect()
    }

    /// How far we can be reached from, as far as the node knows.
    fn reach(&self) -> Reach {
        let is_beyond = |address: &SocketAddr| !address.ip().is_loopback();
        if self.parts.node.relay().is_some() {
            Reach::Anywhere
        } else if self.parts.node.addresses().iter().any(is_beyond) {
            Reach::Lan
        } else {
            Reach::Machine
        }
    }

    /// The relay to name in a link: the one that answered, or the first of our own, which will.
    pub(super) fn relay(&self) -> Option<url::Url> {
        let answered = self.parts.node.relay();
        answered.or_else(|| match &self.parts.effective.load().network.relay {
            RelayConfig::Own(relays) => relays.first().cloned(),
            RelayConfig::Default | RelayConfig::None => None,
        })
    }

    fn way_to(&self, peer: &PublicKey) -> (PeerState, Option<f64>) {
        let reports = self.parts.peers.states();
        let report = reports.iter().find(|report| report.key == *peer);
        let millis = |rtt: Duration| rtt.as_secs_f64() * 1000.0;
        report
            .map(|report| (report.state, report.rtt.map(millis)))
            .unwrap_or_default()
    }
}

fn members(report: &BridgeReport) -> Vec<MemberStatus> {
    let member = |member: &MemberReport| {
        let (path, rtt) = state_of(member.path);
        MemberStatus {
            to: plain(&member.target),
            peer: member.peer.map(|peer| peer.to_string()),
            state: member.state,
            breaker: member.breaker,
            path,
            rtt_ms: rtt.map(|rtt| rtt.as_secs_f64() * 1000.0),
        }
    };
    report.members.iter().map(member).collect()
}

/// Requests and connections in flight at this moment, both ways.
pub(super) fn in_flight(config: &Config, expose: &Expose, bridges: &Bridges) -> usize {
    let shared = config.services.keys().map(|name| expose.traffic(name));
    let bridged = bridges.reports().into_iter().map(|report| report.traffic);
    let open: u64 = shared
        .chain(bridged)
        .map(|traffic: Traffic| traffic.streams_open)
        .sum();
    usize::try_from(open).unwrap_or(usize::MAX)
}

/// The keys that the peer with this one had before.
pub(super) fn former(pets: &BTreeMap<String, PeerConfig>, key: &PublicKey) -> Vec<String> {
    let peer = pets.values().find(|peer| peer.id == *key);
    texts(peer.into_iter().flat_map(|peer| &peer.former))
}

/// Where a bridge leads, without the hints of a link and without its secret.
fn plain(target: &BridgeTarget) -> String {
    let plain = BridgeTarget {
        addresses: Vec::new(),
        relay: None,
        invite: None,
        ..target.clone()
    };
    plain.to_string()
}

fn texts<T: ToString>(items: impl IntoIterator<Item = T>) -> Vec<String> {
    items.into_iter().map(|item| item.to_string()).collect()
}
