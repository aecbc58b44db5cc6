use fastn_p2p::SecretKey;
use proptest::{collection, prelude::*};

use super::*;

const NOW: Timestamp = Timestamp::from_millis(1_000);
const LATER: Timestamp = Timestamp::from_millis(2_000);

const ONCE: Terms = Terms {
    once: true,
    until: None,
    pin: None,
};

fn key(number: u8) -> PublicKey {
    SecretKey::from_bytes([number + 1; 32]).public()
}

/// As guests are shown, sorted.
fn keys(numbers: &[u8]) -> Vec<String> {
    numbers
        .iter()
        .map(|number| key(*number).to_string())
        .collect()
}

fn guests(access: &Access, share: &ShareId, now: Timestamp) -> Vec<String> {
    let mut guests: Vec<String> = access
        .guests(share, now)
        .into_iter()
        .map(|guest| guest.peer)
        .collect();
    guests.sort();
    guests
}

fn invited(share: &ShareId, terms: Terms) -> (Access, Secret) {
    let (mut access, secret) = (Access::default(), Secret::generate().unwrap());
    access.invite(share, &secret, terms, NOW).unwrap();
    (access, secret)
}

fn standing() -> Terms {
    Terms::default()
}

#[test]
fn a_link_for_everybody_lets_in_one_after_the_other() {
    let share = ShareId::kept("shop");
    let (mut access, secret) = invited(&share, standing());
    assert!(access.is_open(&share, NOW));
    assert!(access.redeem(&share, &Shown::of(secret.expose()), &key(0), NOW));
    assert!(access.redeem(&share, &Shown::of(secret.expose()), &key(1), NOW));
    assert!(access.is_open(&share, NOW));
    let mut expected = keys(&[0, 1]);
    expected.sort();
    assert_eq!(guests(&access, &share, NOW), expected);
}

#[test]
fn a_link_for_once_is_used_up_by_its_first_user() {
    let share = ShareId::kept("shop");
    let (mut access, secret) = invited(&share, ONCE);
    assert!(access.redeem(&share, &Shown::of(secret.expose()), &key(0), NOW));
    assert!(!access.redeem(&share, &Shown::of(secret.expose()), &key(1), NOW));
    // Whoever is in already asks in vain for nothing.
    assert!(access.redeem(&share, &Shown::of(secret.expose()), &key(0), NOW));
    assert!(!access.is_open(&share, NOW));
    assert_eq!(guests(&access, &share, NOW), keys(&[0]));
}

#[test]
fn a_guest_with_a_new_key_is_in_by_that_one_alone() {
    let share = ShareId::kept("shop");
    let (mut access, secret) = invited(&share, ONCE);
    assert!(access.redeem(&share, &Shown::of(secret.expose()), &key(0), NOW));
    assert!(access.move_key(|old| *old == key(0), key(1)));
    assert_eq!(guests(&access, &share, NOW), keys(&[1]));
    // The used invite is kept for as long as what came of it.
    access.retain(NOW, |_| true);
    assert!(!access.redeem(&share, &Shown::of(secret.expose()), &key(2), NOW));
    assert!(!access.move_key(|old| *old == key(0), key(3)));
    assert_eq!(guests(&access, &share, NOW), keys(&[1]));
}

#[test]
fn what_is_over_lets_nobody_in_and_ends_for_those_it_let_in() {
    let share = ShareId::kept("shop");
    let terms = Terms {
        once: false,
        until: Some(LATER),
        ..Terms::default()
    };
    let (mut access, secret) = invited(&share, terms);
    assert_eq!(access.next_end(), Some(LATER));
    assert!(access.redeem(&share, &Shown::of(secret.expose()), &key(0), NOW));
    assert!(!access.redeem(&share, &Shown::of(secret.expose()), &key(1), LATER));
    assert_eq!(guests(&access, &share, LATER), keys(&[]));
    access.retain(LATER, |_| true);
    assert_eq!(access, Access::default());
    assert_eq!(access.next_end(), None);
}

