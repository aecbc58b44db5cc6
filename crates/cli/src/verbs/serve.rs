//! `malai serve`: the engine alone, from malai.toml, until it is told to end; with `--ui` the web UI
//! for it, too.

use super::Context;
use crate::{
    args::ServeArgs,
    exit::Exit,
    session::{Own, run_until_signal},
    signals::Signals,
};

pub(crate) async fn run(context: &Context, args: ServeArgs) -> anyhow::Result<Exit> {
    let mut own = Own::start(context.home()?, context.start(), context.output).await?;
    if let Some(address) = args.ui {
        own = own.with_ui(address).await?;
    }
    if let Some(listen) = args.gateway {
        own = own.with_gateway(listen).await?;
    }
    let signals = Signals::listen()?;
    context.output.talk("malai is running; Ctrl-C ends it.");
    run_until_signal(own, signals, context.output).await
}
