//! The decisions between marker, keychain and file, against keychains that behave badly on demand.

use std::{
    collections::HashMap,
    fs,
    path::PathBuf,
    sync::{Arc, Mutex, mpsc},
    time::Duration,
};

use keyring_core::{
    Credential, CredentialStore, Entry, Error,
    api::{CredentialApi, CredentialStoreApi},
    mock,
};
use tempfile::TempDir;

use super::{marker::Marker, *};

/// Long enough for any answer a test waits for.
const LIMIT: Duration = Duration::from_secs(20);

/// A home in a directory of its own.
struct Place {
    dir: TempDir,
}

impl Place {
    fn new() -> Self {
        Self {
            dir: tempfile::tempdir().unwrap(),
        }
    }

    fn home(&self, name: &str) -> Home {
        Home::open(Some(self.path(name))).unwrap()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }
}

/// A keychain that works; its clones are the same one.
#[derive(Clone)]
struct Working(Arc<CredentialStore>);

impl Working {
    fn new() -> Self {
        Self(mock::Store::new().unwrap())
    }

    fn keychain(&self) -> Keychain {
        let store = Arc::clone(&self.0);
        Keychain::start(move || Ok(Arc::clone(&store)), LIMIT)
    }

    fn value(&self, user: &str) -> Option<Vec<u8>> {
        let entry = self.0.build("malai", user, None).unwrap();
        entry.get_secret().ok()
    }

    fn user_of(home: &Home) -> String {
        let dir = fs::canonicalize(home.dir()).unwrap();
        format!("identity@{}", dir.display())
    }
}

/// No keychain at all.
fn unavailable() -> Keychain {
    let refuse = || Err(Error::PlatformFailure("ServiceUnknown".into()));
    Keychain::start(refuse, LIMIT)
}

/// A keychain that was never unlocked: it knows no entry and takes none.
fn locked() -> Keychain {
    Keychain::start(|| Ok(Arc::new(Closed { wait: None })), LIMIT)
}

/// A keychain that waits for a dialog until the sender is dropped.
fn silent() -> (Keychain, mpsc::Sender<()>) {
    let (release, wait) = mpsc::channel();
    let wait = Arc::new(Mutex::new(wait));
    let connect = move || -> keyring_core::Result<Arc<CredentialStore>> {
        Ok(Arc::new(Closed {
            wait: Some(Arc::clone(&wait)),
        }))
    };
    (Keychain::start(connect, Duration::from_millis(50)), release)
}

#[derive(Debug, Clone)]
struct Closed {
    wait: Option<Arc<Mutex<mpsc::Receiver<()>>>>,
}

impl CredentialStoreApi for Closed {
    fn vendor(&self) -> String {
        "closed".to_owned()
    }

    fn id(&self) -> String {
        "closed".to_owned()
    }

    fn build(
        &self,
        _service: &str,
        _user: &str,
        _modifiers: Option<&HashMap<&str, &str>>,
    ) -> keyring_core::Result<Entry> {
        Ok(Entry::new_with_credential(Arc::new(self.clone())))
    }

    fn as_any(&self) -> &dyn std::any::Any {
        self
    }
}

impl CredentialApi for Closed {
    fn set_secret(&self, _secret: &[u8]) -> keyring_core::Result<()> {
        Err(Error::NoStorageAccess("no result".into()))
    }

    fn get_secret(&self) -> keyring_core::Result<Vec<u8>> {
        if let Some(wait) = &self.wait {
            let released = wait.lock().is_ok_and(|wait| wait.recv().is_err());
            assert!(released, "a test sends nothing, it only lets go");
        }
        Err(Error::NoEntry)
    }

    fn delete_credential(&self) -> keyring_core::Result<()> {
        Err(Error::NoEntry)
    }

    fn get_credential(&self) -> keyring_core::Result<Option<Arc<Credential>>> {
        Err(Error::NoEntry)
    }

    fn get_specifiers(&self) -> Option<(String, String)> {
        None
    }

    fn as_any(&self) -> &dyn std::any::Any {
        self
    }
}

