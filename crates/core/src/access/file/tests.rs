use std::fs;

use fastn_p2p::SecretKey;

use super::*;
use crate::{
    access::{Secret, Shown, Terms},
    clock::Timestamp,
};

const NOW: Timestamp = Timestamp::from_millis(1_000);

fn file(dir: &tempfile::TempDir) -> AccessFile {
    AccessFile::new(dir.path().join("access.json"))
}

/// A kept and a temporary share, each with a guest.
fn access() -> (Access, [Secret; 2]) {
    let mut access = Access::default();
    let secrets = [Secret::generate().unwrap(), Secret::generate().unwrap()];
    let peer = SecretKey::from_bytes([1; 32]).public();
    let shares = [ShareId::kept("shop"), ShareId::temporary("demo", 1)];
    for (share, secret) in shares.iter().zip(&secrets) {
        access.invite(share, secret, Terms::default(), NOW).unwrap();
        assert!(access.redeem(share, &Shown::of(secret.expose()), &peer, NOW));
    }
    (access, secrets)
}

#[test]
fn what_is_kept_is_read_again_and_what_is_temporary_is_not_written() {
    let dir = tempfile::tempdir().unwrap();
    let (access, secrets) = access();
    let text = AccessFile::text(&access, NOW);
    assert!(!text.contains("demo"), "{text}");
    for secret in &secrets {
        assert!(!text.contains(secret.expose()), "a secret was written");
    }
    file(&dir).write(&text).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(&file(&dir).0).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    let read = file(&dir).load().unwrap();
    assert_eq!(AccessFile::text(&read.access, read.as_of), text);
    let share = ShareId::kept("shop");
    assert_eq!(read.access.guests(&share, NOW), access.guests(&share, NOW));
    assert!(read.access.is_open(&share, NOW), "the link goes on working");
    assert_eq!(
        read.access.standing(&share),
        None,
        "the secret is not known"
    );
    assert!(
        read.access
            .guests(&ShareId::temporary("demo", 1), NOW)
            .is_empty()
    );
}

#[test]
fn no_file_is_nobody() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(file(&dir).load().unwrap(), Kept::default());
}

#[test]
fn a_file_that_makes_no_sense_is_moved_aside_and_kept() {
    let (access, _) = access();
    let text = AccessFile::text(&access, NOW);
    for (wrong, part) in [
        ("not json".to_owned(), "expected"),
        (
            text.replace("\"version\": 1", "\"version\": 2"),
            "another version",
        ),
        (text.replace("\"peer\": \"", "\"peer\": \"x"), "id52"),
        (text.replace("\"hash\": \"", "\"hash\": \"x"), "hexadecimal"),
        (text.replace("\"grants\"", "\"granted\""), "granted"),
    ] {
        let dir = tempfile::tempdir().unwrap();
        file(&dir).write(&wrong).unwrap();
        let error = file(&dir).load().unwrap_err();
        let AccessFileError::MovedAside { aside, source, .. } = error else {
            panic!("{error:?}");
        };
        assert!(source.to_string().contains(part), "{source}");
        assert_eq!(fs::read_to_string(aside).unwrap(), wrong);
        assert_eq!(file(&dir).load().unwrap(), Kept::default());
    }
}

#[test]
fn a_second_one_moved_aside_leaves_the_first() {
    let dir = tempfile::tempdir().unwrap();
    for text in ["one", "two"] {
        file(&dir).write(text).unwrap();
        file(&dir).load().unwrap_err();
    }
    for (text, name) in [
        ("one", "access.unreadable-1.json"),
        ("two", "access.unreadable-2.json"),
    ] {
        assert_eq!(fs::read_to_string(dir.path().join(name)).unwrap(), text);
    }
}
