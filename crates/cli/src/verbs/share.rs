//! `malai share`: offer a local service to peers and print the link to it.

use malai_api::{Event, IdentityStatus, Protocol, Request, Response, ServiceStatus, ShareRequest};

use super::Context;
use crate::{
    args::ShareArgs,
    exit::Exit,
    output::Output,
    qr,
    session::{Session, Watched, stay, unexpected},
    signals::Signals,
};

pub(crate) async fn run(context: &Context, args: ShareArgs) -> anyhow::Result<Exit> {
    let output = context.output;
    let home = context.home()?;
    let mut session = if args.bg {
        let purpose = ", so nothing could keep this share";
        Session::running(&home, purpose).await?
    } else {
        Session::open(home, context.start(), context.output).await?
    };
    let signals = Signals::listen()?;
    let bg = args.bg;
    let asked = ask(&mut session, args).await;
    let (session, (service, identity, answers)) = session.keep(asked).await?;
    tell(&service, &identity, answers, output)?;
    if bg {
        output.talk(&format!(
            "kept in malai.toml; `malai stop {}` ends it",
            service.name
        ));
        return Ok(Exit::Done);
    }
    output.talk("Ctrl-C ends it.");
    let watched = Watched {
        service: service.name.clone(),
        name: service.name,
    };
    stay(session, watched, signals, output).await
}

async fn ask(
    session: &mut Session,
    args: ShareArgs,
) -> anyhow::Result<(ServiceStatus, IdentityStatus, bool)> {
    if !args.bg {
        session.subscribe().await?;
    }
    let identity = session.identity().await?;
    let response = session.request(Request::Share(request(args))).await?;
    let Response::Shared { service, answers } = response else {
        return Err(unexpected(&response));
    };
    Ok((service, identity, answers))
}

fn request(args: ShareArgs) -> ShareRequest {
    let mut allow = args.allow;
    if args.anyone {
        allow.push("anyone".to_owned());
    }
    ShareRequest {
        upstream: args.upstream,
        name: args.name,
        protocol: if args.tcp {
            Protocol::Tcp
        } else {
            Protocol::Http
        },
        allow,
        description: args.description,
        for_secs: args.duration.map(|time| time.as_secs()),
        keep: args.bg,
        must_answer: false,
        proxy_protocol: args.proxy_protocol.then_some(true),
    }
}

fn tell(
    service: &ServiceStatus,
    identity: &IdentityStatus,
    answers: bool,
    output: Output,
) -> anyhow::Result<()> {
    let upstream = service.upstream.join(",");
    if !answers {
        output.talk(&format!("warning: nothing answers at {upstream} yet"));
    }
    if output.is_json() {
        output.event(&Event::Identity {
            id52: identity.id52.clone(),
        })?;
        output.event(&Event::Shared {
            service: service.name.clone(),
            protocol: service.protocol,
            upstream,
            id52: identity.id52.clone(),
            link: service.link.clone(),
        })?;
    } else {
        output.line(&service.link)?;
    }
    output.talk(&format!(
        "Sharing `{}`. {}",
        service.name,
        who(&service.allow)
    ));
    if output.is_for_person()
        && let Some(drawing) = qr::draw(&service.link)
    {
        output.talk(&drawing);
    }
    Ok(())
}

/// Who may use it, plainly.
fn who(allow: &[String]) -> String {
    if allow.is_empty() {
        return "Nobody may use it yet: you are asked when somebody opens the link, and answer with \
                `malai allow`. Or name people with `--allow alice` (a pet name, an id52 or \
                group:NAME), or let everybody who has the link with `--anyone`."
            .to_owned();
    }
    if allow.iter().any(|member| member == "anyone") {
        return "Everybody who has the link may use it.".to_owned();
    }
    format!("Only {} may use it.", allow.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_plainly_who_may_use_it() {
        assert!(who(&[]).starts_with("Nobody may use it yet"));
        let people = ["alice".to_owned(), "group:team".to_owned()];
        assert_eq!(who(&people), "Only alice, group:team may use it.");
        assert!(who(&["anyone".to_owned()]).starts_with("Everybody"));
    }
}
