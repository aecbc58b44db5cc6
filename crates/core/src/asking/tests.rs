use fastn_p2p::SecretKey;
use proptest::{collection, prelude::*};

use super::*;

const WAIT: Duration = Duration::from_secs(60);

fn key(number: u16) -> PublicKey {
    let mut seed = [7; 32];
    seed[..2].copy_from_slice(&number.to_le_bytes());
    SecretKey::from_bytes(seed).public()
}

fn shop() -> ShareId {
    ShareId::kept("shop")
}

fn at(secs: u64) -> Timestamp {
    Timestamp::from_millis(secs * 1000)
}

fn ask(asking: &mut Asking, peer: u16, share: &ShareId, now: Timestamp) -> bool {
    asking.ask(key(peer), share, false, now.after(WAIT), now)
}

#[test]
fn the_owner_is_asked_once_however_often_a_peer_asks() {
    let mut asking = Asking::default();
    assert!(ask(&mut asking, 1, &shop(), at(0)));
    assert!(!ask(&mut asking, 1, &shop(), at(1)));
    assert!(ask(&mut asking, 2, &shop(), at(1)));
    assert_eq!(asking.shown().count(), 2);
    assert_eq!(asking.next_end(), Some(at(60)));
}

#[test]
fn who_is_not_answered_is_sent_away_shown_for_a_day_and_not_heard_for_a_while() {
    let mut asking = Asking::default();
    assert!(ask(&mut asking, 1, &shop(), at(0)));
    assert!(!asking.advance(at(59)));
    assert!(asking.advance(at(60)));
    assert_eq!(asking.next_end(), None);
    let shown: Vec<_> = asking.shown().collect();
    assert_eq!(shown[0].waits(at(60)), None);
    assert!(!ask(&mut asking, 1, &shop(), at(60)));
    assert!(ask(&mut asking, 1, &shop(), at(60).after(MUTED_UNANSWERED)));
    assert_eq!(asking.shown().count(), 1);
    let mut forgotten = Asking::default();
    assert!(ask(&mut forgotten, 1, &shop(), at(0)));
    forgotten.advance(at(60).after(SHOWN_UNANSWERED));
    assert_eq!(forgotten, Asking::default());
}

#[test]
fn who_is_denied_is_neither_shown_nor_heard_for_longer() {
    let mut asking = Asking::default();
    assert!(ask(&mut asking, 1, &shop(), at(0)));
    assert_eq!(asking.denied(at(5), |it| it.peer == key(1)), 1);
    assert_eq!(asking.shown().count(), 0);
    assert!(!ask(&mut asking, 1, &shop(), at(5).after(MUTED_UNANSWERED)));
    assert!(ask(&mut asking, 1, &ShareId::kept("blog"), at(6)));
    assert!(ask(&mut asking, 1, &shop(), at(5).after(MUTED_DENIED)));
}

#[test]
fn who_is_let_in_may_ask_again_later() {
    let mut asking = Asking::default();
    assert!(ask(&mut asking, 1, &shop(), at(0)));
    asking.answered(|it| it.peer == key(1));
    assert!(ask(&mut asking, 1, &shop(), at(1)));
}

#[test]
fn strangers_leave_room_for_those_with_a_name() {
    let mut asking = Asking::default();
    let stranger = |asking: &mut Asking, number: u16, now: Timestamp| {
        asking.ask(key(number), &shop(), true, now.after(WAIT), now)
    };
    let heard = (0..100).filter(|number| stranger(&mut asking, *number, at(0)));
    assert_eq!(heard.count(), MAX_WAITING / 2);
    assert!(ask(&mut asking, 200, &shop(), at(0)));
    // However long they go on, only so many are heard in an hour.
    let mut heard = MAX_WAITING / 2;
    for minute in 1..60_u16 {
        let asked = (0..100).filter(|number| {
            let now = at(u64::from(minute) * 60);
            stranger(&mut asking, 1000 + minute * 100 + number, now)
        });
        heard += asked.count();
    }
    assert_eq!(heard, MAX_STRANGERS);
}

proptest! {
    #[test]
    fn never_more_wait_than_a_person_can_read(
        asked in collection::vec((0..40_u16, 0..6_u8, any::<bool>(), 0..400_u64), 0..600),
    ) {
        let mut asking = Asking::default();
        let mut now = 0;
        for (peer, service, is_stranger, later) in asked {
            now += later;
            let share = ShareId::kept(format!("s{service}"));
            asking.ask(key(peer), &share, is_stranger, at(now).after(WAIT), at(now));
            let waiting: Vec<_> =
                asking.shown().filter(|it| it.waits(at(now)).is_some()).collect();
            prop_assert!(waiting.len() <= MAX_WAITING);
            for one in &waiting {
                let same = waiting.iter().filter(|it| it.peer == one.peer).count();
                prop_assert!(same <= MAX_WAITING_PER_PEER);
            }
            prop_assert!(asking.questions.len() <= MAX_REMEMBERED);
            prop_assert!(asking.strangers.len() <= MAX_STRANGERS);
        }
    }
}
