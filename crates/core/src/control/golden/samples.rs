//! One of everything that a status is made of.

use malai_api::{
    BackendStatus, BreakerState, BridgeStatus, Diagnosis, EngineStatus, Examined, Failures, Figure,
    Finding, GroupStatus, Latency, Measured, MemberState, MemberStatus, NetworkSettings, Operation,
    PeerDiagnosis, PeerState, PeerStatus, Protocol, Reach, Recent, RelaySetting, ServiceStatus,
    Status, Traffic, Verdict,
};

pub(in crate::control) fn status() -> Status {
    Status {
        identity: super::identity(),
        version: "0.1.0".to_owned(),
        pid: 7,
        uptime_secs: 61,
        reach: Reach::Anywhere,
        relay: Some("https://relay.example.org/".to_owned()),
        addresses: vec!["192.0.2.1:4433".to_owned()],
        services: vec![service()],
        bridges: vec![bridge()],
        peers: vec![peer()],
        groups: vec![GroupStatus {
            name: "team".to_owned(),
            members: vec!["alice".to_owned()],
        }],
        requests: vec![super::access::request()],
        blocked: vec!["mallory".to_owned()],
        gateway: Some("127.0.0.1:4000".to_owned()),
        engine: EngineStatus {
            memory_bytes: Some(40_000_000),
            open_files: Some(30),
            cpu_secs: Some(1.5),
            peers_direct: 1,
            peers_relayed: 1,
            streams_open: 1,
            log_lines_lost: 2,
            spans_lost: 3,
        },
        operations: Operation {
            name: "malai".to_owned(),
            age_secs: 61,
            children: Vec::new(),
        },
    }
}

pub(super) fn service() -> ServiceStatus {
    ServiceStatus {
        name: "shop".to_owned(),
        protocol: Protocol::Http,
        upstream: vec!["127.0.0.1:3000".to_owned()],
        description: Some("Our web shop".to_owned()),
        allow: vec!["alice".to_owned()],
        active: true,
        kept: false,
        link: "malai://id52/shop".to_owned(),
        ends_in_secs: Some(7200),
        answers: Some(true),
        backends: vec![BackendStatus {
            address: "127.0.0.1:3000".to_owned(),
            up: true,
            breaker: BreakerState::HalfOpen,
            requests: 7,
            connections_in_use: 1,
            connections_idle: 2,
            waits: 3,
            retries: 4,
            retries_denied: 5,
        }],
        guests: vec![super::access::guest()],
        invites: true,
        traffic: traffic(),
        measured: measured(),
    }
}

pub(super) fn bridge() -> BridgeStatus {
    BridgeStatus {
        name: "shop".to_owned(),
        to: "alice/shop".to_owned(),
        peer: Some("peer".to_owned()),
        service: "shop".to_owned(),
        protocol: Protocol::Http,
        local: "127.0.0.1:8080".to_owned(),
        url: "http://127.0.0.1:8080/".to_owned(),
        named_url: Some("http://shop.alice.localhost:4000/".to_owned()),
        active: true,
        kept: true,
        state: PeerState::Relayed,
        rtt_ms: Some(40.5),
        members: vec![MemberStatus {
            to: "alice/shop".to_owned(),
            peer: Some("id52".to_owned()),
            state: MemberState::InUse,
            breaker: BreakerState::Closed,
            path: PeerState::Direct,
            rtt_ms: Some(12.3),
        }],
        waiting: true,
        error: Some("why".to_owned()),
        traffic: traffic(),
        measured: measured(),
    }
}

pub(super) fn measured() -> Measured {
    Measured {
        failures: Failures {
            client: 1,
            peer: 2,
            service: 3,
            malai: 4,
        },
        latency: Some(Latency {
            p50_ms: 1.5,
            p95_ms: 20.5,
            p99_ms: 75.5,
        }),
        recent: Some(Recent {
            step_secs: 5,
            requests: vec![2, 0],
            failures: vec![1, 0],
            bytes: vec![300, 0],
            p95_ms: vec![Some(4.5), None],
        }),
    }
}

pub(super) fn peer() -> PeerStatus {
    PeerStatus {
        name: Some("alice".to_owned()),
        id52: "peer".to_owned(),
        state: PeerState::Offline,
        rtt_ms: None,
        blocked: true,
        last_seen: Some(1_790_000_000),
        former: vec!["id52".to_owned()],
        rotated: Some(1_790_000_000),
    }
}

pub(super) fn network() -> NetworkSettings {
    NetworkSettings {
        relay: RelaySetting::Own {
            urls: vec!["https://relay.example.org/".to_owned()],
        },
        lookup: vec!["dns".to_owned()],
        visible: true,
    }
}

pub(super) fn traffic() -> Traffic {
    Traffic {
        requests: 3,
        streams_open: 1,
        bytes_in: 2048,
        bytes_out: 4096,
    }
}

pub(super) fn diagnosis() -> Diagnosis {
    let finding = |check, verdict| Finding {
        check,
        about: Some("shop".to_owned()),
        verdict,
        summary: "a service is down".to_owned(),
        seen: "nothing answers at 127.0.0.1:3000".to_owned(),
        advice: Some("start it".to_owned()),
        figures: vec![Figure {
            name: "latency".to_owned(),
            value: 12.5,
            unit: "ms".to_owned(),
        }],
    };
    Diagnosis {
        version: "0.1.0".to_owned(),
        system: "linux x86_64".to_owned(),
        at: 1_790_000_000,
        findings: vec![
            finding(Examined::Upstream, Verdict::Problem),
            Finding {
                about: None,
                advice: None,
                figures: Vec::new(),
                ..finding(Examined::Clock, Verdict::Ok)
            },
        ],
        peer: Some(PeerDiagnosis {
            id52: "peer".to_owned(),
            name: "alice".to_owned(),
            reached: true,
            findings: vec![finding(Examined::PeerClock, Verdict::Warning)],
        }),
        text: "malai 0.1.0 on linux x86_64".to_owned(),
    }
}
