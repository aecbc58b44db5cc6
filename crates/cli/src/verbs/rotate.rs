//! `malai rotate`: a new key for this identity, and a statement by which peers follow.

use malai_api::{Request, Response};
use malai_core::engine::{self, HomeLock};

use super::Context;
use crate::{
    args::RotateArgs,
    exit::Exit,
    session::{Session, unexpected},
};

pub(crate) async fn run(context: &Context, args: &RotateArgs) -> anyhow::Result<Exit> {
    let home = context.home()?;
    let forget_old = args.forget_old;
    let (response, is_running) = if let Some(mut session) = Session::attach(&home).await? {
        (session.request(Request::Rotate { forget_old }).await?, true)
    } else {
        let _lock = HomeLock::take(&home)?;
        let rotated = engine::rotate_offline(&home, context.key_store(), forget_old).await?;
        (rotated, false)
    };
    let Response::Rotated {
        former,
        id52,
        notice,
    } = &response
    else {
        return Err(unexpected(&response));
    };
    let output = context.output;
    if output.is_json() {
        output.object(&response)?;
    } else {
        output.line(id52)?;
    }
    let when = if is_running {
        "start malai anew to use it"
    } else {
        "it is used from the next start on"
    };
    output.talk(&format!(
        "this is your new id52 in place of {former}; {when}"
    ));
    output.talk(
        "those who know you hear of it by themselves; links that you gave away are to be made \
         anew, and so is a backup",
    );
    if let Some(notice) = notice {
        output.talk(notice);
    }
    Ok(Exit::Done)
}
