use std::collections::BTreeSet;

use fastn_p2p::SecretKey;
use malai_api::Protocol;
use proptest::{collection, prelude::*};

use super::*;
use crate::config::{GroupConfig, PeerConfig, ServiceConfig};

const PEERS: usize = 4;
const GROUPS: usize = 4;

const SERVICES: [&str; 3] = ["blog", "books", "shop"];

const NOW: Timestamp = Timestamp::from_millis(1_000);

fn key(number: usize) -> PublicKey {
    SecretKey::from_bytes([u8::try_from(number).unwrap() + 1; 32]).public()
}

fn service(allow: &[Member]) -> ServiceConfig {
    let mut service = ServiceConfig::new(Protocol::Http, "3000".parse().unwrap());
    service.allow = allow.to_vec();
    service
}

fn config(services: &[(&str, &[Member])], groups: &[(&str, &[Member])]) -> Config {
    let peer = |number| PeerConfig {
        former: Vec::new(),
        id: key(number),
        addresses: Vec::new(),
        relay: None,
    };
    let group = |members: &[Member]| GroupConfig {
        members: members.to_vec(),
    };
    Config {
        services: services
            .iter()
            .map(|(name, allow)| ((*name).to_owned(), service(allow)))
            .collect(),
        peers: (0..PEERS)
            .map(|number| (format!("p{number}"), peer(number)))
            .collect(),
        groups: groups
            .iter()
            .map(|(name, list)| ((*name).to_owned(), group(list)))
            .collect(),
        ..Config::default()
    }
}

fn allows(policy: &Policy, peer: &PublicKey, service: &str) -> bool {
    match policy.decide(peer, service, NOW) {
        Decision::Allowed(allowed) => allowed.peer() == peer && allowed.service() == service,
        Decision::Denied => false,
    }
}

/// The policy of a configuration alone, without grants.
fn rules(config: &Config) -> Policy {
    Policy::new(config, &Grants::default())
}

#[test]
fn a_key_that_was_given_up_may_do_nothing() {
    let mut config = config(
        &[
            ("shop", &[Member::Key(key(9))]),
            ("blog", &[Member::Anyone]),
        ],
        &[],
    );
    config.peers.get_mut("p0").unwrap().former = vec![key(9)];
    let mut grants = Grants::default();
    grants.add("shop", key(9), None);
    let policy = Policy::new(&config, &grants);
    for service in ["shop", "blog"] {
        assert!(!allows(&policy, &key(9), service), "{service}");
    }
    assert!(policy.visible(&key(9), NOW).is_empty());
    assert!(allows(&policy, &key(8), "blog"));
}

#[test]
fn denied_unknown_and_inactive_are_the_same() {
    let mut config = config(
        &[("shop", &[Member::Key(key(0))]), ("off", &[Member::Anyone])],
        &[],
    );
    config.services.get_mut("off").unwrap().active = false;
    let policy = rules(&config);
    for service in ["shop", "off", "shpo", ""] {
        assert_eq!(policy.decide(&key(1), service, NOW), Decision::Denied);
    }
    assert!(allows(&policy, &key(0), "shop"));
    assert_eq!(policy.visible(&key(0), NOW), ["shop"]);
}

#[test]
fn picks_the_only_service_or_the_one_called_default() {
    let all: &[Member] = &[Member::Anyone];
    let one = rules(&config(&[("shop", all), ("mine", &[])], &[]));
    assert_eq!(one.default_service(&key(0), NOW), Some("shop"));
    let two = rules(&config(&[("shop", all), ("blog", all)], &[]));
    assert_eq!(two.default_service(&key(0), NOW), None);
    let named = rules(&config(&[("shop", all), ("default", all)], &[]));
    assert_eq!(named.default_service(&key(0), NOW), Some("default"));
    assert_eq!(Policy::default().default_service(&key(0), NOW), None);
}

#[test]
fn knows_names_both_ways() {
    let policy = rules(&config(&[], &[]));
    assert_eq!(policy.pet_name(&key(2)), Some("p2"));
    assert_eq!(policy.peer_key("p2"), Some(key(2)));
    assert_eq!(policy.pet_name(&key(9)), None);
    assert_eq!(policy.peer_key("nobody"), None);
}

#[test]
fn a_grant_for_nothing_that_is_shared_is_none() {
    let mut grants = Grants::default();
    grants.add("shop", key(0), None);
    let policy = Policy::new(&config(&[("blog", &[])], &[]), &grants);
    assert_eq!(policy.decide(&key(0), "shop", NOW), Decision::Denied);
    assert!(policy.visible(&key(0), NOW).is_empty());
}

