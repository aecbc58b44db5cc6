//! A copy of the key that only a passphrase opens: an armored file of age (<https://age-encryption.org/v1>),
//! so that the standard tool opens it, too.
//!
//! What is encrypted is two lines: the form and its version, and the secret key in hex.
//! How much work a file may ask for is bounded, since it may be anybody's.

use std::{
    io::{self, Read, Write},
    iter,
    path::Path,
};

use age::{
    DecryptError, Decryptor, Encryptor,
    armor::{ArmoredReader, ArmoredWriter, Format},
    scrypt,
    secrecy::SecretString,
};
use fastn_p2p::SecretKey;
use zeroize::Zeroizing;

use super::{error::IdentityError, transfer};
use crate::private_file::{self, Existing};

/// Characters that a passphrase has at least.
pub(super) const PASSPHRASE_MIN: usize = 8;

/// scrypt's work for a new backup, as a power of two: about a second and 256 MiB, and what the
/// standard tool takes.
const WORK: u8 = 18;
/// The most work that is done for a file: some seconds, and 1 GiB.
const WORK_MAX: u8 = 20;

/// The first line of what is encrypted.
const HEADING: &str = "malai-identity-1";
/// More than what is encrypted has, in bytes.
const PLAIN_MAX: u64 = 256;

/// How files of age begin, armored and not.
const AGE_BEGINS: [&[u8]; 2] = [
    b"-----BEGIN AGE ENCRYPTED FILE-----",
    b"age-encryption.org/",
];

/// Whether these bytes are a file of age, be it ours or not.
pub(super) fn is_encrypted(bytes: &[u8]) -> bool {
    let bytes = bytes.trim_ascii_start();
    AGE_BEGINS.iter().any(|begin| bytes.starts_with(begin))
}

/// See [`super::backup()`].
pub(super) fn write(
    secret: &SecretKey,
    passphrase: &str,
    path: &Path,
) -> Result<(), IdentityError> {
    if passphrase.chars().count() < PASSPHRASE_MIN {
        return Err(IdentityError::PassphraseShort);
    }
    // Looked at first: the work would be for nothing.
    if path.symlink_metadata().is_ok() {
        return Err(IdentityError::ExportExists(path.to_owned()));
    }
    let failed = |error| transfer::export_failed(path, error);
    let bytes = encrypt(secret, passphrase, WORK).map_err(failed)?;
    private_file::write(path, &bytes, Existing::Keep).map_err(failed)
}

/// See [`super::restore`].
pub(super) fn read(path: &Path, passphrase: &str) -> Result<SecretKey, IdentityError> {
    let bytes = transfer::read_small(path)?;
    if !is_encrypted(&bytes) {
        return Err(IdentityError::NoBackup(path.to_owned()));
    }
    decrypt(&bytes, passphrase).map_err(|error| match error {
        DecryptError::DecryptionFailed => IdentityError::PassphraseWrong(path.to_owned()),
        DecryptError::ExcessiveWork { .. } => IdentityError::BackupTooMuchWork(path.to_owned()),
        DecryptError::NoMatchingKeys => IdentityError::NoBackup(path.to_owned()),
        DecryptError::InvalidHeader
        | DecryptError::InvalidMac
        | DecryptError::Io(_)
        | DecryptError::KeyDecryptionFailed
        | DecryptError::UnknownFormat => IdentityError::BackupDamaged(path.to_owned()),
    })
}

fn encrypt(secret: &SecretKey, passphrase: &str, work: u8) -> io::Result<Vec<u8>> {
    let mut recipient = scrypt::Recipient::new(SecretString::from(passphrase));
    recipient.set_work_factor(work);
    let recipients = iter::once(&recipient as &dyn age::Recipient);
    let encryptor = Encryptor::with_recipients(recipients).map_err(io::Error::other)?;
    let armored = ArmoredWriter::wrap_output(Vec::new(), Format::AsciiArmor)?;
    let mut writer = encryptor.wrap_output(armored)?;
    let hex = secret.expose_hex();
    for part in [HEADING, "\n", &hex, "\n"] {
        writer.write_all(part.as_bytes())?;
    }
    writer.finish()?.finish()
}

