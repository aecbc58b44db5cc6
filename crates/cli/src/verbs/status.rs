//! `malai status`: everything the running engine does, on one page.

use malai_api::{
    BreakerState, BridgeStatus, MemberState, MemberStatus, Operation, Request, Response,
    ServiceStatus, Status,
};

use super::Context;
use crate::{args::StatusArgs, exit::Exit, session::unexpected, text};

pub(crate) async fn run(context: &Context, args: &StatusArgs) -> anyhow::Result<Exit> {
    let status = ask(context).await?;
    let output = context.output;
    if output.is_json() {
        output.object(&status)?;
    } else if args.tree {
        output.line(tree(&status.operations).trim_end())?;
    } else {
        output.line(page(&status).trim_end())?;
    }
    Ok(Exit::Done)
}

/// The status of the running engine.
pub(super) async fn ask(context: &Context) -> anyhow::Result<Status> {
    let response = context.ask(Request::Status).await?;
    let Response::Status(status) = response else {
        return Err(unexpected(&response));
    };
    Ok(*status)
}

fn page(status: &Status) -> String {
    let mut lines = vec![
        format!("id52     {}", status.identity.id52),
        format!(
            "engine   malai {}, process {}, up {}",
            status.version,
            status.pid,
            text::time(status.uptime_secs)
        ),
        format!("key      in the {} store", status.identity.store),
        format!("network  {}", network(status)),
    ];
    if let Some(gateway) = &status.gateway {
        let port = gateway.rsplit_once(':').map_or("", |(_, port)| port);
        lines.push(format!(
            "gateway  {gateway}; http://SERVICE.PEER.localhost:{port}/"
        ));
    }
    if let Some(notice) = &status.identity.notice {
        lines.push(format!("notice   {notice}"));
    }
    section(&mut lines, "Shared", status.services.iter().map(service));
    section(&mut lines, "Bridged", status.bridges.iter().map(bridge));
    let peers = status.peers.iter().map(|peer| {
        let name = peer.name.clone().unwrap_or_else(|| text::short(&peer.id52));
        format!("{name}: {}", text::way(peer.state, peer.rtt_ms))
    });
    section(&mut lines, "Peers", peers);
    lines.join("\n")
}

fn network(status: &Status) -> String {
    let addresses = if status.addresses.is_empty() {
        "no addresses yet".to_owned()
    } else {
        status.addresses.join(", ")
    };
    match &status.relay {
        Some(relay) => format!("{addresses}; relay {relay}"),
        None => format!("{addresses}; no relay"),
    }
}

fn section(lines: &mut Vec<String>, title: &str, items: impl Iterator<Item = String>) {
    let mut items = items.peekable();
    if items.peek().is_some() {
        lines.push(format!("\n{title}"));
        lines.extend(items.map(|item| format!("  {item}")));
    }
}

fn service(service: &ServiceStatus) -> String {
    let mut allowed = service.allow.clone();
    allowed.extend(service.guests.iter().map(|guest| text::short(&guest.peer)));
    if service.invites {
        allowed.push("whoever has an open link".to_owned());
    }
    let allow = if allowed.is_empty() {
        "nobody yet".to_owned()
    } else {
        allowed.join(", ")
    };
    let mut line = format!(
        "{}: {} for {allow}",
        service.name,
        service.upstream.join(", ")
    );
    if !service.active {
        line.push_str(" (inactive)");
        return line;
    }
    if let Some(seconds) = service.ends_in_secs {
        line.push_str(&format!(", ends in {}", text::time(seconds)));
    }
    let down = service.backends.iter().filter(|backend| !backend.up);
    for backend in down {
        let why = match backend.breaker {
            BreakerState::Closed => "its health checks fail",
            BreakerState::Open => "requests failed or were slow, so it is left alone for a moment",
            BreakerState::HalfOpen => "the next request tries whether it works again",
        };
        line.push_str(&format!("\n    {} is down: {why}", backend.address));
    }
    if let Some(description) = &service.description {
        line.push_str(&format!("\n    {description}"));
    }
    let went = text::measured(&service.measured);
    line.push_str(&format!("\n    {}{went}", text::traffic(service.traffic)));
    line
}

fn bridge(bridge: &BridgeStatus) -> String {
    let mut line = format!("{}: {} leads to {}", bridge.name, bridge.local, bridge.to);
    if !bridge.active {
        return format!("{}: leads to {} (inactive)", bridge.name, bridge.to);
    }
    if let Some(error) = &bridge.error {
        return format!("{}: leads to {}, but {error}", bridge.name, bridge.to);
    }
    line.push_str(&format!(", {}", text::way(bridge.state, bridge.rtt_ms)));
    if bridge.waiting {
        line.push_str(", waits to be let in");
    }
    if let Some(url) = &bridge.named_url {
        line.push_str(&format!("\n    also {url}"));
    }
    if bridge.members.len() > 1 {
        bridge
            .members
            .iter()
            .for_each(|it| line.push_str(&member(it)));
    }
    let went = text::measured(&bridge.measured);
    line.push_str(&format!("\n    {}{went}", text::traffic(bridge.traffic)));
    line
}

fn member(member: &MemberStatus) -> String {
    let state = match member.state {
        MemberState::InUse => "in use",
        MemberState::Ready => "ready",
        MemberState::Out => "out, tried again by itself",
    };
    let way = text::way(member.path, member.rtt_ms);
    format!("\n    {}: {state}, {way}", member.to)
}

fn tree(operation: &Operation) -> String {
    let mut text = String::new();
    branch(&mut text, operation, 0);
    text
}

fn branch(text: &mut String, operation: &Operation, depth: usize) {
    let age = text::time(operation.age_secs);
    let indent = depth * 2;
    text.push_str(&format!("{:indent$}{} ({age})\n", "", operation.name));
    for child in &operation.children {
        branch(text, child, depth + 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaf(name: &str) -> Operation {
        Operation {
            name: name.to_owned(),
            age_secs: 61,
            children: Vec::new(),
        }
    }

    #[test]
    fn a_tree_is_indented() {
        let mut root = leaf("malai");
        root.children.push(leaf("identity abc"));
        assert_eq!(tree(&root), "malai (1m 1s)\n  identity abc (1m 1s)\n");
    }
}
