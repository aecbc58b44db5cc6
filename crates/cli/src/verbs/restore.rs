//! `malai restore`: take over the identity in a backup.

use malai_api::{IdentityStatus, Request};
use malai_core::{
    engine::HomeLock,
    identity::{self, IdentityError},
};

use super::Context;
use crate::{args::RestoreArgs, exit::Exit, passphrase, session::Session};

pub(crate) async fn run(context: &Context, args: RestoreArgs) -> anyhow::Result<Exit> {
    let home = context.home()?;
    let path = std::path::absolute(&args.file)?;
    let ask = || passphrase::known(args.passphrase_file.as_deref());
    let output = context.output;
    if let Some(mut session) = Session::attach(&home).await? {
        let present: IdentityStatus = session.identity().await?;
        if !args.replace {
            let present = present.id52.parse()?;
            return Err(IdentityError::IdentityExists(present).into());
        }
        let import = Request::ImportIdentity {
            path: path.display().to_string(),
            passphrase: Some(ask()?),
        };
        session.request(import).await?;
        if output.is_json() {
            output.object(&serde_json::json!({ "restart_needed": true }))?;
        }
        output.talk("restored; start malai anew to use it");
        return Ok(Exit::Done);
    }
    let _lock = HomeLock::take(&home)?;
    let passphrase = ask()?;
    let secret = identity::restore(&path, passphrase.expose())?;
    let store = context.key_store();
    let identity = identity::import(&home, store, secret, args.replace).await?;
    let (id52, store) = (identity.public().to_string(), identity.store().to_string());
    if output.is_json() {
        output.object(&serde_json::json!({ "id52": id52, "store": store }))?;
    } else {
        output.line(&id52)?;
        output.talk(&format!("restored; its key is in the {store} store"));
    }
    if let Some(notice) = identity.notice() {
        output.talk(&format!("warning: {notice}"));
    }
    Ok(Exit::Done)
}
