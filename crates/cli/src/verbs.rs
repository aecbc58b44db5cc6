//! What each verb does, a file for each.

mod backup;
mod bridge;
mod completions;
mod config;
mod demo;
mod dns;
mod doctor;
mod id;
mod import;
mod invite;
mod invites;
mod keygen;
mod log;
mod ls;
mod metrics;
mod peer;
mod requests;
mod restore;
mod rotate;
mod serve;
mod services;
mod share;
mod status;
mod stop;

use malai_api::{Failure, Request, Response};
use malai_core::{
    engine::dispatch_offline,
    home::{Home, HomeError},
    identity::KeyStore,
    logs::LogsHandle,
};

use crate::{
    args::{Cli, Command, Global},
    exit::Exit,
    output::Output,
    session::Session,
    start::Start,
};

/// What every verb works with.
#[derive(Debug)]
pub(crate) struct Context {
    global: Global,
    output: Output,
    logs: LogsHandle,
}

impl Context {
    /// The home this command is about; made when it is missing.
    fn home(&self) -> Result<Home, HomeError> {
        Home::open(self.global.home.clone())
    }

    /// The answer of the running engine.
    async fn ask(&self, request: Request) -> anyhow::Result<Response> {
        let mut session = Session::running(&self.home()?, "").await?;
        session.request(request).await
    }

    /// The same, or what can be said without one.
    async fn ask_or_look(&self, request: Request) -> anyhow::Result<Response> {
        let home = self.home()?;
        if let Some(mut session) = Session::attach(&home).await? {
            return session.request(request).await;
        }
        match dispatch_offline(&home, &request) {
            Some(Response::Error(failure)) => Err(failure.into()),
            Some(response) => Ok(response),
            None => Err(Failure::new("internal", "this needs a running engine").into()),
        }
    }

    /// What an engine of this process is started with.
    fn start(&self) -> Start {
        Start {
            key_store: self.key_store(),
            ask: self.global.ask,
            logs: self.logs.clone(),
        }
    }

    /// The user's wish for where the secret key is.
    fn key_store(&self) -> Option<KeyStore> {
        self.global.key_store
    }
}

/// Runs the verb that was given.
pub(crate) async fn run(cli: Cli, output: Output, logs: LogsHandle) -> anyhow::Result<Exit> {
    let context = Context {
        global: cli.global,
        output,
        logs,
    };
    // Boxed, since the largest of them would make all of them large.
    match cli.command {
        Command::Share(args) => Box::pin(share::run(&context, args)).await,
        Command::Http(args) => Box::pin(share::run(&context, args.into())).await,
        Command::Tcp(args) => Box::pin(share::run(&context, args.into())).await,
        Command::Bridge(args) => Box::pin(bridge::run(&context, args)).await,
        Command::HttpBridge(args) => Box::pin(bridge::run(&context, args.into())).await,
        Command::TcpBridge(args) => Box::pin(bridge::run(&context, args.into())).await,
        Command::Id(args) => id::run(&context, &args).await,
        Command::Status(args) => status::run(&context, &args).await,
        Command::Metrics => metrics::run(&context).await,
        Command::Ls => ls::run(&context).await,
        Command::Stop(args) => stop::run(&context, args).await,
        Command::Invite(args) => invite::run(&context, args).await,
        Command::Invites => invites::list(&context).await,
        Command::Revoke(args) => invites::revoke(&context, args).await,
        Command::Requests => requests::list(&context).await,
        Command::Allow(args) => requests::allow(&context, args).await,
        Command::Deny(args) => requests::deny(&context, args).await,
        Command::Block(args) => requests::block(&context, args, true).await,
        Command::Unblock(args) => requests::block(&context, args, false).await,
        Command::Log(args) => log::run(&context, args).await,
        Command::Services(args) => services::run(&context, args).await,
        Command::Dns(args) => dns::run(&context, args).await,
        Command::Doctor(args) => Box::pin(doctor::run(&context, args)).await,
        Command::Peer(command) => peer::change(&context, command).await,
        Command::Peers(args) if args.nearby => peer::nearby(&context).await,
        Command::Peers(_) => peer::list(&context).await,
        Command::Serve(args) => Box::pin(serve::run(&context, args)).await,
        Command::Config(command) => config::run(&context, &command),
        Command::Demo => Box::pin(demo::run(output)).await,
        Command::Keygen(args) => keygen::run(&context, args),
        Command::Import(args) => import::run(&context, args).await,
        Command::Backup(args) => backup::run(&context, args).await,
        Command::Restore(args) => restore::run(&context, args).await,
        Command::Rotate(args) => rotate::run(&context, &args).await,
        Command::Completions(args) => completions::run(&context, &args),
    }
}
