//! What follows from a statement that holds: which lines of the configuration name the old key, and
//! what they say then. Pure.

use fastn_p2p::PublicKey;

use super::{exchanged, statement::Chain};
use crate::config::{
    BridgeConfig, BridgeTarget, Config, Editor, GroupConfig, Member, PeerConfig, PeerName,
    PolicyConfig, ServiceConfig,
};

/// Former keys that are remembered of one peer; with more the oldest are forgotten.
const MAX_FORMER: usize = 32;

/// What a chain of statements changes in one configuration.
#[derive(Debug, PartialEq)]
pub(crate) struct Move {
    /// What holds and is new here.
    pub(crate) chain: Chain,
    /// The pet name that has another key.
    pub(crate) name: Option<String>,
    peers: Vec<(String, PeerConfig)>,
    services: Vec<(String, ServiceConfig)>,
    groups: Vec<(String, GroupConfig)>,
    bridges: Vec<(String, BridgeConfig)>,
    policy: Option<PolicyConfig>,
}

impl Move {
    /// What `chain` changes in `config`, which may be nothing; `None` when it is not to be heeded:
    ///
    /// - all of it is known already, or its new key was given up before: there is no going back;
    /// - the new key is somebody else here, or the old keys are several peers: then only a person
    ///   can tell who is who.
    pub(crate) fn of(config: &Config, chain: &Chain) -> Option<Self> {
        let is_former = |key: &PublicKey| config.is_former(key);
        if is_former(chain.new_key()) {
            return None;
        }
        let chain = chain.without(is_former)?;
        let mut named = config.peers.iter().filter(|(_, it)| chain.replaces(&it.id));
        let (named, another) = (named.next(), named.next());
        let is_somebody = config.pet_name(chain.new_key()).is_some();
        if another.is_some() || (named.is_some() && is_somebody) {
            return None;
        }
        let peers = named.map(|(name, peer)| (name.clone(), moved_peer(peer, &chain)));
        let mut policy = config.policy.clone();
        let is_blocked = block_too(&mut policy.block, &chain);
        Some(Self {
            policy: is_blocked.then_some(policy),
            name: named.map(|(name, _)| name.clone()),
            peers: peers.into_iter().collect(),
            services: changed(&config.services, |it| move_service(it, &chain)),
            groups: changed(&config.groups, |it| move_members(&mut it.members, &chain)),
            bridges: changed(&config.bridges, |it| move_bridge(it, &chain)),
            chain,
        })
    }

    /// Whether it changes nothing in the configuration.
    pub(crate) fn is_empty(&self) -> bool {
        self.peers.is_empty()
            && self.services.is_empty()
            && self.groups.is_empty()
            && self.bridges.is_empty()
            && self.policy.is_none()
    }

    /// Makes the changes.
    pub(crate) fn write(&self, editor: &mut Editor) {
        for (name, peer) in &self.peers {
            editor.put_peer(name, peer);
        }
        for (name, service) in &self.services {
            editor.put_service(name, service);
        }
        for (name, group) in &self.groups {
            editor.put_group(name, group);
        }
        for (name, bridge) in &self.bridges {
            editor.put_bridge(name, bridge);
        }
        if let Some(policy) = &self.policy {
            editor.put_policy(policy);
        }
    }
}

/// Puts the new key in the place of the old ones among those who may use a service; tells whether
/// that changed something.
pub(crate) fn move_service(service: &mut ServiceConfig, chain: &Chain) -> bool {
    let is_allowed = move_members(&mut service.allow, chain);
    is_allowed | block_too(&mut service.block, chain)
}

/// Blocks the new key where an old one is blocked, which stays so: nobody gets in by a rotation.
fn block_too(block: &mut Vec<Member>, chain: &Chain) -> bool {
    let is_old = |member: &Member| matches!(member, Member::Key(key) if chain.replaces(key));
    let new = Member::Key(*chain.new_key());
    let is_due = block.iter().any(is_old) && !block.contains(&new);
    block.extend(is_due.then_some(new));
    is_due
}

/// The same for where a bridge leads.
pub(crate) fn move_bridge(bridge: &mut BridgeConfig, chain: &Chain) -> bool {
    let mut is_changed = false;
    let targets = bridge.to.iter_mut();
    targets.for_each(|target| is_changed |= move_target(target, chain));
    is_changed
}

fn move_target(target: &mut BridgeTarget, chain: &Chain) -> bool {
    let PeerName::Key(key) = &target.peer else {
        return false;
    };
    let new = exchanged(key, chain);
    if let Some(new) = new {
        target.peer = PeerName::Key(new);
    }
    new.is_some()
}

fn move_members(members: &mut Vec<Member>, chain: &Chain) -> bool {
    let is_old = |member: &Member| matches!(member, Member::Key(key) if chain.replaces(key));
    let Some(first) = members.iter().position(is_old) else {
        return false;
    };
    let new = Member::Key(*chain.new_key());
    if !members.contains(&new) {
        members[first] = new;
    }
    members.retain(|member| !is_old(member));
    true
}

fn moved_peer(peer: &PeerConfig, chain: &Chain) -> PeerConfig {
    let mut moved = peer.clone();
    let from_its_key = chain.former().skip_while(|key| **key != peer.id);
    moved.former.extend(from_its_key);
    let surplus = moved.former.len().saturating_sub(MAX_FORMER);
    moved.former.drain(..surplus);
    moved.id = *chain.new_key();
    moved
}

/// The entries that `change` changes, as they are then.
fn changed<T: Clone>(
    entries: &std::collections::BTreeMap<String, T>,
    change: impl Fn(&mut T) -> bool,
) -> Vec<(String, T)> {
    let changed = entries.iter().filter_map(|(name, entry)| {
        let mut entry = entry.clone();
        change(&mut entry).then(|| (name.clone(), entry))
    });
    changed.collect()
}

#[cfg(test)]
mod tests;
