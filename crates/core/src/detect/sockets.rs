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
    fn takes_what_localhost_reaches_and_nothing_else() {
        for ip in ["127.0.0.1", "0.0.0.0", "::1", "::", "::ffff:127.0.0.1"] {
            assert!(answers_to_localhost(ip.parse().unwrap()), "{ip}");
        }
        for ip in ["127.0.0.53", "192.168.1.2", "fe80::1"] {
            assert!(!answers_to_localhost(ip.parse().unwrap()), "{ip}");
        }
    }
}
