//! `state/rotations.json`: nothing in it is secret.
//!
//! A file that cannot be read is never written over: the statements in it are what peers would
//! know this identity by.

use std::{io, path::PathBuf};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::known::Rotations;
use crate::{
    home::Home,
    private_file::{self, Existing},
};

/// The one version of the format there is.
const VERSION: u32 = 1;
/// The largest file that is read: far more than all that is remembered takes.
const FILE_MAX: u64 = 4 * 1024 * 1024;

/// Where what is known of new keys is kept.
#[derive(Debug, Clone)]
pub struct RotationFile(PathBuf);

/// Why it cannot be read or written.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RotationFileError {
    /// It cannot be read, or makes no sense.
    #[error(
        "cannot understand {}, which says which keys this identity had; restore it, or move it \
         away to begin anew",
        .0.display()
    )]
    Read(PathBuf, #[source] io::Error),
    /// It cannot be written.
    #[error("cannot write {}; check the permissions and space of its directory", .0.display())]
    Write(PathBuf, #[source] io::Error),
}

#[derive(Debug, Serialize, Deserialize)]
struct Document<T> {
    version: u32,
    #[serde(flatten)]
    rotations: T,
}

impl RotationFileError {
    /// A stable name for scripts and the user interface to branch on.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Read(..) => "rotations-unreadable",
            Self::Write(..) => "home-not-writable",
        }
    }
}

impl RotationFile {
    /// The file of `home`, which need not be there.
    #[must_use]
    pub fn of(home: &Home) -> Self {
        Self(home.rotations())
    }

    /// What it says; none at all is nothing. Blocks for the time of a disk access.
    ///
    /// # Errors
    /// [`RotationFileError::Read`].
    pub fn load(&self) -> Result<Rotations, RotationFileError> {
        match self.read() {
            Ok(rotations) => Ok(rotations),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Rotations::default()),
            Err(error) => Err(RotationFileError::Read(self.0.clone(), error)),
        }
    }

    /// Replaces it in one step, mode 0600. Blocks for the time of a disk write.
    ///
    /// # Errors
    /// [`RotationFileError`]; it is then as it was.
    pub fn save(&self, rotations: &Rotations) -> Result<(), RotationFileError> {
        self.load()?;
        let document = Document {
            version: VERSION,
            rotations,
        };
        let text = serde_json::to_vec_pretty(&document).map_err(io::Error::from);
        text.and_then(|text| private_file::write(&self.0, &text, Existing::Replace))
            .map_err(|error| RotationFileError::Write(self.0.clone(), error))
    }

    fn read(&self) -> io::Result<Rotations> {
        let text = private_file::read(&self.0, FILE_MAX)?;
        let document: Document<Rotations> = serde_json::from_str(&text)?;
        if document.version != VERSION {
            return Err(io::Error::other("another version of malai has written it"));
        }
        Ok(document.rotations)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use fastn_p2p::SecretKey;

    use super::*;
    use crate::rotation::Statement;

    #[test]
    fn what_is_written_is_read_and_nothing_else_is_written_over() {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::open(Some(dir.path().to_owned())).unwrap();
        let file = RotationFile::of(&home);
        assert_eq!(file.load().unwrap(), Rotations::default());
        let key = |seed| SecretKey::from_bytes([seed; 32]);
        let mut rotations = Rotations::default();
        rotations.add(Statement::new(&key(1), &key(2), 3));
        rotations.heard(key(5).public(), 7, |_| true);
        file.save(&rotations).unwrap();
        assert_eq!(file.load().unwrap(), rotations);
        for text in ["", "{", "{\"version\":2}", "[]"] {
            fs::write(home.rotations(), text).unwrap();
            assert_eq!(file.load().unwrap_err().code(), "rotations-unreadable");
            assert!(file.save(&rotations).is_err(), "{text}");
            assert_eq!(fs::read_to_string(home.rotations()).unwrap(), text);
        }
    }
}