#[test]
fn an_invite_is_for_its_own_share_only() {
    let share = ShareId::temporary("shop", 1);
    let (mut access, secret) = invited(&share, standing());
    for other in [
        ShareId::kept("shop"),
        ShareId::temporary("shop", 2),
        ShareId::temporary("blog", 1),
    ] {
        assert!(!access.redeem(&other, &Shown::of(secret.expose()), &key(0), NOW));
        let state = access.state([other.clone()], NOW);
        assert_eq!(state, AccessState::default(), "{other:?}");
    }
    let state = access.state([share.clone()], NOW);
    assert_eq!(
        state.invites.find("shop", &secret.hash(), NOW),
        Some(&share)
    );
    assert_eq!(state.invites.find("blog", &secret.hash(), NOW), None);
}

#[test]
fn what_a_share_allowed_ends_with_it() {
    let share = ShareId::temporary("shop", 1);
    let (mut access, secret) = invited(&share, standing());
    assert!(access.redeem(&share, &Shown::of(secret.expose()), &key(0), NOW));
    access.retain(NOW, |share| share.generation == Some(2));
    assert_eq!(access, Access::default());
}

#[test]
fn closing_lets_nobody_in_again() {
    let share = ShareId::kept("shop");
    let (mut access, secret) = invited(&share, standing());
    assert!(access.redeem(&share, &Shown::of(secret.expose()), &key(0), NOW));
    access.close(&share);
    assert!(!access.redeem(&share, &Shown::of(secret.expose()), &key(0), NOW));
    assert_eq!(access.standing(&share), None);
}

#[test]
fn links_for_everybody_do_not_pile_up() {
    let share = ShareId::kept("shop");
    let (mut access, first) = invited(&share, standing());
    assert!(access.redeem(&share, &Shown::of(first.expose()), &key(0), NOW));
    for _ in 0..MAX_STANDING_PER_SERVICE {
        let secret = Secret::generate().unwrap();
        access.invite(&share, &secret, standing(), NOW).unwrap();
        assert_eq!(access.standing(&share), Some(&secret));
    }
    // The oldest has given way; whom it has let in stays.
    assert!(!access.redeem(&share, &Shown::of(first.expose()), &key(1), NOW));
    assert_eq!(guests(&access, &share, NOW), keys(&[0]));
}

#[test]
fn too_many_unused_links_are_refused() {
    let (mut access, share) = (Access::default(), ShareId::kept("shop"));
    let invite = |access: &mut Access, share: &ShareId| {
        let secret = Secret::generate().unwrap();
        access.invite(share, &secret, ONCE, NOW).map(|()| secret)
    };
    let mut secrets = Vec::new();
    for _ in 0..MAX_INVITES_PER_SERVICE {
        secrets.push(invite(&mut access, &share).unwrap());
    }
    let full = AccessError::ServiceFull("shop".to_owned());
    assert_eq!(invite(&mut access, &share).unwrap_err(), full);
    assert!(access.redeem(&share, &Shown::of(secrets[0].expose()), &key(0), NOW));
    invite(&mut access, &share).unwrap();

    let others = MAX_INVITES / MAX_INVITES_PER_SERVICE;
    for number in 1..others {
        let share = ShareId::kept(format!("s{number}"));
        for _ in 0..MAX_INVITES_PER_SERVICE {
            invite(&mut access, &share).unwrap();
        }
    }
    let failure = invite(&mut access, &ShareId::kept("last")).unwrap_err();
    assert_eq!(failure, AccessError::Full);
}

#[test]
fn a_link_that_got_about_fills_its_service_and_no_more() {
    let share = ShareId::kept("shop");
    let (mut access, secret) = invited(&share, standing());
    let key = |number: usize| {
        let mut bytes = [1; 32];
        bytes[..8].copy_from_slice(&number.to_be_bytes());
        SecretKey::from_bytes(bytes).public()
    };
    for number in 0..MAX_GUESTS_PER_SERVICE {
        assert!(access.redeem(&share, &Shown::of(secret.expose()), &key(number), NOW));
    }
    assert!(!access.redeem(&share, &Shown::of(secret.expose()), &key(9999), NOW));
    assert!(!access.is_open(&share, NOW));
    // So that nobody is asked about it any more.
    let state = access.state([share.clone()], NOW);
    assert_eq!(state.invites, OpenInvites::default());
    assert!(
        access.redeem(&share, &Shown::of(secret.expose()), &key(0), NOW),
        "is in"
    );
}

