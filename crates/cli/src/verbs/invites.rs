//! `malai invites` and `malai revoke`: the links that let people in.

use malai_api::{InviteStatus, Request, Response};

use super::Context;
use crate::{args::RevokeArgs, exit::Exit, session::unexpected, text};

pub(crate) async fn list(context: &Context) -> anyhow::Result<Exit> {
    let output = context.output;
    let response = context.ask(Request::Invites).await?;
    let Response::Invites { invites } = &response else {
        return Err(unexpected(&response));
    };
    if output.is_json() {
        output.object(&response)?;
        return Ok(Exit::Done);
    }
    if invites.is_empty() {
        output.talk("no link lets anybody in; `malai invite SERVICE` makes one");
    }
    for invite in invites {
        output.line(&line(invite))?;
    }
    Ok(Exit::Done)
}

pub(crate) async fn revoke(context: &Context, args: RevokeArgs) -> anyhow::Result<Exit> {
    let output = context.output;
    let request = Request::Revoke {
        invite: args.invite,
    };
    let response = context.ask(request).await?;
    let Response::Revoked { invites, guests } = &response else {
        return Err(unexpected(&response));
    };
    if output.is_json() {
        output.object(&response)?;
    } else {
        output.talk(&format!(
            "took back {invites} {}; {guests} {} may not use the service by it any more",
            if *invites == 1 { "link" } else { "links" },
            if *guests == 1 { "peer" } else { "peers" },
        ));
    }
    Ok(Exit::Done)
}

fn line(invite: &InviteStatus) -> String {
    let kind = match (invite.open, invite.once) {
        (false, _) => "used up",
        (true, true) => "for the first who opens it",
        (true, false) => "for everybody who has it",
    };
    let pin = if invite.pin { ", with a PIN" } else { "" };
    let until = invite.until.map(text::date);
    let until = until.map_or_else(|| "no end".to_owned(), |until| format!("until {until}"));
    let guests: Vec<String> = invite.guests.iter().map(|it| text::short(it)).collect();
    let guests = match guests.as_slice() {
        [] => "nobody yet".to_owned(),
        some => some.join(","),
    };
    let (id, service, made) = (&invite.id, &invite.service, text::date(invite.made));
    format!("{id}\t{service}\t{kind}{pin}\tmade {made}\t{until}\t{guests}")
}
