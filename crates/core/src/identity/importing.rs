//! Giving a home another identity, or the same one another store.
//!
//! No key is ever lost by it: what a place held before is copied within its store first, and a
//! store that is left keeps what it has.

use fastn_p2p::{PublicKey, SecretKey};
use tracing::debug;

use super::{
    Identity, KeyStore, WithoutKeychain,
    entry::{HomeEntry, SERVICE},
    error::IdentityError,
    key_file,
    keychain::Keychain,
    lock::IdentityLock,
    marker::Marker,
    opening,
};
use crate::home::Home;

/// What becomes of the key that another takes the place of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Aside {
    /// It stays, called a backup.
    Backup,
    /// It stays, called retired: its identity has another key.
    Retired,
    /// It is gone.
    Forgotten,
}

/// See [`super::import`].
pub(super) async fn import(
    home: &Home,
    keychain: &Keychain,
    store: Option<KeyStore>,
    secret: SecretKey,
    replace: bool,
) -> Result<Identity, IdentityError> {
    let target = Target {
        home,
        keychain,
        replace,
        aside: Aside::Backup,
    };
    target.take_over(store, secret).await
}

/// See [`super::retire`].
pub(super) async fn retire(
    home: &Home,
    keychain: &Keychain,
    secret: SecretKey,
    forget: bool,
) -> Result<Identity, IdentityError> {
    let target = Target {
        home,
        keychain,
        replace: true,
        aside: if forget {
            Aside::Forgotten
        } else {
            Aside::Retired
        },
    };
    target.take_over(None, secret).await
}

/// See [`super::move_to`].
pub(super) async fn move_to(
    home: &Home,
    keychain: &Keychain,
    store: KeyStore,
) -> Result<Identity, IdentityError> {
    let identity = opening::open(home, keychain, None, WithoutKeychain::UseFile).await?;
    if identity.store == store {
        return Ok(identity);
    }
    import(home, keychain, Some(store), identity.secret, false).await
}

/// Where an identity goes, under the lock of the home.
#[derive(Debug)]
struct Target<'a> {
    home: &'a Home,
    keychain: &'a Keychain,
    replace: bool,
    aside: Aside,
}

impl Target<'_> {
    async fn take_over(
        &self,
        store: Option<KeyStore>,
        secret: SecretKey,
    ) -> Result<Identity, IdentityError> {
        if store == Some(KeyStore::Memory) {
            return Ok(Identity {
                notice: Some(
                    "the key is in memory only and gone when this process ends".to_owned(),
                ),
                ..Identity::kept(secret, KeyStore::Memory)
            });
        }
        let lock = IdentityLock::take(self.home).await?;
        let identity = self.import(store, secret).await;
        drop(lock);
        identity
    }

    async fn import(
        &self,
        store: Option<KeyStore>,
        secret: SecretKey,
    ) -> Result<Identity, IdentityError> {
        let before = self.marked_or_in_file()?;
        if let Some(before) = &before {
            self.refuse_another(&secret, before.public)?;
        }
        let wanted = store.or(before.as_ref().map(|before| before.store));
        let public = secret.public();
        let (marker, mut notices) = if wanted == Some(KeyStore::File) {
            self.keep_in_file(&secret)?
        } else {
            let known = before.as_ref().map(|before| before.public);
            match self.keep_in_keychain(&secret, known).await {
                Err(IdentityError::KeychainUnavailable(cause)) if wanted.is_none() => {
                    debug!(%cause, "no keychain answers");
                    let (marker, mut notices) = self.keep_in_file(&secret)?;
                    notices.push(opening::fallback_notice(self.home));
                    (marker, notices)
                }
                done => done?,
            }
        };
        marker.save(self.home)?;
        if let Some(before) = before.filter(|before| before.store != marker.store) {
            notices.push(self.left_behind(&before, public));
        }
        Ok(Identity {
            notice: (!notices.is_empty()).then(|| notices.join("; ")),
            ..Identity::kept(secret, marker.store)
        })
    }

    /// The identity this home has, without asking the keychain.
    fn marked_or_in_file(&self) -> Result<Option<Marker>, IdentityError> {
        if let Some(marker) = Marker::load(self.home)? {
            return Ok(Some(marker));
        }
        let secret = key_file::read(&self.home.identity_key())?;
        Ok(secret.map(|secret| Marker::of_file(secret.public())))
    }

    fn refuse_another(&self, secret: &SecretKey, present: PublicKey) -> Result<(), IdentityError> {
        if self.replace || present == secret.public() {
            Ok(())
        } else {
            Err(IdentityError::IdentityExists(present))
        }
    }

    fn keep_in_file(&self, secret: &SecretKey) -> Result<(Marker, Vec<String>), IdentityError> {
        let path = self.home.identity_key();
        if let Some(present) = key_file::read(&path)? {
            self.refuse_another(secret, present.public())?;
        }
        let old = key_file::replace(&path, secret, self.aside)?;
        let kept = old.and_then(|old| Some((old, key_file::aside_path(&path, old, self.aside)?)));
        let notice = kept.map(|(old, kept)| {
            format!("the key of identity {old} is kept in `{}`", kept.display())
        });
        Ok((
            Marker::of_file(secret.public()),
            notice.into_iter().collect(),
        ))
    }

    async fn keep_in_keychain(
        &self,
        secret: &SecretKey,
        known: Option<PublicKey>,
    ) -> Result<(Marker, Vec<String>), IdentityError> {
        let failed = |error| IdentityError::of_keychain(known, error);
        let entry = HomeEntry::of(self.keychain, self.home).map_err(failed)?;
        if let Some(present) = entry.read().await.map_err(failed)? {
            self.refuse_another(secret, present.public())?;
        }
        let old = entry.replace(secret, self.aside).await.map_err(failed)?;
        let kept = old.and_then(|old| Some((old, entry.aside_user(old, self.aside)?)));
        let notice = kept.map(|(old, user)| {
            format!(
                "the key of identity {old} is kept in the keychain as `{user}` of service \
                 `{SERVICE}`"
            )
        });
        let marker = Marker::of_keychain(secret.public(), entry.home());
        Ok((marker, notice.into_iter().collect()))
    }

    /// What is still in the store that is not used any more.
    fn left_behind(&self, before: &Marker, public: PublicKey) -> String {
        let place = if before.store == KeyStore::File {
            format!("`{}`", self.home.identity_key().display())
        } else {
            "the keychain".to_owned()
        };
        if before.public == public {
            format!("the key is also still in {place}; remove it there if you do not want that")
        } else {
            format!("the key of identity {} stays in {place}", before.public)
        }
    }
}
