//! How an engine is set up, as far as a window can change it.

use serde::{Deserialize, Serialize};

/// Where things live and how the network is used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub struct Settings {
    /// The directory of this engine.
    pub home: String,
    /// `malai.toml`; empty when there is none to keep things in.
    pub config: String,
    /// The directory of log files.
    pub logs: String,
    /// What we suggest that others call us.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Where the gateway listens, as `malai.toml` says; missing while it is off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gateway: Option<String>,
    /// How the network is used, as `malai.toml` says.
    pub network: NetworkSettings,
    /// Whether something has changed that only a restart brings into force.
    pub restart_needed: bool,
}

/// How the network is used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct NetworkSettings {
    /// Which relays carry what cannot go directly.
    pub relay: RelaySetting,
    /// How addresses of peers are found: `dns`, `mdns`, `dht`.
    pub lookup: Vec<String>,
    /// Whether others on the local network see this machine; the one thing that holds at once.
    #[serde(default)]
    pub visible: bool,
}

/// Which relays are used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum RelaySetting {
    /// The public ones.
    Default,
    /// None.
    None,
    /// One's own.
    Own {
        /// `https://` or `http://`, at least one.
        urls: Vec<String>,
    },
}
