//! Homes to try things in, and keychains that behave badly on demand.

use std::{
    collections::HashMap,
    fs,
    path::PathBuf,
    sync::{Arc, Mutex, mpsc},
    time::Duration,
};

use keyring_core::{
    Credential, CredentialStore, Entry, Error,
    api::{CredentialApi, CredentialStoreApi},
    mock,
};
use tempfile::TempDir;

use super::{Home, Keychain};

/// Long enough for any answer a test waits for.
pub(super) const LIMIT: Duration = Duration::from_secs(20);

/// A home in a directory of its own.
pub(super) struct Place {
    pub(super) dir: TempDir,
}

impl Place {
    pub(super) fn new() -> Self {
        Self {
            dir: tempfile::tempdir().unwrap(),
        }
    }

    pub(super) fn home(&self, name: &str) -> Home {
        Home::open(Some(self.path(name))).unwrap()
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }
}

/// A keychain that works; its clones are the same one.
#[derive(Clone)]
pub(super) struct Working(pub(super) Arc<CredentialStore>);

impl Working {
    pub(super) fn new() -> Self {
        Self(mock::Store::new().unwrap())
    }

    pub(super) fn keychain(&self) -> Keychain {
        let store = Arc::clone(&self.0);
        Keychain::start(move || Ok(Arc::clone(&store)), LIMIT)
    }

    pub(super) fn value(&self, user: &str) -> Option<Vec<u8>> {
        let entry = self.0.build("malai", user, None).unwrap();
        entry.get_secret().ok()
    }

    pub(super) fn user_of(home: &Home) -> String {
        let dir = fs::canonicalize(home.dir()).unwrap();
        format!("identity@{}", dir.display())
    }
}

/// No keychain at all.
pub(super) fn unavailable() -> Keychain {
    let refuse = || Err(Error::PlatformFailure("ServiceUnknown".into()));
    Keychain::start(refuse, LIMIT)
}

/// A keychain that was never unlocked: it knows no entry and takes none.
pub(super) fn locked() -> Keychain {
    Keychain::start(|| Ok(Arc::new(Closed { wait: None })), LIMIT)
}

/// A keychain that waits for a dialog until the sender is dropped.
pub(super) fn silent() -> (Keychain, mpsc::Sender<()>) {
    let (release, wait) = mpsc::channel();
    let wait = Arc::new(Mutex::new(wait));
    let connect = move || -> keyring_core::Result<Arc<CredentialStore>> {
        Ok(Arc::new(Closed {
            wait: Some(Arc::clone(&wait)),
        }))
    };
    (Keychain::start(connect, Duration::from_millis(50)), release)
}

#[derive(Debug, Clone)]
struct Closed {
    wait: Option<Arc<Mutex<mpsc::Receiver<()>>>>,
}

impl CredentialStoreApi for Closed {
    fn vendor(&self) -> String {
        "closed".to_owned()
    }

    fn id(&self) -> String {
        "closed".to_owned()
    }

    fn build(
        &self,
        _service: &str,
        _user: &str,
        _modifiers: Option<&HashMap<&str, &str>>,
    ) -> keyring_core::Result<Entry> {
        Ok(Entry::new_with_credential(Arc::new(self.clone())))
    }

    fn as_any(&self) -> &dyn std::any::Any {
        self
    }
}

impl CredentialApi for Closed {
    fn set_secret(&self, _secret: &[u8]) -> keyring_core::Result<()> {
        Err(Error::NoStorageAccess("no result".into()))
    }

    fn get_secret(&self) -> keyring_core::Result<Vec<u8>> {
        if let Some(wait) = &self.wait {
            let released = wait.lock().is_ok_and(|wait| wait.recv().is_err());
            assert!(released, "a test sends nothing, it only lets go");
        }
        Err(Error::NoEntry)
    }

    fn delete_credential(&self) -> keyring_core::Result<()> {
        Err(Error::NoEntry)
    }

    fn get_credential(&self) -> keyring_core::Result<Option<Arc<Credential>>> {
        Err(Error::NoEntry)
    }

    fn get_specifiers(&self) -> Option<(String, String)> {
        None
    }

    fn as_any(&self) -> &dyn std::any::Any {
        self
    }
}
