//! `state/access.json`: the invites and grants of kept shares, as hashes and keys.
//!
//! A file that cannot be read lets nobody in. It is moved aside, never written over, so that
//! nothing is lost that could be looked into.

use std::{io, path::PathBuf};

use fastn_p2p::PublicKey;
use serde::{Deserialize, Serialize};

use super::{Access, Door, Grant, Invite, ShareId};
use crate::{
    clock::Timestamp,
    private_file::{self, Existing, Unreadable, invalid},
};

/// The one version of the format there is.
const VERSION: u32 = 1;
/// The largest file that is read: four times what all invites and guests there can be take.
const FILE_MAX: u64 = 4 * 1024 * 1024;

/// Where invites and grants are kept.
#[derive(Debug, Clone)]
pub struct AccessFile(PathBuf);

/// Why invites and grants cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AccessFileError {
    /// It was unreadable, and is now called otherwise.
    #[error(
        "{} could not be read and is called {} now: whoever was let in by an invite to a kept \
         share is let in no more; make new links",
        .file.display(), .aside.display()
    )]
    MovedAside {
        /// What it was called.
        file: PathBuf,
        /// What it is called.
        aside: PathBuf,
        /// What is wrong with it.
        source: io::Error,
    },
    /// It is unreadable and cannot be moved; it is left as it is, and nothing is written.
    #[error("cannot read {} nor move it aside; check its permissions", .0.display())]
    Read(PathBuf, #[source] io::Error),
    /// It cannot be written.
    #[error("cannot write {}; check the permissions and space of its directory", .0.display())]
    Write(PathBuf, #[source] io::Error),
}

/// What a file says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Kept {
    /// Whom it lets in, and how.
    pub access: Access,
    /// When it was written.
    pub as_of: Timestamp,
}

#[derive(Debug, Deserialize)]
struct Versioned {
    version: u32,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    version: u32,
    /// When it was written, so that a clock that is set back prolongs nothing.
    #[serde(default)]
    as_of: Timestamp,
    invites: Vec<KeptInvite>,
    grants: Vec<KeptGrant>,
}

#[derive(Debug, Serialize, Deserialize)]
struct KeptInvite {
    service: String,
    #[serde(flatten)]
    invite: Invite,
}

#[derive(Debug, Serialize, Deserialize)]
struct KeptGrant {
    service: String,
    peer: PublicKey,
    #[serde(flatten)]
    grant: Grant,
}

impl AccessFile {
    /// The file at `path`, which need not be there.
    #[must_use]
    pub fn new(path: PathBuf) -> Self {
        Self(path)
    }

    /// Reads the file; none at all is nobody. Blocks for the time of a disk access.
    ///
    /// # Errors
    /// [`AccessFileError::MovedAside`] when it made no sense, after which a new one can be written;
    /// [`AccessFileError::Read`] when it had better stay untouched.
    pub fn load(&self) -> Result<Kept, AccessFileError> {
        let file = self.0.clone();
        private_file::load(&self.0, FILE_MAX, parse).map_err(|unreadable| match unreadable {
            Unreadable::MovedAside { aside, source } => AccessFileError::MovedAside {
                file,
                aside,
                source,
            },
            Unreadable::Stays(error) => AccessFileError::Read(file, error),
        })
    }

    /// What is written at `as_of` for the kept shares of `access`.
    #[must_use]
    pub fn text(access: &Access, as_of: Timestamp) -> String {
        let kept = || {
            let kept = access
                .0
                .iter()
                .filter(|(share, _)| share.generation.is_none());
            kept.map(|(share, door)| (share.service.as_str(), door))
        };
        let invites = kept().flat_map(|(service, door)| {
            door.invites.iter().map(|invite| KeptInvite {
                service: service.to_owned(),
                invite: invite.clone(),
            })
        });
        let grants = kept().flat_map(|(service, door)| {
            let kept = door.grants.iter().filter(|(_, grant)| !grant.once);
            kept.map(|(peer, grant)| KeptGrant {
                service: service.to_owned(),
                peer: *peer,
                grant: grant.clone(),
            })
        });
        let document = Document {
            version: VERSION,
            as_of,
            invites: invites.collect(),
            grants: grants.collect(),
        };
        // Strings, numbers and lists of them always have a form in JSON.
        let mut text = serde_json::to_string_pretty(&document).unwrap_or_default();
        text.push('\n');
        text
    }

    /// Replaces the file in one step, mode 0600. Blocks for the time of a disk write.
    ///
    /// # Errors
    /// [`AccessFileError::Write`]; the file is then as it was.
    pub fn write(&self, text: &str) -> Result<(), AccessFileError> {
        private_file::write(&self.0, text.as_bytes(), Existing::Replace)
            .map_err(|error| AccessFileError::Write(self.0.clone(), error))
    }
}

fn parse(text: &str) -> io::Result<Kept> {
    if serde_json::from_str::<Versioned>(text)?.version != VERSION {
        return Err(invalid("another version of malai has written it"));
    }
    let document: Document = serde_json::from_str(text)?;
    let as_of = document.as_of;
    let mut access = Access::default();
    for KeptInvite { service, invite } in document.invites {
        access.kept(service).invites.push(invite);
    }
    for KeptGrant {
        service,
        peer,
        grant,
    } in document.grants
    {
        access.kept(service).grants.insert(peer, grant);
    }
    Ok(Kept { access, as_of })
}

impl Access {
    fn kept(&mut self, service: String) -> &mut Door {
        self.0.entry(ShareId::kept(service)).or_default()
    }
}

#[cfg(test)]
mod tests;
