//! `malai metrics`: what was counted, as text that Prometheus reads.

use malai_api::{Request, Response};

use super::Context;
use crate::{exit::Exit, session::unexpected};

pub(crate) async fn run(context: &Context) -> anyhow::Result<Exit> {
    let output = context.output;
    let response = context.ask(Request::Metrics).await?;
    let Response::Metrics { text } = &response else {
        return Err(unexpected(&response));
    };
    if output.is_json() {
        output.object(&response)?;
    } else {
        output.line(text.trim_end())?;
    }
    Ok(Exit::Done)
}
