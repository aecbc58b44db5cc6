//! Why a domain means nobody, for people and programs.

use fastn_p2p::PublicKey;
use http::StatusCode;
use malai_api::{Failure, codes};

use crate::http::ProxyError;

/// Why a domain means nobody, or nobody for certain.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DomainError {
    /// It names no key.
    #[error(
        "the domain {0} names nobody: neither _malai.{0} nor {0} has a TXT record `malai=<id52>`; \
         its owner makes one with the help of `malai dns {0}`"
    )]
    Nobody(String),
    /// It names several keys.
    #[error(
        "the domain {domain} is ambiguous, it names different keys: {keys}; ask its owner to leave \
         one, or use an id52 or a link"
    )]
    Ambiguous {
        /// Which domain.
        domain: String,
        /// The keys, joined.
        keys: String,
    },
    /// It names another key than it did.
    #[error(
        "the domain {domain} names another key than before: {} instead of {}; its owner may have a \
         new key, or somebody else answers in their place, so ask them; `malai dns {domain} \
         --accept` accepts the new key, and until then it is not used",
        .found.short(), .known.short()
    )]
    KeyChanged {
        /// Which domain.
        domain: String,
        /// The key that is remembered.
        known: PublicKey,
        /// The key that it names now.
        found: PublicKey,
    },
    /// The DNS could not be asked.
    #[error(
        "the domain {domain} could not be looked up: {why}; check the network, and `[domains]` of \
         malai.toml when DNS servers are named there"
    )]
    Failed {
        /// Which domain.
        domain: String,
        /// What happened, in words.
        why: String,
    },
    /// No more domains can be remembered.
    #[error(
        "the domain {0} cannot be remembered, there are too many already; remove some from \
         state/domains.json while malai is not running"
    )]
    Full(String),
}

impl DomainError {
    /// Stable, for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Nobody(_) => codes::DOMAIN_UNKNOWN,
            Self::Ambiguous { .. } => "domain-ambiguous",
            Self::KeyChanged { .. } => codes::DOMAIN_KEY_CHANGED,
            Self::Failed { .. } => codes::DNS_FAILED,
            Self::Full(_) => "domains-full",
        }
    }
}

impl From<&DomainError> for Failure {
    fn from(error: &DomainError) -> Self {
        Self::new(error.code(), error.to_string())
    }
}

impl From<DomainError> for ProxyError {
    fn from(error: DomainError) -> Self {
        let status = match error {
            DomainError::Failed { .. } => StatusCode::GATEWAY_TIMEOUT,
            DomainError::Nobody(_) | DomainError::Ambiguous { .. } => StatusCode::BAD_GATEWAY,
            DomainError::KeyChanged { .. } | DomainError::Full(_) => StatusCode::BAD_GATEWAY,
        };
        let text = error.to_string();
        // Every message begins with `the domain`.
        let rest = text.strip_prefix('t').unwrap_or(&text);
        Self::peer_unnamed(error.code(), status, format!("T{rest}."))
    }
}
