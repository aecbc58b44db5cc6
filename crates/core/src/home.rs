//! Where one engine keeps everything it has.
//!
//! `MALAI_HOME` or `--home` names the directory; without it, the platform's data directory.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use thiserror::Error;

/// The directory of one engine and the places in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home {
    dir: PathBuf,
}

/// Why a home cannot be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum HomeError {
    /// The platform names no directory for this user's data.
    #[error("this system names no directory for data; pass `--home DIR` or set MALAI_HOME")]
    NoDefault,
    /// The directory cannot be made or written.
    #[error("cannot use {} as malai's home; check its permissions or pass `--home DIR`", .0.display())]
    Create(PathBuf, #[source] io::Error),
}

impl Home {
    /// Opens `dir`, or the platform's default, and makes it (mode 0700) when it is missing.
    ///
    /// # Errors
    /// [`HomeError`] when there is no such place or it cannot be made.
    pub fn open(dir: Option<PathBuf>) -> Result<Self, HomeError> {
        let dir = match dir {
            Some(dir) => dir,
            None => dirs::data_dir().ok_or(HomeError::NoDefault)?.join("malai"),
        };
        let home = Self { dir };
        home.create(&home.dir)?;
        home.create(&home.state())?;
        Ok(home)
    }

    /// The directory itself.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The user's configuration, `malai.toml`.
    #[must_use]
    pub fn config(&self) -> PathBuf {
        self.dir.join("malai.toml")
    }

    /// What the engine itself writes.
    #[must_use]
    pub fn state(&self) -> PathBuf {
        self.dir.join("state")
    }

    /// Who was let in by an invite to what is kept.
    #[must_use]
    pub fn access(&self) -> PathBuf {
        self.state().join("access.json")
    }

    /// The record of who used or was refused what.
    #[must_use]
    pub fn audit(&self) -> PathBuf {
        self.state().join("log.jsonl")
    }

    /// The keys that domains named when they were first used.
    #[must_use]
    pub fn domains(&self) -> PathBuf {
        self.state().join("domains.json")
    }

    /// The ports that bridges had before.
    #[must_use]
    pub fn ports(&self) -> PathBuf {
        self.state().join("ports.json")
    }

    /// The new keys of this identity, and who has heard of them.
    #[must_use]
    pub fn rotations(&self) -> PathBuf {
        self.state().join("rotations.json")
    }

    /// The control socket of the running engine.
    #[must_use]
    pub fn control_socket(&self) -> PathBuf {
        self.dir.join("control.sock")
    }

    /// Log files.
    #[must_use]
    pub fn logs(&self) -> PathBuf {
        self.dir.join("logs")
    }

    /// The secret key, when the file store is chosen.
    #[must_use]
    pub fn identity_key(&self) -> PathBuf {
        self.dir.join("identity.key")
    }

    /// The lock that makes it one engine per home.
    #[must_use]
    pub fn lock(&self) -> PathBuf {
        self.state().join("engine.lock")
    }

    fn create(&self, dir: &Path) -> Result<(), HomeError> {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder
            .create(dir)
            .map_err(|error| HomeError::Create(self.dir.clone(), error))
    }
}
