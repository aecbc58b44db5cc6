//! A passphrase on its way to the engine: never shown, and wiped when it is dropped.

use std::fmt;

use serde::{Deserialize, Serialize};
use zeroize::Zeroize;

/// What a person types to protect a file; its `Debug` is masked.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Passphrase(String);

impl Passphrase {
    /// The passphrase that is this text.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// The text; for what encrypts and decrypts only.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl Drop for Passphrase {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for Passphrase {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Passphrase(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Request;

    #[test]
    fn debug_never_shows_it() {
        let request = Request::ExportIdentity {
            path: "/tmp/x".to_owned(),
            passphrase: Some(Passphrase::new("open sesame".to_owned())),
        };
        assert!(!format!("{request:?}").contains("sesame"));
    }
}
