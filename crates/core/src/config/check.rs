//! What only the whole file can tell: names that nobody has, circles, addresses used twice.
//!
//! Reading notes every mention with its key and line; when all is read they are held against each
//! other, so the order of sections in the file never matters.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    net::SocketAddr,
};

use fastn_p2p::PublicKey;

use super::{
    model::{BridgeTarget, ListenAddress, Member, PeerName},
    names::nearest,
    reader::{Located, Reader, Section},
};

/// Something said in one place of the file.
#[derive(Debug)]
struct Mention<T> {
    key: String,
    line: usize,
    value: T,
}

/// What sections say about each other.
#[derive(Debug, Default)]
pub(super) struct Mentions {
    peers: BTreeSet<String>,
    keys: Vec<Mention<PublicKey>>,
    former: Vec<Mention<PublicKey>>,
    groups: BTreeMap<String, Vec<Mention<Member>>>,
    members: Vec<Mention<Member>>,
    pets: Vec<Mention<String>>,
    listeners: Vec<Mention<ListenAddress>>,
}

impl Mentions {
    /// A peer has a section, be its content right or not.
    pub(super) fn peer(&mut self, name: &str) {
        self.peers.insert(name.to_owned());
    }

    pub(super) fn key(&mut self, section: &Section<'_>, id: &Located<PublicKey>) {
        self.keys.push(Mention {
            key: section.path_of("id"),
            line: id.line,
            value: id.value,
        });
    }

    /// Keys that a peer has given up.
    pub(super) fn former(&mut self, section: &Section<'_>, keys: &[Located<PublicKey>]) {
        let mentions = keys.iter().map(|key| Mention {
            key: section.path_of("former"),
            line: key.line,
            value: key.value,
        });
        self.former.extend(mentions);
    }

    /// `members` of the named group, or of a service's `allow`.
    pub(super) fn members(
        &mut self,
        section: &Section<'_>,
        key: &str,
        group: Option<String>,
        members: Vec<Located<Member>>,
    ) {
        let mentions = members.into_iter().map(|member| Mention {
            key: section.path_of(key),
            line: member.line,
            value: member.value,
        });
        match group {
            Some(group) => self.groups.entry(group).or_default().extend(mentions),
            None => self.members.extend(mentions),
        }
    }

    pub(super) fn targets(&mut self, section: &Section<'_>, targets: &[Located<BridgeTarget>]) {
        for target in targets {
            if let PeerName::Pet(name) = &target.value.peer {
                self.pets.push(Mention {
                    key: section.path_of("to"),
                    line: target.line,
                    value: name.clone(),
                });
            }
        }
    }

    pub(super) fn listener(
        &mut self,
        section: &Section<'_>,
        key: &str,
        listen: ListenAddress,
        line: usize,
    ) {
        self.listeners.push(Mention {
            key: section.path_of(key),
            line,
            value: listen,
        });
    }
}

/// Holds all mentions against each other.
pub(super) fn check(reader: &Reader, mentions: &Mentions) {
    for member in mentions
        .members
        .iter()
        .chain(mentions.groups.values().flatten())
    {
        match &member.value {
            Member::Peer(name) => known_peer(reader, mentions, member, name),
            Member::Group(name) if !mentions.groups.contains_key(name) => {
                let known = mentions.groups.keys().map(String::as_str);
                let message = match nearest(name, known) {
                    Some(meant) => format!("there is no group `{name}`; did you mean `{meant}`?"),
                    None => format!("there is no group `{name}`; add `[group.{name}]`"),
                };
                reader.error(&member.key, member.line, message);
            }
            Member::Group(_) | Member::Key(_) | Member::Anyone => {}
        }
    }
    for pet in &mentions.pets {
        known_peer(reader, mentions, pet, &pet.value);
    }
    same_key_twice(reader, &mentions.keys);
    former_in_use(reader, mentions);
    cycles(reader, &mentions.groups);
    listeners(reader, &mentions.listeners);
}

fn known_peer<T>(reader: &Reader, mentions: &Mentions, mention: &Mention<T>, name: &str) {
    if mentions.peers.contains(name) {
        return;
    }
    let hint = if mentions.groups.contains_key(name) {
        format!("for the group write `group:{name}`")
    } else if let Some(meant) = nearest(name, mentions.peers.iter().map(String::as_str)) {
        format!("did you mean `{meant}`?")
    } else {
        format!("add it with `malai peer add {name} ID52`")
    };
    let message = format!("there is no peer `{name}`; {hint}");
    reader.error(&mention.key, mention.line, message);
}

