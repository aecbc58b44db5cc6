//! Whether relays carry what cannot go directly.

use std::time::Duration;

use fastn_p2p::{NetworkReport, Node, public_relays};
use futures_util::future::join_all;
use malai_api::Examined;
use url::Url;

use super::{
    Found,
    web::{self, Answer, Trouble},
};
use crate::config::RelayConfig;

/// Relays that are asked one by one; nobody has more.
const MOST_ASKED: usize = 8;

/// Where a relay tells that it is one.
const PING: &str = "/ping";

/// A relay and what it answers.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    url: Url,
    answer: Result<Answer, Trouble>,
}

impl Asked {
    /// Whether it does not answer.
    pub(super) fn is_silent(&self) -> bool {
        self.answer.is_err()
    }

    /// What time it has.
    pub(super) fn date(&self) -> Option<u64> {
        self.answer.ok()?.date
    }
}

/// Those that are to be used: one's own, or the public one that is in use, or all public ones.
pub(super) fn wanted(relay: &RelayConfig, node: Option<&Node>) -> Vec<Url> {
    match relay {
        RelayConfig::None => Vec::new(),
        RelayConfig::Own(own) => own.iter().take(MOST_ASKED).cloned().collect(),
        RelayConfig::Default => match node.and_then(Node::relay) {
            Some(home) => vec![home],
            None => public_relays().into_iter().take(MOST_ASKED).collect(),
        },
    }
}

/// Asks each of them, all at once. Cancel safe.
pub(super) async fn ask(relays: Vec<Url>) -> Vec<Asked> {
    join_all(relays.into_iter().map(|url| async {
        let answer = web::ask(&url, PING).await;
        Asked { url, answer }
    }))
    .await
}

/// Judges what the relays have answered and what our connection to them is, one finding for each
/// of one's own, else one for all.
pub(super) fn judge(
    relay: &RelayConfig,
    asked: &[Asked],
    network: Option<&NetworkReport>,
) -> Vec<Found> {
    let check = Examined::Relay;
    if *relay == RelayConfig::None {
        let seen = "no relay is used, as `relay` in malai.toml says; whoever cannot reach this \
                    machine directly cannot connect";
        return vec![Found::skipped(check, "no relay is wanted", seen)];
    }
    let is_connected = |url: Option<&Url>| {
        let home = network.into_iter().flat_map(|network| &network.home);
        let mut home = home.filter(|home| url.is_none_or(|url| *url == home.url));
        home.any(|home| home.is_connected)
    };
    let works = is_connected(None);
    if *relay == RelayConfig::Default && !works && asked.iter().all(|it| it.answer.is_err()) {
        let why = asked.first().and_then(|it| it.answer.err());
        let why = why.unwrap_or(Trouble::NoWay);
        let seen = format!("none of the public relays answers: {}", why.words());
        let found = Found::problem(check, "no relay answers", seen);
        return vec![found.advise(
            "check the internet connection of this machine; a firewall may let only some sites \
             through",
        )];
    }
    let of = |it: &Asked| {
        let is_denied = network
            .into_iter()
            .flat_map(|network| &network.home)
            .any(|home| home.url == it.url && home.is_denied);
        let name = name(&it.url);
        let latency = network.and_then(|network| network.latencies.get(&it.url));
        judge_one(it, is_connected(Some(&it.url)), is_denied, works, latency).about(name)
    };
    match relay {
        RelayConfig::Own(_) => asked.iter().map(of).collect(),
        RelayConfig::Default | RelayConfig::None => {
            let best = asked.iter().find(|it| is_connected(Some(&it.url)));
            let best = best.or_else(|| asked.iter().find(|it| it.answer.is_ok()));
            best.into_iter().map(of).collect()
        }
    }
}

