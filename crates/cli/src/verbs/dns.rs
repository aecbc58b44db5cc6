//! `malai dns`: how a domain can stand for this device, and whom it stands for.

use malai_api::{DomainReport, NamedBy, Request, Response};
use malai_core::{
    config::{BridgeTarget, PeerName},
    engine, identity,
};

use super::Context;
use crate::{
    args::DnsArgs,
    exit::Exit,
    output::Output,
    session::{Session, unexpected},
    text,
};

pub(crate) async fn run(context: &Context, args: DnsArgs) -> anyhow::Result<Exit> {
    let output = context.output;
    let response = ask(context, args).await?;
    let Response::Domain(report) = &response else {
        return Err(unexpected(&response));
    };
    if output.is_json() {
        output.object(report)?;
    } else {
        // A result even where nothing is published yet: it is what there is to do then.
        output.line(&report.record)?;
    }
    for line in words(report) {
        output.talk(&line);
    }
    let problem = report.problem.as_ref();
    Ok(problem.map_or(Exit::Done, |problem| Exit::of(&problem.code)))
}

async fn ask(context: &Context, args: DnsArgs) -> anyhow::Result<Response> {
    let DnsArgs { domain, accept } = args;
    let home = context.home()?;
    if let Some(mut session) = Session::attach(&home).await? {
        let request = Request::Domain {
            name: domain,
            accept,
        };
        return session.request(request).await;
    }
    let identity = identity::open(&home, context.key_store()).await?;
    if let Some(notice) = identity.notice() {
        context.output.talk(&format!("warning: {notice}"));
    }
    Ok(engine::domain_offline(&home, identity.public(), &domain, accept).await?)
}

/// What there is to say, a line for each.
fn words(report: &DomainReport) -> Vec<String> {
    let domain = &report.domain;
    let mut lines = Vec::new();
    if let (Some(key), Some(place)) = (&report.key, &report.place) {
        let whom = if report.own {
            "you".to_owned()
        } else {
            key.clone()
        };
        let secured = secured(report.secure);
        lines.push(format!("{place} names {whom}, {secured}"));
        if !report.own {
            lines.push("That is not you; the record above would make it name you.".to_owned());
        }
    }
    match &report.remembered {
        Some(key) if report.key.as_ref() == Some(key) => {
            lines.push(format!("This key is remembered for {domain}."));
        }
        Some(key) => lines.push(format!("Remembered for {domain}: {key}")),
        None => lines.push(format!("Nothing is remembered for {domain} yet.")),
    }
    lines.extend(
        report
            .problem
            .iter()
            .map(|problem| format!("error: {problem}")),
    );
    lines
}

/// Says whom a domain in `link`, if there is one, stands for; fails when it is nobody for certain.
pub(super) async fn tell_domain(
    session: &mut Session,
    link: &str,
    output: Output,
) -> anyhow::Result<()> {
    let target = link.parse::<BridgeTarget>();
    if !target.is_ok_and(|target| matches!(target.peer, PeerName::Domain(_))) {
        return Ok(());
    }
    let link = link.to_owned();
    let response = session.request(Request::Read { link }).await?;
    let Response::Link(target) = response else {
        return Err(unexpected(&response));
    };
    if let Some(NamedBy {
        name,
        secure,
        first,
    }) = target.domain
    {
        let key = text::short(&target.peer);
        let secured = secured(secure);
        let first = if first {
            "; it is used for the first time and remembered"
        } else {
            ""
        };
        output.talk(&format!("{name} stands for {key}, {secured}{first}"));
    }
    Ok(())
}

fn secured(secure: Option<bool>) -> &'static str {
    match secure {
        Some(true) => "secured by DNSSEC",
        Some(false) => "not secured by DNSSEC",
        None => "as it is remembered, since the DNS does not say",
    }
}
