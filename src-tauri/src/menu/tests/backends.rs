//! What the menu says of the backends of a share.

use malai_api::{BackendStatus, BreakerState};

use super::*;

fn backend(address: &str, up: bool, breaker: BreakerState) -> BackendStatus {
    BackendStatus {
        address: address.to_owned(),
        up,
        breaker,
        ..BackendStatus::default()
    }
}

/// The rows of the only share, which has these.
fn said(backends: Vec<BackendStatus>) -> Vec<String> {
    let mut status = status();
    let mut shop = service("shop", &[]);
    shop.backends = backends;
    status.services = vec![shop];
    let menu = Case::new(status).menu();
    let texts = texts(rows_of(&menu, &["shared", "service:shop"]));
    let until = texts.iter().position(|text| *text == "Copy link");
    texts
        .iter()
        .take(until.unwrap_or(0))
        .map(|text| (*text).to_owned())
        .collect()
}

#[test]
fn one_backend_that_works_is_not_worth_a_row() {
    assert!(said(vec![backend("localhost:3000", true, BreakerState::Closed)]).is_empty());
}

#[test]
fn several_say_how_each_is_and_one_alone_when_it_is_down() {
    let several = vec![
        backend("localhost:3000", true, BreakerState::Closed),
        backend("localhost:3001", false, BreakerState::Open),
        backend("localhost:3002", false, BreakerState::HalfOpen),
    ];
    assert_eq!(
        said(several),
        [
            "localhost:3000: works",
            "localhost:3001: is down",
            "localhost:3002: is tried again"
        ]
    );
    let alone = vec![backend("localhost:3000", false, BreakerState::Closed)];
    assert_eq!(said(alone), ["localhost:3000: is down"]);
}
