//! The identity of an engine: its secret key, made silently on first use.
//!
//! The key is kept in the keychain of the operating system, or in a file by choice and where no
//! keychain answers.
//! What is in a store is found through a marker, `state/identity.toml`, which is not secret: it
//! names the identity and its store, and is written only after the store has given the key back.
//! A keychain that is locked can say that it has no such entry.
//! So once the marker is there, a key that cannot be read is an error that says what to do, never
//! a reason to make a second identity or to look into another store.

mod backup;
mod entry;
mod error;
mod importing;
mod key_file;
mod keychain;
mod legacy;
mod lock;
mod marker;
mod opening;
#[cfg(test)]
#[cfg(target_os = "linux")]
mod session_tests;
#[cfg(test)]
mod tests;
mod transfer;

use std::{fmt, path::Path, str::FromStr};

use fastn_p2p::{PublicKey, SecretKey};
use thiserror::Error;

pub use self::{
    error::{IdentityError, KeychainCause},
    legacy::{LegacyError, LegacyKey},
};
use self::{keychain::Keychain, legacy::Keyring};
use crate::home::Home;

/// Where a secret key is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyStore {
    /// The keychain of the operating system: Keychain, Credential Manager or a Secret Service.
    Keychain,
    /// `identity.key` in the home, readable by its owner only, not encrypted.
    File,
    /// Nowhere: a new identity each time, gone with the process.
    Memory,
}

/// What becomes of a home without an identity where no keychain answers and no store was chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum WithoutKeychain {
    /// The key is kept in a file, and [`Identity::notice`] says so.
    #[default]
    UseFile,
    /// [`IdentityError::KeyFileNotChosen`], so that the user can be asked first.
    Refuse,
}

/// A text that names no key store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a key store is `keychain`, `file` or `memory`")]
pub struct KeyStoreError;

impl fmt::Display for KeyStore {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Keychain => "keychain",
            Self::File => "file",
            Self::Memory => "memory",
        })
    }
}

impl FromStr for KeyStore {
    type Err = KeyStoreError;

    fn from_str(text: &str) -> Result<Self, KeyStoreError> {
        match text {
            "keychain" => Ok(Self::Keychain),
            "file" => Ok(Self::File),
            "memory" => Ok(Self::Memory),
            _ => Err(KeyStoreError),
        }
    }
}

/// The identity of one engine, read from its store.
#[derive(Debug, Clone)]
pub struct Identity {
    secret: SecretKey,
    store: KeyStore,
    notice: Option<String>,
    created: bool,
}

impl Identity {
    /// The secret key.
    #[must_use]
    pub fn secret(&self) -> &SecretKey {
        &self.secret
    }

    /// The public half, which peers know us by.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        self.secret.public()
    }

    /// Where the secret key is kept.
    #[must_use]
    pub fn store(&self) -> KeyStore {
        self.store
    }

    /// What the user should be told about how the key is kept, when there is something to tell.
    #[must_use]
    pub fn notice(&self) -> Option<&str> {
        self.notice.as_deref()
    }

    /// Whether this call made the identity.
    #[must_use]
    pub fn created(&self) -> bool {
        self.created
    }

    fn kept(secret: SecretKey, store: KeyStore) -> Self {
        Self {
            secret,
            store,
            notice: None,
            created: false,
        }
    }
}

/// Opens the identity of `home`, and makes it when there is none.
///
/// `store` is the user's choice, if there is one.
/// Without it a home keeps the store it has, and a new one takes the keychain, or a file with a
/// [`Identity::notice`] where no keychain answers.
/// It does a little file IO on the calling task and must run inside a tokio runtime with timers.
/// Cancel safe: what a cut call has left in a store is found by the next one.
///
/// # Errors
/// [`IdentityError`], whose [`IdentityError::code`] is stable.
pub async fn open(home: &Home, store: Option<KeyStore>) -> Result<Identity, IdentityError> {
    open_or(home, store, WithoutKeychain::UseFile).await
}

/// The same, with a say in what happens where no keychain answers.
///
/// # Errors
/// [`IdentityError`], whose [`IdentityError::code`] is stable.
pub async fn open_or(
    home: &Home,
    store: Option<KeyStore>,
    without_keychain: WithoutKeychain,
) -> Result<Identity, IdentityError> {
    opening::open(home, &Keychain::system(), store, without_keychain).await
}

