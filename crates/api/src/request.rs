//! What can be asked of a running engine.
//!
//! One type for every front end: command line, tray and web UI send the same requests.

use serde::{Deserialize, Serialize};

use crate::{Admission, NetworkSettings, Passphrase, Protocol};

/// Something asked of an engine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(tag = "request", rename_all = "kebab-case")]
pub enum Request {
    /// Who the engine is.
    Identity,
    /// Everything that is shared and bridged.
    Status,
    /// What was counted, as text that Prometheus reads.
    Metrics,
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
    /// The same, and hear the whole status now and whenever it has changed, at most once a second
    /// where only numbers moved.
    Watch,
    /// Local servers that listen now and could be shared.
    Detect,
    /// What a link or a name leads to; nothing is opened or connected, but a domain is looked up.
    Read {
        /// A share link, `peer/service`, `id52/service`, `id52` or `domain/service`.
        link: String,
    },
    /// Peers on the same local network that want to be seen.
    Nearby,
    /// The services that a peer offers us.
    Services {
        /// A pet name, an id52, a domain, or a share link, whose addresses are then used to reach the
        /// peer.
        peer: String,
    },
    /// Whom a domain names, asked of the DNS at this moment.
    Domain {
        /// The domain.
        name: String,
        /// Whether the key that it names is remembered, in place of another one.
        #[serde(default)]
        accept: bool,
    },
    /// A link that lets who opens it use a service.
    Invite(InviteRequest),
    /// Who may use a service, in place of what was said before; whoever an invite has let in and
    /// is not named any more may not either.
    Allow {
        /// The service's name.
        service: String,
        /// Pet names, id52s, `group:NAME`, `anyone`; nobody when empty.
        allow: Vec<String>,
    },
    /// Those who have asked to be let in and were not answered.
    Requests,
    /// Let a peer in to a service, be it waiting for that or not.
    Admit {
        /// A pet name or an id52; also the beginning of the id52 of one that has asked.
        peer: String,
        /// The service's name; what it has asked for when missing.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(test, ts(optional))]
        service: Option<String>,
        /// For how long.
        #[serde(flatten)]
        admission: Admission,
    },
    /// Do not let a peer in, and take back what it was granted beyond `malai.toml`.
    Deny {
        /// A pet name or an id52; also the beginning of the id52 of one that has asked.
        peer: String,
        /// The service's name; all of them when missing.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(test, ts(optional))]
        service: Option<String>,
    },
    /// Refuse a peer everything, whatever else allows it; or no more. Written to `malai.toml`.
    Block {
        /// A pet name or an id52; also the beginning of the id52 of one that has asked.
        peer: String,
        /// Whether it is blocked from here on.
        blocked: bool,
    },
    /// All links with an invite.
    Invites,
    /// Take a link back, and with it whatever it has granted.
    Revoke {
        /// The name of an invite, or of a service whose links are all meant.
        invite: String,
    },
    /// End a share by itself at another time.
    EndIn {
        /// The name of a share that `malai.toml` does not keep.
        service: String,
        /// Seconds from now; it goes on until it is stopped when missing.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(test, ts(optional))]
        secs: Option<u64>,
    },
    /// Who used or was refused what, newest last.
    Log(LogRequest),
    /// What those who may use a service see of it besides its name.
    Describe {
        /// The service's name.
        service: String,
        /// At most 200 characters, on one line; nothing when missing or empty.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(test, ts(optional))]
        description: Option<String>,
    },
    /// Make a group of peers, or give it other members, in `malai.toml`.
    GroupPut {
        /// The group's name.
        name: String,
        /// Pet names, id52s and `group:NAME`.
        members: Vec<String>,
    },
    /// Remove a group from `malai.toml`.
    GroupRemove {
        /// The group's name.
        name: String,
    },
    /// How a service of ours can be reached: its upstream, over the local network, over the relay.
    Check {
        /// The service's name.
        service: String,
    },
    /// What works and what does not, on this machine and, when one is named, on the way to a peer.
    Doctor {
        /// A pet name, an id52, a domain, or a share link, whose addresses are then used to reach the
        /// peer; its invite is not.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(test, ts(optional))]
        peer: Option<String>,
    },
    /// A text as a QR code.
    Qr {
        /// What it says, at most 2048 bytes.
        text: String,
    },
    /// Where things live and how the network is used.
    Settings,
    /// Use the network otherwise, from the next start on; written to `malai.toml`.
    SetNetwork(NetworkSettings),
    /// Turn the gateway on, at another address, or off.
    SetGateway {
        /// A port or `ip:port`, where port 0 takes the one it had before or a free one; off when
        /// missing.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(test, ts(optional))]
        listen: Option<String>,
        /// Whether it is written to `malai.toml`; otherwise it holds until the engine ends.
        #[serde(default)]
        keep: bool,
    },
    /// What we suggest that others call us, in `malai.toml` and in links.
    SetName {
        /// A pet name; nothing is suggested when missing.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(test, ts(optional))]
        name: Option<String>,
    },
    /// Write a copy of the secret key into a new file that its owner alone may read.
    ExportIdentity {
        /// The file, an absolute path; it must not be there yet.
        path: String,
        /// What the copy is encrypted with; without it, it is the key as it is.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(test, ts(optional))]
        passphrase: Option<Passphrase>,
    },
    /// Take over the identity of such a file, from the next start on.
    ImportIdentity {
        /// The file, an absolute path.
        path: String,
        /// What it was encrypted with, if it was.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(test, ts(optional))]
        passphrase: Option<Passphrase>,
    },
    /// Make a new key for this identity, from the next start on, and tell those who know the
    /// present one.
    Rotate {
        /// Whether the present key is dropped instead of put aside.
        #[serde(default)]
        forget_old: bool,
    },
}

/// A link to make.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub struct InviteRequest {
    /// The service's name.
    pub service: String,
    /// Whether only the first who opens it is let in; otherwise everybody who has it.
    #[serde(default)]
    pub once: bool,
    /// Seconds after which it lets nobody in any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub for_secs: Option<u64>,
    /// Whether a PIN has to be told as well, by other means than the link.
    #[serde(default)]
    pub pin: bool,
}

/// Which lines of the record to read.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub struct LogRequest {
    /// How many at most, the newest of them; 200 when missing, at most 2000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// Only about this peer: a pet name or an id52.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peer: Option<String>,
    /// Only about this service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
}

/// What to share and with whom.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
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
    /// What those who may use it see of it besides its name: at most 200 characters, on one line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Seconds after which the share ends by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub for_secs: Option<u64>,
    /// Whether it is written to `malai.toml` and outlives whoever asked.
    #[serde(default)]
    pub keep: bool,
    /// Whether it is refused, with `nothing-answers`, while nothing answers at its upstream.
    #[serde(default)]
    pub must_answer: bool,
    /// Whether the upstream of a TCP service is told who comes, by PROXY protocol version 2; when
    /// missing, as `malai.toml` says of a service that is kept under this name, and else not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proxy_protocol: Option<bool>,
}

/// Where a bridge leads and where it listens.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
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
