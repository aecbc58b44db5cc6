//! The text to pass on: what is wrong, and nothing that tells whose machine it is.
//!
//! It is made of summaries, verdicts and figures alone, which are part of the program or numbers;
//! what was seen, with its names, paths and addresses, is left out as a whole.

use std::fmt::Write as _;

use malai_api::{Diagnosis, Figure, Finding, PeerDiagnosis};

use super::{Setup, place};
use crate::config::RelayConfig;

/// Characters of an id52 that are told.
const SHORT: usize = 7;

/// How the engine is set up, in closed words and numbers.
pub(super) fn facts(setup: &Setup) -> Vec<String> {
    let config = &setup.config;
    let network = &config.network;
    let relay = match &network.relay {
        RelayConfig::Default => "public".to_owned(),
        RelayConfig::None => "none".to_owned(),
        RelayConfig::Own(own) => format!("{} of one's own", own.len()),
    };
    let lookup: Vec<_> = network.lookup.iter().map(|it| it.name()).collect();
    let mut facts = vec![
        format!(
            "relay {relay}; lookup {}; bound to {}",
            if lookup.is_empty() {
                "none".to_owned()
            } else {
                lookup.join(" ")
            },
            place::kind(network.bind.ip())
        ),
        format!(
            "{} services, {} bridges, {} peers",
            config.services.len(),
            config.bridges.len(),
            config.peers.len()
        ),
    ];
    if let Some(node) = setup.node() {
        let mut kinds: Vec<_> = node
            .addresses()
            .iter()
            .map(|address| place::kind(address.ip()))
            .collect();
        kinds.sort_unstable();
        kinds.dedup();
        facts.push(format!("addresses: {}", kinds.join(", ")));
    }
    facts
}

/// The whole text.
pub(super) fn text(diagnosis: &Diagnosis, facts: &[String]) -> String {
    let mut text = format!(
        "malai {} on {}, at {} (seconds since 1970)\n",
        diagnosis.version, diagnosis.system, diagnosis.at
    );
    for fact in facts {
        add(&mut text, fact);
    }
    add(&mut text, "\nThis machine");
    findings(&mut text, &diagnosis.findings);
    if let Some(peer) = &diagnosis.peer {
        add(&mut text, &format!("\nThe peer {}", short(peer)));
        findings(&mut text, &peer.findings);
    }
    text
}

fn findings(text: &mut String, findings: &[Finding]) {
    for finding in findings {
        let verdict = finding.verdict.name();
        let check = finding.check.name();
        let figures: Vec<_> = finding.figures.iter().map(figure).collect();
        let figures = if figures.is_empty() {
            String::new()
        } else {
            format!(" ({})", figures.join(", "))
        };
        let summary = &finding.summary;
        add(text, &format!("{verdict:<8} {check}: {summary}{figures}"));
    }
}

fn figure(figure: &Figure) -> String {
    let Figure { name, value, unit } = figure;
    let name = name.replace('_', " ");
    match unit.as_str() {
        "" => format!("{name} {value}"),
        unit => format!("{name} {value} {unit}"),
    }
}

fn short(peer: &PeerDiagnosis) -> String {
    peer.id52.chars().take(SHORT).chain(['…']).collect()
}

fn add(text: &mut String, line: &str) {
    // Writing into a String does not fail.
    if writeln!(text, "{line}").is_err() {
        tracing::trace!("a line of a report was lost");
    }
}