/// Gives `home` the identity of `secret`.
///
/// A home that has another identity is refused, unless `replace` says to take its place; the key
/// from before then stays in its store, under a name that [`Identity::notice`] tells.
///
/// # Errors
/// [`IdentityError`]; nothing has changed then.
pub async fn import(
    home: &Home,
    store: Option<KeyStore>,
    secret: SecretKey,
    replace: bool,
) -> Result<Identity, IdentityError> {
    importing::import(home, &Keychain::system(), store, secret, replace).await
}

/// Moves the identity of `home` from the store it is in to `store`.
///
/// The key stays in the old store too, as [`Identity::notice`] says.
///
/// # Errors
/// [`IdentityError`] when the key cannot be read where it is or not be kept in `store`; it is
/// then still where it was.
pub async fn move_to(home: &Home, store: KeyStore) -> Result<Identity, IdentityError> {
    importing::move_to(home, &Keychain::system(), store).await
}

/// Writes a copy of `secret` into a new file at `path` that its owner alone may read; blocks for
/// the time of a disk write.
///
/// # Errors
/// [`IdentityError::ExportExists`] or [`IdentityError::ExportFailed`].
pub fn export(secret: &SecretKey, path: &Path) -> Result<(), IdentityError> {
    transfer::export(secret, path)
}

/// Writes a copy of `secret` that only `passphrase` opens into a new file at `path`; blocks for a
/// second or so.
///
/// # Errors
/// [`IdentityError::PassphraseShort`], and those of [`export`].
pub fn backup(secret: &SecretKey, passphrase: &str, path: &Path) -> Result<(), IdentityError> {
    backup::write(secret, passphrase, path)
}

/// Reads the key that [`backup()`] has written into `path`; blocks for a second or so, and no longer
/// than some seconds whatever the file says.
///
/// # Errors
/// [`IdentityError`] when the passphrase is another, or the file is no backup or damaged.
pub fn restore(path: &Path, passphrase: &str) -> Result<SecretKey, IdentityError> {
    backup::read(path, passphrase)
}

/// Whether these are the bytes of an encrypted file, such as [`backup()`] writes.
#[must_use]
pub fn is_encrypted(bytes: &[u8]) -> bool {
    backup::is_encrypted(bytes)
}

/// Whether `home` has an identity, without asking the keychain for its key.
///
/// # Errors
/// [`IdentityError`] when its marker or key file cannot be read.
pub fn is_there(home: &Home) -> Result<bool, IdentityError> {
    opening::is_there(home)
}

/// Gives `home` the key `secret` in the place of the one it has, which is retired: kept aside under
/// a name that [`Identity::notice`] tells, or gone with `forget`.
///
/// # Errors
/// [`IdentityError`]; nothing has changed then.
pub async fn retire(
    home: &Home,
    secret: SecretKey,
    forget: bool,
) -> Result<Identity, IdentityError> {
    importing::retire(home, &Keychain::system(), secret, forget).await
}

/// Reads the key that [`export`] or legacy malai has written into `path`; blocks.
///
/// # Errors
/// [`IdentityError`] when there is no such file, or no key in it.
pub fn read_key(path: &Path) -> Result<SecretKey, IdentityError> {
    transfer::read_key(path)
}

/// Looks for the keys of legacy malai: in `kulfi_secret_key`, the value of the environment
/// variable KULFI_SECRET_KEY, and in `dir`, where legacy malai was started.
///
/// Places that hold nothing are left out, broken ones are in the answer with what is wrong.
pub async fn legacy_keys(dir: &Path, kulfi_secret_key: Option<&str>) -> Vec<LegacyKey> {
    let system = Keychain::system();
    #[cfg(target_os = "linux")]
    let kernel = Keychain::legacy_kernel();
    let keyrings = [
        #[cfg(target_os = "linux")]
        Keyring {
            origin: "the kernel's keyring, service `kulfi`",
            service: "kulfi",
            keychain: &kernel,
        },
        Keyring {
            origin: "the keychain, service `kulfi`",
            service: "kulfi",
            keychain: &system,
        },
        Keyring {
            origin: "the keychain, service `fastn`",
            service: "fastn",
            keychain: &system,
        },
    ];
    legacy::find(dir, kulfi_secret_key, &keyrings).await
}
