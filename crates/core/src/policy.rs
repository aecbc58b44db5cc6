//! Who may use which service; without a rule, nobody.
//!
//! Pure: made from a configuration and from whom invites have let in, asked with the key that QUIC
//! has authenticated and with the time.
//! An [`Allowed`] value can be made only here, and what serves a stream takes nothing else; so no
//! path leads to an upstream past this module.
//! Denied, inactive, unknown and misspelt services give the same answer, and whoever is blocked gets
//! it whatever else allows it.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};

use fastn_p2p::PublicKey;

use crate::{
    access::Grants,
    clock::Timestamp,
    config::{Config, Member},
};

/// The name of the service that a peer gets when it names none and could use several.
pub(crate) const DEFAULT_SERVICE: &str = "default";

/// The rules of one configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Policy {
    rules: BTreeMap<Arc<str>, Rule>,
    names: HashMap<PublicKey, String>,
    keys: BTreeMap<String, PublicKey>,
    /// Refused everything.
    blocked: HashSet<PublicKey>,
    /// Keys that their owners have given up.
    former: HashSet<PublicKey>,
}

/// Who may use one service.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Rule {
    anyone: bool,
    keys: HashSet<PublicKey>,
    /// Keys that were let in besides, each up to its end.
    guests: HashMap<PublicKey, Option<Timestamp>>,
    blocked: HashSet<PublicKey>,
}

/// The answer to a peer that asks for a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// It may.
    Allowed(Allowed),
    /// It may not, or there is no such service.
    Denied,
}

/// The proof that a peer may use a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allowed {
    peer: PublicKey,
    service: Arc<str>,
}

impl Allowed {
    /// Who asked.
    #[must_use]
    pub fn peer(&self) -> &PublicKey {
        &self.peer
    }

    /// What it may use.
    #[must_use]
    pub fn service(&self) -> &str {
        &self.service
    }
}

impl Policy {
    /// Takes the rules of all active services, and the grants for them; a member that is not known
    /// allows nobody.
    #[must_use]
    pub fn new(config: &Config, grants: &Grants) -> Self {
        let active = config.services.iter().filter(|(_, service)| service.active);
        let rules = active.map(|(name, service)| {
            let rule = Rule {
                anyone: service.allow.contains(&Member::Anyone),
                keys: keys_of(config, &service.allow),
                guests: grants.of(name).collect(),
                blocked: keys_of(config, &service.block),
            };
            (Arc::from(name.as_str()), rule)
        });
        let peers = config.peers.iter();
        Self {
            rules: rules.collect(),
            names: peers
                .clone()
                .map(|(name, peer)| (peer.id, name.clone()))
                .collect(),
            keys: peers
                .clone()
                .map(|(name, peer)| (name.clone(), peer.id))
                .collect(),
            blocked: keys_of(config, &config.policy.block),
            former: peers.flat_map(|(_, peer)| peer.former.clone()).collect(),
        }
    }

    /// Whether `peer` may use `service` at this moment.
    #[must_use]
    pub fn decide(&self, peer: &PublicKey, service: &str, now: Timestamp) -> Decision {
        match self.rules.get_key_value(service) {
            Some((name, rule)) if self.allows(rule, peer, now) => Decision::Allowed(Allowed {
                peer: *peer,
                service: Arc::clone(name),
            }),
            _ => Decision::Denied,
        }
    }

    /// The services that `peer` may use at this moment, by name.
    #[must_use]
    pub fn visible(&self, peer: &PublicKey, now: Timestamp) -> Vec<&str> {
        let rules = self.rules.iter();
        let rules = rules.filter(|(_, rule)| self.allows(rule, peer, now));
        rules.map(|(name, _)| &**name).collect()
    }

    /// Whether `peer` is known here: by a pet name, or because something names it. What is open to
    /// `anyone` makes nobody known.
    #[must_use]
    pub fn knows(&self, peer: &PublicKey, now: Timestamp) -> bool {
        let is_named = |rule: &Rule| rule.keys.contains(peer) || rule.is_guest(peer, now);
        let is_named = || self.rules.values().any(is_named);
        !self.is_refused(peer) && (self.names.contains_key(peer) || is_named())
    }

    /// What `peer` gets when it names no service: the one called `default`, else the only one it
    /// may use.
    #[must_use]
    pub fn default_service(&self, peer: &PublicKey, now: Timestamp) -> Option<&str> {
        match self.visible(peer, now).as_slice() {
            [only] => Some(only),
            several => several
                .iter()
                .copied()
                .find(|name| *name == DEFAULT_SERVICE),
        }
    }

    /// Whether `peer` is refused `service`, whatever else allows it: it is blocked, or its owner has
    /// given this key up, so that whoever has it yet is not its owner, or has not heard.
    #[must_use]
    pub fn is_blocked(&self, peer: &PublicKey, service: &str) -> bool {
        let rule = self.rules.get(service);
        self.is_refused(peer) || rule.is_some_and(|rule| rule.blocked.contains(peer))
    }

    fn is_refused(&self, peer: &PublicKey) -> bool {
        self.blocked.contains(peer) || self.former.contains(peer)
    }

    fn allows(&self, rule: &Rule, peer: &PublicKey, now: Timestamp) -> bool {
        !self.is_refused(peer) && rule.allows(peer, now)
    }

    /// The pet name of a key.
    #[must_use]
    pub fn pet_name(&self, peer: &PublicKey) -> Option<&str> {
        self.names.get(peer).map(String::as_str)
    }

    /// The key of a pet name.
    #[must_use]
    pub fn peer_key(&self, name: &str) -> Option<PublicKey> {
        self.keys.get(name).copied()
    }
}

impl Rule {
    fn allows(&self, peer: &PublicKey, now: Timestamp) -> bool {
        let is_allowed = || self.anyone || self.keys.contains(peer) || self.is_guest(peer, now);
        !self.blocked.contains(peer) && is_allowed()
    }

    fn is_guest(&self, peer: &PublicKey, now: Timestamp) -> bool {
        let until = self.guests.get(peer);
        until.is_some_and(|until| until.is_none_or(|until| now < until))
    }
}

/// The keys that members stand for; each group is entered once, so circles end.
///
/// `anyone` counts only where a service names it itself: no group may open a service to everybody.
fn keys_of(config: &Config, members: &[Member]) -> HashSet<PublicKey> {
    let mut keys = HashSet::new();
    let mut entered: HashSet<&str> = HashSet::new();
    let mut open: Vec<&Member> = members.iter().collect();
    while let Some(member) = open.pop() {
        match member {
            Member::Key(key) => {
                keys.insert(*key);
            }
            Member::Peer(name) => keys.extend(config.peers.get(name).map(|peer| peer.id)),
            Member::Group(name) if entered.insert(name) => {
                let group = config.groups.get(name);
                open.extend(group.into_iter().flat_map(|group| &group.members));
            }
            Member::Group(_) | Member::Anyone => {}
        }
    }
    keys
}

#[cfg(test)]
mod tests;
