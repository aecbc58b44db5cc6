use fastn_p2p::SecretKey;

use super::*;

fn shop(number: usize) -> Whose {
    let peer = SecretKey::from_bytes([1; 32]).public();
    Whose::service(&peer, &format!("shop-{number}"))
}

fn path(dir: &tempfile::TempDir) -> PathBuf {
    dir.path().join("ports.json")
}

#[tokio::test]
async fn a_port_is_remembered_beyond_the_end_and_the_file_is_private() {
    let dir = tempfile::tempdir().unwrap();
    let (ports, error) = Ports::load(path(&dir));
    assert!(error.is_none());
    assert!(ports.of(&shop(1)).is_empty());
    ports.note(&shop(1), 4001).await;
    ports.note(&Whose::gateway(), 4002).await;
    // A second bridge at the same time does not take the place of the first.
    ports.note(&shop(1), 4003).await;
    let (again, error) = Ports::load(path(&dir));
    assert!(error.is_none());
    assert_eq!(again.of(&shop(1)), [4001, 4003]);
    assert_eq!(again.of(&Whose::gateway()), [4002]);
    assert!(again.of(&shop(2)).is_empty());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(path(&dir)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[tokio::test]
async fn what_was_asked_for_by_number_is_nobody_elses() {
    let ports = Ports::default();
    ports.note(&shop(1), 4001).await;
    ports.speak_for(BTreeSet::from([4001]));
    assert!(ports.of(&shop(1)).is_empty());
    ports.speak_for(BTreeSet::new());
    assert_eq!(ports.of(&shop(1)), [4001]);
}

#[test]
fn what_was_used_longest_ago_goes_first() {
    let mut kept = Kept::default();
    for number in 0..MAX_ENTRIES {
        kept.note(&shop(number), 4001);
    }
    kept.note(&shop(0), 4001);
    kept.note(&Whose::gateway(), 4002);
    assert_eq!(kept.ports.len(), MAX_ENTRIES);
    let has = |whose: &Whose| kept.ports.iter().any(|entry| entry.whose == whose.0);
    assert!(has(&shop(0)) && has(&shop(2)) && has(&Whose::gateway()));
    assert!(!has(&shop(1)));
}

#[test]
fn the_first_port_stays_and_the_latest_is_known() {
    let mut kept = Kept::default();
    for port in 1..=9 {
        kept.note(&shop(1), port);
    }
    assert_eq!(kept.ports[0].ports, [1, 2, 3, 9]);
}

#[tokio::test]
async fn a_file_that_makes_no_sense_is_moved_aside_and_a_new_one_written() {
    for wrong in [
        "not json",
        "{}",
        r#"{"version": 2, "ports": []}"#,
        r#"{"version": 1, "ports": [{"whose": "gateway", "ports": [0]}]}"#,
        r#"{"version": 1, "ports": [{"whose": "gateway", "ports": [1, 2, 3, 4, 5]}]}"#,
        r#"{"version": 1, "ports": [], "more": 1}"#,
    ] {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(path(&dir), wrong).unwrap();
        let (ports, error) = Ports::load(path(&dir));
        let Some(PortsError::MovedAside { aside, .. }) = error else {
            panic!("{wrong}: {error:?}");
        };
        assert_eq!(std::fs::read_to_string(aside).unwrap(), wrong);
        ports.note(&shop(1), 4001).await;
        assert_eq!(Ports::load(path(&dir)).0.of(&shop(1)), [4001]);
    }
}
