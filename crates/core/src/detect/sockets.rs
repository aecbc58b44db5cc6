//! Which ports are listened on, and by which processes of our user.

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use listeners::{Protocol, SocketState};

use super::process::{self, Process};

/// A port and who listens on it.
#[derive(Debug)]
pub(super) struct Listening {
    pub(super) port: u16,
    pub(super) process: Process,
}

/// Which TCP sockets listen at one moment, as far as one of them can be told from another.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Sockets(Vec<String>);

impl Sockets {
    /// Two small files of the kernel; `None` where there are no such files.
    pub(super) fn now() -> Option<Self> {
        let mut sockets = Vec::new();
        for file in ["/proc/self/net/tcp", "/proc/self/net/tcp6"] {
            match std::fs::read_to_string(file) {
                Ok(text) => sockets.extend(text.lines().filter_map(listening_socket)),
                // A system without IPv6 has no second one.
                Err(error) if file.ends_with('6') => tracing::trace!(%error, "no IPv6"),
                Err(_) => return None,
            }
        }
        sockets.sort();
        Some(Self(sockets))
    }
}

/// The local address and the inode of a line that is about a listener: columns 2, 4 and 10 of
/// proc_net_tcp (Linux `Documentation/networking/proc_net_tcp.rst`), where state `0A` is LISTEN.
fn listening_socket(line: &str) -> Option<String> {
    let columns: Vec<&str> = line.split_whitespace().collect();
    let (local, state, inode) = (columns.get(1)?, columns.get(3)?, columns.get(9)?);
    (*state == "0A").then(|| format!("{local} {inode}"))
}

/// By port, each once.
pub(super) fn listening() -> Result<Vec<Listening>, String> {
    let found = listeners::get_all().map_err(|error| error.to_string())?;
    let mut by_port = BTreeMap::new();
    for listener in found {
        let socket = listener.socket;
        let listens = listener.protocol == Protocol::TCP && listener.state == SocketState::Listen;
        if !listens || !answers_to_localhost(socket.ip()) || process::is_malai(&listener.process) {
            continue;
        }
        // The lowest process: where several share a socket, it is the one that opened it.
        let owner = by_port
            .entry(socket.port())
            .or_insert(listener.process.clone());
        if listener.process.pid < owner.pid {
            *owner = listener.process;
        }
    }
    Ok(by_port
        .into_iter()
        .filter_map(|(port, owner)| {
            let process = Process::of_our_user(owner)?;
            Some(Listening { port, process })
        })
        .collect())
}

/// Whether what listens on `ip` is reached as `localhost`.
fn answers_to_localhost(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(ip) => ip == Ipv4Addr::LOCALHOST || ip.is_unspecified(),
        IpAddr::V6(ip) => ip == Ipv6Addr::LOCALHOST || ip.is_unspecified(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_listeners_of_the_kernels_list_apart() {
        let line =
            "0: 0100007F:0BB8 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 77 1";
        assert_eq!(listening_socket(line).as_deref(), Some("0100007F:0BB8 77"));
        assert_eq!(listening_socket(&line.replace(" 0A ", " 01 ")), None);
        assert_eq!(listening_socket("sl local_address rem_address st"), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn another_listener_is_another_picture() {
        let here = |port: u16| {
            let sockets = Sockets::now().unwrap();
            let port = format!(":{port:04X} ");
            sockets.0.iter().any(|socket| socket.contains(&port))
        };
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        assert!(here(port));
        drop(listener);
        assert!(!here(port));
    }

    #[test]
    fn takes_what_localhost_reaches_and_nothing_else() {
        for ip in ["127.0.0.1", "0.0.0.0", "::1", "::", "::ffff:127.0.0.1"] {
            assert!(answers_to_localhost(ip.parse().unwrap()), "{ip}");
        }
        for ip in ["127.0.0.53", "192.168.1.2", "fe80::1"] {
            assert!(!answers_to_localhost(ip.parse().unwrap()), "{ip}");
        }
    }
}
