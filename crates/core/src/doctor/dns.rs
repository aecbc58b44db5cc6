//! Whether names are found: those of servers, by the system, and those of peers, by the servers
//! that are asked about domains.

use std::{net::SocketAddr, time::Duration};

use futures_util::future::join_all;
use malai_api::Examined;
use tokio::{
    net::lookup_host,
    time::{Instant, timeout},
};
use url::{Host, Url};

use super::Found;
use crate::{
    config::{BridgeTarget, Config, PeerName},
    domains,
};

/// How long the system may take to find a name.
const PATIENCE: Duration = Duration::from_secs(4);

/// Own servers that are asked; nobody has more.
const MOST_ASKED: usize = 4;

/// A name that is for examples (RFC 6761, section 6.5): that it has no key is an answer.
const EXAMPLE: &str = "example.com";

/// What was seen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Seen {
    /// Whether the system finds a name that is needed, and how soon; `None` when none is.
    system: Option<Result<Duration, String>>,
    /// What those servers say that are asked about domains, the system's own when none is named.
    servers: Vec<(String, Result<(), String>)>,
    /// Whether a bridge leads to a domain.
    is_needed: bool,
}

/// Looks for the names of `servers`. Cancel safe.
pub(super) async fn check(config: &Config, servers: &[Url]) -> Vec<Found> {
    let name = servers.iter().find_map(|url| match url.host()? {
        Host::Domain(name) if name != "localhost" => Some(name.to_owned()),
        Host::Domain(_) | Host::Ipv4(_) | Host::Ipv6(_) => None,
    });
    let mut bridges = config.bridges.values().flat_map(|bridge| &bridge.to);
    let is_needed = bridges.any(|to: &BridgeTarget| matches!(to.peer, PeerName::Domain(_)));
    let own = &config.domains.servers;
    let groups: Vec<&[SocketAddr]> = if own.is_empty() {
        // The system's own, where they are needed.
        is_needed.then_some(&[][..]).into_iter().collect()
    } else {
        own.chunks(1).take(MOST_ASKED).collect()
    };
    let asking = groups.into_iter().map(|servers| async move {
        let name = servers.first().map_or_else(
            || "the system's DNS servers".to_owned(),
            |server| format!("the DNS server {server}"),
        );
        (name, domains::try_servers(servers, EXAMPLE).await)
    });
    let system = async {
        match name {
            Some(name) => Some(find(&name).await),
            None => None,
        }
    };
    let (system, servers) = tokio::join!(system, join_all(asking));
    judge(&Seen {
        system,
        servers,
        is_needed,
    })
}

async fn find(name: &str) -> Result<Duration, String> {
    let began = Instant::now();
    match timeout(PATIENCE, lookup_host((name, 443))).await {
        Ok(Ok(_)) => Ok(began.elapsed()),
        Ok(Err(_)) => Err(name.to_owned()),
        Err(_) => Err(name.to_owned()),
    }
}

fn judge(seen: &Seen) -> Vec<Found> {
    let check = Examined::Dns;
    let mut found = Vec::new();
    match &seen.system {
        Some(Ok(took)) => {
            let said = "the system finds the names of servers";
            found.push(Found::ok(check, "names are found", said).millis("latency", *took));
        }
        Some(Err(name)) => {
            let said = format!("the system does not find the name {name}");
            found.push(Found::problem(check, "names are not found", said).advise(
                "check the internet connection, and the DNS servers of this machine's network \
                     settings",
            ));
        }
        None => {}
    }
    let answers = seen.servers.iter().any(|(_, answer)| answer.is_ok());
    for (name, answer) in &seen.servers {
        found.push(match answer {
            Ok(()) => {
                let said = format!("{name} answers, so domains can stand for peers");
                Found::ok(check, "a DNS server answers", said)
            }
            Err(why) => {
                let said = format!("peers cannot be found by domain: {name}: {why}");
                let summary = "a DNS server does not answer";
                let found = if seen.is_needed && !answers {
                    Found::problem(check, summary, said)
                } else {
                    Found::warning(check, summary, said)
                };
                found.advise("check `servers` in `[domains]` of malai.toml, and the network")
            }
        });
    }
    if found.is_empty() {
        let said = "nothing that is used here needs the DNS";
        found.push(Found::skipped(check, "the DNS is not needed", said));
    }
    found
}

#[cfg(test)]
mod tests {
    use malai_api::Verdict;

    use super::*;

    fn verdicts(seen: &Seen) -> Vec<Verdict> {
        judge(seen).iter().map(|found| found.verdict).collect()
    }

    #[test]
    fn a_dead_server_is_a_problem_only_for_who_needs_it() {
        let dead = ("the DNS server".to_owned(), Err("no answer".to_owned()));
        let mut seen = Seen {
            servers: vec![dead],
            ..Seen::default()
        };
        assert_eq!(verdicts(&seen), [Verdict::Warning]);
        seen.is_needed = true;
        assert_eq!(verdicts(&seen), [Verdict::Problem]);
        seen.servers.push(("another".to_owned(), Ok(())));
        assert_eq!(verdicts(&seen), [Verdict::Warning, Verdict::Ok]);
    }

    #[test]
    fn who_needs_no_names_is_not_told_of_any() {
        assert_eq!(verdicts(&Seen::default()), [Verdict::Skipped]);
        let seen = Seen {
            system: Some(Err("relay.example".to_owned())),
            ..Seen::default()
        };
        assert_eq!(verdicts(&seen), [Verdict::Problem]);
    }
}
