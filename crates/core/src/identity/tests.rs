//! The decisions between marker, keychain and file.

mod choices;
mod fakes;
mod imports;
mod legacy_places;

use std::fs;

use keyring_core::Error;

use self::fakes::*;
use super::{marker::Marker, *};

fn secret(seed: u8) -> SecretKey {
    SecretKey::from_bytes([seed; 32])
}

async fn open_with(
    home: &Home,
    keychain: Keychain,
    store: Option<KeyStore>,
) -> Result<Identity, IdentityError> {
    opening::open(home, &keychain, store, WithoutKeychain::UseFile).await
}

#[test]
fn writes_and_reads_the_names_of_stores() {
    for store in [KeyStore::Keychain, KeyStore::File, KeyStore::Memory] {
        assert_eq!(store.to_string().parse(), Ok(store));
    }
    assert_eq!("Keychain".parse::<KeyStore>(), Err(KeyStoreError));
}

#[tokio::test]
async fn keeps_a_new_identity_in_the_keychain() {
    let (place, working) = (Place::new(), Working::new());
    let home = place.home("a");
    let made = open_with(&home, working.keychain(), None).await.unwrap();
    assert!(made.created() && made.notice().is_none());
    assert_eq!(made.store(), KeyStore::Keychain);
    assert!(!home.identity_key().exists());
    let value = working.value(&Working::user_of(&home)).unwrap();
    assert_eq!(value, made.secret().expose_hex().as_bytes());

    let again = open_with(&home, working.keychain(), None).await.unwrap();
    assert!(!again.created());
    assert_eq!(again.public(), made.public());
}

#[tokio::test]
async fn gives_two_homes_two_keys_in_one_keychain() {
    let (place, working) = (Place::new(), Working::new());
    let (one, other) = (place.home("a"), place.home("b"));
    let first = open_with(&one, working.keychain(), None).await.unwrap();
    let second = open_with(&other, working.keychain(), None).await.unwrap();
    assert_ne!(first.public(), second.public());
    let again = open_with(&one, working.keychain(), None).await.unwrap();
    assert_eq!(again.public(), first.public());
}

#[tokio::test]
async fn makes_one_identity_however_many_ask_first() {
    let (place, working) = (Place::new(), Working::new());
    let home = place.home("a");
    let opened = futures_util::future::join_all((0..8).map(|_| {
        let keychain = working.keychain();
        let home = home.clone();
        async move { open_with(&home, keychain, None).await.unwrap() }
    }))
    .await;
    let made = opened.iter().filter(|identity| identity.created()).count();
    assert_eq!(made, 1);
    assert!(
        opened
            .iter()
            .all(|identity| identity.public() == opened[0].public())
    );
}

#[tokio::test]
async fn takes_a_file_with_a_notice_where_no_keychain_answers() {
    let place = Place::new();
    let home = place.home("a");
    let made = open_with(&home, unavailable(), None).await.unwrap();
    assert_eq!(made.store(), KeyStore::File);
    assert!(made.notice().unwrap().contains("not encrypted"));

    // The file stays the store when a keychain turns up later.
    let again = open_with(&home, Working::new().keychain(), None)
        .await
        .unwrap();
    assert_eq!(again.public(), made.public());
    assert_eq!(again.store(), KeyStore::File);
}

#[tokio::test]
async fn takes_no_file_when_the_keychain_was_asked_for() {
    let place = Place::new();
    let home = place.home("a");
    let error = open_with(&home, unavailable(), Some(KeyStore::Keychain))
        .await
        .unwrap_err();
    assert_eq!(error.code(), "keychain-unavailable");
    assert!(!home.identity_key().exists());
}

#[tokio::test]
async fn makes_no_key_while_the_keychain_is_locked() {
    let place = Place::new();
    let home = place.home("a");
    let error = open_with(&home, locked(), None).await.unwrap_err();
    assert_eq!(error.code(), "keychain-locked");
    assert!(error.to_string().contains("MALAI_KEY_STORE=file"));
    assert!(!home.identity_key().exists());
    assert_eq!(Marker::load(&home).unwrap(), None);
}

#[tokio::test]
async fn makes_no_second_key_when_a_locked_keychain_says_no_entry() {
    let (place, working) = (Place::new(), Working::new());
    let home = place.home("a");
    let made = open_with(&home, working.keychain(), None).await.unwrap();
    let marker = fs::read(marker::path(&home)).unwrap();
    for (keychain, code) in [
        (locked(), "identity-lost"),
        (unavailable(), "keychain-unavailable"),
    ] {
        let error = open_with(&home, keychain, None).await.unwrap_err();
        assert_eq!(error.code(), code);
        assert!(error.to_string().contains(&made.public().to_string()));
    }
    assert!(!home.identity_key().exists());
    assert_eq!(fs::read(marker::path(&home)).unwrap(), marker);
    let again = open_with(&home, working.keychain(), None).await.unwrap();
    assert_eq!(again.public(), made.public());
}

#[tokio::test]
async fn gives_up_on_a_keychain_that_waits_for_ever() {
    let (place, working) = (Place::new(), Working::new());
    let fresh = place.home("fresh");
    let (keychain, release) = silent();
    let error = open_with(&fresh, keychain, None).await.unwrap_err();
    assert_eq!(error.code(), "keychain-locked");
    drop(release);

    let used = place.home("used");
    open_with(&used, working.keychain(), None).await.unwrap();
    let (keychain, release) = silent();
    let error = open_with(&used, keychain, None).await.unwrap_err();
    assert_eq!(error.code(), "keychain-locked");
    drop(release);
}

