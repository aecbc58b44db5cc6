//! UDP, over which everything goes that goes directly, and the kind of NAT before it.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

use fastn_p2p::NetworkReport;
use malai_api::Examined;

use super::{Found, place};

/// Addresses for documentation (RFC 5737 and RFC 3849): nobody has them, and nothing is sent there.
const FAR_V4: (Ipv4Addr, u16) = (Ipv4Addr::new(192, 0, 2, 1), 9);
const FAR_V6: (Ipv6Addr, u16) = (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1), 9);

/// What was seen.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    /// Why no port could be had.
    pub(super) failure: Option<String>,
    /// The address that `bind` in malai.toml names.
    pub(super) bind: SocketAddr,
    /// Whether anything but the local network is needed.
    pub(super) needs_internet: bool,
    /// Whether the system knows a way to the internet.
    pub(super) has_way: bool,
    /// Whether many servers were asked, and none has answered.
    pub(super) is_cut_off: bool,
    pub(super) network: NetworkReport,
}

/// Whether the system knows a way to far addresses; nothing is sent.
pub(super) fn has_way() -> bool {
    let v4 = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0));
    let v4 = v4.and_then(|socket| socket.connect(FAR_V4));
    let v6 = UdpSocket::bind((Ipv6Addr::UNSPECIFIED, 0));
    v4.is_ok() || v6.and_then(|socket| socket.connect(FAR_V6)).is_ok()
}

pub(super) fn judge(seen: &Seen) -> Found {
    let check = Examined::Udp;
    if let Some(why) = &seen.failure {
        let said = format!("the UDP address {} cannot be used: {why}", seen.bind);
        return Found::problem(check, "the UDP port cannot be had", said)
            .advise("stop the program that has it, or change `bind` in `[network]` of malai.toml");
    }
    let bound: Vec<String> = seen.network.bound.iter().map(ToString::to_string).collect();
    let bound = bound.join(", ");
    if seen.network.captive_portal == Some(true) {
        let said = "something on this network answers in the place of servers, as the login page \
                    of a hotel or a train does";
        return Found::problem(check, "a login page is in the way", said)
            .advise("open a web page in a browser and sign in to this network, then check again");
    }
    if seen.network.udp_v4 || seen.network.udp_v6 {
        return nat(seen, &bound);
    }
    if !seen.has_way && seen.needs_internet && !seen.network.is_measured {
        let said = format!("UDP listens at {bound}, and this machine has no way to the internet");
        return Found::problem(check, "there is no internet", said).advise(
            "check the cable or the Wi-Fi of this machine; on the local network malai works",
        );
    }
    if seen.is_cut_off && !seen.network.is_measured {
        let said = format!(
            "UDP listens at {bound}, and no server on the internet answers: this network may have \
             no way out"
        );
        return Found::problem(check, "no server on the internet answers", said)
            .advise("see whether other programs reach the internet from here");
    }
    if !seen.needs_internet || seen.bind.ip().is_loopback() {
        let said = if seen.bind.ip().is_loopback() {
            format!("UDP listens at {bound}, for this machine alone, as `bind` in malai.toml says")
        } else {
            format!("UDP listens at {bound}; nothing but the local network is used")
        };
        return Found::ok(check, "UDP listens", said);
    }
    let mut relays = seen.network.latencies.keys();
    let is_told = relays.any(|relay| relay.scheme() == "https");
    if seen.network.is_measured && is_told {
        let said = "UDP does not get through to the internet: everything goes through the relay, \
                    which is slower";
        return Found::warning(check, "UDP is blocked", said)
            .advise("let UDP out of this network's firewall, to any port");
    }
    let said = format!(
        "UDP listens at {bound}; no relay could tell how it fares outside, so the kind of NAT is \
         not known"
    );
    Found::ok(check, "UDP listens, the kind of NAT is not known", said)
}

/// UDP comes back: how far it helps depends on the NAT.
fn nat(seen: &Seen, bound: &str) -> Found {
    let check = Examined::Udp;
    let versions = match (seen.network.udp_v4, seen.network.udp_v6) {
        (true, true) => "IPv4 and IPv6",
        (true, false) => "IPv4",
        (false, _) => "IPv6",
    };
    let mut public = seen.network.public.iter();
    let is_public = public.any(|address| !place::is_local(address.ip()));
    match seen.network.mapping_varies {
        Some(true) => {
            let said = format!(
                "UDP works over {versions}, and the NAT of this network is hard (symmetric): direct \
                 connections are rare; the relay carries traffic"
            );
            let found = Found::warning(check, "the NAT is hard (symmetric)", said);
            found.advise(
                "nothing has to be done; for more speed forward a UDP port to this machine in the \
                 router, and write it into `bind` of malai.toml",
            )
        }
        Some(false) => {
            let said = format!(
                "UDP works over {versions}, and the NAT of this network is easy: direct connections \
                 are usual; it listens at {bound}"
            );
            Found::ok(check, "UDP works, the NAT is easy", said)
        }
        None => {
            let more = if is_public {
                "; only one relay was asked, so the kind of NAT is not known"
            } else {
                ""
            };
            let said = format!("UDP works over {versions}{more}; it listens at {bound}");
            Found::ok(check, "UDP works, the kind of NAT is not known", said)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use malai_api::Verdict;

    use super::*;

    fn seen(network: NetworkReport) -> Seen {
        Seen {
            failure: None,
            bind: "0.0.0.0:0".parse().unwrap(),
            needs_internet: true,
            has_way: true,
            is_cut_off: false,
            network,
        }
    }

    fn measured() -> NetworkReport {
        let relay = "https://relay.example/".parse().unwrap();
        NetworkReport {
            is_measured: true,
            latencies: [(relay, Duration::from_millis(20))].into(),
            ..NetworkReport::default()
        }
    }

    #[test]
    fn the_kind_of_nat_is_said_in_plain_words() {
        for (varies, verdict, words) in [
            (Some(true), Verdict::Warning, "hard (symmetric)"),
            (Some(false), Verdict::Ok, "easy"),
            (None, Verdict::Ok, "not known"),
        ] {
            let network = NetworkReport {
                udp_v4: true,
                mapping_varies: varies,
                public: vec!["203.0.113.9:4000".parse().unwrap()],
                ..measured()
            };
            let found: malai_api::Finding = judge(&seen(network)).into();
            assert_eq!(found.verdict, verdict);
            assert!(found.seen.contains(words), "{found:?}");
        }
    }

    #[test]
    fn no_internet_is_no_problem_for_who_needs_none() {
        let mut seen = seen(NetworkReport::default());
        seen.has_way = false;
        assert_eq!(judge(&seen).verdict, Verdict::Problem);
        seen.has_way = true;
        seen.is_cut_off = true;
        assert_eq!(judge(&seen).verdict, Verdict::Problem);
        seen.is_cut_off = false;
        seen.has_way = false;
        seen.needs_internet = false;
        assert_eq!(judge(&seen).verdict, Verdict::Ok);
    }

    #[test]
    fn udp_that_does_not_come_back_and_a_login_page_are_told() {
        assert_eq!(judge(&seen(measured())).verdict, Verdict::Warning);
        let network = NetworkReport {
            captive_portal: Some(true),
            ..measured()
        };
        assert_eq!(judge(&seen(network)).verdict, Verdict::Problem);
        let mut taken = seen(measured());
        taken.failure = Some("in use".to_owned());
        assert_eq!(judge(&taken).verdict, Verdict::Problem);
    }
}
