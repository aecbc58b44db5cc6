//! What the desktop application and its window say to each other, beyond requests to the engine.

use serde::{Deserialize, Serialize};

use crate::Failure;

/// The application as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct DesktopState {
    /// What has become of the engine.
    pub engine: EngineState,
    /// What the user has chosen.
    pub settings: DesktopSettings,
    /// malai's version.
    pub version: String,
    /// Whether there is a tray to hide in.
    pub tray: bool,
}

/// What has become of the engine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(tag = "engine", rename_all = "kebab-case")]
pub enum EngineState {
    /// It begins, or another one is waited for.
    Starting,
    /// It runs.
    Running {
        /// Whether it is another process, such as `malai serve`, that goes on without us.
        attached: bool,
    },
    /// No keychain answers: the user is asked whether the key may be kept in a file.
    AsksForKeyFile {
        /// Where that file would be.
        path: String,
    },
    /// It could not start.
    Failed(Failure),
    /// It lets what is in flight end.
    Stopping,
}

/// What the user has chosen about the application.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(default, deny_unknown_fields)]
pub struct DesktopSettings {
    /// Whether it starts with the session, hidden; default no.
    pub start_at_login: bool,
    /// Whether it notifies; default yes.
    pub notifications: bool,
}

impl Default for DesktopSettings {
    fn default() -> Self {
        Self {
            start_at_login: false,
            notifications: true,
        }
    }
}

/// Where the window is to go, asked by the tray, a deep link or a second start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(tag = "view", rename_all = "kebab-case")]
pub enum Navigation {
    /// What is shared and bridged.
    Home,
    /// Sharing another port.
    Share,
    /// One share: link, QR code, who may use it, its requests.
    Service {
        /// Its name.
        name: String,
    },
    /// Connecting to a peer.
    Connect {
        /// A link to begin with; it is shown and asked about, never opened by itself.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(test, ts(optional))]
        link: Option<String>,
    },
    /// All peers.
    Peers,
    /// The settings.
    Settings,
    /// How well this machine can be reached.
    Connection,
}

/// Something outside the window to open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(tag = "open", rename_all = "kebab-case")]
pub enum OpenTarget {
    /// The web page of a bridge.
    Bridge {
        /// The bridge's name.
        name: String,
    },
    /// The directory of log files.
    Logs,
    /// `malai.toml`.
    Config,
}
