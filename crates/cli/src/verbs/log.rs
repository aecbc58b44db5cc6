//! `malai log`: who used or was refused what, newest last; needs no running engine.

use malai_api::{LogEntry, LogKind, LogRequest, Request, Response};

use super::Context;
use crate::{args::LogArgs, exit::Exit, session::unexpected, text};

pub(crate) async fn run(context: &Context, args: LogArgs) -> anyhow::Result<Exit> {
    let output = context.output;
    let request = Request::Log(LogRequest {
        limit: args.limit,
        peer: args.peer,
        service: args.service,
    });
    let response = context.ask_or_look(request).await?;
    let Response::Log { entries } = &response else {
        return Err(unexpected(&response));
    };
    if output.is_json() {
        output.object(&response)?;
        return Ok(Exit::Done);
    }
    if entries.is_empty() {
        output.talk("nothing of that is on record");
    }
    for entry in entries {
        output.line(&line(entry))?;
    }
    Ok(Exit::Done)
}

fn line(entry: &LogEntry) -> String {
    let who = match (&entry.name, &entry.peer) {
        (Some(name), _) => name.clone(),
        (None, Some(peer)) => text::short(peer),
        (None, None) => "-".to_owned(),
    };
    let what = match entry.what {
        LogKind::Used => "used",
        LogKind::Refused => "was refused",
        LogKind::Asked => "asked for",
        LogKind::Joined => "came in by a link to",
        LogKind::Admitted => "was let in to",
        LogKind::Denied => "was denied",
        LogKind::Blocked => "was",
        LogKind::Invited => "a link was made to",
        LogKind::Revoked => "a link was taken back to",
        LogKind::Guessed => "tried secrets of links to",
        _ => "did something with",
    };
    let mut words = vec![what.to_owned()];
    words.extend(entry.service.clone());
    let blocked = entry.what == LogKind::Blocked;
    words.extend(entry.note.as_ref().map(|note| {
        if blocked {
            note.clone()
        } else {
            format!("({note})")
        }
    }));
    format!("{}\t{who}\t{}", text::date(entry.at), words.join(" "))
}