/// A key that was given up may do nothing, so nobody can have it.
fn former_in_use(reader: &Reader, mentions: &Mentions) {
    for former in &mentions.former {
        let mut keys = mentions.keys.iter();
        if let Some(user) = keys.find(|key| key.value == former.value) {
            let message = format!(
                "`{}` has this id52; a former one may do nothing, so take it out of one of them",
                user.key
            );
            reader.error(&former.key, former.line, message);
        }
    }
}

/// Two names for one key would make it a matter of chance which one is shown and logged.
fn same_key_twice(reader: &Reader, keys: &[Mention<PublicKey>]) {
    let mut first: HashMap<PublicKey, &str> = HashMap::new();
    for id in keys {
        match first.get(&id.value) {
            Some(other) => {
                let message = format!("`{other}` has this id52 already; a peer has one pet name");
                reader.error(&id.key, id.line, message);
            }
            None => {
                first.insert(id.value, &id.key);
            }
        }
    }
}

/// Reports each circle once, named in order, without recursion: a file may nest as it likes.
fn cycles(reader: &Reader, groups: &BTreeMap<String, Vec<Mention<Member>>>) {
    let mut done: BTreeSet<&str> = BTreeSet::new();
    for start in groups.keys() {
        if done.contains(start.as_str()) {
            continue;
        }
        let mut way: Vec<(&str, std::slice::Iter<'_, Mention<Member>>)> = Vec::new();
        let mut on_way: BTreeSet<&str> = BTreeSet::new();
        let enter = |name: &'_ str| groups.get_key_value(name);
        if let Some((name, members)) = enter(start) {
            way.push((name, members.iter()));
            on_way.insert(name);
        }
        while let Some((name, members)) = way.last_mut() {
            let name = *name;
            let Some(member) = members.next() else {
                way.pop();
                on_way.remove(name);
                done.insert(name);
                continue;
            };
            let Member::Group(next) = &member.value else {
                continue;
            };
            if on_way.contains(next.as_str()) {
                let circle = way.iter().map(|(name, _)| *name);
                let mut names: Vec<&str> = circle.skip_while(|name| *name != next).collect();
                names.push(next);
                let message = format!("the groups go in a circle: {}", names.join(" → "));
                reader.error(&member.key, member.line, message);
            } else if !done.contains(next.as_str())
                && let Some((next, members)) = enter(next)
            {
                way.push((next, members.iter()));
                on_way.insert(next);
            }
        }
    }
}

fn listeners(reader: &Reader, listeners: &[Mention<ListenAddress>]) {
    let mut sockets: HashMap<&std::path::Path, &str> = HashMap::new();
    let mut ports: HashMap<u16, Vec<(SocketAddr, &str)>> = HashMap::new();
    for listener in listeners {
        let other = match &listener.value {
            ListenAddress::Unix(path) => sockets.insert(path, &listener.key),
            ListenAddress::Tcp(address) => {
                if !address.ip().is_loopback() {
                    let message = "this port is open to other machines: whoever reaches it uses \
                                   the peer's services as you; write 127.0.0.1 to keep it here";
                    reader.warning(&listener.key, listener.line, message);
                }
                let same_port = ports.entry(address.port()).or_default();
                let taken = same_port
                    .iter()
                    .find(|(other, _)| overlap(*address, *other));
                let other = taken.map(|(_, key)| *key);
                same_port.push((*address, &listener.key));
                other
            }
        };
        if let Some(other) = other {
            let message = format!("`{}` is taken by `{other}`; choose another", listener.value);
            reader.error(&listener.key, listener.line, message);
        }
    }
}

/// Whether two addresses with the same port cannot both be bound.
fn overlap(left: SocketAddr, right: SocketAddr) -> bool {
    let covers = |all: SocketAddr, one: SocketAddr| {
        all.ip().is_unspecified() && (all.is_ipv6() || one.is_ipv4())
    };
    left.port() != 0 && (left.ip() == right.ip() || covers(left, right) || covers(right, left))
}
