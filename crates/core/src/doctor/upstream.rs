//! Whether what is shared answers.

use std::{collections::HashSet, time::Duration};

use futures_util::{StreamExt, stream};
use http::StatusCode;
use malai_api::{Examined, Protocol};
use tokio::time::{Instant, timeout};

use super::Found;
use crate::{
    config::{Config, HostRule, ServiceConfig, UpstreamAddress},
    shutdown::Shutdown,
    upstream::Backend,
};

/// How long one address may take: dev servers build a page when it is first asked for.
const PATIENCE: Duration = Duration::from_secs(5);
/// From here on somebody waits.
const SLOW: Duration = Duration::from_secs(2);
/// Addresses that are asked at once.
const AT_ONCE: usize = 16;
/// Addresses that are asked at all; the rest is taken on trust.
const MOST_ASKED: usize = 64;

/// What an address answers.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Seen {
    /// It takes connections; more is not asked of a TCP service.
    Takes,
    Answers(StatusCode),
    /// Why not, in plain words.
    Down(String),
    Slow,
}

pub(super) async fn check(config: &Config) -> Vec<Found> {
    let tasks = Shutdown::default();
    let active = config.services.iter().filter(|(_, it)| it.active);
    let all = active.flat_map(|(name, service)| {
        let mut lists = vec![&service.upstream];
        lists.extend(service.route.iter().map(|route| &route.upstream));
        let mut addresses: Vec<_> = lists
            .into_iter()
            .flat_map(|list| list.iter().map(|address| (address, list.len() == 1)))
            .collect();
        // One that is in several places is asked once.
        let mut known = HashSet::new();
        addresses.retain(|(address, _)| known.insert(address.to_string()));
        let one = move |(address, only)| (name.clone(), service, address, only);
        addresses.into_iter().map(one)
    });
    let looks: Vec<_> = all
        .take(MOST_ASKED)
        .map(|(name, service, address, only)| {
            let tasks = tasks.clone();
            async move {
                let began = Instant::now();
                let asked = timeout(PATIENCE, ask(service, address, tasks)).await;
                let seen = asked.unwrap_or(Seen::Slow);
                judge(&seen, began.elapsed(), address, only).about(name)
            }
        })
        .collect();
    let found: Vec<Found> = stream::iter(looks).buffered(AT_ONCE).collect().await;
    // The connections end with the check.
    tasks.drain(Duration::ZERO).await;
    if found.is_empty() {
        let seen = "nothing is shared";
        return vec![Found::skipped(
            Examined::Upstream,
            "nothing is shared",
            seen,
        )];
    }
    found
}

async fn ask(service: &ServiceConfig, address: &UpstreamAddress, tasks: Shutdown) -> Seen {
    let backend = Backend::new(address.clone(), service.timeouts.connect, tasks);
    if service.protocol == Protocol::Tcp {
        return match backend.connect().await {
            Ok(_) => Seen::Takes,
            Err(error) => Seen::Down(error.message),
        };
    }
    let path = service.health.as_ref().map_or("/", |health| &health.path);
    let host = match &service.host {
        HostRule::Fixed(host) => Some(host.as_str()),
        HostRule::Upstream | HostRule::Keep => None,
    };
    match backend.ask(path, host).await {
        Ok(status) => Seen::Answers(status),
        Err(error) => Seen::Down(error.message),
    }
}

/// `only` says that the service, or a route of it, has no other address.
fn judge(seen: &Seen, took: Duration, address: &UpstreamAddress, only: bool) -> Found {
    let check = Examined::Upstream;
    let found = match seen {
        Seen::Down(why) if only => Found::problem(check, "a service is down", why.clone())
            .advise("start what is shared; peers get 502 until then"),
        Seen::Down(why) => Found::warning(check, "one address of a service is down", why.clone())
            .advise("start it; the other addresses are used until then"),
        Seen::Slow => {
            let said = format!(
                "{address} took the connection and did not answer within {} seconds",
                PATIENCE.as_secs()
            );
            Found::problem(check, "a service does not answer", said).advise("look at its output")
        }
        Seen::Answers(status) if status.is_server_error() => {
            let said = format!("{address} answers with {}", status.as_u16());
            Found::warning(check, "a service answers with an error of its own", said)
                .advise("look at the output of what runs there")
        }
        Seen::Answers(status) if took > SLOW => {
            let said = format!("{address} answers with {}, and slowly", status.as_u16());
            Found::warning(check, "a service is slow", said).advise("look at what it does so long")
        }
        Seen::Answers(status) => {
            let said = format!("{address} answers with {}", status.as_u16());
            Found::ok(check, "a service answers", said)
        }
        Seen::Takes => {
            let said = format!("{address} takes connections");
            Found::ok(check, "a service takes connections", said)
        }
    };
    let found = match seen {
        Seen::Answers(status) => found.figure("status", f64::from(status.as_u16()), ""),
        Seen::Takes | Seen::Down(_) | Seen::Slow => found,
    };
    found.millis("latency", took)
}

#[cfg(test)]
mod tests {
    use malai_api::Verdict;

    use super::*;

    #[test]
    fn the_only_address_counts_more_than_one_of_several() {
        let address = "127.0.0.1:3000".parse().unwrap();
        let verdict = |seen: Seen, only| judge(&seen, SLOW / 2, &address, only).verdict;
        let down = || Seen::Down("Nothing answers at 127.0.0.1:3000.".to_owned());
        assert_eq!(verdict(down(), true), Verdict::Problem);
        assert_eq!(verdict(down(), false), Verdict::Warning);
        let found = Seen::Answers(StatusCode::NOT_FOUND);
        assert_eq!(verdict(found, true), Verdict::Ok);
        let broken = Seen::Answers(StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(verdict(broken, true), Verdict::Warning);
        let late = Seen::Answers(StatusCode::OK);
        assert_eq!(
            judge(&late, SLOW * 2, &address, true).verdict,
            Verdict::Warning
        );
    }
}
