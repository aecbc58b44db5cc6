//! Whether those who know our id52 alone find out where we are.

use std::time::Duration;

use fastn_p2p::{AddressHints, Node, public_lookup};
use malai_api::Examined;
use url::Url;

use super::{
    Found,
    web::{self, Answer, Trouble},
};
use crate::config::{LookupConfig, NetworkConfig};

/// How long the servers may take to say where we are.
const PATIENCE: Duration = Duration::from_secs(4);

/// What was seen.
#[derive(Debug, Clone, Default)]
pub(super) struct Seen {
    /// What the server that we publish to answers; `None` when there is none.
    server: Option<Result<Answer, Trouble>>,
    /// Where others are told that we are.
    published: Option<AddressHints>,
    /// The relay that we are reached by.
    relay: Option<Url>,
    /// Whether the server is named in malai.toml.
    is_own: bool,
}

impl Seen {
    /// Whether a server was asked, and did not answer.
    pub(super) fn is_silent(&self) -> Option<bool> {
        self.server.map(|server| server.is_err())
    }

    /// What time the server has.
    pub(super) fn date(&self) -> Option<u64> {
        self.server?.ok()?.date
    }
}

/// The server that we publish to, when that is wanted.
pub(super) fn server(network: &NetworkConfig) -> Option<Url> {
    let is_wanted = network.lookup.contains(&LookupConfig::Dns);
    let own = network.dns.as_ref().map(|dns| dns.pkarr.clone());
    is_wanted.then(|| own.or_else(public_lookup)).flatten()
}

/// Asks the server, and asks where we are. Cancel safe.
pub(super) async fn look(network: &NetworkConfig, node: &Node) -> Seen {
    let Some(server) = server(network) else {
        return Seen::default();
    };
    let (server, published) =
        tokio::join!(web::ask(&server, server.path()), node.published(PATIENCE));
    Seen {
        server: Some(server),
        published,
        relay: node.relay(),
        is_own: network.dns.is_some(),
    }
}

/// A node that was bound just now may not have had the time to publish anything.
pub(super) fn judge(seen: &Seen, runs: bool) -> Found {
    let check = Examined::Lookup;
    let answer = match seen.server {
        None => {
            let said = "no lookup server is used; peers find this machine by links, or on the \
                        local network";
            return Found::skipped(check, "no lookup server is wanted", said);
        }
        Some(Err(trouble)) if seen.published.is_none() => {
            let said = format!(
                "the lookup server cannot be used: {}; whoever knows this id52 alone does not \
                 find this machine",
                trouble.words()
            );
            let advice = if seen.is_own {
                trouble.advice()
            } else {
                "check the internet connection of this machine"
            };
            return Found::problem(check, "the lookup server does not answer", said).advise(advice);
        }
        Some(answer) => answer.ok(),
    };
    let found = match &seen.published {
        Some(published) if published.relay.is_none() && seen.relay.is_some() => older(),
        Some(published) if seen.relay.is_some() && published.relay != seen.relay => older(),
        Some(_) => {
            let said = "peers who know this id52 find out where this machine is";
            Found::ok(check, "our address is published", said)
        }
        None if !runs => {
            let said = "the lookup server answers";
            Found::ok(check, "the lookup server answers", said)
        }
        None => {
            let said = "the lookup server answers, and does not know yet where this machine is";
            Found::warning(check, "our address is not published yet", said)
                .advise("wait a minute and check again")
        }
    };
    match answer {
        Some(answer) => found.millis("latency", answer.took),
        None => found,
    }
}

fn older() -> Found {
    let seen = "the lookup server still tells an older address of this machine";
    Found::warning(Examined::Lookup, "an older address is published", seen)
        .advise("it is replaced within five minutes; check again then")
}

#[cfg(test)]
mod tests {
    use malai_api::Verdict;

    use super::*;

    fn seen(server: Result<u16, Trouble>, published: Option<&str>, relay: Option<&str>) -> Seen {
        let url = |text: &str| text.parse().unwrap();
        Seen {
            server: Some(server.map(|status| Answer {
                status,
                date: None,
                took: Duration::ZERO,
            })),
            published: published.map(|relay| AddressHints {
                addresses: Vec::new(),
                relay: Some(url(relay)),
            }),
            relay: relay.map(url),
            is_own: true,
        }
    }

    #[test]
    fn what_is_published_is_held_against_what_is() {
        let (one, two) = (Some("https://one.example/"), Some("https://two.example/"));
        for (seen, verdict) in [
            (seen(Ok(404), one, one), Verdict::Ok),
            (seen(Ok(404), one, two), Verdict::Warning),
            (seen(Ok(404), None, one), Verdict::Warning),
            (seen(Err(Trouble::Slow), None, one), Verdict::Problem),
            (Seen::default(), Verdict::Skipped),
        ] {
            assert_eq!(judge(&seen, true).verdict, verdict, "{seen:?}");
        }
        assert_eq!(judge(&seen(Ok(200), None, one), false).verdict, Verdict::Ok);
    }
}