/// `works` says that there is a connection to a relay, this one or another.
fn judge_one(
    asked: &Asked,
    is_connected: bool,
    is_denied: bool,
    works: bool,
    latency: Option<&Duration>,
) -> Found {
    let check = Examined::Relay;
    let name = name(&asked.url);
    let bad = |summary, seen: String| {
        if works {
            Found::warning(check, summary, format!("{seen}; another relay works"))
        } else {
            Found::problem(check, summary, seen)
        }
    };
    let found = match asked.answer {
        _ if is_denied => bad("a relay refuses us", format!("the relay {name} refuses us"))
            .advise("ask its owner to let this id52 in"),
        _ if is_connected => {
            let seen =
                format!("the relay {name} carries what cannot go directly; we are connected to it");
            Found::ok(check, "connected to a relay", seen)
        }
        Err(trouble) => bad(
            "a relay does not answer",
            format!("the relay {name} cannot be used: {}", trouble.words()),
        )
        .advise(trouble.advice()),
        Ok(Answer { status, .. }) if !(200..300).contains(&status) => bad(
            "a server that is to be a relay is none",
            format!("the server at {name} answers with {status}, as no relay does"),
        )
        .advise("check the address under `relay` in malai.toml"),
        Ok(_) if works => {
            let seen = format!("the relay {name} answers; another one is in use, which is nearer");
            Found::ok(check, "a relay answers", seen)
        }
        Ok(_) => {
            let seen = format!("the relay {name} answers, and there is no connection to it yet");
            Found::warning(check, "a relay answers, and is not connected", seen)
                .advise("wait a moment and check again")
        }
    };
    let latency = latency.copied().or(asked.answer.ok().map(|it| it.took));
    match latency {
        Some(latency) => found.millis("latency", latency),
        None => found,
    }
}

fn name(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default().trim_end_matches('.');
    match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use fastn_p2p::HomeRelay;
    use malai_api::Verdict;

    use super::*;

    fn url(text: &str) -> Url {
        text.parse().unwrap()
    }

    fn asked(text: &str, answer: Result<u16, Trouble>) -> Asked {
        let answer = answer.map(|status| Answer {
            status,
            date: None,
            took: Duration::from_millis(3),
        });
        Asked {
            url: url(text),
            answer,
        }
    }

    fn connected(text: &str) -> NetworkReport {
        NetworkReport {
            home: vec![HomeRelay {
                url: url(text),
                is_connected: true,
                is_denied: false,
            }],
            ..NetworkReport::default()
        }
    }

    const ONE: &str = "https://one.example/";
    const TWO: &str = "https://two.example/";

    #[test]
    fn one_of_two_relays_is_enough() {
        let own = RelayConfig::Own(vec![url(ONE), url(TWO)]);
        let relays = [asked(ONE, Ok(200)), asked(TWO, Err(Trouble::Refused))];
        let verdicts = |network: &NetworkReport| {
            let found = judge(&own, &relays, Some(network));
            found.into_iter().map(|it| it.verdict).collect::<Vec<_>>()
        };
        let warned = [Verdict::Ok, Verdict::Warning];
        assert_eq!(verdicts(&connected(ONE)), warned);
        let none = [Verdict::Warning, Verdict::Problem];
        assert_eq!(verdicts(&NetworkReport::default()), none);
    }

    #[test]
    fn what_is_no_relay_is_said() {
        let own = RelayConfig::Own(vec![url(ONE)]);
        let found = judge(&own, &[asked(ONE, Ok(404))], None);
        assert_eq!(found[0].verdict, Verdict::Problem);
        let off = judge(&RelayConfig::None, &[], None);
        assert_eq!(off[0].verdict, Verdict::Skipped);
    }

    #[test]
    fn without_any_public_relay_it_is_said_once() {
        let relays = [
            asked(ONE, Err(Trouble::Name)),
            asked(TWO, Err(Trouble::Name)),
        ];
        let found = judge(&RelayConfig::Default, &relays, None);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].verdict, Verdict::Problem);
    }
}
