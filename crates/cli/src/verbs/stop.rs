//! `malai stop`: end a share or bridge of the running engine.

use malai_api::{Request, Response};

use super::Context;
use crate::{args::StopArgs, exit::Exit, session::unexpected};

pub(crate) async fn run(context: &Context, args: StopArgs) -> anyhow::Result<Exit> {
    let output = context.output;
    let request = Request::Stop {
        name: args.name,
        forget: args.forget,
    };
    let response = context.ask(request).await?;
    let Response::Stopped { name, kept } = &response else {
        return Err(unexpected(&response));
    };
    if output.is_json() {
        output.object(&response)?;
        return Ok(Exit::Done);
    }
    output.talk(&format!("`{name}` has ended"));
    if *kept {
        output.talk(&format!(
            "malai.toml still has it; `malai stop --forget {name}` removes it there"
        ));
    }
    Ok(Exit::Done)
}