fn secret(seed: u8) -> SecretKey {
    SecretKey::from_bytes([seed; 32])
}

async fn open_with(
    home: &Home,
    keychain: Keychain,
    store: Option<KeyStore>,
) -> Result<Identity, IdentityError> {
    opening::open(home, &keychain, store).await
}

async fn import_with(
    home: &Home,
    keychain: Keychain,
    store: Option<KeyStore>,
    secret: SecretKey,
    replace: bool,
) -> Result<Identity, IdentityError> {
    importing::import(home, &keychain, store, secret, replace).await
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
    let backup = key_file::backup_path(&home.identity_key(), secret(4).public());
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

#[tokio::test]
async fn finds_legacy_keys_in_every_place() {
    let (place, working) = (Place::new(), Working::new());
    let dir = place.dir.path();
    let id52 = secret(5).public().to_string();
    let hex = secret(4).expose_hex();
    fs::write(dir.join(".malai.secret-key"), format!("{}\n", *hex)).unwrap();
    fs::write(dir.join(".malai.id52"), &id52).unwrap();
    let raw = working.0.build("kulfi", &id52, None).unwrap();
    raw.set_secret(&[5; 32]).unwrap();
    let text = working.0.build("fastn", &id52, None).unwrap();
    text.set_secret(secret(5).expose_hex().as_bytes()).unwrap();

    let keychain = working.keychain();
    let found = legacy::find(dir, Some(&secret(3).expose_hex()), &both(&keychain)).await;
    let keys: Vec<_> = found
        .iter()
        .map(|key| key.result.as_ref().unwrap().public())
        .collect();
    let expected = [3, 4, 5, 5].map(|seed| secret(seed).public());
    assert_eq!(keys, expected);
    assert_eq!(found[2].origin, "keyring `kulfi`");
}

#[tokio::test]
async fn reports_broken_legacy_places_beside_good_ones() {
    let (place, working) = (Place::new(), Working::new());
    let dir = place.dir.path();
    let id52 = secret(5).public().to_string();
    fs::write(dir.join(".malai.secret-key"), "nonsense").unwrap();
    fs::write(dir.join(".malai.id52"), &id52).unwrap();
    let raw = working.0.build("kulfi", &id52, None).unwrap();
    raw.set_secret(&[6; 32]).unwrap();

    let keychain = working.keychain();
    let found = legacy::find(dir, Some("short"), &both(&keychain)).await;
    let results: Vec<_> = found.iter().map(|key| &key.result).collect();
    assert!(matches!(
        results[..],
        [
            Err(LegacyError::NotAKey),
            Err(LegacyError::NotAKey),
            Err(LegacyError::OtherIdentity { .. }),
        ]
    ));

    fs::write(dir.join(".malai.id52"), "x").unwrap();
    let found = legacy::find(dir, None, &both(&keychain)).await;
    assert!(matches!(found[1].result, Err(LegacyError::NotAnId52)));
}

#[tokio::test]
async fn says_when_no_keyring_has_the_legacy_key() {
    let place = Place::new();
    let dir = place.dir.path();
    assert!(
        legacy::find(dir, None, &both(&unavailable()))
            .await
            .is_empty()
    );
    let id52 = secret(5).public().to_string();
    fs::write(dir.join(".malai.id52"), &id52).unwrap();
    for keychain in [unavailable(), Working::new().keychain()] {
        let found = legacy::find(dir, None, &both(&keychain)).await;
        assert!(matches!(
            found[..],
            [LegacyKey {
                result: Err(LegacyError::KeyNotFound(_)),
                ..
            }]
        ));
    }
    let (keychain, release) = silent();
    let found = legacy::find(dir, None, &both(&keychain)).await;
    assert!(matches!(found[0].result, Err(LegacyError::Keychain(_))));
    drop(release);
}

fn both(keychain: &Keychain) -> [Keyring<'_>; 2] {
    [("keyring `kulfi`", "kulfi"), ("keyring `fastn`", "fastn")].map(|(origin, service)| Keyring {
        origin,
        service,
        keychain,
    })
}
