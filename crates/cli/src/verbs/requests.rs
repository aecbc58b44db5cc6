//! `malai requests`, `allow`, `deny`, `block` and `unblock`: who asks to be let in, and the answer.

use malai_api::{AccessRequest, Admission, Request, Response};

use super::Context;
use crate::{
    args::{AllowArgs, BlockArgs, DenyArgs},
    exit::Exit,
    session::unexpected,
    text,
};

pub(crate) async fn list(context: &Context) -> anyhow::Result<Exit> {
    let output = context.output;
    let response = context.ask(Request::Requests).await?;
    let Response::Requests { requests } = &response else {
        return Err(unexpected(&response));
    };
    if output.is_json() {
        output.object(&response)?;
        return Ok(Exit::Done);
    }
    if requests.is_empty() {
        output.talk("nobody asks to be let in");
    }
    for request in requests {
        output.line(&line(request))?;
    }
    Ok(Exit::Done)
}

pub(crate) async fn allow(context: &Context, args: AllowArgs) -> anyhow::Result<Exit> {
    let admission = match args.duration {
        _ if args.once => Admission::Once,
        Some(time) => Admission::For {
            secs: time.as_secs(),
        },
        None => Admission::Always,
    };
    let request = Request::Admit {
        peer: args.peer,
        service: args.service,
        admission,
    };
    let output = context.output;
    let response = context.ask(request).await?;
    let Response::Access { peer, services, .. } = &response else {
        return Err(unexpected(&response));
    };
    if output.is_json() {
        output.object(&response)?;
        return Ok(Exit::Done);
    }
    let until = match admission {
        Admission::Once => " until its connection ends".to_owned(),
        Admission::For { secs } => format!(" for {}", text::time(secs)),
        Admission::Always => String::new(),
    };
    let (peer, services) = (text::short(peer), quoted(services));
    output.talk(&format!("{peer} may use {services}{until}"));
    Ok(Exit::Done)
}

pub(crate) async fn deny(context: &Context, args: DenyArgs) -> anyhow::Result<Exit> {
    let output = context.output;
    let request = Request::Deny {
        peer: args.peer,
        service: args.service,
    };
    let response = context.ask(request).await?;
    let Response::Access {
        peer,
        services,
        still_allowed,
    } = &response
    else {
        return Err(unexpected(&response));
    };
    if output.is_json() {
        output.object(&response)?;
        return Ok(Exit::Done);
    }
    let peer = text::short(peer);
    if services.is_empty() {
        output.talk(&format!(
            "{peer} has not asked, and was not let in by anything but malai.toml"
        ));
    } else {
        output.talk(&format!("{peer} is denied {}", quoted(services)));
    }
    if !still_allowed.is_empty() {
        output.talk(&format!(
            "malai.toml still lets it use {}: change `allow` there, or `malai block {peer}`",
            quoted(still_allowed)
        ));
    }
    Ok(Exit::Done)
}

pub(crate) async fn block(
    context: &Context,
    args: BlockArgs,
    blocked: bool,
) -> anyhow::Result<Exit> {
    let output = context.output;
    let request = Request::Block {
        peer: args.peer.clone(),
        blocked,
    };
    let response = context.ask(request).await?;
    if output.is_json() {
        output.object(&response)?;
    } else if blocked {
        output.talk(&format!("{} is refused everything", args.peer));
    } else {
        output.talk(&format!("{} is no longer blocked", args.peer));
    }
    Ok(Exit::Done)
}

/// Who, what, and how it stands; the id52 last, for scripts.
fn line(request: &AccessRequest) -> String {
    let who = request.name.clone();
    let who = who.unwrap_or_else(|| text::short(&request.peer));
    let state = match request.waits_secs {
        Some(secs) => format!("waits {}", text::time(secs)),
        None => "sent away".to_owned(),
    };
    let known = match (request.known_since, &request.name) {
        (Some(since), _) => format!("known since {}", text::date(since)),
        (None, Some(_)) => "never met".to_owned(),
        (None, None) => "unknown".to_owned(),
    };
    let (service, peer) = (&request.service, &request.peer);
    format!("{who}\t{service}\t{state}\t{known}\t{peer}")
}

fn quoted(services: &[String]) -> String {
    let quoted: Vec<String> = services.iter().map(|name| format!("`{name}`")).collect();
    quoted.join(", ")
}
