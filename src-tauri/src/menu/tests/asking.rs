//! Those who ask to be let in.

use malai_api::AccessRequest;

use super::*;
use crate::samples::request;

/// Another id52 than alice's.
const BOB: &str = "0bcd1234084c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d0";

/// The menu while these ask for a service that is shared.
fn asked(requests: Vec<AccessRequest>) -> Menu {
    let mut status = status();
    status.services = vec![service("shop", &[])];
    status.requests = requests;
    Case::new(status).menu()
}

fn answer(peer: &str, service: &str, answer: Answer) -> Action {
    let (peer, service) = (peer.to_owned(), service.to_owned());
    let wish = Wish { peer, service };
    Action::Answer { wish, answer }
}

#[test]
fn whoever_asks_has_a_row_with_every_answer_below_the_first() {
    let menu = asked(vec![request(Some("alice"), ID, "shop")]);
    let rows = [
        ("once", "Allow once", Answer::Once),
        ("hour", "Allow for 1 hour", Answer::Hour),
        ("always", "Always allow", Answer::Always),
        ("deny", "Deny", Answer::Deny),
        ("block", "Block", Answer::Block),
    ];
    let rows = rows.map(|(id, text, said)| Row::act(id, text, answer(ID, "shop", said)));
    let id = format!("asks:{ID}:shop");
    let expected = [
        Row::info("state", "● Online: 1 shared, 1 asks to be let in"),
        Row::sub(&id, "alice wants to open shop", rows.to_vec()),
    ];
    assert_eq!(menu.rows[..2], expected);
}

#[test]
fn a_stranger_is_called_so_and_waits_behind_people_with_a_name() {
    let menu = asked(vec![
        request(None, BOB, "shop"),
        request(Some("alice"), ID, "shop"),
    ]);
    let expected = [
        "● Online: 1 shared, 2 ask to be let in",
        "alice wants to open shop",
        "Stranger 0bcd123 wants to open shop",
    ];
    assert_eq!(texts(&menu.rows)[..3], expected);
}

#[test]
fn an_id_means_one_peer_and_one_service() {
    let menu = asked(vec![
        request(Some("alice"), ID, "shop"),
        request(Some("alice"), ID, "a/b"),
        request(Some("bob"), BOB, "shop"),
    ]);
    for (path, peer, service) in [
        (format!("asks:{ID}:shop/once"), ID, "shop"),
        (format!("asks:{ID}:a%2Fb/once"), ID, "a/b"),
        (format!("asks:{BOB}:shop/once"), BOB, "shop"),
    ] {
        let expected = answer(peer, service, Answer::Once);
        assert_eq!(menu.action(&path), Some(&expected), "{path}");
    }
    // Alice is answered: the row that was hers is nobody's.
    let menu = asked(vec![request(Some("bob"), BOB, "shop")]);
    assert_eq!(menu.action(&format!("asks:{ID}:shop/once")), None);
}

#[test]
fn more_than_five_are_in_the_window() {
    let ask = |n: usize| request(None, &format!("{n}{BOB}"), "shop");
    let menu = asked((0..7).map(ask).collect());
    let texts = texts(&menu.rows);
    assert_eq!(texts[0], "● Online: 1 shared, 7 ask to be let in");
    assert_eq!(texts[5], "Stranger 40bcd12 wants to open shop");
    let more = Action::Show(Navigation::Home);
    assert_eq!(menu.rows[6], Row::act("asks-more", "2 more…", more));
    assert!(texts[7].starts_with("Copy link to"));
}

#[test]
fn whoever_was_sent_away_is_not_asked_about() {
    let sent_away = AccessRequest {
        waits_secs: None,
        ..request(Some("alice"), ID, "shop")
    };
    assert_eq!(asked(vec![sent_away]), asked(Vec::new()));
}
