//! `state/domains.json`: the key that each domain has named when it was first used.
//!
//! One that cannot be read is moved aside, never written over: what was remembered is a person's
//! trust, and nothing takes its place unseen.

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
};

use fastn_p2p::PublicKey;
use serde::{Deserialize, Serialize};

use crate::private_file::{self, Existing, Unreadable, invalid};

/// The one version of the format there is.
const VERSION: u32 = 1;

/// The largest file that is read: more than the most domains can take.
const FILE_MAX: u64 = 4 * 1024 * 1024;

/// Keys by domain.
pub(super) type Known = BTreeMap<String, PublicKey>;

/// Why what is remembered of domains cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(super) enum DomainsFileError {
    /// It was unreadable, and is now called otherwise.
    #[error(
        "{} could not be read and is called {} now: the keys of all domains are forgotten, so \
         look twice at the next one",
        .file.display(), .aside.display()
    )]
    MovedAside {
        file: PathBuf,
        aside: PathBuf,
        source: io::Error,
    },
    /// It is unreadable and cannot be moved; it is left as it is, and nothing is written.
    #[error("cannot read {} nor move it aside; check its permissions", .0.display())]
    Read(PathBuf, #[source] io::Error),
    /// It cannot be written.
    #[error("cannot write {}; check the permissions and space of its directory", .0.display())]
    Write(PathBuf, #[source] io::Error),
}

impl DomainsFileError {
    /// What happened and why, for people.
    pub(super) fn words(&self) -> String {
        match self {
            Self::MovedAside { source, .. } => format!("{self}: {source}"),
            Self::Read(_, source) | Self::Write(_, source) => format!("{self}: {source}"),
        }
    }
}

#[derive(Debug, Deserialize)]
struct Versioned {
    version: u32,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    version: u32,
    domains: Known,
}

/// Reads the file; none at all is no domain. Blocks for the time of a disk access.
///
/// # Errors
/// [`DomainsFileError::MovedAside`], after which a new one can be written, or
/// [`DomainsFileError::Read`].
pub(super) fn load(path: &Path) -> Result<Known, DomainsFileError> {
    let file = path.to_owned();
    private_file::load(path, FILE_MAX, parse).map_err(|unreadable| match unreadable {
        Unreadable::MovedAside { aside, source } => DomainsFileError::MovedAside {
            file,
            aside,
            source,
        },
        Unreadable::Stays(error) => DomainsFileError::Read(file, error),
    })
}

/// Replaces the file in one step, mode 0600. Blocks for the time of a disk write.
///
/// # Errors
/// [`DomainsFileError::Write`]; the file is then as it was.
pub(super) fn write(path: &Path, domains: Known) -> Result<(), DomainsFileError> {
    let document = Document {
        version: VERSION,
        domains,
    };
    let text = serde_json::to_vec_pretty(&document).map_err(io::Error::from);
    text.and_then(|text| private_file::write(path, &text, Existing::Replace))
        .map_err(|error| DomainsFileError::Write(path.to_owned(), error))
}

fn parse(text: &str) -> io::Result<Known> {
    if serde_json::from_str::<Versioned>(text)?.version != VERSION {
        return Err(invalid("another version of malai has written it"));
    }
    let document: Document = serde_json::from_str(text)?;
    Ok(document.domains)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use fastn_p2p::SecretKey;

    use super::*;

    #[test]
    fn what_is_written_is_read_again_and_private() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("domains.json");
        assert!(load(&path).unwrap().is_empty());
        let key = SecretKey::from_bytes([1; 32]).public();
        let known = Known::from([("example.com".to_owned(), key)]);
        write(&path, known.clone()).unwrap();
        assert_eq!(load(&path).unwrap(), known);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(&path).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }

    #[test]
    fn what_makes_no_sense_is_moved_aside_and_kept() {
        for text in [
            "",
            "{",
            "{\"version\":2,\"domains\":{}}",
            "{\"version\":1,\"domains\":{\"a.b\":\"nobody\"}}",
        ] {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("domains.json");
            fs::write(&path, text).unwrap();
            let error = load(&path).unwrap_err();
            let DomainsFileError::MovedAside { aside, .. } = error else {
                panic!("{text}: {error}");
            };
            assert_eq!(fs::read_to_string(aside).unwrap(), text);
            assert!(load(&path).unwrap().is_empty());
        }
    }
}