/// What somebody does, in numbers.
#[derive(Debug, Clone)]
enum Act {
    Invite {
        share: usize,
        once: bool,
        until: Option<u64>,
    },
    Redeem {
        share: usize,
        invite: usize,
        peer: u8,
    },
    Close {
        share: usize,
    },
    Advance(u64),
}

fn act() -> impl Strategy<Value = Act> {
    let until = proptest::option::of(0_u64..200);
    prop_oneof![
        (0..3_usize, any::<bool>(), until).prop_map(|(share, once, until)| Act::Invite {
            share,
            once,
            until
        }),
        (0..3_usize, 0..8_usize, 0..4_u8).prop_map(|(share, invite, peer)| Act::Redeem {
            share,
            invite,
            peer
        }),
        (0..3_usize).prop_map(|share| Act::Close { share }),
        (0..60_u64).prop_map(Act::Advance),
    ]
}

/// An invite as the plainest model remembers it.
struct Known {
    share: usize,
    secret: Secret,
    once: bool,
    until: Option<Timestamp>,
    used: bool,
}

proptest! {
    #[test]
    fn nobody_is_let_in_but_by_an_open_invite(acts in collection::vec(act(), 0..40)) {
        let shares = [
            ShareId::kept("shop"),
            ShareId::temporary("shop", 1),
            ShareId::kept("blog"),
        ];
        let mut access = Access::default();
        let mut known: Vec<Known> = Vec::new();
        let mut let_in: BTreeMap<(usize, u8), Option<Timestamp>> = BTreeMap::new();
        let mut now = 0;
        for act in acts {
            let at = Timestamp::from_millis(now);
            match act {
                Act::Invite { share, once, until } => {
                    let secret = Secret::generate().unwrap();
                    let until = until.map(|until| Timestamp::from_millis(now + until));
                    let terms = Terms { once, until, pin: None };
                    access.invite(&shares[share], &secret, terms, at).unwrap();
                    known.push(Known { share, secret, once, until, used: false });
                }
                Act::Redeem { share, invite, peer } => {
                    let shown = known.get_mut(invite);
                    let hash = shown
                        .as_ref()
                        .map_or(Shown::of("a guess"), |it| Shown::of(it.secret.expose()));
                    let was_in = let_in
                        .get(&(share, peer))
                        .is_some_and(|until| until.is_none_or(|until| at < until));
                    let opens = shown.filter(|shown| {
                        shown.share == share
                            && !shown.used
                            && shown.until.is_none_or(|until| at < until)
                    });
                    let expected = was_in || opens.is_some();
                    let is_in = access.redeem(&shares[share], &hash, &key(peer), at);
                    prop_assert_eq!(is_in, expected);
                    if let Some(shown) = opens.filter(|_| !was_in) {
                        shown.used = shown.once;
                        let_in.insert((share, peer), shown.until);
                    }
                }
                Act::Close { share } => {
                    access.close(&shares[share]);
                    known.iter_mut().filter(|it| it.share == share).for_each(|it| it.used = true);
                    let_in.retain(|(of, _), _| *of != share);
                }
                Act::Advance(millis) => now += millis,
            }
            let at = Timestamp::from_millis(now);
            access.retain(at, |_| true);
            for (share, id) in shares.iter().enumerate() {
                for peer in 0..4 {
                    let expected = let_in
                        .get(&(share, peer))
                        .is_some_and(|until| until.is_none_or(|until| at < until));
                    prop_assert_eq!(guests(&access, id, at).contains(&key(peer).to_string()), expected);
                }
            }
        }
    }
}

