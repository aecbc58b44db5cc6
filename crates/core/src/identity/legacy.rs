//! The places where legacy malai and fastn keep secret keys.
//!
//! Legacy malai has an identity per working directory: the environment variable KULFI_SECRET_KEY,
//! `.malai.secret-key`, or `.malai.id52`, which names a key in a keyring.
//! Its keyring is the system's under service `kulfi` (32 raw bytes), but on Linux the kernel's,
//! which forgets at a reboot; fastn's crates use service `fastn` (hexadecimal).
//! Nothing is written here, and what was found must prove to be the key it is named as.

use std::{fs, io, path::Path};

use fastn_p2p::{PublicKey, SecretKey};
use thiserror::Error;
use zeroize::Zeroizing;

use super::{
    error::KeychainCause,
    keychain::{Keychain, KeychainError},
};

/// Files larger than this are no key, in bytes.
const LEGACY_FILE_LIMIT: u64 = 1024;

/// A place where a legacy key is, or should be.
#[derive(Debug)]
#[non_exhaustive]
pub struct LegacyKey {
    /// The place, in words for the user.
    pub origin: String,
    /// The key, or why it cannot be had.
    pub result: Result<SecretKey, LegacyError>,
}

/// Why a legacy place gives no key.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LegacyError {
    /// The text or bytes are not a key.
    #[error("it holds no secret key, which is 64 hexadecimal characters or 52 of base32")]
    NotAKey,
    /// The file with the id52 has something else in it.
    #[error("it holds no id52")]
    NotAnId52,
    /// The file cannot be read.
    #[error("it cannot be read; check its permissions")]
    Unreadable(#[source] io::Error),
    /// No keyring has the key that `.malai.id52` names.
    #[error(
        "it names {0}, but no keyring has that key; on Linux legacy malai kept keys in kernel \
         memory, which a reboot clears"
    )]
    KeyNotFound(PublicKey),
    /// The key is not the one it is named as.
    #[error("it should hold the key of {named}, but has that of {found}")]
    OtherIdentity {
        /// The identity it is named as.
        named: PublicKey,
        /// The identity it is of.
        found: PublicKey,
    },
    /// The keyring is there but gives no answer.
    #[error("the keychain is locked or does not work; unlock it and try again")]
    Keychain(#[source] KeychainCause),
}

/// One keyring and service to look into.
#[derive(Debug)]
pub(super) struct Keyring<'a> {
    pub(super) origin: &'static str,
    pub(super) service: &'static str,
    pub(super) keychain: &'a Keychain,
}

/// See [`super::legacy_keys`]; in the order in which legacy malai would take them.
pub(super) async fn find(
    dir: &Path,
    kulfi_secret_key: Option<&str>,
    keyrings: &[Keyring<'_>],
) -> Vec<LegacyKey> {
    let mut found = Vec::new();
    if let Some(text) = kulfi_secret_key {
        found.push(LegacyKey {
            origin: "the environment variable KULFI_SECRET_KEY".to_owned(),
            result: SecretKey::from_text(text).map_err(|_| LegacyError::NotAKey),
        });
    }
    let key_file = dir.join(".malai.secret-key");
    if let Some(text) = read(&key_file).transpose() {
        found.push(LegacyKey {
            origin: in_file(&key_file),
            result: text
                .and_then(|text| SecretKey::from_text(&text).map_err(|_| LegacyError::NotAKey)),
        });
    }
    let id_file = dir.join(".malai.id52");
    match read(&id_file) {
        Ok(None) => {}
        Ok(Some(text)) => match text.trim().parse() {
            Ok(public) => found.extend(in_keyrings(public, &id_file, keyrings).await),
            Err(_) => found.push(broken(&id_file, LegacyError::NotAnId52)),
        },
        Err(error) => found.push(broken(&id_file, error)),
    }
    found
}

/// Looks for the key of `public`, which `id_file` names, in every keyring.
async fn in_keyrings(
    public: PublicKey,
    id_file: &Path,
    keyrings: &[Keyring<'_>],
) -> Vec<LegacyKey> {
    let mut found = Vec::new();
    let user = public.to_string();
    for keyring in keyrings {
        let result = match keyring.keychain.get(keyring.service, &user).await {
            Ok(Some(value)) => decode(&value).and_then(|secret| expect(public, secret)),
            // A system without this keyring has no key in it.
            Ok(None) | Err(KeychainError::Unavailable(_)) => continue,
            Err(KeychainError::Locked(cause) | KeychainError::Failed(cause)) => {
                Err(LegacyError::Keychain(cause))
            }
        };
        found.push(LegacyKey {
            origin: keyring.origin.to_owned(),
            result,
        });
    }
    if found.is_empty() {
        found.push(broken(id_file, LegacyError::KeyNotFound(public)));
    }
    found
}

/// Raw bytes as legacy malai writes them, or text as fastn does.
fn decode(value: &[u8]) -> Result<SecretKey, LegacyError> {
    if let Ok(bytes) = <[u8; 32]>::try_from(value) {
        return Ok(SecretKey::from_bytes(bytes));
    }
    std::str::from_utf8(value)
        .ok()
        .and_then(|text| SecretKey::from_text(text).ok())
        .ok_or(LegacyError::NotAKey)
}

fn expect(named: PublicKey, secret: SecretKey) -> Result<SecretKey, LegacyError> {
    let found = secret.public();
    if found == named {
        Ok(secret)
    } else {
        Err(LegacyError::OtherIdentity { named, found })
    }
}

/// The text of a file; `None` when there is no such file.
fn read(path: &Path) -> Result<Option<Zeroizing<String>>, LegacyError> {
    match fs::metadata(path) {
        Ok(metadata) if metadata.len() > LEGACY_FILE_LIMIT => Err(LegacyError::NotAKey),
        Ok(_) => match fs::read_to_string(path) {
            Ok(text) => Ok(Some(Zeroizing::new(text))),
            Err(error) if error.kind() == io::ErrorKind::InvalidData => Err(LegacyError::NotAKey),
            Err(error) => Err(LegacyError::Unreadable(error)),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(LegacyError::Unreadable(error)),
    }
}

fn broken(path: &Path, error: LegacyError) -> LegacyKey {
    LegacyKey {
        origin: in_file(path),
        result: Err(error),
    }
}

fn in_file(path: &Path) -> String {
    format!("`{}`", path.display())
}
