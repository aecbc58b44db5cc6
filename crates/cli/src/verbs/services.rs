//! `malai services`: what a peer offers us, a line for each.

use malai_api::{Request, Response};

use super::{Context, dns};
use crate::{
    args::ServicesArgs,
    exit::Exit,
    session::{Session, unexpected},
    text,
};

pub(crate) async fn run(context: &Context, args: ServicesArgs) -> anyhow::Result<Exit> {
    let output = context.output;
    let mut session = Session::running(&context.home()?, "").await?;
    dns::tell_domain(&mut session, &args.peer, output).await?;
    let request = Request::Services { peer: args.peer };
    let response = session.request(request).await?;
    let Response::Services { peer, services } = &response else {
        return Err(unexpected(&response));
    };
    if output.is_json() {
        output.object(&response)?;
        return Ok(Exit::Done);
    }
    for service in services {
        let (name, protocol) = (&service.name, text::protocol(service.protocol));
        let up = match service.up {
            Some(true) => "up",
            Some(false) => "down",
            None => "",
        };
        let description = service.description.as_deref().unwrap_or_default();
        output.line(&format!(
            "{name}\t{protocol}\t{peer}/{name}\t{up}\t{description}"
        ))?;
    }
    Ok(Exit::Done)
}
