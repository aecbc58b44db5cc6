//! The words all parts of malai share: requests, status, events, errors.
//!
//! Only serde, no behaviour: the engine, the command line, the tray and the web UI all speak these.

mod access;
mod desktop;
mod doctor;
mod event;
mod failure;
mod look;
mod measured;
mod passphrase;
mod request;
mod response;
mod settings;
mod status;

pub use access::{AccessRequest, Admission, Guest, InviteStatus, LogEntry, LogKind, Through};
pub use desktop::{DesktopSettings, DesktopState, EngineState, Navigation, OpenTarget};
pub use doctor::{Diagnosis, Examined, Figure, Finding, PeerDiagnosis, Verdict};
pub use event::{AccessDecision, Event, PeerState, Protocol};
pub use failure::{Failure, codes};
pub use look::{
    Check, CheckOutcome, CheckSubject, DevServer, DomainReport, LinkTarget, NamedBy, NearbyPeer,
    OfferedService, QrCode,
};
pub use measured::{EngineStatus, Failures, Latency, Measured, Recent};
pub use passphrase::Passphrase;
pub use request::{BridgeRequest, InviteRequest, LogRequest, Request, ShareRequest};
pub use response::Response;
pub use settings::{NetworkSettings, RelaySetting, Settings};
pub use status::{
    BackendStatus, BreakerState, BridgeStatus, GroupStatus, IdentityStatus, MemberState,
    MemberStatus, Operation, PeerStatus, Reach, ServiceStatus, Status, Traffic,
};

#[cfg(test)]
mod typescript;
