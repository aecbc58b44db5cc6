//! `malai metrics`: what was counted, as text that Prometheus reads.

use malai_api::{Request, Response};

use super::Context;
use crate::{
    exit::Exit,
    session::{Session, unexpected},
};

pub(crate) async fn run(context: &Context) -> anyhow::Result<Exit> {
    let output = context.output;
    let mut session = Session::running(&context.home()?, "").await?;
    let response = session.request(Request::Metrics).await?;
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
