//! `malai bridge`: open a local port that leads to a service of a peer.

use malai_api::{
    BridgeRequest, BridgeStatus, Event, Failure, IdentityStatus, Protocol, Request, Response, codes,
};
use malai_core::{access::Pin, config::BridgeTarget};

use super::{Context, dns};
use crate::{
    args::BridgeArgs,
    exit::Exit,
    output::Output,
    session::{Session, Watched, stay, unexpected},
    signals::Signals,
};

pub(crate) async fn run(context: &Context, args: BridgeArgs) -> anyhow::Result<Exit> {
    let output = context.output;
    let home = context.home()?;
    let mut session = if args.bg {
        let purpose = ", so nothing could keep this bridge";
        Session::running(&home, purpose).await?
    } else {
        Session::open(home, context.start(), context.output).await?
    };
    let signals = Signals::listen()?;
    let bg = args.bg;
    let link = args.to.clone();
    let asked = ask(&mut session, args, output).await;
    let (mut session, (bridge, identity)) = session.keep(asked).await?;
    output.event(&Event::Identity {
        id52: identity.id52,
    })?;
    tell(&bridge, output)?;
    suggest_name(&mut session, link, output).await;
    if bg {
        output.talk(&format!(
            "kept in malai.toml; `malai stop {}` ends it",
            bridge.name
        ));
        return Ok(Exit::Done);
    }
    output.talk("Ctrl-C ends it.");
    let watched = Watched {
        name: bridge.name,
        service: bridge.service,
    };
    stay(session, watched, signals, output).await
}

async fn ask(
    session: &mut Session,
    args: BridgeArgs,
    output: Output,
) -> anyhow::Result<(BridgeStatus, IdentityStatus)> {
    if !args.bg {
        session.subscribe().await?;
    }
    let identity = session.identity().await?;
    dns::tell_domain(session, &args.to, output).await?;
    let request = request(args)?;
    let response = session.request(Request::Bridge(request)).await?;
    let Response::Bridged(bridge) = response else {
        return Err(unexpected(&response));
    };
    Ok((bridge, identity))
}

fn request(args: BridgeArgs) -> anyhow::Result<BridgeRequest> {
    Ok(BridgeRequest {
        to: with_pin(args.to, args.pin.as_ref())?,
        name: args.name,
        listen: args
            .listen
            .or_else(|| args.port.map(|port| port.to_string())),
        protocol: if args.tcp {
            Protocol::Tcp
        } else {
            Protocol::Http
        },
        keep: args.bg,
    })
}

/// The link with the PIN that was told with it.
fn with_pin(link: String, pin: Option<&Pin>) -> anyhow::Result<String> {
    let mut target: BridgeTarget = link.parse()?;
    let invite = target.invite.clone().unwrap_or_default();
    let failed = |message: &str| Err(Failure::new(codes::ARGUMENT_INVALID, message).into());
    match pin {
        None if Pin::is_wanted(&invite) => {
            failed("a PIN goes with this link; ask who gave it to you, and add `--pin PIN`")
        }
        None => Ok(link),
        Some(pin) => match pin.added_to(&invite) {
            Some(with_pin) => {
                target.invite = Some(with_pin);
                Ok(target.to_string())
            }
            None => failed("no PIN goes with this link; leave out `--pin`"),
        },
    }
}

fn tell(bridge: &BridgeStatus, output: Output) -> anyhow::Result<()> {
    if output.is_json() {
        output.event(&Event::Bridged {
            service: bridge.service.clone(),
            peer: bridge.peer.clone().unwrap_or_default(),
            local: bridge.local.clone(),
            url: bridge.url.clone(),
        })?;
    } else {
        output.line(place(bridge))?;
    }
    if let Some(error) = &bridge.error {
        output.talk(&format!("warning: {error}"));
    }
    let reach = if bridge.local.contains('/') {
        "only you can use it"
    } else {
        "every program and user of this machine can use it"
    };
    output.talk(&format!(
        "Bridge `{}` leads to {}; {reach}.",
        bridge.name, bridge.to
    ));
    if let Some(url) = &bridge.named_url {
        output.talk(&format!("By name it is at {url}"));
    }
    Ok(())
}

/// Tells how to call a peer by the name that its link suggests; nobody is called so unasked.
async fn suggest_name(session: &mut Session, link: String, output: Output) {
    if let Ok(Response::Link(target)) = session.request(Request::Read { link }).await
        && let Some(name) = &target.suggested_name
    {
        output.talk(&format!(
            "Its owner suggests the name `{name}`; `malai peer add {name} {}` gives it.",
            target.peer
        ));
    }
}

/// Where to go: a URL for HTTP, an address for everything else.
fn place(bridge: &BridgeStatus) -> &str {
    if bridge.protocol == Protocol::Tcp || bridge.url.is_empty() {
        &bridge.local
    } else {
        &bridge.url
    }
}
