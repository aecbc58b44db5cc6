//! The secret of an invite, and what is remembered of it: its hash alone.

use std::fmt;

use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use rand::{TryRng, rngs::SysRng};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// Random bytes of a secret: 144 bits, which are 24 characters of a link.
const SECRET_BYTES: usize = 18;
/// Bytes of the hash that name an invite.
const ID_BYTES: usize = 8;

/// The secret of an invite, in characters that a link can hold; its `Debug` is masked.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

/// The SHA-256 of a secret: enough to know it again, and useless to whoever reads it.
///
/// A secret is random and long, so that no salt and no slow hash are needed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SecretHash([u8; 32]);

/// Names an invite without giving anything away: the first bytes of its secret's hash.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct InviteId([u8; ID_BYTES]);

impl Secret {
    /// A new secret from the operating system's randomness.
    ///
    /// # Errors
    /// When the operating system has none.
    pub fn generate() -> Result<Self, rand::rngs::SysError> {
        let mut bytes = Zeroizing::new([0; SECRET_BYTES]);
        SysRng.try_fill_bytes(&mut *bytes)?;
        Ok(Self(Zeroizing::new(BASE64URL_NOPAD.encode(&*bytes))))
    }

    /// The secret itself, for a link.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What is remembered of it.
    #[must_use]
    pub fn hash(&self) -> SecretHash {
        SecretHash::of(&self.0)
    }
}

impl SecretHash {
    /// The hash of what somebody says is a secret.
    #[must_use]
    pub fn of(text: &str) -> Self {
        Self(Sha256::digest(text.as_bytes()).into())
    }

    /// The hash itself.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The name of the invite with this secret.
    #[must_use]
    pub fn id(&self) -> InviteId {
        let mut id = [0; ID_BYTES];
        id.copy_from_slice(&self.0[..ID_BYTES]);
        InviteId(id)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(…)")
    }
}

impl fmt::Debug for SecretHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "SecretHash({}…)", self.id())
    }
}

impl fmt::Display for InviteId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&HEXLOWER.encode(&self.0))
    }
}

impl fmt::Debug for InviteId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "InviteId({self})")
    }
}

impl Serialize for SecretHash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&HEXLOWER.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for SecretHash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_hex(&String::deserialize(deserializer)?)
            .map(Self)
            .ok_or_else(|| D::Error::custom("a hash has 64 hexadecimal digits"))
    }
}

impl Serialize for InviteId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for InviteId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_hex(&String::deserialize(deserializer)?)
            .map(Self)
            .ok_or_else(|| D::Error::custom("an invite's name has 16 hexadecimal digits"))
    }
}

fn from_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    HEXLOWER.decode(text.as_bytes()).ok()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_fits_a_link_and_is_never_twice_the_same() {
        let (one, other) = (Secret::generate().unwrap(), Secret::generate().unwrap());
        assert_ne!(one, other);
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        assert_eq!(one.expose().len(), 24);
        assert!(one.expose().chars().all(fits), "a character no link has");
    }

    #[test]
    fn debug_never_shows_a_secret() {
        let secret = Secret::generate().unwrap();
        for text in [format!("{secret:?}"), format!("{:?}", secret.hash())] {
            assert!(!text.contains(secret.expose()), "{text}");
        }
    }

    #[test]
    fn the_hash_is_sha_256() {
        let hash = serde_json::to_string(&SecretHash::of("abc")).unwrap();
        let known = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(hash, format!("\"{known}\""));
        assert_eq!(
            serde_json::from_str::<SecretHash>(&hash).unwrap(),
            SecretHash::of("abc")
        );
        assert_eq!(SecretHash::of("abc").id().to_string(), known[..16]);
    }
}
