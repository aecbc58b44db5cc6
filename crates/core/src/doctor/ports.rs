//! Whether local ports are had that are wanted, and by whom they are taken otherwise.

use std::net::{IpAddr, SocketAddr, TcpListener};

use listeners::Protocol;
use malai_api::Examined;
use tokio::task::spawn_blocking;

use super::{Found, Setup};
use crate::config::{Config, ListenAddress};

/// Ports that are looked at; nobody has more.
const MOST_LOOKED_AT: usize = 64;

/// A port that is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Wanted {
    /// What for, with its article.
    what: String,
    address: SocketAddr,
}

/// Who has a port.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Holder {
    Ours,
    /// A program of our user, by its name; empty when its name is not told.
    Program(String),
    /// Nobody.
    Free,
    /// Nobody may have it, as the system says.
    Refused(String),
}

pub(super) async fn check(setup: &Setup) -> Vec<Found> {
    let wanted = wanted(&setup.config);
    if wanted.is_empty() {
        let seen = "no bridge has a port of its own choice";
        return vec![Found::skipped(Examined::Ports, "no port is fixed", seen)];
    }
    let runs = setup.runs;
    let looked = spawn_blocking(move || {
        let listening = listeners::get_all().unwrap_or_default();
        let found = wanted.iter().map(|wanted| {
            let address = wanted.address;
            let mut those = listening.iter().filter(|it| {
                it.protocol == Protocol::TCP
                    && it.socket.port() == address.port()
                    && overlap(it.socket.ip(), address.ip())
            });
            let holder = match those.next() {
                Some(it) if it.process.pid == std::process::id() => Holder::Ours,
                Some(it) => Holder::Program(it.process.name.clone()),
                None => try_port(address),
            };
            judge(wanted, &holder, runs)
        });
        found.collect::<Vec<_>>()
    });
    let found = looked.await.unwrap_or_default();
    // What is right is said once for all.
    let (right, wrong): (Vec<_>, Vec<_>) = found.into_iter().partition(Option::is_none);
    let mut found: Vec<Found> = wrong.into_iter().flatten().collect();
    if !right.is_empty() {
        let seen = if runs {
            "the fixed ports of bridges are ours"
        } else {
            "the fixed ports of bridges are free"
        };
        let count = u32::try_from(right.len()).unwrap_or(u32::MAX);
        found.push(Found::ok(Examined::Ports, "ports can be had", seen).figure(
            "ports",
            f64::from(count),
            "",
        ));
    }
    found
}

fn wanted(config: &Config) -> Vec<Wanted> {
    let bridges = config.bridges.iter().filter(|(_, bridge)| bridge.active);
    let bridges = bridges.filter_map(|(name, bridge)| match bridge.listen {
        ListenAddress::Tcp(address) => Some((format!("the bridge `{name}`"), address)),
        ListenAddress::Unix(_) => None,
    });
    let gateway = config.gateway.listen;
    let gateway = gateway.map(|address| ("the gateway".to_owned(), address));
    let metrics = config.metrics;
    let metrics = metrics.map(|address| ("the metrics".to_owned(), address));
    bridges
        .chain(gateway)
        .chain(metrics)
        .filter(|(_, address)| address.port() != 0)
        .take(MOST_LOOKED_AT)
        .map(|(what, address)| Wanted { what, address })
        .collect()
}

/// Whether two sockets at the same port are in each other's way.
fn overlap(one: IpAddr, other: IpAddr) -> bool {
    let (one, other) = (one.to_canonical(), other.to_canonical());
    one == other || one.is_unspecified() || other.is_unspecified()
}

/// Who has it could not be seen: sockets of other users show no program.
fn try_port(address: SocketAddr) -> Holder {
    match TcpListener::bind(address) {
        Ok(_) => Holder::Free,
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {
            Holder::Program(String::new())
        }
        Err(error) => Holder::Refused(error.to_string()),
    }
}

/// `None` when it is as it should be.
fn judge(wanted: &Wanted, holder: &Holder, runs: bool) -> Option<Found> {
    let (what, address) = (&wanted.what, wanted.address);
    let found = match holder {
        Holder::Ours => return None,
        Holder::Free if !runs => return None,
        Holder::Free => {
            let seen = format!("{what} does not listen at {address}");
            Found::problem(Examined::Ports, "a port is not listened on", seen)
                .advise("`malai status` says why")
        }
        Holder::Program(name) => {
            let whose = if name.is_empty() {
                "a program of another user".to_owned()
            } else {
                format!("`{name}`")
            };
            let seen = format!("{what} cannot listen at {address}, which {whose} has");
            Found::problem(Examined::Ports, "a port is taken", seen)
                .advise("stop that program, or give it another `listen` in malai.toml")
        }
        Holder::Refused(why) => {
            let seen = format!("{what} cannot listen at {address}: {why}");
            Found::problem(Examined::Ports, "a port cannot be had", seen)
                .advise("give it another `listen` in malai.toml")
        }
    };
    Some(found.about(address.to_string()))
}

#[cfg(test)]
mod tests {
    use malai_api::Verdict;

    use super::*;

    fn judged(holder: &Holder, runs: bool) -> Option<Verdict> {
        let wanted = Wanted {
            what: "the gateway".to_owned(),
            address: "127.0.0.1:4000".parse().unwrap(),
        };
        judge(&wanted, holder, runs).map(|found| found.verdict)
    }

    #[test]
    fn a_port_of_ours_and_one_that_is_free_are_right() {
        assert_eq!(judged(&Holder::Ours, true), None);
        assert_eq!(judged(&Holder::Free, false), None);
        assert_eq!(judged(&Holder::Free, true), Some(Verdict::Problem));
        let taken = Holder::Program("nginx".to_owned());
        assert_eq!(judged(&taken, false), Some(Verdict::Problem));
    }

    #[test]
    fn sockets_of_other_addresses_are_not_in_the_way() {
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        assert!(overlap(ip("127.0.0.1"), ip("0.0.0.0")));
        assert!(overlap(ip("::"), ip("127.0.0.1")));
        assert!(!overlap(ip("127.0.0.1"), ip("127.0.0.2")));
    }
}