#[test]
fn a_grant_ends_at_its_end() {
    let mut grants = Grants::default();
    grants.add("shop", key(0), Some(NOW));
    let policy = Policy::new(&config(&[("shop", &[])], &[]), &grants);
    let just_before = Timestamp::from_millis(999);
    assert!(policy.decide(&key(0), "shop", just_before) != Decision::Denied);
    assert_eq!(policy.decide(&key(0), "shop", NOW), Decision::Denied);
}

#[test]
fn a_group_never_opens_a_service_to_everybody() {
    let config = config(
        &[("shop", &[Member::Group("g".to_owned())])],
        &[("g", &[Member::Anyone])],
    );
    assert!(!allows(&rules(&config), &key(0), "shop"));
}

/// Members as numbers, so that a model can be held against the policy.
#[derive(Debug, Clone)]
enum Rolled {
    Peer(usize),
    Key(usize),
    Group(usize),
    Anyone,
    Unknown,
}

fn rolled() -> impl Strategy<Value = Rolled> {
    prop_oneof![
        (0..PEERS).prop_map(Rolled::Peer),
        (0..PEERS).prop_map(Rolled::Key),
        (0..GROUPS).prop_map(Rolled::Group),
        Just(Rolled::Anyone),
        Just(Rolled::Unknown),
    ]
}

fn members(list: &[Rolled]) -> Vec<Member> {
    let member = |rolled: &Rolled| match rolled {
        Rolled::Peer(number) => Member::Peer(format!("p{number}")),
        Rolled::Key(number) => Member::Key(key(*number)),
        Rolled::Group(number) => Member::Group(format!("g{number}")),
        Rolled::Anyone => Member::Anyone,
        Rolled::Unknown => Member::Peer("nobody".to_owned()),
    };
    list.iter().map(member).collect()
}

/// The peers a list reaches: the closure over groups, computed by repeating until nothing is new.
fn reached(list: &[Rolled], groups: &[Vec<Rolled>]) -> BTreeSet<usize> {
    let mut peers = BTreeSet::new();
    let mut lists: BTreeSet<usize> = BTreeSet::new();
    let mut take = |list: &[Rolled], lists: &mut BTreeSet<usize>| {
        for rolled in list {
            match rolled {
                Rolled::Peer(number) | Rolled::Key(number) => drop(peers.insert(*number)),
                Rolled::Group(number) => drop(lists.insert(*number)),
                Rolled::Anyone | Rolled::Unknown => {}
            }
        }
    };
    take(list, &mut lists);
    for _ in 0..GROUPS {
        for number in lists.clone() {
            take(&groups[number], &mut lists);
        }
    }
    peers
}

/// A whole policy as numbers: `allow` and `block` of one service, `block` of all, groups, guests.
#[derive(Debug, Clone)]
struct Written {
    allow: Vec<Rolled>,
    block: Vec<Rolled>,
    block_all: Vec<Rolled>,
    groups: Vec<Vec<Rolled>>,
    guests: Vec<(usize, Option<u64>)>,
}

impl Written {
    fn policy(&self) -> Policy {
        let names: Vec<String> = (0..GROUPS).map(|number| format!("g{number}")).collect();
        let lists: Vec<Vec<Member>> = self.groups.iter().map(|list| members(list)).collect();
        let named = names.iter().zip(&lists);
        let groups: Vec<_> = named
            .map(|(name, list)| (name.as_str(), list.as_slice()))
            .collect();
        let mut config = config(&[("shop", &members(&self.allow))], &groups);
        config.services.get_mut("shop").unwrap().block = members(&self.block);
        config.policy.block = members(&self.block_all);
        let mut grants = Grants::default();
        for (peer, until) in &self.guests {
            grants.add("shop", key(*peer), until.map(Timestamp::from_millis));
        }
        Policy::new(&config, &grants)
    }

    /// Read off the lists, without any of the policy's own ways.
    fn expects(&self, peer: usize, now: u64) -> bool {
        let denied = |list| reached(list, &self.groups).contains(&peer);
        let anyone = self
            .allow
            .iter()
            .any(|rolled| matches!(rolled, Rolled::Anyone));
        let last = self.guests.iter().rev().find(|(guest, _)| *guest == peer);
        let guest = last.is_some_and(|(_, until)| until.is_none_or(|until| now < until));
        let named = reached(&self.allow, &self.groups).contains(&peer);
        !denied(&self.block) && !denied(&self.block_all) && (anyone || named || guest)
    }
}

fn written() -> impl Strategy<Value = Written> {
    let list = || collection::vec(rolled(), 0..4);
    let groups = collection::vec(list(), GROUPS);
    let guests = collection::vec((0..PEERS, proptest::option::of(0_u64..2_000)), 0..4);
    (list(), list(), list(), groups, guests).prop_map(
        |(allow, block, block_all, groups, guests)| Written {
            allow,
            block,
            block_all,
            groups,
            guests,
        },
    )
}

