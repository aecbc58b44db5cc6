//! How a node is set up, and what is told of the ways to peers.

use std::{
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use url::Url;

use crate::PublicKey;

/// How a node is set up. The default listens on any address and uses n0's DNS and relays and mDNS.
#[derive(Debug, Clone)]
pub struct NodeConfig {
    /// The UDP address; port 0 for a free one.
    pub bind: SocketAddr,
    /// Which relays carry what cannot go directly.
    pub relay: RelayChoice,
    /// How addresses of peers are found.
    pub lookup: LookupChoice,
    /// The bounds.
    pub limits: Limits,
}

impl Default for NodeConfig {
    fn default() -> Self {
        Self {
            bind: SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)),
            relay: RelayChoice::Default,
            lookup: LookupChoice {
                dns: true,
                mdns: true,
                dht: false,
                origin: None,
            },
            limits: Limits::default(),
        }
    }
}

/// Which relays a node uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RelayChoice {
    /// n0's public relays.
    Default,
    /// None.
    None,
    /// One's own.
    Own(Vec<Url>),
}

/// Which lookups a node asks, and publishes itself to; none at all is fine. The local network hears
/// nothing before it is [announced](super::Node::announce).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LookupChoice {
    /// DNS and pkarr, at `origin` or at n0's.
    pub dns: bool,
    /// Multicast DNS on the local network.
    pub mdns: bool,
    /// The mainline DHT.
    pub dht: bool,
    /// A DNS and pkarr server of one's own.
    pub origin: Option<LookupOrigin>,
}

/// A DNS and pkarr server of one's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LookupOrigin {
    /// The domain under which records are looked up.
    pub domain: String,
    /// The pkarr relay to publish to and resolve from.
    pub pkarr: Url,
}

/// The bounds of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Connections at once, in and out; default 1024. More incoming ones are refused.
    pub connections: usize,
    /// Streams that peers may have open here at once, in all; default 16384. More are refused, and
    /// first those of the peers who have most.
    pub streams: usize,
    /// Streams one peer may have open at once; default 4096.
    pub streams_per_connection: u32,
    /// Handshakes at once; default 256.
    pub handshakes: usize,
    /// For one dial; default 15 s, since a relayed one takes several round trips.
    pub connect_timeout: Duration,
    /// For the header of a stream, and for a handshake; default 10 s.
    pub header_timeout: Duration,
    /// A connection without streams is closed after this; default 5 min.
    pub unused_connection: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 1024,
            streams: 16_384,
            streams_per_connection: 4096,
            handshakes: 256,
            connect_timeout: Duration::from_secs(15),
            header_timeout: Duration::from_secs(10),
            unused_connection: Duration::from_secs(300),
        }
    }
}

/// Where a peer may be found; from a link or a configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AddressHints {
    /// UDP addresses.
    pub addresses: Vec<SocketAddr>,
    /// A relay it is said to use.
    pub relay: Option<Url>,
}

/// How a peer is reached at this moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Path {
    /// There is no connection.
    Offline,
    /// One is being made.
    Connecting,
    /// From address to address, with this round-trip time.
    Direct(Duration),
    /// Through a relay, with this round-trip time.
    Relayed(Duration),
}

/// The way to a peer changed.
#[derive(Debug, Clone, Copy)]
pub struct PathEvent {
    /// Whose.
    pub peer: PublicKey,
    /// To what.
    pub path: Path,
}
