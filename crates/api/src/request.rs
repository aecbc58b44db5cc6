//! What can be asked of a running engine.
//!
//! One type for every front end: command line, tray and web UI send the same requests.

use serde::{Deserialize, Serialize};

use crate::Protocol;

/// Something asked of an engine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "request", rename_all = "kebab-case")]
pub enum Request {
    /// Who the engine is.
    Identity,
    /// Everything that is shared and bridged.
    Status,
    /// Offer a local service to peers.
    Share(ShareRequest),
    /// Open a local port that leads to a service of a peer.
    Bridge(BridgeRequest),
    /// End a share or a bridge.
    Stop {
        /// Its name.
        name: String,
        /// Whether what `malai.toml` says about it is removed, too; without it, it only becomes
        /// inactive there.
        #[serde(default)]
        forget: bool,
    },
    /// All peers with a pet name.
    Peers,
    /// Give a peer a pet name, in `malai.toml`.
    PeerAdd {
        /// The pet name.
        name: String,
        /// The peer's key.
        id52: String,
    },
    /// Forget a pet name.
    PeerRemove {
        /// The pet name.
        name: String,
    },
    /// Hear every event from here on, on this connection.
    Subscribe,
}

/// What to share and with whom.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ShareRequest {
    /// Where the traffic goes: ports, `host:port`, URLs or `unix:/path`; at least one.
    pub upstream: Vec<String>,
    /// The service's name; `port-3000` and the like when missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// How it is carried.
    #[serde(default)]
    pub protocol: Protocol,
    /// Who may use it: pet names, id52s, `group:NAME`, `anyone`; nobody when empty.
    #[serde(default)]
    pub allow: Vec<String>,
    /// Seconds after which the share ends by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub for_secs: Option<u64>,
    /// Whether it is written to `malai.toml` and outlives whoever asked.
    #[serde(default)]
    pub keep: bool,
}

/// Where a bridge leads and where it listens.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct BridgeRequest {
    /// A share link, `peer/service`, `id52/service`, `id52` or `domain/service`.
    pub to: String,
    /// The bridge's name; made from the service's when missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// A port, `ip:port` or `unix:/path`; a free port of 127.0.0.1 when missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub listen: Option<String>,
    /// How it is carried.
    #[serde(default)]
    pub protocol: Protocol,
    /// Whether it is written to `malai.toml` and outlives whoever asked.
    #[serde(default)]
    pub keep: bool,
}
