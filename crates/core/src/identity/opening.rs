//! Opening the identity of a home: the decisions between marker, keychain and file.
//!
//! With a marker there is one store to ask, and its answer is final.
//! Without one, a key that lies in the home's file or keychain entry is taken as it is; only when
//! there is none, and the store has proved to keep it, is a new one made.

use std::{
    fs,
    path::{Path, PathBuf},
};

use fastn_p2p::SecretKey;
use tracing::{debug, info};

use super::{
    Identity, KeyStore, WithoutKeychain,
    entry::HomeEntry,
    error::IdentityError,
    importing::Aside,
    key_file,
    keychain::{Keychain, KeychainError},
    lock::IdentityLock,
    marker::{self, Marker},
};
use crate::home::Home;

/// How messages call the keychain as a place.
const KEYCHAIN: &str = "the keychain";

/// See [`super::open`].
pub(super) async fn open(
    home: &Home,
    keychain: &Keychain,
    store: Option<KeyStore>,
    without_keychain: WithoutKeychain,
) -> Result<Identity, IdentityError> {
    if store == Some(KeyStore::Memory) {
        return Ok(Identity {
            created: true,
            ..Identity::kept(SecretKey::generate(), KeyStore::Memory)
        });
    }
    if let Some(marker) = Marker::load(home)?
        && place_before(home, &marker).is_none()
    {
        return known(home, keychain, &marker, store).await;
    }
    let lock = IdentityLock::take(home).await?;
    // Another process may have been first, so the marker is read again.
    let identity = match Marker::load(home)? {
        Some(marker) => {
            let marker = follow(home, keychain, marker).await?;
            known(home, keychain, &marker, store).await
        }
        None => first(home, keychain, store, without_keychain).await,
    };
    drop(lock);
    identity
}

/// See [`super::is_there`].
pub(super) fn is_there(home: &Home) -> Result<bool, IdentityError> {
    let is_marked = Marker::load(home)?.is_some();
    Ok(is_marked || key_file::read(&home.identity_key())?.is_some())
}

/// Opens the identity that the marker names, from its store and no other.
async fn known(
    home: &Home,
    keychain: &Keychain,
    marker: &Marker,
    chosen: Option<KeyStore>,
) -> Result<Identity, IdentityError> {
    if let Some(chosen) = chosen {
        refuse_other_store(marker, chosen)?;
    }
    let (place, secret) = match &marker.home {
        Some(dir) => {
            let entry = HomeEntry::named(keychain, dir);
            let secret = entry.read().await;
            let secret =
                secret.map_err(|error| IdentityError::of_keychain(Some(marker.public), error))?;
            (KEYCHAIN.to_owned(), secret)
        }
        None => {
            let path = home.identity_key();
            (format!("`{}`", path.display()), key_file::read(&path)?)
        }
    };
    let secret = expect_marked(marker, secret, place)?;
    Ok(Identity::kept(secret, marker.store))
}

fn refuse_other_store(marker: &Marker, chosen: KeyStore) -> Result<(), IdentityError> {
    if chosen == marker.store {
        return Ok(());
    }
    Err(IdentityError::StoreDiffers {
        public: marker.public,
        chosen,
        current: marker.store,
    })
}

fn expect_marked(
    marker: &Marker,
    secret: Option<SecretKey>,
    place: String,
) -> Result<SecretKey, IdentityError> {
    let public = marker.public;
    match secret {
        Some(secret) if secret.public() == public => Ok(secret),
        Some(secret) => Err(IdentityError::IdentityMismatch {
            public,
            found: secret.public(),
            place,
        }),
        None => Err(IdentityError::IdentityLost { public, place }),
    }
}

/// Where the home was when its keychain entry was named, if it is elsewhere now.
fn place_before(home: &Home, marker: &Marker) -> Option<PathBuf> {
    let before = PathBuf::from(marker.home.as_deref()?);
    (!same_dir(home.dir(), &before)).then_some(before)
}

/// Whether two paths lead to one directory, whatever links and letter case they take.
fn same_dir(one: &Path, other: &Path) -> bool {
    let (Ok(one), Ok(other)) = (fs::canonicalize(one), fs::canonicalize(other)) else {
        return false;
    };
    #[cfg(unix)]
    if let (Ok(one), Ok(other)) = (fs::metadata(&one), fs::metadata(&other)) {
        use std::os::unix::fs::MetadataExt;
        return one.dev() == other.dev() && one.ino() == other.ino();
    }
    one == other
}

