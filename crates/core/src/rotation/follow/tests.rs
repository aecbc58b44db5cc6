use fastn_p2p::SecretKey;

use super::*;
use crate::{
    config::{edit, parse},
    rotation::Statement,
};

fn secret(seed: u8) -> SecretKey {
    SecretKey::from_bytes([seed; 32])
}

fn id(seed: u8) -> String {
    secret(seed).public().to_string()
}

/// The keys of these seeds, one after the other.
fn chain(seeds: &[u8]) -> Chain {
    let one = |pair: &[u8]| Statement::new(&secret(pair[0]), &secret(pair[1]), 1);
    let statements = seeds.windows(2).map(one).collect();
    Chain::check(statements, &secret(*seeds.last().unwrap()).public()).unwrap()
}

/// What is written after `chain` was followed; `None` when it is not heeded.
fn followed(text: &str, chain: &Chain) -> Option<String> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("malai.toml");
    std::fs::write(&path, text).unwrap();
    let wanted = Move::of(&parse(text).unwrap().config, chain)?;
    edit(&path, |editor| wanted.write(editor)).unwrap();
    Some(std::fs::read_to_string(&path).unwrap())
}

fn file() -> String {
    let (one, other) = (id(1), id(9));
    format!(
        "version = 1\n\n# my friend\n[peer.alice]\nid = \"{one}\"  # by phone\n\n\
         [peer.bob]\nid = \"{other}\"\n\n\
         [group.team]\nmembers = [\n  \"{one}\", # first\n  \"bob\",\n]\n\n\
         [service.shop]\nupstream = 3000\nallow = [\"{one}\", \"alice\"]\n\n\
         [service.books]\nupstream = 3001\nallow = [\"alice\", \"{other}\"]\n\n\
         [bridge.orders]\nto = \"{one}/orders\"\n"
    )
}

#[test]
fn the_name_and_every_line_with_the_key_move_and_comments_stay() {
    let after = followed(&file(), &chain(&[1, 2])).unwrap();
    let former = format!("former = [\"{}\"]", id(1));
    assert_eq!(after.matches(&id(1)).count(), 1, "{after}");
    assert!(after.contains(&former), "{after}");
    assert_eq!(after.matches(&id(2)).count(), 4, "{after}");
    for kept in ["# my friend", "# by phone", &id(9)] {
        assert!(after.contains(kept), "{kept}: {after}");
    }
    let moved = parse(&after).unwrap().config;
    assert_eq!(moved.pet_name(&secret(2).public()), Some("alice"));
    assert!(moved.is_former(&secret(1).public()));
}

#[test]
fn nobody_goes_back_and_nothing_is_heard_twice() {
    let once = followed(&file(), &chain(&[1, 2])).unwrap();
    assert_eq!(followed(&once, &chain(&[1, 2])), None, "a replay");
    assert_eq!(followed(&once, &chain(&[2, 1])), None, "back");
    assert_eq!(
        followed(&once, &chain(&[1, 3])),
        None,
        "another way from the old key"
    );
    let twice = followed(&once, &chain(&[1, 2, 3])).unwrap();
    let config = parse(&twice).unwrap().config;
    let alice = &config.peers["alice"];
    assert_eq!(alice.id, secret(3).public());
    assert_eq!(alice.former, [secret(1).public(), secret(2).public()]);
    assert_eq!(followed(&twice, &chain(&[1, 2])), None);
}

#[test]
fn who_has_missed_some_keys_follows_over_them() {
    let after = followed(&file(), &chain(&[7, 1, 2, 3])).unwrap();
    let config = parse(&after).unwrap().config;
    let alice = &config.peers["alice"];
    assert_eq!(alice.id, secret(3).public());
    assert_eq!(alice.former, [secret(1).public(), secret(2).public()]);
}

#[test]
fn whom_nobody_knows_changes_nothing() {
    let config = parse(&file()).unwrap().config;
    assert!(Move::of(&config, &chain(&[5, 6])).unwrap().is_empty());
}

#[test]
fn two_people_never_become_one() {
    assert_eq!(
        followed(&file(), &chain(&[1, 9])),
        None,
        "bob is somebody already"
    );
    assert_eq!(
        followed(&file(), &chain(&[1, 9, 4])),
        None,
        "both of them at once"
    );
}

#[test]
fn a_key_that_is_named_twice_is_named_once_then() {
    let text = format!(
        "version = 1\n[service.shop]\nupstream = 3000\nallow = [\"{}\", \"{}\"]\n",
        id(1),
        id(2)
    );
    let after = followed(&text, &chain(&[1, 2])).unwrap();
    assert_eq!(
        parse(&after).unwrap().config.services["shop"].allow.len(),
        1
    );
}
