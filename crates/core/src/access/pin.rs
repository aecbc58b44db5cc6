//! A short number that is told besides a link, so that the link alone lets nobody in.
//!
//! In a link the secret of an invite that wants a PIN begins with `~`; whoever opens it puts the
//! PIN in front. What is remembered is the hash of both, and nobody who does not have the long
//! secret can find a PIN by trying.

use std::{fmt, str::FromStr};

use rand::{TryRng, rngs::SysRng};
use zeroize::Zeroizing;

use super::SecretHash;

/// Digits of a PIN: easy to say, and only few can be tried.
const DIGITS: usize = 6;
/// Between PIN and secret.
const MARK: char = '~';

/// Some digits; their `Debug` is masked.
#[derive(Clone, PartialEq, Eq)]
pub struct Pin(Zeroizing<String>);

/// What somebody has shown to be let in, as hashes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shown {
    /// That of the secret.
    pub secret: SecretHash,
    /// That of secret and PIN together, when there was one.
    pub with_pin: Option<SecretHash>,
}

/// A text is no PIN.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a PIN has {DIGITS} digits")]
pub struct PinError;

impl Pin {
    /// A new one from the operating system's randomness.
    ///
    /// # Errors
    /// When the operating system has none.
    pub fn generate() -> Result<Self, rand::rngs::SysError> {
        let mut digits = String::new();
        while digits.len() < DIGITS {
            let byte = u8::try_from(SysRng.try_next_u32()? & 0xff).unwrap_or_default();
            // The last few would make low digits likelier.
            if byte < 250 {
                digits.push(char::from(b'0' + byte % 10));
            }
        }
        Ok(Self(Zeroizing::new(digits)))
    }

    /// The digits, to be told.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What is remembered of it.
    pub(super) fn hash_with(&self, secret: &str) -> SecretHash {
        let both = Zeroizing::new(format!("{}{MARK}{secret}", &*self.0));
        SecretHash::of(&both)
    }

    /// The secret of a link that wants a PIN.
    #[must_use]
    pub fn wanted_by(secret: &str) -> String {
        format!("{MARK}{secret}")
    }

    /// Whether the secret of a link wants a PIN that it does not have.
    #[must_use]
    pub fn is_wanted(invite: &str) -> bool {
        invite.starts_with(MARK)
    }

    /// The secret of a link that wants a PIN, with this one.
    #[must_use]
    pub fn added_to(&self, invite: &str) -> Option<String> {
        let secret = invite.strip_prefix(MARK)?;
        Some(format!("{}{MARK}{secret}", &*self.0))
    }
}

impl Shown {
    /// Takes apart what came with a stream.
    #[must_use]
    pub fn of(invite: &str) -> Self {
        match invite.split_once(MARK) {
            None => Self {
                secret: SecretHash::of(invite),
                with_pin: None,
            },
            Some((pin, secret)) => Self {
                secret: SecretHash::of(secret),
                with_pin: (!pin.is_empty()).then(|| SecretHash::of(invite)),
            },
        }
    }
}

impl FromStr for Pin {
    type Err = PinError;

    fn from_str(text: &str) -> Result<Self, PinError> {
        // As it may be written down: 123 456, 123-456.
        let digits: String = text.chars().filter(|c| !matches!(c, ' ' | '-')).collect();
        let fits = digits.len() == DIGITS && digits.bytes().all(|byte| byte.is_ascii_digit());
        fits.then(|| Self(Zeroizing::new(digits))).ok_or(PinError)
    }
}

impl fmt::Debug for Pin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Pin(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pin_is_six_digits_and_never_shown_by_debug() {
        let pin = Pin::generate().unwrap();
        assert_eq!(pin.expose().parse::<Pin>().unwrap(), pin);
        assert!(!format!("{pin:?}").contains(pin.expose()));
        assert_eq!("123 456".parse::<Pin>().unwrap().expose(), "123456");
        for text in ["", "12345", "1234567", "12345a", "१२३४५६"] {
            assert_eq!(text.parse::<Pin>(), Err(PinError), "{text}");
        }
    }

    #[test]
    fn what_is_shown_is_what_is_remembered() {
        let pin: Pin = "123456".parse().unwrap();
        let in_link = Pin::wanted_by("sesame");
        assert!(Pin::is_wanted(&in_link) && !Pin::is_wanted("sesame"));
        let shown = Shown::of(&pin.added_to(&in_link).unwrap());
        assert_eq!(shown.secret, SecretHash::of("sesame"));
        assert_eq!(shown.with_pin, Some(pin.hash_with("sesame")));
        assert_eq!(Shown::of(&in_link).secret, SecretHash::of("sesame"));
        assert_eq!(Shown::of(&in_link).with_pin, None);
        assert_eq!(Shown::of("sesame").with_pin, None);
        assert_eq!(pin.added_to("sesame"), None);
    }
}
