//! PROXY protocol, version 2: tells the upstream of a TCP service who comes, before the first byte.
//!
//! <https://www.haproxy.org/download/2.9/doc/proxy-protocol.txt>, section 2.2.
//! What a peer sends comes behind it, also when it looks like such a header: an upstream reads
//! exactly one, and that is ours.

use std::net::{Ipv6Addr, SocketAddr};

use fastn_p2p::PublicKey;

use super::address::address_of;

const SIGNATURE: [u8; 12] = *b"\r\n\r\n\0\r\nQUIT\n";
/// Version 2, command PROXY: there is somebody else on whose behalf we connect.
const VERSION_COMMAND: u8 = 0x21;
/// `AF_INET6`, `STREAM`.
const FAMILY: u8 = 0x21;
/// The peer's id52, of the types that are free for everybody's own use (`PP2_TYPE_MIN_CUSTOM`).
const TYPE_ID52: u8 = 0xE0;
/// Its pet name, when it has one.
const TYPE_NAME: u8 = 0xE1;
/// A peer has no port.
const NO_PORT: u16 = 0;

/// The header for a connection of `peer` to the upstream at `to`, `None` for a unix socket.
pub(super) fn encode(peer: &PublicKey, name: Option<&str>, to: Option<SocketAddr>) -> Vec<u8> {
    let (destination, port) = match to {
        Some(SocketAddr::V4(to)) => (to.ip().to_ipv6_mapped(), to.port()),
        Some(SocketAddr::V6(to)) => (*to.ip(), to.port()),
        None => (Ipv6Addr::LOCALHOST, NO_PORT),
    };
    let mut body = Vec::new();
    body.extend(address_of(peer).octets());
    body.extend(destination.octets());
    body.extend(NO_PORT.to_be_bytes());
    body.extend(port.to_be_bytes());
    add(&mut body, TYPE_ID52, &peer.to_string());
    if let Some(name) = name {
        add(&mut body, TYPE_NAME, name);
    }
    let mut header = SIGNATURE.to_vec();
    header.extend([VERSION_COMMAND, FAMILY]);
    header.extend(length(&body));
    header.extend(body);
    header
}

fn add(body: &mut Vec<u8>, kind: u8, value: &str) {
    body.push(kind);
    body.extend(length(value.as_bytes()));
    body.extend(value.as_bytes());
}

/// An id52 has 52 bytes and a pet name 63 at most, so it always fits.
fn length(bytes: &[u8]) -> [u8; 2] {
    u16::try_from(bytes.len()).unwrap_or(u16::MAX).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use std::net::{SocketAddrV4, SocketAddrV6};

    use fastn_p2p::SecretKey;
    use proptest::prelude::*;

    use super::*;

    /// What a reader makes of a header, written by the specification alone.
    #[derive(Debug, PartialEq)]
    struct Read {
        source: (Ipv6Addr, u16),
        destination: (Ipv6Addr, u16),
        values: Vec<(u8, String)>,
        left: Vec<u8>,
    }

    fn take<const N: usize>(bytes: &mut &[u8]) -> [u8; N] {
        let (taken, rest) = bytes.split_at(N);
        *bytes = rest;
        taken.try_into().unwrap()
    }

    fn read(mut bytes: &[u8]) -> Read {
        let signature = [13, 10, 13, 10, 0, 13, 10, 81, 85, 73, 84, 10];
        assert_eq!(take::<12>(&mut bytes), signature);
        assert_eq!(take::<2>(&mut bytes), [0x21, 0x21]);
        let length = usize::from(u16::from_be_bytes(take(&mut bytes)));
        let (mut body, left) = bytes.split_at(length);
        let source = Ipv6Addr::from(take::<16>(&mut body));
        let destination = Ipv6Addr::from(take::<16>(&mut body));
        let source = (source, u16::from_be_bytes(take(&mut body)));
        let destination = (destination, u16::from_be_bytes(take(&mut body)));
        let mut values = Vec::new();
        while !body.is_empty() {
            let [kind] = take(&mut body);
            let length = usize::from(u16::from_be_bytes(take(&mut body)));
            let (value, rest) = body.split_at(length);
            values.push((kind, String::from_utf8(value.to_vec()).unwrap()));
            body = rest;
        }
        Read {
            source,
            destination,
            values,
            left: left.to_vec(),
        }
    }

    fn address() -> impl Strategy<Value = SocketAddr> {
        prop_oneof![
            (any::<[u8; 4]>(), any::<u16>()).prop_map(|(ip, port)| SocketAddrV4::new(
                ip.into(),
                port
            )
            .into()),
            (any::<[u8; 16]>(), any::<u16>()).prop_map(|(ip, port)| SocketAddrV6::new(
                ip.into(),
                port,
                0,
                0
            )
            .into()),
        ]
    }

    #[test]
    fn ipv4_is_mapped_and_a_unix_socket_is_loopback() {
        let peer = SecretKey::from_bytes([7; 32]).public();
        let v4 = read(&encode(&peer, None, Some("10.1.2.3:5432".parse().unwrap())));
        assert_eq!(v4.destination.0.to_string(), "::ffff:10.1.2.3");
        assert_eq!(v4.destination.1, 5432);
        assert!(v4.source.0.is_unique_local(), "{v4:?}");
        let unix = read(&encode(&peer, None, None));
        assert_eq!(unix.destination, (Ipv6Addr::LOCALHOST, 0));
    }

    proptest! {
        #[test]
        fn a_reader_finds_what_was_written_and_the_payload_behind_it(
            seed in any::<[u8; 32]>(),
            name in proptest::option::of("[a-z0-9][a-z0-9-]{0,62}"),
            to in proptest::option::of(address()),
            payload in proptest::collection::vec(any::<u8>(), 0..100),
        ) {
            let peer = SecretKey::from_bytes(seed).public();
            let mut bytes = encode(&peer, name.as_deref(), to);
            bytes.extend(&payload);
            let mut values = vec![(0xE0, peer.to_string())];
            values.extend(name.map(|name| (0xE1, name)));
            let destination = match to.map(|to| (to.ip(), to.port())) {
                Some((std::net::IpAddr::V4(ip), port)) => (ip.to_ipv6_mapped(), port),
                Some((std::net::IpAddr::V6(ip), port)) => (ip, port),
                None => (Ipv6Addr::LOCALHOST, 0),
            };
            let expected = Read {
                source: (address_of(&peer), 0),
                destination,
                values,
                left: payload,
            };
            prop_assert_eq!(read(&bytes), expected);
        }
    }
}
