//! Addresses, without what tells one from another.

use std::net::IpAddr;

/// What kind of address it is, for a text that is passed on.
pub(super) fn kind(ip: IpAddr) -> &'static str {
    match ip.to_canonical() {
        IpAddr::V4(ip) => match ip.octets() {
            [127, ..] => "127.x.x.x (this machine)",
            [10, ..] => "10.x.x.x (private)",
            [172, 16..=31, ..] => "172.x.x.x (private)",
            [192, 168, ..] => "192.168.x.x (private)",
            [169, 254, ..] => "169.254.x.x (no DHCP)",
            [100, 64..=127, ..] => "100.x.x.x (behind the provider's NAT)",
            [0, 0, 0, 0] => "all IPv4",
            _ => "public IPv4",
        },
        IpAddr::V6(ip) if ip.is_loopback() => "::1 (this machine)",
        IpAddr::V6(ip) if ip.is_unspecified() => "all IPv6",
        IpAddr::V6(ip) if ip.is_unicast_link_local() => "fe80::x (link-local)",
        IpAddr::V6(ip) if ip.is_unique_local() => "fdxx::x (private)",
        IpAddr::V6(_) => "public IPv6",
    }
}

/// How far the way to it is, as the end of a sentence.
pub(super) fn way(ip: IpAddr) -> &'static str {
    if ip.to_canonical().is_loopback() {
        "on this machine"
    } else if is_local(ip) {
        "over the local network"
    } else {
        "over the internet"
    }
}

/// Whether it is one of a local network, or of this machine.
pub(super) fn is_local(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(ip) => ip.is_private() || ip.is_loopback() || ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_number_of_an_address_is_left_that_tells_whose_it_is() {
        for (text, expected) in [
            ("192.168.7.13", "192.168.x.x (private)"),
            ("::ffff:10.9.8.7", "10.x.x.x (private)"),
            ("203.0.113.9", "public IPv4"),
            ("100.100.1.1", "100.x.x.x (behind the provider's NAT)"),
            ("2001:db8::7", "public IPv6"),
            ("fe80::1234", "fe80::x (link-local)"),
        ] {
            assert_eq!(kind(text.parse().unwrap()), expected);
        }
        assert_eq!(way("127.0.0.1".parse().unwrap()), "on this machine");
        assert!(is_local("192.168.7.13".parse().unwrap()));
        assert!(!is_local("203.0.113.9".parse().unwrap()));
    }
}
