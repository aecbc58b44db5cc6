//! What can go wrong with an identity, in words for the user.
//!
//! Every message says what happened and what to do; a cause is in `source`.
//! No text of a secret gets in here: of a keychain's errors only their message is kept, because
//! some of them carry the bytes they could not read.

use std::{io, path::PathBuf};

use fastn_p2p::PublicKey;
use malai_api::codes;
use thiserror::Error;

use super::{KeyStore, backup::PASSPHRASE_MIN, keychain::KeychainError};

/// What the keychain said.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct KeychainCause(pub(super) String);

/// Why there is no identity to work with.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum IdentityError {
    /// The keychain is locked and this home has no identity yet.
    #[error(
        "the keychain is locked or does not answer, so no identity can be kept in it; unlock it \
         and try again, or set MALAI_KEY_STORE=file to keep the key in a file"
    )]
    KeychainLocked(#[source] KeychainCause),
    /// The keychain that has the key of this home is locked.
    #[error(
        "the keychain that holds identity {public} is locked or does not answer; unlock it and \
         try again"
    )]
    IdentityLocked {
        /// The identity of this home.
        public: PublicKey,
        /// What the keychain said.
        source: KeychainCause,
    },
    /// The keychain was asked for, and there is none.
    #[error(
        "no keychain answers on this system; start one, or set MALAI_KEY_STORE=file to keep the \
         key in a file"
    )]
    KeychainUnavailable(#[source] KeychainCause),
    /// No keychain answers, and whether the key may be kept in a file is still to be asked.
    #[error(
        "no keychain answers on this system; the secret key can be kept in {} instead, not \
         encrypted",
        .path.display()
    )]
    KeyFileNotChosen {
        /// The file it would be.
        path: PathBuf,
        /// What the keychain said.
        source: KeychainCause,
    },
    /// The key of this home is in a keychain, and none answers.
    #[error(
        "identity {public} is in the keychain, and no keychain answers here; start malai from \
         the desktop session it was made in, or start that session's keychain"
    )]
    IdentityUnavailable {
        /// The identity of this home.
        public: PublicKey,
        /// What was tried.
        source: KeychainCause,
    },
    /// The keychain answered with a failure of its own.
    #[error(
        "the keychain does not work; repair it, or, for a home that has no identity yet, set \
         MALAI_KEY_STORE=file to keep the key in a file"
    )]
    KeychainFailed(#[source] KeychainCause),
    /// The store that had the key does not have it.
    #[error(
        "the secret key of identity {public} is not in {place}; unlock or restore the keychain \
         or file it was in, or take another identity with `malai import --replace`"
    )]
    IdentityLost {
        /// The identity of this home.
        public: PublicKey,
        /// Where its key should be.
        place: String,
    },
    /// The store has the key of another identity.
    #[error(
        "this home has identity {public}, but {place} holds the key of {found}; put the right \
         key back, or take the other identity with `malai import --replace`"
    )]
    IdentityMismatch {
        /// The identity of this home.
        public: PublicKey,
        /// The identity whose key was found.
        found: PublicKey,
        /// Where it was found.
        place: String,
    },
    /// The home was copied from one that is still in use.
    #[error(
        "this home is a copy of {}, and two homes cannot share identity {public}; use that one, \
         or delete {} to give this one an identity of its own",
        .original.display(), .marker.display()
    )]
    HomeCopied {
        /// The identity of the original.
        public: PublicKey,
        /// The home this one was copied from.
        original: PathBuf,
        /// The marker of the copy.
        marker: PathBuf,
    },
    /// The chosen store is not the one the identity is in.
    #[error(
        "identity {public} is kept in the {current} store, not in the {chosen} store; leave \
         MALAI_KEY_STORE unset to use it, or run `malai import --move {chosen}` to move it"
    )]
    StoreDiffers {
        /// The identity of this home.
        public: PublicKey,
        /// What was chosen.
        chosen: KeyStore,
        /// Where the key is.
        current: KeyStore,
    },
    /// An import would take the place of another identity.
    #[error(
        "this home already has identity {0}; add `--replace` to take the other one instead, the \
         key it has now is then kept as a backup"
    )]
    IdentityExists(PublicKey),
    /// Other users can read the key.
    #[error("other users can read {path}; run `chmod 600 {path}`, then try again", path = .0.display())]
    KeyFileReadableByOthers(PathBuf),
    /// The key file cannot be read.
    #[error("cannot read {}; check its permissions", .0.display())]
    KeyFileUnreadable(PathBuf, #[source] io::Error),
    /// The key file is a link, a directory or the like.
    #[error("{} is not a plain file; put the key itself there", .0.display())]
    KeyFileNotAFile(PathBuf),
    /// The key file has something else in it.
    #[error(
        "{} does not hold a secret key, which is 64 hexadecimal characters; restore it from a \
         backup, or move it away",
        .0.display()
    )]
    KeyFileInvalid(PathBuf),
    /// A file that was to be imported has something else in it.
    #[error("{} does not hold a secret key, which is 64 hexadecimal characters", .0.display())]
    NoKeyInFile(PathBuf),
    /// A passphrase is too short to protect a key.
    #[error("a passphrase has at least {PASSPHRASE_MIN} characters; choose a longer one")]
    PassphraseShort,
    /// A file is a backup, and was to be read without its passphrase.
    #[error(
        "{} is encrypted; give its passphrase, or restore it with `malai restore`",
        .0.display()
    )]
    PassphraseNeeded(PathBuf),
    /// A backup does not open with this passphrase.
    #[error("this is not the passphrase of {}; try again", .0.display())]
    PassphraseWrong(PathBuf),
    /// A file is no backup of an identity.
    #[error(
        "{} is no backup of an identity; for a key that is not encrypted use `malai import --file`",
        .0.display()
    )]
    NoBackup(PathBuf),
    /// A backup was cut off or changed.
    #[error("{} is damaged or cut off; take another copy of it", .0.display())]
    BackupDamaged(PathBuf),
    /// A file wants more work than a backup of ours.
    #[error(
        "{} asks for far more work than a backup of malai, so it is not opened; restore a file \
         that `malai backup` has written",
        .0.display()
    )]
    BackupTooMuchWork(PathBuf),
    /// There is nothing to back up or to give a new key.
    #[error(
        "this home has no identity yet; `malai id` makes one, and `malai restore` brings one back"
    )]
    NoIdentity,
    /// A copy of the key would take the place of a file.
    #[error("{} is there already; choose another name", .0.display())]
    ExportExists(PathBuf),
    /// A copy of the key cannot be written.
    #[error("cannot write {}; choose a directory that is there and that you may write to", .0.display())]
    ExportFailed(PathBuf, #[source] io::Error),
    /// The marker cannot be read or understood.
    #[error(
        "cannot understand {}, which says where this home's key is; restore it, or delete it to \
         have the key looked for again",
        .0.display()
    )]
    MarkerUnreadable(PathBuf, #[source] Box<dyn std::error::Error + Send + Sync>),
    /// Something cannot be written into the home.
    #[error("cannot write {}; check its permissions or pass `--home DIR`", .0.display())]
    HomeNotWritable(PathBuf, #[source] io::Error),
    /// Another process is making or importing the identity of this home.
    #[error("another malai is setting up the identity of this home; let it finish, then try again")]
    Busy,
}

impl IdentityError {
    /// A stable name for scripts and the user interface to branch on.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::KeychainLocked(_) | Self::IdentityLocked { .. } => "keychain-locked",
            Self::KeychainUnavailable(_)
            | Self::IdentityUnavailable { .. }
            | Self::KeyFileNotChosen { .. } => codes::KEYCHAIN_UNAVAILABLE,
            Self::KeychainFailed(_) => "keychain-failed",
            Self::IdentityLost { .. } => "identity-lost",
            Self::IdentityMismatch { .. } => "identity-mismatch",
            Self::HomeCopied { .. } => "home-copied",
            Self::StoreDiffers { .. } => "key-store-differs",
            Self::IdentityExists(_) => "identity-exists",
            Self::KeyFileReadableByOthers(_) => "key-file-readable-by-others",
            Self::KeyFileUnreadable(..) => "key-file-unreadable",
            Self::KeyFileNotAFile(_) => "key-file-not-a-file",
            Self::KeyFileInvalid(_) | Self::NoKeyInFile(_) => "key-file-invalid",
            Self::PassphraseShort => "passphrase-short",
            Self::PassphraseNeeded(_) => codes::PASSPHRASE_NEEDED,
            Self::PassphraseWrong(_) => "passphrase-wrong",
            Self::NoBackup(_) => "no-backup",
            Self::BackupDamaged(_) => "backup-damaged",
            Self::BackupTooMuchWork(_) => "backup-too-much-work",
            Self::NoIdentity => "no-identity",
            Self::ExportExists(_) => "export-exists",
            Self::ExportFailed(..) => "export-failed",
            Self::MarkerUnreadable(..) => "identity-marker-unreadable",
            Self::HomeNotWritable(..) => "home-not-writable",
            Self::Busy => "identity-busy",
        }
    }

    /// The keychain failed a home that has the identity `public`, or none yet.
    pub(super) fn of_keychain(public: Option<PublicKey>, error: KeychainError) -> Self {
        match (error, public) {
            (KeychainError::Locked(source), Some(public)) => {
                Self::IdentityLocked { public, source }
            }
            (KeychainError::Locked(source), None) => Self::KeychainLocked(source),
            (KeychainError::Unavailable(source), Some(public)) => {
                Self::IdentityUnavailable { public, source }
            }
            (KeychainError::Unavailable(source), None) => Self::KeychainUnavailable(source),
            (KeychainError::Failed(source), _) => Self::KeychainFailed(source),
        }
    }
}
