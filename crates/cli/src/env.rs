//! The names of all environment variables the command reads: each stands for a flag.

pub(crate) const HOME: &str = "MALAI_HOME";
pub(crate) const KEY_STORE: &str = "MALAI_KEY_STORE";
pub(crate) const JSON: &str = "MALAI_JSON";
pub(crate) const LOG: &str = "MALAI_LOG";
pub(crate) const ASK: &str = "MALAI_ASK";
pub(crate) const LOG_FORMAT: &str = "MALAI_LOG_FORMAT";

pub(crate) const NAME: &str = "MALAI_NAME";
pub(crate) const TCP: &str = "MALAI_TCP";
pub(crate) const DESCRIPTION: &str = "MALAI_DESCRIPTION";
pub(crate) const PROXY_PROTOCOL: &str = "MALAI_PROXY_PROTOCOL";
pub(crate) const ALLOW: &str = "MALAI_ALLOW";
pub(crate) const ANYONE: &str = "MALAI_ANYONE";
pub(crate) const FOR: &str = "MALAI_FOR";
pub(crate) const ONCE: &str = "MALAI_ONCE";
pub(crate) const PIN: &str = "MALAI_PIN";
pub(crate) const SERVICE: &str = "MALAI_SERVICE";
pub(crate) const PEER: &str = "MALAI_PEER";
pub(crate) const LIMIT: &str = "MALAI_LIMIT";
pub(crate) const BG: &str = "MALAI_BG";
pub(crate) const PORT: &str = "MALAI_PORT";
pub(crate) const LISTEN: &str = "MALAI_LISTEN";
pub(crate) const QR: &str = "MALAI_QR";
pub(crate) const NEARBY: &str = "MALAI_NEARBY";
pub(crate) const TREE: &str = "MALAI_TREE";
pub(crate) const FORGET: &str = "MALAI_FORGET";
pub(crate) const FILE: &str = "MALAI_FILE";
pub(crate) const DIR: &str = "MALAI_DIR";
pub(crate) const ID: &str = "MALAI_ID";
pub(crate) const REPLACE: &str = "MALAI_REPLACE";
pub(crate) const MOVE: &str = "MALAI_MOVE";
pub(crate) const REPORT: &str = "MALAI_REPORT";
pub(crate) const ACCEPT: &str = "MALAI_ACCEPT";
pub(crate) const PASSPHRASE_FILE: &str = "MALAI_PASSPHRASE_FILE";
pub(crate) const FORGET_OLD: &str = "MALAI_FORGET_OLD";
pub(crate) const UI: &str = "MALAI_UI";
pub(crate) const GATEWAY: &str = "MALAI_GATEWAY";

/// The passphrase of a backup, for programs; not a flag, which others could read.
pub(crate) const PASSPHRASE: &str = "MALAI_PASSPHRASE";

/// Where legacy malai looks for its secret key first; not a flag of ours.
pub(crate) const LEGACY_SECRET: &str = "KULFI_SECRET_KEY";
/// Set by people who want no colours anywhere (no-color.org).
pub(crate) const NO_COLOR: &str = "NO_COLOR";
