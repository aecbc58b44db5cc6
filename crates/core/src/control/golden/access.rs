//! What is said about who is let in.

use malai_api::{
    AccessRequest, Admission, Guest, InviteStatus, LogEntry, LogKind, LogRequest, Request,
    Response, Through,
};

pub(super) fn requests() -> Vec<Request> {
    let admit = |admission| Request::Admit {
        peer: "alice".to_owned(),
        service: Some("shop".to_owned()),
        admission,
    };
    vec![
        Request::Requests,
        admit(Admission::Once),
        admit(Admission::For { secs: 3600 }),
        admit(Admission::Always),
        Request::Deny {
            peer: "alice".to_owned(),
            service: None,
        },
        Request::Block {
            peer: "mallory".to_owned(),
            blocked: true,
        },
        Request::Invites,
        Request::Revoke {
            invite: "0123456789abcdef".to_owned(),
        },
        Request::EndIn {
            service: "shop".to_owned(),
            secs: Some(7200),
        },
        Request::Log(LogRequest {
            limit: Some(20),
            peer: Some("alice".to_owned()),
            service: Some("shop".to_owned()),
        }),
    ]
}

pub(super) fn responses() -> Vec<Response> {
    vec![
        Response::Requests {
            requests: vec![request()],
        },
        Response::Access {
            peer: "peer".to_owned(),
            services: vec!["shop".to_owned()],
            still_allowed: vec!["blog".to_owned()],
        },
        Response::Invites {
            invites: vec![InviteStatus {
                id: "0123456789abcdef".to_owned(),
                service: "shop".to_owned(),
                made: 1_790_000_000,
                once: true,
                pin: true,
                until: Some(1_790_003_600),
                open: false,
                guests: vec!["peer".to_owned()],
            }],
        },
        Response::Revoked {
            invites: 1,
            guests: 2,
        },
        Response::Log {
            entries: vec![LogEntry {
                at: 1_790_000_000,
                what: LogKind::Admitted,
                peer: Some("peer".to_owned()),
                name: Some("alice".to_owned()),
                service: Some("shop".to_owned()),
                note: Some("once".to_owned()),
            }],
        },
    ]
}

pub(super) fn request() -> AccessRequest {
    AccessRequest {
        peer: "peer".to_owned(),
        name: Some("alice".to_owned()),
        service: "shop".to_owned(),
        asked: 1_790_000_000,
        known_since: Some(1_780_000_000),
        waits_secs: Some(55),
    }
}

pub(super) fn guest() -> Guest {
    Guest {
        peer: "peer".to_owned(),
        since: 1_790_000_000,
        until: Some(1_790_003_600),
        once: true,
        through: Through::Owner,
    }
}
