//! `malai ls`: what is shared and bridged, a line for each.

use malai_api::Protocol;

use super::{Context, status};
use crate::exit::Exit;

pub(crate) async fn run(context: &Context) -> anyhow::Result<Exit> {
    let status = status::ask(context).await?;
    let output = context.output;
    if output.is_json() {
        output.object(&serde_json::json!({
            "services": status.services,
            "bridges": status.bridges,
        }))?;
        return Ok(Exit::Done);
    }
    if status.services.is_empty() && status.bridges.is_empty() {
        output.talk("nothing is shared or bridged; begin with `malai share 3000`");
    }
    for service in &status.services {
        let state = if service.active { "shared" } else { "inactive" };
        output.line(&format!(
            "{state}\t{}\t{}\t{}\t{}",
            service.name,
            protocol(service.protocol),
            service.upstream.join(","),
            service.link
        ))?;
    }
    for bridge in &status.bridges {
        let state = if bridge.active { "bridged" } else { "inactive" };
        output.line(&format!(
            "{state}\t{}\t{}\t{}\t{}",
            bridge.name,
            protocol(bridge.protocol),
            bridge.local,
            bridge.to
        ))?;
    }
    Ok(Exit::Done)
}

fn protocol(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::Tcp => "tcp",
        Protocol::Http | _ => "http",
    }
}
