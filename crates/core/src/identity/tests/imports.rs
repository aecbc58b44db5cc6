//! What an import changes, and what it keeps.

use std::fs;

use super::{fakes::*, importing::Aside, *};

async fn import_with(
    home: &Home,
    keychain: Keychain,
    store: Option<KeyStore>,
    secret: SecretKey,
    replace: bool,
) -> Result<Identity, IdentityError> {
    importing::import(home, &keychain, store, secret, replace).await
}

#[tokio::test]
async fn imports_into_a_new_home() {
    let (place, working) = (Place::new(), Working::new());
    let home = place.home("a");
    let identity = import_with(&home, working.keychain(), None, secret(3), false)
        .await
        .unwrap();
    assert_eq!(identity.store(), KeyStore::Keychain);
    assert_eq!(identity.notice(), None);
    let opened = open_with(&home, working.keychain(), None).await.unwrap();
    assert_eq!(opened.public(), secret(3).public());
}

#[tokio::test]
async fn refuses_to_import_over_another_identity() {
    for store in [KeyStore::Keychain, KeyStore::File] {
        let (place, working) = (Place::new(), Working::new());
        let home = place.home("a");
        let made = open_with(&home, working.keychain(), Some(store))
            .await
            .unwrap();
        for marked in [true, false] {
            if !marked {
                fs::remove_file(marker::path(&home)).unwrap();
            }
            let into = Some(store);
            let error = import_with(&home, working.keychain(), into, secret(3), false)
                .await
                .unwrap_err();
            assert_eq!(error.code(), "identity-exists");
        }
        let again = open_with(&home, working.keychain(), Some(store))
            .await
            .unwrap();
        assert_eq!(again.public(), made.public());
    }
}

#[tokio::test]
async fn keeps_what_an_import_replaces() {
    let (place, working) = (Place::new(), Working::new());
    let home = place.home("a");
    let made = open_with(&home, working.keychain(), None).await.unwrap();
    let identity = import_with(&home, working.keychain(), None, secret(3), true)
        .await
        .unwrap();
    assert_eq!(identity.public(), secret(3).public());
    let backup = format!("{}#{}", Working::user_of(&home), made.public());
    assert!(identity.notice().unwrap().contains(&backup));
    let kept = working.value(&backup).unwrap();
    assert_eq!(kept, made.secret().expose_hex().as_bytes());

    // And the same in the file, where the key stays while the keychain's is left alone.
    let file = Some(KeyStore::File);
    import_with(&home, working.keychain(), file, secret(4), true)
        .await
        .unwrap();
    let user = Working::user_of(&home);
    let left = working.value(&user).unwrap();
    assert_eq!(left, secret(3).expose_hex().as_bytes());
    import_with(&home, working.keychain(), file, secret(5), true)
        .await
        .unwrap();
    let backup = key_file::aside_path(&home.identity_key(), secret(4).public(), Aside::Backup);
    let backup = backup.unwrap();
    let kept = key_file::read(&backup).unwrap().unwrap();
    assert_eq!(kept.public(), secret(4).public());
}

#[tokio::test]
async fn changes_nothing_when_an_import_fails() {
    let (place, working) = (Place::new(), Working::new());
    let home = place.home("a");
    let made = open_with(&home, working.keychain(), None).await.unwrap();
    for (keychain, code) in [
        (locked(), "keychain-locked"),
        (unavailable(), "keychain-unavailable"),
    ] {
        let error = import_with(&home, keychain, None, secret(3), true)
            .await
            .unwrap_err();
        assert_eq!(error.code(), code);
    }
    let again = open_with(&home, working.keychain(), None).await.unwrap();
    assert_eq!(again.public(), made.public());
}

#[tokio::test]
async fn moves_an_identity_between_stores() {
    let (place, working) = (Place::new(), Working::new());
    let home = place.home("a");
    let made = open_with(&home, working.keychain(), None).await.unwrap();
    for store in [KeyStore::File, KeyStore::Keychain] {
        let moved = importing::move_to(&home, &working.keychain(), store)
            .await
            .unwrap();
        assert_eq!(moved.public(), made.public());
        assert!(moved.notice().unwrap().contains("also still in"));
        let opened = open_with(&home, working.keychain(), Some(store))
            .await
            .unwrap();
        assert_eq!(opened.public(), made.public());
    }
}
