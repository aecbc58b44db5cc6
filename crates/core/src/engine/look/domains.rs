//! Domains that stand for peers: looked up beside the keeper, which never waits for the DNS.

use fastn_p2p::PublicKey;
use malai_api::{DomainReport, Failure, LinkTarget, NamedBy, Response, codes};

use super::Look;
use crate::{
    config::{BridgeTarget, PeerName, is_domain},
    domains::{Answer, DomainError, Domains, Looked, Meaning, line},
};

/// What a link by domain leads to, for those who know keys only.
#[derive(Debug)]
pub(in crate::engine) struct ByDomain {
    /// The same target, by its key.
    pub(in crate::engine) link: String,
    named: NamedBy,
}

impl ByDomain {
    /// The same as an answer to whoever asked by the domain.
    pub(in crate::engine) fn told(self, target: LinkTarget) -> LinkTarget {
        LinkTarget {
            domain: Some(self.named),
            ..target
        }
    }
}

impl Look {
    /// What `link` leads to, when it names its peer by a domain; nothing is remembered.
    pub(in crate::engine) async fn by_domain(
        &self,
        link: &str,
    ) -> Result<Option<ByDomain>, Failure> {
        let Some((target, domain)) = domain_in(link) else {
            return Ok(None);
        };
        let looked = self.peers.domains().look(&domain).await;
        let meaning = looked.meaning.map_err(|error| Failure::from(&error))?;
        let by_key = BridgeTarget {
            peer: PeerName::Key(meaning.key()),
            ..target
        };
        let named = NamedBy {
            name: domain,
            secure: meaning.named().map(|named| named.secure),
            first: matches!(meaning, Meaning::New(_)),
        };
        let link = by_key.to_string();
        Ok(Some(ByDomain { link, named }))
    }

    /// Makes sure that a domain in `link`, if there is one, means somebody, whom it means from here
    /// on.
    pub(in crate::engine) async fn settle_domain(&self, link: &str) -> Result<(), Failure> {
        match domain_in(link) {
            Some((_, domain)) => self.key_of_domain(&domain).await.map(drop),
            None => Ok(()),
        }
    }

    /// Whom a domain names; with `accept` it means them from here on.
    pub(in crate::engine) async fn domain(&self, name: &str, accept: bool) -> Response {
        match report(self.peers.domains(), self.node.id(), name, accept).await {
            Ok(report) => Response::Domain(report),
            Err(failure) => failure.into(),
        }
    }

    pub(super) async fn key_of_domain(&self, domain: &str) -> Result<PublicKey, Failure> {
        let key = self.peers.domains().settle(domain).await;
        key.map_err(|error| Failure::from(&error))
    }
}

/// What there is to know of the domain `name` for the one who is `own`.
pub(in crate::engine) async fn report(
    domains: &Domains,
    own: PublicKey,
    name: &str,
    accept: bool,
) -> Result<DomainReport, Failure> {
    let domain = name.trim_end_matches('.').to_ascii_lowercase();
    if !is_domain(&domain) {
        let message = format!("`{name}` is not a domain; write for example example.com");
        return Err(Failure::new(codes::ARGUMENT_INVALID, message));
    }
    let looked = if accept {
        domains.accept(&domain).await?
    } else {
        domains.look_again(&domain).await
    };
    let problem = problem(&domain, &looked);
    let Looked { answer, known, .. } = looked;
    let named = match answer {
        Answer::Key(named) => Some(named),
        Answer::Nobody | Answer::Several(_) | Answer::Failed(_) => None,
    };
    Ok(DomainReport {
        record: line(&domain, &own),
        key: named.map(|named| named.key.to_string()),
        place: named.map(|named| named.spot.name(&domain)),
        secure: named.map(|named| named.secure),
        own: named.is_some_and(|named| named.key == own),
        remembered: known.map(|key| key.to_string()),
        problem,
        domain,
    })
}

/// What is wrong, also where what is remembered can be used all the same.
fn problem(domain: &str, looked: &Looked) -> Option<Failure> {
    let error = match (&looked.meaning, &looked.answer) {
        (Err(error), _) => error.clone(),
        (Ok(_), Answer::Key(_) | Answer::Several(_)) => return None,
        (Ok(_), Answer::Nobody) => DomainError::Nobody(domain.to_owned()),
        (Ok(_), Answer::Failed(why)) => DomainError::Failed {
            domain: domain.to_owned(),
            why: why.clone(),
        },
    };
    Some(Failure::from(&error))
}

/// Where `link` leads and the domain that it names, if it names one.
fn domain_in(link: &str) -> Option<(BridgeTarget, String)> {
    let target: BridgeTarget = link.parse().ok()?;
    match &target.peer {
        PeerName::Domain(domain) => {
            let domain = domain.clone();
            Some((target, domain))
        }
        PeerName::Key(_) | PeerName::Pet(_) => None,
    }
}
