//! Values for tests: an engine's picture and what is in it.

use malai_api::{
    AccessRequest, BridgeStatus, DevServer, EngineStatus, IdentityStatus, Measured, OfferedService,
    Operation, PeerState, PeerStatus, Protocol, Reach, ServiceStatus, Status, Traffic,
};

/// The id52 of the peer that is called alice.
pub(crate) const ALICE: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d0";

pub(crate) fn identity() -> IdentityStatus {
    IdentityStatus {
        id52: "my-id52".to_owned(),
        store: "memory".to_owned(),
        notice: None,
    }
}

/// An engine that can be reached and does nothing.
pub(crate) fn status() -> Status {
    Status {
        requests: Vec::new(),
        blocked: Vec::new(),
        identity: identity(),
        version: "0.1.0".to_owned(),
        pid: 1,
        uptime_secs: 0,
        reach: Reach::Anywhere,
        relay: None,
        addresses: Vec::new(),
        services: Vec::new(),
        bridges: Vec::new(),
        peers: Vec::new(),
        groups: Vec::new(),
        gateway: None,
        engine: EngineStatus::default(),
        operations: Operation {
            name: "malai".to_owned(),
            age_secs: 0,
            children: Vec::new(),
        },
    }
}

/// Somebody waits to be let in.
pub(crate) fn request(name: Option<&str>, peer: &str, service: &str) -> AccessRequest {
    AccessRequest {
        peer: peer.to_owned(),
        name: name.map(str::to_owned),
        service: service.to_owned(),
        asked: 1_777_777_777,
        known_since: None,
        waits_secs: Some(60),
    }
}

/// A service on localhost:3000, for those in `allow`.
pub(crate) fn service(name: &str, allow: &[&str]) -> ServiceStatus {
    ServiceStatus {
        name: name.to_owned(),
        protocol: Protocol::Http,
        upstream: vec!["localhost:3000".to_owned()],
        description: None,
        allow: allow.iter().map(|&who| who.to_owned()).collect(),
        active: true,
        kept: false,
        link: format!("malai://me/{name}"),
        ends_in_secs: None,
        answers: Some(true),
        backends: Vec::new(),
        guests: Vec::new(),
        invites: false,
        traffic: Traffic::default(),
        measured: Measured::default(),
    }
}

/// A bridge to `name` of alice.
pub(crate) fn bridge(name: &str, protocol: Protocol) -> BridgeStatus {
    let url = match protocol {
        Protocol::Http => "http://127.0.0.1:4001/",
        Protocol::Tcp | _ => "",
    };
    BridgeStatus {
        members: Vec::new(),
        waiting: false,
        name: name.to_owned(),
        to: format!("alice/{name}"),
        peer: Some(ALICE.to_owned()),
        service: name.to_owned(),
        protocol,
        local: "127.0.0.1:4001".to_owned(),
        url: url.to_owned(),
        named_url: None,
        active: true,
        kept: false,
        state: PeerState::Direct,
        rtt_ms: None,
        error: None,
        traffic: Traffic::default(),
        measured: Measured::default(),
    }
}

/// A peer with alice's key.
pub(crate) fn peer(name: &str, state: PeerState) -> PeerStatus {
    PeerStatus {
        blocked: false,
        name: Some(name.to_owned()),
        id52: ALICE.to_owned(),
        state,
        rtt_ms: None,
        last_seen: None,
        former: Vec::new(),
        rotated: None,
    }
}

pub(crate) fn offered(name: &str, protocol: Protocol) -> OfferedService {
    OfferedService {
        name: name.to_owned(),
        protocol,
        description: None,
        up: Some(true),
    }
}

pub(crate) fn server(port: u16, program: Option<&str>, name: Option<&str>) -> DevServer {
    DevServer {
        port,
        program: program.map(str::to_owned),
        name: name.map(str::to_owned),
        shared_as: None,
    }
}
