//! What the command line looks like.
//!
//! Flags that only make sense for one verb are with that verb; every flag has an environment
//! variable, listed in [`crate::env`].

mod access;
mod identity;
mod legacy;
mod verbs;

use std::{path::PathBuf, time::Duration};

use clap::{Args, Parser, Subcommand, ValueEnum, builder::BoolishValueParser};
use malai_core::identity::KeyStore;

pub(crate) use self::{
    access::{AllowArgs, BlockArgs, DenyArgs, InviteArgs, LogArgs, RevokeArgs},
    identity::{BackupArgs, ImportArgs, KeygenArgs, RestoreArgs, RotateArgs},
    legacy::{HttpArgs, HttpBridgeArgs, TcpArgs, TcpBridgeArgs},
    verbs::{
        BridgeArgs, CompletionsArgs, ConfigCommand, DnsArgs, DoctorArgs, IdArgs, PeerCommand,
        PeersArgs, ServeArgs, ServicesArgs, ShareArgs, StatusArgs, StopArgs,
    },
};
use crate::env;

/// Share a local port with people you choose, device to device.
///
/// `malai share 3000` prints a link; whoever you allow opens it with `malai bridge LINK` and finds
/// your service on a port of their own machine.
#[derive(Debug, Parser)]
#[command(
    name = "malai",
    version,
    max_term_width = 100,
    disable_help_subcommand = true,
    arg_required_else_help = true
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Flags of every command.
#[derive(Debug, Args)]
#[command(next_help_heading = "Everywhere")]
pub(crate) struct Global {
    /// Where malai keeps everything it has, instead of the platform's data directory.
    #[arg(long, global = true, value_name = "DIR", env = env::HOME, hide_env_values = true)]
    pub(crate) home: Option<PathBuf>,
    /// Where the secret key is kept: `keychain`, `file` or `memory`.
    #[arg(
        long, global = true, value_name = "STORE", env = env::KEY_STORE, hide_env_values = true
    )]
    pub(crate) key_store: Option<KeyStore>,
    /// How long whoever may not use a service waits while you are asked, for an engine that this
    /// command starts; `0s` asks nobody.
    #[arg(
        long, global = true, value_name = "TIME", env = env::ASK, hide_env_values = true,
        value_parser = humantime::parse_duration
    )]
    pub(crate) ask: Option<Duration>,
    /// Print JSON: one object, or one event a line for commands that stay.
    #[arg(
        long, global = true, env = env::JSON, hide_env_values = true,
        value_parser = BoolishValueParser::new()
    )]
    pub(crate) json: bool,
    /// How log lines on stderr look.
    #[arg(
        long, global = true, value_name = "FORMAT", env = env::LOG_FORMAT, hide_env_values = true,
        default_value = "text"
    )]
    pub(crate) log_format: LogFormat,
    /// What is logged, for example `info` or `malai_core=debug`.
    #[arg(long, global = true, value_name = "FILTER", env = env::LOG, hide_env_values = true)]
    pub(crate) log: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    Text,
    Json,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Share a local service.
    Share(ShareArgs),
    /// Open a local port that leads to a service of a peer.
    Bridge(BridgeArgs),
    /// Print this device's id52.
    Id(IdArgs),
    /// Show what is shared and bridged, how peers are reached, and the traffic.
    Status(StatusArgs),
    /// Print what was counted, as text that Prometheus reads.
    Metrics,
    /// List what is shared and bridged.
    Ls,
    /// End a share or a bridge.
    Stop(StopArgs),
    /// Print a link that lets whoever opens it use a service.
    Invite(InviteArgs),
    /// List the links that let people in.
    Invites,
    /// Take a link back, and what it has granted.
    Revoke(RevokeArgs),
    /// List who asks to be let in.
    Requests,
    /// Let a peer in to a service.
    Allow(AllowArgs),
    /// Do not let a peer in, or take back what it was granted.
    Deny(DenyArgs),
    /// Refuse a peer everything.
    Block(BlockArgs),
    /// Block a peer no more.
    Unblock(BlockArgs),
    /// Show who used or was refused what.
    Log(LogArgs),
    /// List the services that a peer offers us.
    Services(ServicesArgs),
    /// Show how a domain can stand for this device, and whom it stands for.
    Dns(DnsArgs),
    /// Check what works and what does not, and say what to do.
    ///
    /// Looks at this machine and, when a peer is named, at the way to it from both ends. It exits
    /// with 1 when there is a problem, and with 5 when the peer cannot be reached.
    Doctor(DoctorArgs),
    /// Give peers pet names.
    #[command(subcommand)]
    Peer(PeerCommand),
    /// List the peers that have a pet name, or those on the same local network.
    Peers(PeersArgs),
    /// Run everything in malai.toml until stopped.
    #[command(visible_alias = "run")]
    Serve(ServeArgs),
    /// Look at malai.toml.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Share and bridge on this machine alone, to see how it works.
    Demo,
    /// Make a secret key.
    Keygen(KeygenArgs),
    /// Take over an identity: from legacy malai, from a file, or from another store.
    Import(ImportArgs),
    /// Write the identity into a file that only a passphrase opens.
    ///
    /// The passphrase is asked for, or read from `--passphrase-file` or MALAI_PASSPHRASE; it has at
    /// least 8 characters. The file is one of age, which the tool of that name opens, too.
    Backup(BackupArgs),
    /// Bring an identity back from a backup.
    Restore(RestoreArgs),
    /// Give this identity a new key.
    ///
    /// Both keys sign that the new one takes the place of the old one, and peers who know the old
    /// one follow by themselves as soon as they are reached. The old key stays beside the new one,
    /// called retired, to undo it by `malai import` before others have heard; nothing else needs
    /// it. Links that you gave away and backups are to be made anew.
    Rotate(RotateArgs),
    /// Print the completions for a shell.
    Completions(CompletionsArgs),

    #[command(hide = true)]
    Http(HttpArgs),
    #[command(hide = true)]
    Tcp(TcpArgs),
    #[command(hide = true)]
    HttpBridge(HttpBridgeArgs),
    #[command(hide = true)]
    TcpBridge(TcpBridgeArgs),
}

#[cfg(test)]
mod tests;
