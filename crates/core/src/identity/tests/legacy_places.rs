//! Keys of legacy malai, found and reported.

use std::fs;

use super::{fakes::*, *};

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
