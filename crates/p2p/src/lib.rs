//! Typed streams between Ed25519 keys, on iroh.
//!
//! The only identity there is, is the key that QUIC has authenticated at the other end.

mod key;

pub use key::{ID52_LENGTH, Id52Error, PublicKey, SecretKey, SecretKeyError};
