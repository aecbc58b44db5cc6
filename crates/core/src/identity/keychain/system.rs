//! Which keychain each operating system has.
//!
//! On Linux it is the Secret Service through libdbus: the zbus store panics when it is made or
//! dropped on a tokio thread, and the kernel's keyring forgets at a reboot.

use std::sync::Arc;

use keyring_core::{CredentialStore, Error, Result};

/// Opens the Secret Service of the session bus.
#[cfg(target_os = "linux")]
pub(super) fn connect() -> Result<Arc<CredentialStore>> {
    let store: Arc<CredentialStore> = dbus_secret_service_keyring_store::Store::new()?;
    Ok(store)
}

/// Opens the kernel's keyring with the names that legacy malai used there.
#[cfg(target_os = "linux")]
pub(super) fn connect_legacy_kernel() -> Result<Arc<CredentialStore>> {
    let configuration = std::collections::HashMap::from([("prefix", "keyring-rs:")]);
    let store: Arc<CredentialStore> =
        linux_keyutils_keyring_store::Store::new_with_configuration(&configuration)?;
    Ok(store)
}

/// Opens the login keychain.
#[cfg(target_os = "macos")]
pub(super) fn connect() -> Result<Arc<CredentialStore>> {
    let store: Arc<CredentialStore> = apple_native_keyring_store::keychain::Store::new()?;
    Ok(store)
}

/// Opens the Credential Manager.
#[cfg(windows)]
pub(super) fn connect() -> Result<Arc<CredentialStore>> {
    let store: Arc<CredentialStore> = windows_native_keyring_store::Store::new()?;
    Ok(store)
}

/// There is no keychain we know of.
#[cfg(not(any(target_os = "linux", target_os = "macos", windows)))]
pub(super) fn connect() -> Result<Arc<CredentialStore>> {
    Err(Error::NotSupportedByStore(
        "malai knows no keychain on this system".to_owned(),
    ))
}

/// Whether opening failed because an answer did not come in time, so that a keychain may well be
/// there; D-Bus tells it by the name of the error, which only its debug text has.
pub(super) fn is_late(error: &Error) -> bool {
    let Error::PlatformFailure(cause) = error else {
        return false;
    };
    let cause = format!("{cause:?}");
    ["Error.NoReply", "Error.Timeout", "Error.TimedOut"]
        .iter()
        .any(|name| cause.contains(name))
}