fn decrypt(bytes: &[u8], passphrase: &str) -> Result<SecretKey, DecryptError> {
    let decryptor = Decryptor::new(ArmoredReader::new(bytes))?;
    if !decryptor.is_scrypt() {
        // Encrypted to a key, so no passphrase opens it.
        return Err(DecryptError::NoMatchingKeys);
    }
    let mut identity = scrypt::Identity::new(SecretString::from(passphrase));
    identity.set_max_work_factor(WORK_MAX);
    let reader = decryptor.decrypt(iter::once(&identity as &dyn age::Identity))?;
    // With the room reserved, no copy of the text is left behind by growing.
    let mut text = Zeroizing::new(String::with_capacity(512));
    reader.take(PLAIN_MAX).read_to_string(&mut text)?;
    let key = text.strip_prefix(HEADING);
    let key = key.and_then(|rest| rest.strip_prefix('\n'));
    // Something else that somebody has encrypted, or of a later version.
    let key = key.and_then(|key| SecretKey::from_text(key).ok());
    key.ok_or(DecryptError::NoMatchingKeys)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// The least work, for tests that are not about it.
    const LITTLE: u8 = 2;
    const PASSPHRASE: &str = "correct horse battery";

    fn secret() -> SecretKey {
        SecretKey::from_bytes([7; 32])
    }

    fn file(bytes: &[u8]) -> (tempfile::TempDir, std::path::PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("backup.age");
        fs::write(&path, bytes).unwrap();
        (dir, path)
    }

    fn code(bytes: &[u8], passphrase: &str) -> &'static str {
        let (_dir, path) = file(bytes);
        let error = read(&path, passphrase).unwrap_err();
        let said = format!("{error} {error:?}");
        assert!(!said.contains(passphrase), "{said}");
        error.code()
    }

    /// Encrypts something that is no identity.
    fn other(text: &str) -> Vec<u8> {
        let mut recipient = scrypt::Recipient::new(SecretString::from(PASSPHRASE));
        recipient.set_work_factor(LITTLE);
        let recipients = iter::once(&recipient as &dyn age::Recipient);
        let encryptor = Encryptor::with_recipients(recipients).unwrap();
        let mut bytes = Vec::new();
        let mut writer = encryptor.wrap_output(&mut bytes).unwrap();
        writer.write_all(text.as_bytes()).unwrap();
        writer.finish().unwrap();
        bytes
    }

    #[test]
    fn what_is_backed_up_is_restored_by_its_passphrase_alone() {
        let bytes = encrypt(&secret(), PASSPHRASE, LITTLE).unwrap();
        let text = String::from_utf8(bytes.clone()).unwrap();
        assert!(!text.contains(&*secret().expose_hex()));
        let (_dir, path) = file(&bytes);
        let restored = read(&path, PASSPHRASE).unwrap();
        assert_eq!(restored.expose_bytes(), secret().expose_bytes());
        assert_eq!(code(&bytes, "correct horse batterie"), "passphrase-wrong");
        assert_eq!(code(&bytes, "anything"), "passphrase-wrong");
    }

    #[test]
    fn a_backup_is_private_and_takes_nobodys_place() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("backup.age");
        let short = write(&secret(), "1234567", &path).unwrap_err();
        assert_eq!(short.code(), "passphrase-short");
        assert!(short.to_string().contains('8'), "{short}");
        write(&secret(), PASSPHRASE, &path).unwrap();
        let again = write(&secret(), PASSPHRASE, &path).unwrap_err();
        assert_eq!(again.code(), "export-exists");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(&path).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        // With the work that real backups have.
        assert_eq!(read(&path, PASSPHRASE).unwrap().public(), secret().public());
    }

    #[test]
    fn what_is_no_backup_is_said_to_be_none() {
        let hex = secret().expose_hex();
        assert_eq!(code(hex.as_bytes(), "anything"), "no-backup");
        assert_eq!(code(b"", "anything"), "no-backup");
        for text in ["a letter", "malai-identity-1\nzz\n", "malai-identity-2\n"] {
            assert_eq!(code(&other(text), PASSPHRASE), "no-backup", "{text}");
        }
    }

    #[test]
    fn a_cut_or_changed_backup_is_damaged() {
        let whole = encrypt(&secret(), PASSPHRASE, LITTLE).unwrap();
        for length in (40..whole.len() - 2).step_by(7) {
            let code = code(&whole[..length], PASSPHRASE);
            assert_eq!(code, "backup-damaged", "{length} of {}", whole.len());
        }
        let mut changed = whole;
        let at = changed.len() - 60;
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        assert!(["backup-damaged", "passphrase-wrong"].contains(&code(&changed, PASSPHRASE)));
    }

    #[test]
    fn a_file_cannot_ask_for_an_hour_of_work() {
        let few = other("a letter");
        let text = String::from_utf8_lossy(&few);
        let line = text
            .lines()
            .find(|line| line.starts_with("-> scrypt "))
            .unwrap();
        let end = line.len() - 1;
        let at = text.find(line).unwrap() + end;
        let mut many = few.clone();
        many.splice(at..=at, *b"30");
        assert_eq!(code(&many, PASSPHRASE), "backup-too-much-work");
    }
}