proptest! {
    #[test]
    fn decides_as_a_naive_model_does(written in written(), now in 0_u64..2_000) {
        let policy = written.policy();
        for peer in 0..=PEERS {
            let decision = policy.decide(&key(peer), "shop", Timestamp::from_millis(now));
            prop_assert_eq!(decision != Decision::Denied, written.expects(peer, now));
            let visible = policy.visible(&key(peer), Timestamp::from_millis(now));
            prop_assert_eq!(!visible.is_empty(), written.expects(peer, now));
        }
    }

    #[test]
    fn a_deny_more_gives_nobody_access(
        before in written(),
        denied in rolled(),
        everywhere in any::<bool>(),
        now in 0_u64..2_000,
    ) {
        let mut after = before.clone();
        if everywhere {
            after.block_all.push(denied);
        } else {
            after.block.push(denied);
        }
        let (before, after) = (before.policy(), after.policy());
        for peer in 0..=PEERS {
            let may = |policy: &Policy| {
                policy.decide(&key(peer), "shop", Timestamp::from_millis(now)) != Decision::Denied
            };
            prop_assert!(may(&before) || !may(&after), "{} got in by a deny", peer);
        }
    }

    #[test]
    fn allows_exactly_who_is_reached(
        allow in collection::vec(rolled(), 0..4),
        groups in collection::vec(collection::vec(rolled(), 0..4), GROUPS),
    ) {
        let written: Vec<Vec<Member>> = groups.iter().map(|list| members(list)).collect();
        let names: Vec<String> = (0..GROUPS).map(|number| format!("g{number}")).collect();
        let named: Vec<(&str, &[Member])> =
            names.iter().zip(&written).map(|(name, list)| (name.as_str(), list.as_slice())).collect();
        let policy = rules(&config(&[("shop", &members(&allow))], &named));
        let anyone = allow.iter().any(|rolled| matches!(rolled, Rolled::Anyone));
        let reached = reached(&allow, &groups);
        for number in 0..PEERS {
            let expected = anyone || reached.contains(&number);
            prop_assert_eq!(allows(&policy, &key(number), "shop"), expected);
            prop_assert_eq!(!policy.visible(&key(number), NOW).is_empty(), expected);
        }
        prop_assert_eq!(allows(&policy, &key(PEERS), "shop"), anyone);
        prop_assert_eq!(policy.decide(&key(0), "other", NOW), Decision::Denied);
    }

    #[test]
    fn without_a_rule_nobody_may(
        groups in collection::vec(collection::vec(rolled(), 0..4), GROUPS),
        peer in any::<[u8; 32]>(),
        asked in ".{0,8}",
    ) {
        let written: Vec<Vec<Member>> = groups.iter().map(|list| members(list)).collect();
        let names: Vec<String> = (0..GROUPS).map(|number| format!("g{number}")).collect();
        let named: Vec<(&str, &[Member])> =
            names.iter().zip(&written).map(|(name, list)| (name.as_str(), list.as_slice())).collect();
        let policy = rules(&config(&[("shop", &[])], &named));
        let peer = SecretKey::from_bytes(peer).public();
        prop_assert_eq!(policy.decide(&peer, "shop", NOW), Decision::Denied);
        prop_assert_eq!(policy.decide(&peer, &asked, NOW), Decision::Denied);
    }

    #[test]
    fn a_grant_lets_in_its_key_to_its_service_up_to_its_end(
        granted in collection::vec(
            (0..PEERS, 0..SERVICES.len(), proptest::option::of(0_u64..2_000)),
            0..8,
        ),
        active in collection::vec(any::<bool>(), SERVICES.len()),
        now in 0_u64..2_000,
    ) {
        let nobody: &[Member] = &[];
        let mut config = config(&SERVICES.map(|name| (name, nobody)), &[]);
        for (name, active) in SERVICES.iter().zip(&active) {
            config.services.get_mut(*name).unwrap().active = *active;
        }
        let mut grants = Grants::default();
        // The last of several for one key counts, as in a map.
        let mut ends = BTreeMap::new();
        for (peer, service, until) in granted {
            grants.add(SERVICES[service], key(peer), until.map(Timestamp::from_millis));
            ends.insert((peer, service), until);
        }
        let policy = Policy::new(&config, &grants);
        for peer in 0..=PEERS {
            for (service, name) in SERVICES.iter().enumerate() {
                let end = ends.get(&(peer, service));
                let holds = end.is_some_and(|until| until.is_none_or(|until| now < until));
                let expected = holds && active[service];
                let decision = policy.decide(&key(peer), name, Timestamp::from_millis(now));
                prop_assert_eq!(decision != Decision::Denied, expected);
                let visible = policy.visible(&key(peer), Timestamp::from_millis(now));
                prop_assert_eq!(visible.contains(name), expected);
            }
        }
    }
}
