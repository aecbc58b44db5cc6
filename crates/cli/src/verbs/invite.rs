//! `malai invite`: a link that lets whoever opens it use a service of the running engine.

use malai_api::{InviteRequest, Request, Response};

use super::Context;
use crate::{args::InviteArgs, exit::Exit, session::unexpected};

pub(crate) async fn run(context: &Context, args: InviteArgs) -> anyhow::Result<Exit> {
    let output = context.output;
    let request = InviteRequest {
        service: args.service,
        once: args.once,
        for_secs: args.duration.map(|time| time.as_secs()),
        pin: args.pin,
    };
    let response = context.ask(Request::Invite(request)).await?;
    let Response::Invited {
        service,
        link,
        id,
        pin,
    } = &response
    else {
        return Err(unexpected(&response));
    };
    if output.is_json() {
        output.object(&response)?;
        return Ok(Exit::Done);
    }
    output.line(link)?;
    let whom = if args.once {
        "the first who opens it may"
    } else {
        "whoever has this link may"
    };
    let time = args.duration.map(|time| {
        let time = humantime::format_duration(time);
        format!(" for {time}")
    });
    let time = time.unwrap_or_default();
    output.talk(&format!(
        "{whom} use `{service}`{time}: `malai bridge LINK`; `malai revoke {id}` takes it back"
    ));
    if let Some(pin) = pin {
        output.talk(&format!("PIN {pin}: tell it by other means than the link"));
    }
    Ok(Exit::Done)
}
