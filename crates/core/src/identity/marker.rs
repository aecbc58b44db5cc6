//! `state/identity.toml`: which identity a home has and where its key is. Not secret.
//!
//! It is what tells a first use from a key that cannot be read.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use fastn_p2p::PublicKey;
use toml_edit::{DocumentMut, value};

use super::{KeyStore, error::IdentityError};
use crate::{
    home::Home,
    private_file::{self, Existing},
};

/// The file in the home's state.
const FILE: &str = "identity.toml";

/// The one version of the format there is.
const VERSION: i64 = 1;

const HEADER: &str = "# Which identity this home has and where its secret key is kept.\n\
                      # malai writes this file; it is not secret.\n";

/// What a home knows of its identity without any secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Marker {
    /// The identity.
    pub(super) public: PublicKey,
    /// Where its key is; never memory.
    pub(super) store: KeyStore,
    /// The directory of the home, by which its keychain entry is named; for the keychain only.
    pub(super) home: Option<String>,
}

/// The place of the marker in `home`.
pub(super) fn path(home: &Home) -> PathBuf {
    home.state().join(FILE)
}

impl Marker {
    /// The identity `public` with its key in the home's file.
    pub(super) fn of_file(public: PublicKey) -> Self {
        Self {
            public,
            store: KeyStore::File,
            home: None,
        }
    }

    /// The identity `public` with its key in the keychain, under the name of `home`.
    pub(super) fn of_keychain(public: PublicKey, home: &str) -> Self {
        Self {
            public,
            store: KeyStore::Keychain,
            home: Some(home.to_owned()),
        }
    }

    /// Reads the marker of `home`; `None` when there is none.
    pub(super) fn load(home: &Home) -> Result<Option<Self>, IdentityError> {
        Self::read(path(home))
    }

    /// Reads the marker of the home that is or was at `dir`, without making anything there.
    pub(super) fn load_from(dir: &Path) -> Result<Option<Self>, IdentityError> {
        Self::read(dir.join("state").join(FILE))
    }

    fn read(path: PathBuf) -> Result<Option<Self>, IdentityError> {
        match fs::read_to_string(&path) {
            Ok(text) => Self::parse(&text)
                .map(Some)
                .map_err(|error| IdentityError::MarkerUnreadable(path, error)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(IdentityError::MarkerUnreadable(path, error.into())),
        }
    }

    /// Writes the marker of `home`, in place of the one that may be there.
    pub(super) fn save(&self, home: &Home) -> Result<(), IdentityError> {
        let path = path(home);
        private_file::write(&path, self.render().as_bytes(), Existing::Replace)
            .map_err(|error| IdentityError::HomeNotWritable(path, error))
    }

    fn render(&self) -> String {
        let mut document = DocumentMut::new();
        document["version"] = value(VERSION);
        document["id52"] = value(self.public.to_string());
        document["store"] = value(self.store.to_string());
        if let Some(home) = &self.home {
            document["home"] = value(home);
        }
        format!("{HEADER}{document}")
    }

    fn parse(text: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        let document: DocumentMut = text.parse()?;
        let field = |name: &str| document.get(name).and_then(|item| item.as_str());
        if document.get("version").and_then(|item| item.as_integer()) != Some(VERSION) {
            return Err("it is of a version this malai does not know".into());
        }
        let store: KeyStore = field("store").ok_or("`store` is missing")?.parse()?;
        let public = field("id52").ok_or("`id52` is missing")?.parse()?;
        match store {
            KeyStore::Keychain => {
                let home = field("home").ok_or("`home` is missing")?;
                Ok(Self::of_keychain(public, home))
            }
            KeyStore::File => Ok(Self::of_file(public)),
            KeyStore::Memory => Err("a key in memory is never marked".into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use fastn_p2p::SecretKey;

    use super::*;

    fn public() -> PublicKey {
        SecretKey::from_bytes([7; 32]).public()
    }

    #[test]
    fn reads_what_it_wrote() {
        for marker in [
            Marker::of_file(public()),
            Marker::of_keychain(public(), "/home/jo \"x\"\\é"),
        ] {
            assert_eq!(Marker::parse(&marker.render()).unwrap(), marker);
        }
    }

    #[test]
    fn refuses_what_it_does_not_understand() {
        let good = Marker::of_file(public()).render();
        for bad in [
            String::new(),
            "not toml at all".to_owned(),
            good.replace("version = 1", "version = 2"),
            good.replace("\"file\"", "\"memory\""),
            good.replace("\"file\"", "\"keychain\""),
            good.replace("id52 = \"", "id52 = \"0"),
        ] {
            assert!(Marker::parse(&bad).is_err(), "{bad}");
        }
    }
}