/// Lets the keychain entry of a home that was moved move along, and refuses a copied home.
///
/// A new home at the old place must not find this key; that is why the entry does not stay.
async fn follow(home: &Home, keychain: &Keychain, marker: Marker) -> Result<Marker, IdentityError> {
    let Some(original) = place_before(home, &marker) else {
        return Ok(marker);
    };
    // A marker there that cannot be read may well be the same one.
    let moved = match Marker::load_from(&original) {
        Ok(Some(other)) => other.public != marker.public,
        Ok(None) => true,
        Err(_) => false,
    };
    if !moved {
        return Err(IdentityError::HomeCopied {
            public: marker.public,
            original,
            marker: marker::path(home),
        });
    }
    let failed = |error| IdentityError::of_keychain(Some(marker.public), error);
    let before = HomeEntry::named(keychain, &original.to_string_lossy());
    let secret = before.read().await.map_err(failed)?;
    let secret = expect_marked(&marker, secret, KEYCHAIN.to_owned())?;
    let here = HomeEntry::of(keychain, home).map_err(failed)?;
    let replaced = here.replace(&secret, Aside::Backup).await;
    replaced.map_err(failed)?;
    let followed = Marker {
        home: Some(here.home().to_owned()),
        ..marker
    };
    followed.save(home)?;
    if let Err(error) = before.delete().await {
        debug!(
            ?error,
            "the keychain keeps the entry of the home's old place"
        );
    }
    info!("the home was moved, and its entry in the keychain with it");
    Ok(followed)
}

/// Finds a key that was left or put here without a marker, or makes the first one.
async fn first(
    home: &Home,
    keychain: &Keychain,
    store: Option<KeyStore>,
    without_keychain: WithoutKeychain,
) -> Result<Identity, IdentityError> {
    if let Some(secret) = key_file::read(&home.identity_key())? {
        let marker = Marker::of_file(secret.public());
        refuse_other_store(&marker, store.unwrap_or(KeyStore::File))?;
        marker.save(home)?;
        info!("the key in the home's `identity.key` is this home's identity");
        return Ok(Identity::kept(secret, KeyStore::File));
    }
    if store == Some(KeyStore::File) {
        return first_in_file(home);
    }
    match first_in_keychain(home, keychain).await {
        Ok((identity, marker)) => {
            marker.save(home)?;
            Ok(identity)
        }
        Err(KeychainError::Unavailable(cause)) if store.is_none() => {
            debug!(%cause, "no keychain answers");
            if without_keychain == WithoutKeychain::Refuse {
                let path = home.identity_key();
                return Err(IdentityError::KeyFileNotChosen {
                    path,
                    source: cause,
                });
            }
            Ok(Identity {
                notice: Some(fallback_notice(home)),
                ..first_in_file(home)?
            })
        }
        Err(error) => Err(IdentityError::of_keychain(None, error)),
    }
}

fn first_in_file(home: &Home) -> Result<Identity, IdentityError> {
    let secret = SecretKey::generate();
    key_file::create(&home.identity_key(), &secret)?;
    Marker::of_file(secret.public()).save(home)?;
    Ok(Identity {
        created: true,
        ..Identity::kept(secret, KeyStore::File)
    })
}

async fn first_in_keychain(
    home: &Home,
    keychain: &Keychain,
) -> Result<(Identity, Marker), KeychainError> {
    let entry = HomeEntry::of(keychain, home)?;
    let found = entry.read().await?;
    let created = found.is_none();
    let secret = found.unwrap_or_else(SecretKey::generate);
    if created {
        entry.create(&secret).await?;
    }
    let marker = Marker::of_keychain(secret.public(), entry.home());
    let identity = Identity {
        created,
        ..Identity::kept(secret, KeyStore::Keychain)
    };
    Ok((identity, marker))
}

/// What the user is told when the file store was not their choice.
pub(super) fn fallback_notice(home: &Home) -> String {
    format!(
        "no keychain answers on this system, so the secret key is kept in `{}`, not encrypted; \
         once there is a keychain, `malai import --move keychain` moves it there",
        home.identity_key().display()
    )
}
