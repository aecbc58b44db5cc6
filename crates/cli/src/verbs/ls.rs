//! `malai ls`: what is shared and bridged, a line for each.

use super::{Context, status};
use crate::{exit::Exit, text};

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
            text::protocol(service.protocol),
            service.upstream.join(","),
            service.link
        ))?;
    }
    for bridge in &status.bridges {
        let state = if bridge.active { "bridged" } else { "inactive" };
        output.line(&format!(
            "{state}\t{}\t{}\t{}\t{}",
            bridge.name,
            text::protocol(bridge.protocol),
            bridge.local,
            bridge.to
        ))?;
    }
    Ok(Exit::Done)
}
