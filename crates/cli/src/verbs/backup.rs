//! `malai backup`: write the identity into a file that only a passphrase opens.

use malai_api::Request;
use malai_core::identity::{self, IdentityError, KeyStore};

use super::Context;
use crate::{args::BackupArgs, exit::Exit, passphrase, session::Session};

pub(crate) async fn run(context: &Context, args: BackupArgs) -> anyhow::Result<Exit> {
    let home = context.home()?;
    let session = Session::attach(&home).await?;
    if session.is_none() && !identity::is_there(&home)? {
        return Err(IdentityError::NoIdentity.into());
    }
    let passphrase = passphrase::new(args.passphrase_file.as_deref())?;
    let path = std::path::absolute(&args.file)?;
    let id52 = if let Some(mut session) = session {
        let export = Request::ExportIdentity {
            path: path.display().to_string(),
            passphrase: Some(passphrase),
        };
        session.request(export).await?;
        session.identity().await?.id52
    } else {
        let store = context.key_store().filter(|it| *it != KeyStore::Memory);
        let identity = identity::open(&home, store).await?;
        identity::backup(identity.secret(), passphrase.expose(), &path)?;
        identity.public().to_string()
    };
    let output = context.output;
    if output.is_json() {
        output.object(&serde_json::json!({ "id52": id52, "file": path }))?;
    } else {
        output.line(&id52)?;
        output.talk(&format!(
            "backed up to {}; whoever has it and the passphrase is you, and nobody can open it \
             without the passphrase",
            path.display()
        ));
    }
    Ok(Exit::Done)
}
