//! The entry of one home in the keychain.
//!
//! Service `malai`, user `identity@<home>`, the directory with links resolved: homes are told
//! apart by their place, so two never share or overwrite a key, and a person who looks into the
//! keychain sees which key is whose.
//! A number drawn once would survive a move of the home by itself, but would be lost with the
//! marker, and a copy of the home would share the key; a digest would tell a person nothing.
//! The value is the key in hex, since some keychains take text only.

use std::fs;

use fastn_p2p::{PublicKey, SecretKey};

use super::{
    importing::Aside,
    keychain::{Keychain, KeychainError},
};
use crate::home::Home;

/// The service of every entry of ours.
pub(super) const SERVICE: &str = "malai";

/// One home's entry.
#[derive(Debug)]
pub(super) struct HomeEntry<'a> {
    keychain: &'a Keychain,
    home: String,
}

impl<'a> HomeEntry<'a> {
    /// The entry of the home at its present place.
    pub(super) fn of(keychain: &'a Keychain, home: &Home) -> Result<Self, KeychainError> {
        let dir = fs::canonicalize(home.dir())
            .map_err(|error| KeychainError::failed(format!("the home has no path: {error}")))?;
        let Some(dir) = dir.to_str() else {
            return Err(KeychainError::unavailable(
                "the path of the home is not UTF-8, so no entry can be named for it",
            ));
        };
        Ok(Self::named(keychain, dir))
    }

    /// The entry of the home that is or was at `home`.
    pub(super) fn named(keychain: &'a Keychain, home: &str) -> Self {
        Self {
            keychain,
            home: home.to_owned(),
        }
    }

    /// The directory the entry is named for.
    pub(super) fn home(&self) -> &str {
        &self.home
    }

    /// The key in the entry; `None` when the keychain says there is none.
    pub(super) async fn read(&self) -> Result<Option<SecretKey>, KeychainError> {
        self.read_user(&self.user()).await
    }

    /// Writes the key and compares what the keychain gives back.
    pub(super) async fn create(&self, secret: &SecretKey) -> Result<(), KeychainError> {
        self.write_user(&self.user(), secret).await
    }

    /// Writes the key; that of another identity is first copied to an entry of its own.
    ///
    /// Returns that other identity, if there was one.
    pub(super) async fn replace(
        &self,
        secret: &SecretKey,
        aside: Aside,
    ) -> Result<Option<PublicKey>, KeychainError> {
        let old = self
            .read()
            .await?
            .filter(|old| old.public() != secret.public());
        if let Some(old) = &old
            && let Some(user) = self.aside_user(old.public(), aside)
        {
            self.write_user(&user, old).await?;
        }
        self.create(secret).await?;
        Ok(old.map(|old| old.public()))
    }

    /// Removes the entry.
    pub(super) async fn delete(&self) -> Result<(), KeychainError> {
        self.keychain.delete(SERVICE, &self.user()).await
    }

    /// The user of the entry that keeps the key of `public` when another takes its place, if one
    /// does.
    pub(super) fn aside_user(&self, public: PublicKey, aside: Aside) -> Option<String> {
        match aside {
            Aside::Backup => Some(format!("{}#{public}", self.user())),
            Aside::Retired => Some(format!("{}#retired-{public}", self.user())),
            Aside::Forgotten => None,
        }
    }

    fn user(&self) -> String {
        format!("identity@{}", self.home)
    }

    async fn read_user(&self, user: &str) -> Result<Option<SecretKey>, KeychainError> {
        let Some(value) = self.keychain.get(SERVICE, user).await? else {
            return Ok(None);
        };
        std::str::from_utf8(&value)
            .ok()
            .and_then(|text| SecretKey::from_text(text).ok())
            .map(Some)
            .ok_or_else(|| {
                KeychainError::failed(format!(
                    "its entry `{user}` of service `{SERVICE}` holds no secret key"
                ))
            })
    }

    async fn write_user(&self, user: &str, secret: &SecretKey) -> Result<(), KeychainError> {
        self.keychain
            .set(SERVICE, user, secret.expose_hex())
            .await?;
        match self.read_user(user).await? {
            Some(kept) if kept.expose_bytes() == secret.expose_bytes() => Ok(()),
            _ => Err(KeychainError::failed(
                "it did not give back the key that was put into it",
            )),
        }
    }
}
