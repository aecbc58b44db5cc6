//! `malai peer` and `malai peers`: pet names, with a running engine or without.

use malai_api::{Request, Response};

use super::Context;
use crate::{args::PeerCommand, exit::Exit, session::unexpected, text};

pub(crate) async fn change(context: &Context, command: PeerCommand) -> anyhow::Result<Exit> {
    let (request, done) = match command {
        PeerCommand::Add { name, id52 } => {
            let done = format!("`{name}` is {id52}");
            (Request::PeerAdd { name, id52 }, done)
        }
        PeerCommand::Rm { name } => {
            let done = format!("`{name}` is forgotten");
            (Request::PeerRemove { name }, done)
        }
    };
    let response = context.ask_or_look(request).await?;
    let output = context.output;
    if output.is_json() {
        output.object(&response)?;
    } else {
        output.talk(&done);
    }
    Ok(Exit::Done)
}

pub(crate) async fn list(context: &Context) -> anyhow::Result<Exit> {
    let response = context.ask_or_look(Request::Peers).await?;
    let Response::Peers { peers } = &response else {
        return Err(unexpected(&response));
    };
    let output = context.output;
    if output.is_json() {
        output.object(&serde_json::json!({ "peers": peers }))?;
        return Ok(Exit::Done);
    }
    if peers.is_empty() {
        output.talk("nobody has a pet name; give one with `malai peer add NAME ID52`");
    }
    for peer in peers {
        let name = peer.name.as_deref().unwrap_or_default();
        let way = text::way(peer.state, peer.rtt_ms);
        let rotated = match (&peer.rotated, peer.former.last()) {
            (Some(since), _) => format!("\tnew key since {}", text::day(*since)),
            (None, Some(former)) => format!("\tnew key in place of {}", text::short(former)),
            (None, None) => String::new(),
        };
        output.line(&format!("{name}\t{}\t{way}{rotated}", peer.id52))?;
    }
    Ok(Exit::Done)
}

pub(crate) async fn nearby(context: &Context) -> anyhow::Result<Exit> {
    let response = context.ask(Request::Nearby).await?;
    let Response::Nearby { peers } = &response else {
        return Err(unexpected(&response));
    };
    let output = context.output;
    if output.is_json() {
        output.object(&serde_json::json!({ "peers": peers }))?;
        return Ok(Exit::Done);
    }
    if peers.is_empty() {
        output.talk("nobody on this network wants to be seen, or mDNS is not among `lookup`");
    }
    for peer in peers {
        let suggested = peer.suggested_name.as_deref();
        let suggested = suggested.map(|name| format!("suggests {name}"));
        let name = peer.name.clone().or(suggested).unwrap_or_default();
        output.line(&format!("{name}\t{}", peer.id52))?;
    }
    Ok(Exit::Done)
}