#[test]
fn a_pin_has_to_be_told_and_can_be_tried_only_a_few_times() {
    let (share, pin) = (ShareId::kept("shop"), Pin::generate().unwrap());
    let terms = Terms {
        pin: Some(pin.clone()),
        ..Terms::default()
    };
    let (mut access, secret) = invited(&share, terms);
    let in_link = Pin::wanted_by(secret.expose());
    let with_pin = |pin: &Pin| Shown::of(&pin.added_to(&in_link).unwrap());
    let wrong: Pin = if pin.expose() == "000000" {
        "000001"
    } else {
        "000000"
    }
    .parse()
    .unwrap();
    assert!(!access.redeem(&share, &Shown::of(&in_link), &key(0), NOW));
    assert!(!access.redeem(&share, &Shown::of(secret.expose()), &key(0), NOW));
    for _ in 0..4 {
        assert!(!access.redeem(&share, &with_pin(&wrong), &key(0), NOW));
    }
    let mut spoilt = access.clone();
    assert!(access.redeem(&share, &with_pin(&pin), &key(0), NOW));
    assert!(!spoilt.redeem(&share, &with_pin(&wrong), &key(1), NOW));
    assert!(!spoilt.redeem(&share, &with_pin(&pin), &key(1), NOW));
    spoilt.retain(NOW, |_| true);
    assert_eq!(spoilt.invites(NOW), []);
}

#[test]
fn the_owner_lets_in_and_sends_away() {
    let share = ShareId::kept("shop");
    let mut access = Access::default();
    access
        .admit(&share, &key(0), Stay::Until(LATER), NOW)
        .unwrap();
    assert_eq!(guests(&access, &share, NOW), keys(&[0]));
    assert_eq!(guests(&access, &share, LATER), keys(&[]));
    access.admit(&share, &key(0), Stay::Always, NOW).unwrap();
    assert_eq!(guests(&access, &share, LATER), keys(&[0]));
    assert_eq!(access.shares_of(&key(0)).collect::<Vec<_>>(), [&share]);
    assert!(access.expel(&share, &key(0)));
    assert!(!access.expel(&share, &key(0)));
    assert_eq!(guests(&access, &share, NOW), keys(&[]));
}

#[test]
fn who_is_let_in_once_is_in_until_it_goes_and_is_never_written_down() {
    let share = ShareId::kept("shop");
    let mut access = Access::default();
    access
        .admit(&share, &key(0), Stay::Connection, NOW)
        .unwrap();
    access.admit(&share, &key(1), Stay::Always, NOW).unwrap();
    let text = AccessFile::text(&access, NOW);
    assert!(!text.contains(&key(0).to_string()) && text.contains(&key(1).to_string()));
    assert!(!access.end_visits(|_| true));
    assert!(access.end_visits(|peer| *peer != key(0)));
    assert_eq!(guests(&access, &share, NOW), keys(&[1]));
}

#[test]
fn a_link_that_is_taken_back_takes_its_guests_along_and_nobody_else() {
    let share = ShareId::kept("shop");
    let (mut access, secret) = invited(&share, standing());
    let other = Secret::generate().unwrap();
    access.invite(&share, &other, ONCE, NOW).unwrap();
    assert!(access.redeem(&share, &Shown::of(secret.expose()), &key(0), NOW));
    assert!(access.redeem(&share, &Shown::of(other.expose()), &key(1), NOW));
    access.admit(&share, &key(2), Stay::Always, NOW).unwrap();
    let id = secret.hash().id();
    assert_eq!(access.invites(NOW).len(), 2);
    assert_eq!(access.revoke(|_, it| it == id), (1, 1));
    let mut expected = keys(&[1, 2]);
    expected.sort();
    assert_eq!(guests(&access, &share, NOW), expected);
    assert!(access.standing(&share).is_none());
    assert!(!access.redeem(&share, &Shown::of(secret.expose()), &key(0), NOW));
}

#[test]
fn a_service_has_room_for_so_many_guests() {
    let share = ShareId::kept("shop");
    let mut access = Access::default();
    let many = |number: usize| {
        let mut seed = [9; 32];
        seed[..8].copy_from_slice(&number.to_le_bytes()[..8]);
        SecretKey::from_bytes(seed).public()
    };
    for number in 0..MAX_GUESTS_PER_SERVICE {
        access
            .admit(&share, &many(number), Stay::Always, NOW)
            .unwrap();
    }
    let full = access.admit(&share, &key(0), Stay::Always, NOW);
    assert_eq!(full, Err(AccessError::TooManyGuests("shop".to_owned())));
    // Whoever is in can be given another end.
    access
        .admit(&share, &many(0), Stay::Until(LATER), NOW)
        .unwrap();
}
