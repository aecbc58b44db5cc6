//! `malai completions`: what a shell needs to complete our commands.

use clap::CommandFactory;

use super::Context;
use crate::{
    args::{Cli, CompletionsArgs},
    exit::Exit,
};

pub(crate) fn run(context: &Context, args: &CompletionsArgs) -> anyhow::Result<Exit> {
    // Into memory first: the generator panics when a pipe is closed.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "malai", &mut script);
    let script = String::from_utf8(script)?;
    if context.output.is_json() {
        context
            .output
            .object(&serde_json::json!({ "script": script }))?;
    } else {
        context.output.line(script.trim_end())?;
    }
    Ok(Exit::Done)
}
