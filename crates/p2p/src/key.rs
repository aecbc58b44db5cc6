//! Keys and their one written form, id52.
//!
//! An identity is an Ed25519 key pair.
//! Its public half is written as *id52*: RFC 4648 base32hex, lower case, without padding, of the
//! 32 bytes: 52 characters, the last always `0` or `g`.
//! iroh's own text forms use other alphabets, in which the same 52 characters can be another key;
//! so nothing a person types is ever parsed by iroh.

use std::{
    fmt,
    hash::{Hash, Hasher},
    str::FromStr,
};

use data_encoding::{BASE32HEX_NOPAD, HEXLOWER_PERMISSIVE};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;
use zeroize::Zeroizing;

/// Characters in an id52.
pub const ID52_LENGTH: usize = 52;

/// The public half of an identity; written and parsed as id52.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct PublicKey([u8; 32]);

/// By its first bytes, which are as good as random: nobody can make many keys that have them alike,
/// and all 32 take three times as long.
impl Hash for PublicKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let [a, b, c, d, e, f, g, h, ..] = self.0;
        state.write_u64(u64::from_ne_bytes([a, b, c, d, e, f, g, h]));
    }
}

/// Why a text is not an id52.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Id52Error {
    /// The text does not have 52 characters.
    #[error("an id52 has {ID52_LENGTH} characters, this has {0}")]
    Length(usize),
    /// The text has characters outside `0-9a-v`, or bits beyond the key.
    #[error("an id52 has only the characters 0-9 and a-v, and ends in 0 or g")]
    Alphabet,
    /// The bytes are not a point an Ed25519 key can be.
    #[error("this id52 is not a valid key; a character may be mistyped")]
    NotAKey,
}

impl PublicKey {
    /// Takes the 32 bytes of an Ed25519 public key.
    ///
    /// # Errors
    /// [`Id52Error::NotAKey`] when no such key can exist.
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, Id52Error> {
        let all_zero = bytes.iter().all(|byte| *byte == 0);
        match iroh::PublicKey::from_bytes(bytes) {
            Ok(_) if !all_zero => Ok(Self(*bytes)),
            _ => Err(Id52Error::NotAKey),
        }
    }

    /// The 32 bytes of the key.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The first seven characters of the id52: enough to tell peers apart in a log.
    #[must_use]
    pub fn short(&self) -> String {
        self.to_string().chars().take(7).collect()
    }

    /// Whether the secret half of this key has signed `message`; strict, so one message has one
    /// signature and no weak key passes.
    #[must_use]
    pub fn verify(&self, message: &[u8], signature: &Signature) -> bool {
        let signature = iroh::Signature::from_bytes(&signature.0);
        self.to_iroh().verify(message, &signature).is_ok()
    }

    #[expect(
        clippy::expect_used,
        reason = "every constructor has checked the bytes already"
    )]
    pub(crate) fn to_iroh(self) -> iroh::PublicKey {
        iroh::PublicKey::from_bytes(&self.0).expect("checked when the key was made")
    }

    pub(crate) fn from_iroh(key: iroh::PublicKey) -> Self {
        Self(*key.as_bytes())
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&BASE32HEX_NOPAD.encode(&self.0).to_ascii_lowercase())
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "PublicKey({self})")
    }
}

impl FromStr for PublicKey {
    type Err = Id52Error;

    /// Parses strict id52; upper case is taken as lower case.
    fn from_str(text: &str) -> Result<Self, Id52Error> {
        if text.len() != ID52_LENGTH {
            return Err(Id52Error::Length(text.chars().count()));
        }
        let bytes = BASE32HEX_NOPAD
            .decode(text.to_ascii_uppercase().as_bytes())
            .map_err(|_| Id52Error::Alphabet)?;
        let bytes: [u8; 32] = bytes.try_into().map_err(|_| Id52Error::Alphabet)?;
        Self::from_bytes(&bytes)
    }
}

impl Serialize for PublicKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for PublicKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

/// Bytes in a signature.
const SIGNATURE_LENGTH: usize = 64;

/// What a key has signed; written as 128 hexadecimal characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signature([u8; SIGNATURE_LENGTH]);

impl Serialize for Signature {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&data_encoding::HEXLOWER.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Signature {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes = data_encoding::HEXLOWER.decode(text.as_bytes());
        let bytes = bytes.map_err(serde::de::Error::custom)?;
        let wrong = |_| serde::de::Error::custom("a signature has 64 bytes");
        Ok(Self(bytes.try_into().map_err(wrong)?))
    }
}

/// The secret half of an identity.
///
/// Its `Debug` is masked, it has no `Display` and no serde; the bytes leave only through
/// [`SecretKey::expose_bytes`] and [`SecretKey::expose_hex`], and are wiped when dropped.
#[derive(Clone)]
pub struct SecretKey(Zeroizing<[u8; 32]>);

