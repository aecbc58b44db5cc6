//! What bridge and expose say to each other before the payload.
//!
//! An HTTP stream carries HTTP/1.1, or HTTP/2 with prior knowledge, one request after another, and
//! is kept. A TCP stream carries the bytes of one connection. A third protocol asks which services
//! there are for the one who asks, a fourth tells that a key has taken the place of another, and a
//! fifth asks how the way between both looks from the other end.

use std::{fmt, net::SocketAddr};

use fastn_p2p::{Call, Protocol};
use serde::{Deserialize, Serialize};

use crate::{config::BridgeTarget, rotation::Statement};

/// The opening message of all protocols; its `Debug` masks the invite.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Open {
    /// The service's name; empty for the only or default one that the opener may use.
    pub(crate) service: String,
    /// The secret of an invite, for the case that the opener is not let in yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) invite: Option<String>,
}

impl Open {
    /// Asks for the service that `target` names, with the invite that came with it.
    pub(crate) fn to(target: &BridgeTarget) -> Self {
        Self {
            service: target.service.clone(),
            invite: target.invite.clone(),
        }
    }
}

impl fmt::Debug for Open {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Open")
            .field("service", &self.service)
            .field("invite", &self.invite.as_ref().map(|_| "…"))
            .finish()
    }
}

/// HTTP requests, one after another.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HttpStream;

/// The bytes of one connection.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TcpStream;

impl Protocol for HttpStream {
    const NAME: &'static str = "malai/http/1";
    type Open = Open;
}

impl Protocol for TcpStream {
    const NAME: &'static str = "malai/tcp/1";
    type Open = Open;
}

/// Which services the one who asks may use.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Services;

/// A service that whoever asked may use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Offered {
    /// Its name.
    pub(crate) name: String,
    /// How it is carried.
    pub(crate) protocol: malai_api::Protocol,
    /// What its owner says of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) description: Option<String>,
    /// Whether its upstream takes connections, when that was found out in time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) up: Option<bool>,
}

/// All that whoever asked may use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Offer {
    /// By name.
    pub(crate) services: Vec<Offered>,
}

impl Protocol for Services {
    const NAME: &'static str = "malai/services/1";
    type Open = Open;
}

impl Call for Services {
    type Response = Offer;
}

/// That whoever asks has another key than before.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rotation;

/// What is said about one's keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Said {
    /// Oldest first; the last is about the key of who says it.
    pub(crate) statements: Vec<Statement>,
}

/// The answer to it, whatever it meant to whoever heard it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Noted {}

impl Protocol for Rotation {
    const NAME: &'static str = "malai/rotation/1";
    type Open = Said;
}

impl Call for Rotation {
    type Response = Noted;
}

/// How the way between both looks from the other end: it is told, and then what is sent comes back.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Doctor;

/// What the other end sees.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(crate) struct Told {
    /// Its version of malai.
    #[serde(default)]
    pub(crate) version: String,
    /// Its time, in seconds since 1970.
    #[serde(default)]
    pub(crate) time: u64,
    /// Whether it reaches the one who asks without a relay.
    #[serde(default)]
    pub(crate) direct: bool,
    /// Where it sees the one who asks, when that is an address of the network.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) address: Option<SocketAddr>,
    /// The round trip as it measures it, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) rtt_ms: Option<f64>,
    /// What it finds about itself, as far as the way between both depends on it.
    #[serde(default)]
    pub(crate) checks: Vec<TheirCheck>,
}

/// A check of the other end and how it was, both by their names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TheirCheck {
    pub(crate) check: String,
    pub(crate) verdict: String,
}

impl Protocol for Doctor {
    const NAME: &'static str = "malai/doctor/1";
    type Open = Open;
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn without_an_invite_an_opening_is_as_it_always_was() {
        let open = Open {
            service: "shop".to_owned(),
            invite: None,
        };
        let text = r#"{"service":"shop"}"#;
        assert_eq!(serde_json::to_string(&open).unwrap(), text);
        assert_eq!(serde_json::from_str::<Open>(text).unwrap(), open);
    }

    #[test]
    fn an_offer_of_an_older_or_newer_version_is_understood() {
        let text = r#"{"services":[{"name":"shop","protocol":"http","more":1}],"more":{}}"#;
        let offer = serde_json::from_str::<Offer>(text).unwrap();
        let [shop] = offer.services.as_slice() else {
            panic!("{offer:?}");
        };
        assert_eq!(shop.name, "shop");
        assert_eq!((&shop.description, shop.up), (&None, None));
    }

    #[test]
    fn what_another_version_tells_is_understood() {
        let told = serde_json::from_str::<Told>(r#"{"version":"9","more":[1]}"#).unwrap();
        assert_eq!(told.version, "9");
        assert!(told.checks.is_empty());
    }

    #[test]
    fn debug_never_shows_an_invite() {
        let open = Open {
            service: "shop".to_owned(),
            invite: Some("sesame".to_owned()),
        };
        assert!(!format!("{open:?}").contains("sesame"));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(service in ".{0,40}", invite in proptest::option::of(".{0,40}")) {
            let open = Open { service, invite };
            let text = serde_json::to_string(&open).unwrap();
            prop_assert_eq!(serde_json::from_str::<Open>(&text).unwrap(), open);
        }
    }
}
