//! Taking an identity along: a copy of the key in a file, and a key from such a file.
//!
//! The file has the form that `malai import --file` reads, and is its owner's alone.
//! A file that is there is never touched.

use std::{fs, io, path::Path};

use fastn_p2p::SecretKey;
use zeroize::Zeroizing;

use super::{backup, error::IdentityError};
use crate::private_file::{self, Existing};

/// More than any key file has; a mistaken name must not be read into memory.
const KEY_FILE_MAX: u64 = 4096;

/// See [`super::export`].
pub(super) fn export(secret: &SecretKey, path: &Path) -> Result<(), IdentityError> {
    let failed = |error| export_failed(path, error);
    let hex = secret.expose_hex();
    let mut text = Zeroizing::new(Vec::with_capacity(hex.len() + 1));
    text.extend_from_slice(hex.as_bytes());
    text.push(b'\n');
    private_file::write(path, &text, Existing::Keep).map_err(failed)
}

/// Why a copy could not be written to `path`.
pub(super) fn export_failed(path: &Path, error: io::Error) -> IdentityError {
    if error.kind() == io::ErrorKind::AlreadyExists {
        IdentityError::ExportExists(path.to_owned())
    } else {
        IdentityError::ExportFailed(path.to_owned(), error)
    }
}

/// See [`super::read_key`].
pub(super) fn read_key(path: &Path) -> Result<SecretKey, IdentityError> {
    let invalid = || IdentityError::NoKeyInFile(path.to_owned());
    let bytes = read_small(path)?;
    if backup::is_encrypted(&bytes) {
        return Err(IdentityError::PassphraseNeeded(path.to_owned()));
    }
    let text = std::str::from_utf8(&bytes).map_err(|_| invalid())?;
    SecretKey::from_text(text).map_err(|_| invalid())
}

/// The bytes of a file that is small enough to hold a key.
pub(super) fn read_small(path: &Path) -> Result<Zeroizing<Vec<u8>>, IdentityError> {
    let unreadable = |error| IdentityError::KeyFileUnreadable(path.to_owned(), error);
    let metadata = fs::metadata(path).map_err(unreadable)?;
    // Opening a named pipe would wait for a writer.
    if !metadata.is_file() {
        return Err(IdentityError::KeyFileNotAFile(path.to_owned()));
    }
    if metadata.len() > KEY_FILE_MAX {
        return Err(IdentityError::NoKeyInFile(path.to_owned()));
    }
    fs::read(path).map(Zeroizing::new).map_err(unreadable)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(seed: u8) -> SecretKey {
        SecretKey::from_bytes([seed; 32])
    }

    #[test]
    fn what_is_exported_can_be_read_again_and_by_nobody_else() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("my.key");
        export(&secret(1), &path).unwrap();
        assert_eq!(read_key(&path).unwrap().public(), secret(1).public());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(&path).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }

    #[test]
    fn a_file_that_is_there_stays_as_it_is() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("my.key");
        fs::write(&path, "precious").unwrap();
        let error = export(&secret(1), &path).unwrap_err();
        assert_eq!(error.code(), "export-exists");
        assert_eq!(fs::read_to_string(&path).unwrap(), "precious");
        let nowhere = dir.path().join("missing/my.key");
        let error = export(&secret(1), &nowhere).unwrap_err();
        assert_eq!(error.code(), "export-failed");
    }

    #[test]
    fn what_is_no_key_is_refused_and_never_repeated() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("my.key");
        let half = "ab".repeat(31);
        for text in [b"".as_slice(), b"\xff\xfe", half.as_bytes(), &[b'a'; 5000]] {
            fs::write(&path, text).unwrap();
            let error = read_key(&path).unwrap_err();
            assert_eq!(error.code(), "key-file-invalid");
            assert!(!format!("{error:?} {error}").contains(&half));
        }
        let error = read_key(dir.path()).unwrap_err();
        assert_eq!(error.code(), "key-file-not-a-file");
        let error = read_key(&dir.path().join("missing")).unwrap_err();
        assert_eq!(error.code(), "key-file-unreadable");
    }
}
