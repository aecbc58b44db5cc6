//! The arguments of verbs about who is let in.

use std::time::Duration;

use clap::{Args, builder::BoolishValueParser};

use super::verbs::time;
use crate::env;

#[derive(Debug, Args)]
pub(crate) struct InviteArgs {
    /// The name of the service.
    pub(crate) service: String,
    /// Let in only the first who opens it.
    #[arg(long, env = env::ONCE, hide_env_values = true, value_parser = BoolishValueParser::new())]
    pub(crate) once: bool,
    /// End it after this time, for example 2h or 30m, also for those whom it has let in.
    #[arg(
        long = "for", value_name = "TIME", env = env::FOR, hide_env_values = true,
        value_parser = time
    )]
    pub(crate) duration: Option<Duration>,
    /// Print a PIN, too, that has to be told by other means than the link.
    #[arg(long, env = env::PIN, hide_env_values = true, value_parser = BoolishValueParser::new())]
    pub(crate) pin: bool,
}

#[derive(Debug, Args)]
pub(crate) struct RevokeArgs {
    /// What `malai invites` calls the link, or a service whose links are all meant.
    #[arg(value_name = "LINK|SERVICE")]
    pub(crate) invite: String,
}

#[derive(Debug, Args)]
pub(crate) struct AllowArgs {
    /// A pet name, an id52, or the beginning of that of one who asks.
    pub(crate) peer: String,
    /// The service; what the peer asks for when left out.
    pub(crate) service: Option<String>,
    /// End it after this time, for example 2h or 30m.
    #[arg(
        long = "for", value_name = "TIME", env = env::FOR, hide_env_values = true,
        value_parser = time, conflicts_with = "once"
    )]
    pub(crate) duration: Option<Duration>,
    /// End it with the peer's connection.
    #[arg(long, env = env::ONCE, hide_env_values = true, value_parser = BoolishValueParser::new())]
    pub(crate) once: bool,
}

#[derive(Debug, Args)]
pub(crate) struct DenyArgs {
    /// A pet name, an id52, or the beginning of that of one who asks.
    pub(crate) peer: String,
    /// The service; all of them when left out.
    pub(crate) service: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct BlockArgs {
    /// A pet name, an id52, or the beginning of that of one who asks.
    pub(crate) peer: String,
}

#[derive(Debug, Args)]
pub(crate) struct LogArgs {
    /// Only about this peer: a pet name or an id52.
    #[arg(long, env = env::PEER, hide_env_values = true)]
    pub(crate) peer: Option<String>,
    /// Only about this service.
    #[arg(long, env = env::SERVICE, hide_env_values = true)]
    pub(crate) service: Option<String>,
    /// How many lines at most, the newest of them; 200 when left out, at most 2000.
    #[arg(long, short = 'n', env = env::LIMIT, hide_env_values = true)]
    pub(crate) limit: Option<u32>,
}
