//! `malai serve`: the engine alone, from malai.toml, until it is told to end.

use super::Context;
use crate::{
    exit::Exit,
    session::{Own, run_until_signal},
    signals::Signals,
};

pub(crate) async fn run(context: &Context) -> anyhow::Result<Exit> {
    let own = Own::start(context.home()?, context.key_store(), context.output).await?;
    let signals = Signals::listen()?;
    context.output.talk("malai is running; Ctrl-C ends it.");
    run_until_signal(own, signals, context.output).await
}