/// Why a text is not a secret key. It never repeats the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a secret key is 64 hexadecimal characters or 52 of base32")]
pub struct SecretKeyError;

impl SecretKey {
    /// Makes a new key from the operating system's randomness.
    #[must_use]
    pub fn generate() -> Self {
        Self(Zeroizing::new(iroh::SecretKey::generate().to_bytes()))
    }

    /// Takes the 32 bytes of an Ed25519 secret key (its seed).
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// Parses the two text forms that legacy malai wrote: 64 characters of hex, or 52 of RFC 4648
    /// base32 without padding; space around them is ignored.
    ///
    /// # Errors
    /// [`SecretKeyError`] for anything else.
    pub fn from_text(text: &str) -> Result<Self, SecretKeyError> {
        let text = text.trim();
        let decoded = match text.len() {
            64 => HEXLOWER_PERMISSIVE.decode(text.as_bytes()),
            52 => data_encoding::BASE32_NOPAD.decode(text.to_ascii_uppercase().as_bytes()),
            _ => return Err(SecretKeyError),
        };
        let decoded = Zeroizing::new(decoded.map_err(|_| SecretKeyError)?);
        let bytes: [u8; 32] = decoded.as_slice().try_into().map_err(|_| SecretKeyError)?;
        Ok(Self::from_bytes(bytes))
    }

    /// The public half.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        PublicKey::from_iroh(self.to_iroh().public())
    }

    /// Signs `message`; whoever calls makes sure that it can be taken for nothing else.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> Signature {
        Signature(self.to_iroh().sign(message).to_bytes())
    }

    /// The secret bytes; for key stores only.
    #[must_use]
    pub fn expose_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The secret as 64 characters of lower-case hex; for key stores only.
    #[must_use]
    pub fn expose_hex(&self) -> Zeroizing<String> {
        Zeroizing::new(data_encoding::HEXLOWER.encode(self.0.as_slice()))
    }

    pub(crate) fn to_iroh(&self) -> iroh::SecretKey {
        iroh::SecretKey::from_bytes(&self.0)
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "SecretKey(of {})", self.public())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Secret of 32 times 7, as measured with the legacy tool.
    const VECTOR: &str = "t956oov2jh90lfnla1th6bm5v6aketlenqv7n4i23rl6i526q8m0";

    #[test]
    fn writes_the_legacy_vector() {
        assert_eq!(SecretKey::from_bytes([7; 32]).public().to_string(), VECTOR);
    }

    #[test]
    fn agrees_with_the_legacy_crate() {
        for seed in 0..64_u8 {
            let ours = SecretKey::from_bytes([seed; 32]).public().to_string();
            assert_eq!(ours, fastn_id52::SecretKey::from_bytes(&[seed; 32]).id52());
        }
    }

    #[test]
    fn refuses_the_zero_key_and_trailing_bits() {
        assert_eq!("0".repeat(52).parse::<PublicKey>(), Err(Id52Error::NotAKey));
        let trailing = format!("{}1", &VECTOR[..51]);
        assert_eq!(trailing.parse::<PublicKey>(), Err(Id52Error::Alphabet));
        assert_eq!("abc".parse::<PublicKey>(), Err(Id52Error::Length(3)));
    }

    #[test]
    fn debug_never_shows_the_secret() {
        let secret = SecretKey::from_bytes([7; 32]);
        assert!(!format!("{secret:?}").contains(&*secret.expose_hex()));
    }

    proptest! {
        #[test]
        fn parse_never_panics(text in any::<String>()) {
            drop(text.parse::<PublicKey>());
            drop(SecretKey::from_text(&text));
        }

        #[test]
        fn only_the_right_key_has_signed(seed in any::<[u8; 32]>(), message in any::<Vec<u8>>()) {
            let secret = SecretKey::from_bytes(seed);
            let signature = secret.sign(&message);
            let text = serde_json::to_string(&signature).unwrap();
            let read: Signature = serde_json::from_str(&text).unwrap();
            prop_assert!(secret.public().verify(&message, &read));
            let other = [message.as_slice(), b"!"].concat();
            prop_assert!(!secret.public().verify(&other, &signature));
            prop_assert!(!SecretKey::from_bytes([1; 32]).public().verify(&message, &signature));
        }

        #[test]
        fn text_forms_round_trip(seed in any::<[u8; 32]>()) {
            let secret = SecretKey::from_bytes(seed);
            let public = secret.public();
            prop_assert_eq!(public.to_string().parse::<PublicKey>().unwrap(), public);
            let again = SecretKey::from_text(&secret.expose_hex()).unwrap();
            prop_assert_eq!(again.expose_bytes(), &seed);
        }
    }
}