#[tokio::test]
async fn tells_a_keychain_that_is_slow_to_start_from_none() {
    let place = Place::new();
    let home = place.home("a");
    let late = || {
        Err(Error::PlatformFailure(
            "org.freedesktop.DBus.Error.NoReply".into(),
        ))
    };
    let keychain = Keychain::start(late, LIMIT);
    let error = open_with(&home, keychain, None).await.unwrap_err();
    assert_eq!(error.code(), "keychain-locked");
    assert!(!home.identity_key().exists());
}

#[tokio::test]
async fn finds_a_key_in_the_keychain_without_a_marker() {
    let (place, working) = (Place::new(), Working::new());
    let home = place.home("a");
    let made = open_with(&home, working.keychain(), None).await.unwrap();
    fs::remove_file(marker::path(&home)).unwrap();
    let again = open_with(&home, working.keychain(), None).await.unwrap();
    assert!(!again.created());
    assert_eq!(again.public(), made.public());
}

#[tokio::test]
async fn takes_a_key_file_that_the_user_put_there() {
    let (place, working) = (Place::new(), Working::new());
    let home = place.home("a");
    key_file::create(&home.identity_key(), &secret(3)).unwrap();
    let error = open_with(&home, working.keychain(), Some(KeyStore::Keychain))
        .await
        .unwrap_err();
    assert_eq!(error.code(), "key-store-differs");
    let found = open_with(&home, working.keychain(), None).await.unwrap();
    assert_eq!(found.public(), secret(3).public());
    assert_eq!(found.store(), KeyStore::File);
}

#[tokio::test]
async fn says_when_the_key_file_is_lost_or_of_another() {
    let place = Place::new();
    let home = place.home("a");
    open_with(&home, unavailable(), Some(KeyStore::File))
        .await
        .unwrap();
    fs::remove_file(home.identity_key()).unwrap();
    let error = open_with(&home, unavailable(), None).await.unwrap_err();
    assert_eq!(error.code(), "identity-lost");
    assert!(!home.identity_key().exists());

    key_file::create(&home.identity_key(), &secret(3)).unwrap();
    let error = open_with(&home, unavailable(), None).await.unwrap_err();
    assert_eq!(error.code(), "identity-mismatch");
}

#[tokio::test]
async fn refuses_a_store_that_the_identity_is_not_in() {
    let (place, working) = (Place::new(), Working::new());
    let home = place.home("a");
    open_with(&home, working.keychain(), None).await.unwrap();
    let error = open_with(&home, working.keychain(), Some(KeyStore::File))
        .await
        .unwrap_err();
    assert_eq!(error.code(), "key-store-differs");
    assert!(error.to_string().contains("`malai import --move file`"));
}

#[tokio::test]
async fn leaves_nothing_in_the_home_for_memory() {
    let place = Place::new();
    let home = place.home("a");
    let memory = Some(KeyStore::Memory);
    let one = open_with(&home, unavailable(), memory).await.unwrap();
    let other = open_with(&home, unavailable(), memory).await.unwrap();
    assert_ne!(one.public(), other.public());
    assert_eq!(fs::read_dir(home.state()).unwrap().count(), 0);
    assert!(!home.identity_key().exists());
}

#[tokio::test]
async fn keeps_a_marker_it_does_not_understand() {
    let (place, working) = (Place::new(), Working::new());
    let home = place.home("a");
    fs::write(marker::path(&home), "garbage").unwrap();
    let error = open_with(&home, working.keychain(), None)
        .await
        .unwrap_err();
    assert_eq!(error.code(), "identity-marker-unreadable");
    assert_eq!(fs::read(marker::path(&home)).unwrap(), b"garbage");
}

#[tokio::test]
async fn says_when_the_home_cannot_be_written() {
    let (place, working) = (Place::new(), Working::new());
    let home = place.home("a");
    // Root may write everywhere, but nobody into a directory that is gone.
    fs::remove_dir(home.state()).unwrap();
    let error = open_with(&home, working.keychain(), None)
        .await
        .unwrap_err();
    assert_eq!(error.code(), "home-not-writable");
    assert_eq!(working.value(&Working::user_of(&home)), None);
}

#[tokio::test]
async fn follows_a_home_that_was_moved() {
    let (place, working) = (Place::new(), Working::new());
    let home = place.home("a");
    let old_user = Working::user_of(&home);
    let made = open_with(&home, working.keychain(), None).await.unwrap();
    fs::rename(place.path("a"), place.path("b")).unwrap();

    let moved = open_with(&place.home("b"), working.keychain(), None)
        .await
        .unwrap();
    assert_eq!(moved.public(), made.public());
    assert_eq!(working.value(&old_user), None);
    let new = open_with(&place.home("a"), working.keychain(), None)
        .await
        .unwrap();
    assert_ne!(new.public(), made.public());
}

#[tokio::test]
async fn refuses_a_home_that_was_copied() {
    let (place, working) = (Place::new(), Working::new());
    let home = place.home("a");
    let made = open_with(&home, working.keychain(), None).await.unwrap();
    let copy = place.home("b");
    fs::copy(marker::path(&home), marker::path(&copy)).unwrap();
    let error = open_with(&copy, working.keychain(), None)
        .await
        .unwrap_err();
    assert_eq!(error.code(), "home-copied");

    fs::remove_file(marker::path(&copy)).unwrap();
    let own = open_with(&copy, working.keychain(), None).await.unwrap();
    assert_ne!(own.public(), made.public());
}

#[cfg(unix)]
#[tokio::test]
async fn knows_a_home_through_a_link() {
    let (place, working) = (Place::new(), Working::new());
    let made = open_with(&place.home("a"), working.keychain(), None)
        .await
        .unwrap();
    std::os::unix::fs::symlink(place.path("a"), place.path("link")).unwrap();
    let linked = open_with(&place.home("link"), working.keychain(), None)
        .await
        .unwrap();
    assert_eq!(linked.public(), made.public());
}
