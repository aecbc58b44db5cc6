//! `malai id`: print who this device is; the identity is made on first use.

use malai_api::IdentityStatus;
use malai_core::identity;

use super::Context;
use crate::{args::IdArgs, exit::Exit, qr, session::Session};

pub(crate) async fn run(context: &Context, args: &IdArgs) -> anyhow::Result<Exit> {
    let output = context.output;
    let home = context.home()?;
    // The running engine knows best: with the memory store nobody else does.
    let status = match Session::attach(&home).await? {
        Some(mut session) => session.identity().await?,
        None => {
            let identity = identity::open(&home, context.key_store()).await?;
            IdentityStatus {
                id52: identity.public().to_string(),
                store: identity.store().to_string(),
                notice: identity.notice().map(str::to_owned),
            }
        }
    };
    if let Some(notice) = &status.notice {
        output.talk(&format!("warning: {notice}"));
    }
    if output.is_json() {
        output.object(&serde_json::json!({
            "event": "identity",
            "id52": status.id52,
            "store": status.store,
        }))?;
        return Ok(Exit::Done);
    }
    output.line(&status.id52)?;
    if args.qr
        && let Some(drawing) = qr::draw(&status.id52)
    {
        output.line(&drawing)?;
    }
    Ok(Exit::Done)
}
