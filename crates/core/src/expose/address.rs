//! An address that stands for a peer where only addresses are understood.

use std::net::Ipv6Addr;

use fastn_p2p::PublicKey;

/// A unique local address (RFC 4193) made of `peer`'s key, the same each time. A loopback address
/// in its place would let a stranger pass for a local user.
pub(super) fn address_of(peer: &PublicKey) -> Ipv6Addr {
    let mut octets = [0xfd; 16];
    octets[1..].copy_from_slice(&peer.as_bytes()[..15]);
    Ipv6Addr::from(octets)
}
