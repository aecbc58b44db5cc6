use fastn_p2p::SecretKey;

use super::{answer::Named, state::MAX_KNOWN, *};

fn key(seed: u8) -> PublicKey {
    SecretKey::from_bytes([seed; 32]).public()
}

fn named(seed: u8) -> Answer {
    Answer::Key(Named {
        key: key(seed),
        secure: false,
        spot: Spot::Label,
    })
}

fn domains(path: Option<PathBuf>) -> Domains {
    Domains::open(path, &Shutdown::default(), EventFeed::default())
}

#[tokio::test]
async fn the_first_key_is_remembered_beyond_the_end_and_another_one_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("domains.json");
    let first = domains(Some(path.clone()));
    assert_eq!(
        first.state().take_up("a.b", &named(1)).map(Meaning::key),
        Ok(key(1))
    );
    first.save().await.unwrap();

    let again = domains(Some(path));
    assert_eq!(again.known("a.b"), Some(key(1)));
    let refused = again.state().take_up("a.b", &named(2)).unwrap_err();
    assert_eq!(refused.code(), "domain-key-changed");
    assert_eq!(again.known("a.b"), Some(key(1)));
}

#[test]
fn a_changed_key_is_news_once() {
    let domains = domains(None);
    domains.state().take_up("a.b", &named(1)).unwrap();
    let news = |seed| domains.state().news("a.b", &named(seed)).is_some();
    assert!(!news(1));
    assert!(news(2));
    assert!(!news(2));
    assert!(news(3));
}

#[test]
fn what_cannot_be_remembered_is_refused() {
    let domains = domains(None);
    for number in 0..MAX_KNOWN {
        domains
            .state()
            .take_up(&format!("{number}.b"), &named(1))
            .unwrap();
    }
    let refused = domains.state().take_up("new.b", &named(1)).unwrap_err();
    assert_eq!(refused, DomainError::Full("new.b".to_owned()));
    assert!(domains.state().take_up("0.b", &named(1)).is_ok());
}

#[test]
fn a_key_is_settled_until_something_speaks_against_it() {
    let domains = domains(None);
    domains.state().take_up("a.b", &named(1)).unwrap();
    let hear = |answer: Answer| drop(domains.state().news("a.b", &answer));
    for harmless in [
        named(1),
        Answer::Nobody,
        Answer::Failed("no network".to_owned()),
    ] {
        hear(harmless);
        assert_eq!(domains.settled("a.b"), Some(key(1)));
    }
    for contrary in [named(2), Answer::Several(vec![key(1), key(2)])] {
        hear(contrary.clone());
        assert_eq!(domains.settled("a.b"), None);
        assert!(domains.state().take_up("a.b", &contrary).is_err());
        domains.state().take_up("a.b", &named(1)).unwrap();
        assert_eq!(domains.settled("a.b"), Some(key(1)));
    }
    let servers = vec![SocketAddr::from(([127, 0, 0, 1], 53))];
    domains.apply(&DomainsConfig { servers });
    assert_eq!(domains.settled("a.b"), None, "others are asked now");
}
