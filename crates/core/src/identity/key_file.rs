//! `identity.key`: a secret key as 64 hexadecimal characters, readable by its owner only.
//!
//! A file that others can read, or that is not a plain file, is refused and never repaired
//! silently: the key may be known to others already, and the user should hear of it.
//! On Windows the file has the access list of the home, which is in the user's profile.

use std::{
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
};

use fastn_p2p::{PublicKey, SecretKey};
use zeroize::Zeroizing;

use super::{error::IdentityError, importing::Aside};
use crate::private_file::{self, Existing};

/// More than any text form of a key with space around it, in bytes.
const KEY_FILE_LIMIT: u16 = 1024;

/// Reads the key in `path`; `None` when there is no such file.
pub(super) fn read(path: &Path) -> Result<Option<SecretKey>, IdentityError> {
    let unreadable = |error| IdentityError::KeyFileUnreadable(path.to_owned(), error);
    match fs::symlink_metadata(path) {
        Ok(metadata) if !metadata.is_file() => {
            return Err(IdentityError::KeyFileNotAFile(path.to_owned()));
        }
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unreadable(error)),
    }
    let file = File::open(path).map_err(unreadable)?;
    refuse_shared(path, &file)?;
    // With the room reserved, no copy of the text is left behind by growing.
    let mut text = Zeroizing::new(String::with_capacity(usize::from(KEY_FILE_LIMIT) + 1));
    let mut file = file.take(u64::from(KEY_FILE_LIMIT));
    match file.read_to_string(&mut text) {
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::InvalidData => {
            return Err(IdentityError::KeyFileInvalid(path.to_owned()));
        }
        Err(error) => return Err(unreadable(error)),
    }
    SecretKey::from_text(&text)
        .map(Some)
        .map_err(|_| IdentityError::KeyFileInvalid(path.to_owned()))
}

/// Writes `secret` into `path`, where there is no file yet, and reads it back.
pub(super) fn create(path: &Path, secret: &SecretKey) -> Result<(), IdentityError> {
    write(path, secret, Existing::Keep)
}

/// Writes `secret` into `path`; the key of another identity is first copied to [`aside_path`].
///
/// Returns that other identity, if there was one.
pub(super) fn replace(
    path: &Path,
    secret: &SecretKey,
    aside: Aside,
) -> Result<Option<PublicKey>, IdentityError> {
    let Some(old) = read(path)? else {
        create(path, secret)?;
        return Ok(None);
    };
    if old.public() == secret.public() {
        return Ok(None);
    }
    // The name tells which key it is, so that a copy can only take the place of itself.
    if let Some(kept) = aside_path(path, old.public(), aside) {
        write(&kept, &old, Existing::Replace)?;
    }
    write(path, secret, Existing::Replace)?;
    Ok(Some(old.public()))
}

/// Where the key of `public` is kept when another takes its place in `path`, if it is.
pub(super) fn aside_path(path: &Path, public: PublicKey, aside: Aside) -> Option<PathBuf> {
    let what = match aside {
        Aside::Backup => "backup",
        Aside::Retired => "retired",
        Aside::Forgotten => return None,
    };
    Some(path.with_added_extension(format!("{public}.{what}")))
}

fn write(path: &Path, secret: &SecretKey, existing: Existing) -> Result<(), IdentityError> {
    let hex = secret.expose_hex();
    let mut text = Zeroizing::new(Vec::with_capacity(hex.len() + 1));
    text.extend_from_slice(hex.as_bytes());
    text.push(b'\n');
    private_file::write(path, &text, existing)
        .map_err(|error| IdentityError::HomeNotWritable(path.to_owned(), error))?;
    match read(path)? {
        Some(kept) if kept.expose_bytes() == secret.expose_bytes() => Ok(()),
        _ => Err(IdentityError::KeyFileInvalid(path.to_owned())),
    }
}

#[cfg(unix)]
fn refuse_shared(path: &Path, file: &File) -> Result<(), IdentityError> {
    use std::os::unix::fs::PermissionsExt;

    let metadata = file
        .metadata()
        .map_err(|error| IdentityError::KeyFileUnreadable(path.to_owned(), error))?;
    if metadata.permissions().mode() & 0o077 == 0 {
        Ok(())
    } else {
        Err(IdentityError::KeyFileReadableByOthers(path.to_owned()))
    }
}

#[cfg(not(unix))]
fn refuse_shared(_path: &Path, _file: &File) -> Result<(), IdentityError> {
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn secret(seed: u8) -> SecretKey {
        SecretKey::from_bytes([seed; 32])
    }

    #[test]
    fn writes_for_the_owner_only_and_reads_back() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("identity.key");
        create(&path, &secret(1)).unwrap();
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(read(&path).unwrap().unwrap().public(), secret(1).public());
        let names = fs::read_dir(dir.path()).unwrap().count();
        assert_eq!(names, 1, "a temporary file was left");
    }

    #[test]
    fn never_creates_over_a_file_that_is_there() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("identity.key");
        create(&path, &secret(1)).unwrap();
        assert!(create(&path, &secret(2)).is_err());
        assert_eq!(read(&path).unwrap().unwrap().public(), secret(1).public());
    }

    #[test]
    fn keeps_a_backup_of_what_it_replaces() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("identity.key");
        create(&path, &secret(1)).unwrap();
        for (aside, kept) in [
            (Aside::Backup, 2),
            (Aside::Retired, 3),
            (Aside::Forgotten, 3),
        ] {
            replace(&path, &secret(1), Aside::Forgotten).unwrap();
            let old = replace(&path, &secret(2), aside).unwrap().unwrap();
            assert_eq!(old, secret(1).public());
            assert_eq!(read(&path).unwrap().unwrap().public(), secret(2).public());
            if let Some(path) = aside_path(&path, old, aside) {
                let backup = read(&path).unwrap().unwrap();
                assert_eq!(backup.public(), secret(1).public());
            }
            assert_eq!(fs::read_dir(dir.path()).unwrap().count(), kept, "{aside:?}");
        }
    }

    #[test]
    fn refuses_a_file_others_can_read() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("identity.key");
        create(&path, &secret(1)).unwrap();
        for mode in [0o640, 0o604, 0o620] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            let error = read(&path).unwrap_err();
            assert_eq!(error.code(), "key-file-readable-by-others");
            assert!(error.to_string().contains("`chmod 600 "), "{error}");
        }
    }

    #[test]
    fn refuses_links_and_directories() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("identity.key");
        create(&path, &secret(1)).unwrap();
        let link = dir.path().join("link.key");
        symlink(&path, &link).unwrap();
        assert_eq!(read(&link).unwrap_err().code(), "key-file-not-a-file");
        assert_eq!(read(dir.path()).unwrap_err().code(), "key-file-not-a-file");
    }

    #[test]
    fn refuses_what_is_not_a_key() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("identity.key");
        let half = "ab".repeat(31);
        for text in [b"".as_slice(), b"\xff\xfe", half.as_bytes(), &[b'a'; 4000]] {
            private_file::write(&path, text, Existing::Replace).unwrap();
            let error = read(&path).unwrap_err();
            assert_eq!(error.code(), "key-file-invalid");
            assert!(!format!("{error:?} {error}").contains(&half));
        }
    }
}
