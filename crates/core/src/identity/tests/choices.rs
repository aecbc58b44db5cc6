//! Where no keychain answers and the user is to say whether the key may be kept in a file.

use malai_api::codes;

use super::*;
use crate::engine::EngineError;

async fn ask(home: &Home, store: Option<KeyStore>) -> Result<Identity, IdentityError> {
    opening::open(home, &unavailable(), store, WithoutKeychain::Refuse).await
}

#[tokio::test]
async fn a_new_home_without_a_keychain_asks_before_it_takes_a_file() {
    let place = Place::new();
    let home = place.home("a");
    let error = EngineError::from(ask(&home, None).await.unwrap_err());
    assert_eq!(error.code(), codes::KEYCHAIN_UNAVAILABLE);
    assert_eq!(error.key_file(), Some(home.identity_key().as_path()));
    let path = home.identity_key().display().to_string();
    assert!(error.to_string().contains(&path), "{error}");
    assert!(!home.identity_key().exists());
}

#[tokio::test]
async fn once_the_file_was_chosen_nothing_is_asked_any_more() {
    let place = Place::new();
    let home = place.home("a");
    let made = ask(&home, Some(KeyStore::File)).await.unwrap();
    assert!(made.created());
    let again = ask(&home, None).await.unwrap();
    assert_eq!(again.public(), made.public());
    assert_eq!(again.store(), KeyStore::File);
}

#[tokio::test]
async fn a_key_that_lies_in_the_file_is_taken_without_asking() {
    let place = Place::new();
    let home = place.home("a");
    key_file::create(&home.identity_key(), &secret(3)).unwrap();
    let found = ask(&home, None).await.unwrap();
    assert_eq!(found.public(), secret(3).public());
}

#[tokio::test]
async fn a_key_in_a_keychain_that_does_not_answer_is_no_question() {
    let (place, working) = (Place::new(), Working::new());
    let home = place.home("a");
    open_with(&home, working.keychain(), None).await.unwrap();
    let error = EngineError::from(ask(&home, None).await.unwrap_err());
    assert_eq!(error.code(), codes::KEYCHAIN_UNAVAILABLE);
    assert_eq!(error.key_file(), None);
}

#[tokio::test]
async fn a_keychain_that_works_is_used_without_asking() {
    let (place, working) = (Place::new(), Working::new());
    let home = place.home("a");
    let keychain = working.keychain();
    let opened = opening::open(&home, &keychain, None, WithoutKeychain::Refuse).await;
    assert_eq!(opened.unwrap().store(), KeyStore::Keychain);
}
