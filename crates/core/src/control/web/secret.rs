//! Tokens and session cookies: random, compared in constant time, never shown by accident.

use std::fmt;

use data_encoding::BASE64URL_NOPAD;
use subtle::ConstantTimeEq as _;

/// Bytes of randomness: twice what nobody can guess.
const BYTES: usize = 32;

/// Something that whoever has it may use.
#[derive(Clone)]
pub(super) struct Secret(String);

impl Secret {
    /// A new one, from the operating system's randomness.
    pub(super) fn new() -> Self {
        let bytes: [u8; BYTES] = rand::random();
        Self(BASE64URL_NOPAD.encode(&bytes))
    }

    /// What only its owner is to see.
    pub(super) fn reveal(&self) -> &str {
        &self.0
    }

    /// Whether `given` is the same; how long that takes says nothing of how much of it is.
    pub(super) fn is(&self, given: &str) -> bool {
        self.0.as_bytes().ct_eq(given.as_bytes()).into()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_itself_alone_and_does_not_show() {
        let secret = Secret::new();
        assert!(secret.is(secret.reveal()));
        assert!(!secret.is(Secret::new().reveal()));
        assert!(!secret.is(""));
        assert!(!secret.is(&secret.reveal()[1..]));
        assert!(!format!("{secret:?}").contains(secret.reveal()));
    }
}
