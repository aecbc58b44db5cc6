//! The arguments of verbs about the secret key.

use std::path::PathBuf;

use clap::{Args, builder::BoolishValueParser};
use malai_core::identity::KeyStore;

use crate::env;

#[derive(Debug, Args)]
pub(crate) struct KeygenArgs {
    /// Write the secret to this new file, readable by you alone, instead of to stdout.
    #[arg(
        long, short, value_name = "FILE", env = env::FILE, hide_env_values = true,
        num_args = 0..=1, default_missing_value = ".malai.secret-key"
    )]
    pub(crate) file: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct ImportArgs {
    /// Read the secret from this file instead of looking where legacy malai keeps it; `-` is
    /// stdin.
    #[arg(
        long, short, value_name = "FILE", env = env::FILE, hide_env_values = true,
        conflicts_with_all = ["dir", "id"]
    )]
    pub(crate) file: Option<PathBuf>,
    /// The directory legacy malai was started in; this one when left out.
    #[arg(long, value_name = "DIR", env = env::DIR, hide_env_values = true)]
    pub(crate) dir: Option<PathBuf>,
    /// Which identity to take when several are found.
    #[arg(long, value_name = "ID52", env = env::ID, hide_env_values = true)]
    pub(crate) id: Option<String>,
    /// Take the place of the identity that is here; its key is kept as a backup.
    #[arg(
        long, env = env::REPLACE, hide_env_values = true, value_parser = BoolishValueParser::new()
    )]
    pub(crate) replace: bool,
    /// Move the identity that is here to another store instead.
    #[arg(
        long = "move", value_name = "STORE", env = env::MOVE, hide_env_values = true,
        conflicts_with_all = ["file", "dir", "id", "replace"]
    )]
    pub(crate) to_store: Option<KeyStore>,
}

#[derive(Debug, Args)]
pub(crate) struct BackupArgs {
    /// The new file.
    pub(crate) file: PathBuf,
    /// Read the passphrase from the first line of this file instead of asking.
    #[arg(
        long, value_name = "FILE", env = env::PASSPHRASE_FILE, hide_env_values = true
    )]
    pub(crate) passphrase_file: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct RestoreArgs {
    /// The file that `malai backup` has written.
    pub(crate) file: PathBuf,
    /// Read the passphrase from the first line of this file instead of asking.
    #[arg(
        long, value_name = "FILE", env = env::PASSPHRASE_FILE, hide_env_values = true
    )]
    pub(crate) passphrase_file: Option<PathBuf>,
    /// Take the place of the identity that is here; its key is kept as a backup.
    #[arg(
        long, env = env::REPLACE, hide_env_values = true, value_parser = BoolishValueParser::new()
    )]
    pub(crate) replace: bool,
}

#[derive(Debug, Args)]
pub(crate) struct RotateArgs {
    /// Drop the old key instead of keeping it as retired.
    #[arg(
        long, env = env::FORGET_OLD, hide_env_values = true,
        value_parser = BoolishValueParser::new()
    )]
    pub(crate) forget_old: bool,
}
