//! The checks of the network together: they look at the same few things, each of which is asked
//! once.

use std::time::Duration;

use fastn_p2p::{NetworkReport, Node};
use malai_api::Examined;
use tokio::{task::spawn_blocking, time::timeout};

use super::{Found, NodeState, Setup, clock, dns, lookup, needs_internet, relay, udp};
use crate::clock::Clock;

/// How long a relay that answers may take to be connected, just after the start; nothing is waited
/// for where none answers.
const ONLINE: Duration = Duration::from_secs(4);

/// When so many servers are silent, it is not they who are the reason.
const ENOUGH_SERVERS: usize = 3;

pub(super) async fn check(setup: &Setup) -> Vec<Found> {
    if let NodeState::NotTried = setup.node {
        let seen = "what the network is to be used for is not known";
        return vec![Found::skipped(
            Examined::Udp,
            "the network was not looked at",
            seen,
        )];
    }
    let (network, node) = (&setup.config.network, setup.node());
    let relays = relay::wanted(&network.relay, node);
    let mut servers = relays.clone();
    servers.extend(lookup::server(network));
    let looking_up = async {
        match node {
            Some(node) => lookup::look(network, node).await,
            None => lookup::Seen::default(),
        }
    };
    let measuring = async {
        let asked = relay::ask(relays).await;
        let answers = !asked.iter().all(relay::Asked::is_silent);
        let measured = match node {
            Some(node) => measure(node, answers).await,
            None => NetworkReport::default(),
        };
        (asked, measured)
    };
    let (names, (asked, measured), looked_up, has_way) = tokio::join!(
        dns::check(&setup.config, &servers),
        measuring,
        looking_up,
        spawn_blocking(udp::has_way),
    );
    let dates: Vec<u64> = asked
        .iter()
        .filter_map(relay::Asked::date)
        .chain(looked_up.date())
        .collect();
    let silent: Vec<bool> = asked
        .iter()
        .map(relay::Asked::is_silent)
        .chain(looked_up.is_silent())
        .collect();
    let is_cut_off = silent.len() >= ENOUGH_SERVERS && silent.iter().all(|it| *it);
    let now = Clock::start().now().as_secs();
    let failure = match &setup.node {
        NodeState::Failed(why) => Some(why.clone()),
        NodeState::Bound(_) | NodeState::NotTried => None,
    };
    let udp = udp::judge(&udp::Seen {
        failure,
        bind: network.bind,
        needs_internet: needs_internet(network),
        has_way: has_way.unwrap_or(true),
        is_cut_off,
        network: measured.clone(),
    });
    let mut found = names;
    found.push(udp);
    found.extend(relay::judge(&network.relay, &asked, Some(&measured)));
    if node.is_some() {
        found.push(lookup::judge(&looked_up, setup.runs));
    }
    found.push(clock::judge(now, &dates));
    found
}

/// `answers` says that a relay does, so that being connected to it is worth waiting for.
async fn measure(node: &Node, answers: bool) -> NetworkReport {
    if answers && timeout(ONLINE, node.online()).await.is_err() {
        tracing::debug!("no relay has connected in time");
    }
    // Whoever is connected has measured just before.
    node.network_report(Duration::ZERO).await
}
