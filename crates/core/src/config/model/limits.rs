//! What `[limits]` says.

/// `[limits]`: what holds for everything together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EngineLimitsConfig {
    /// Connections with peers at once; default 1024, 1..=65536.
    pub connections: usize,
    /// Streams that peers may have open here at once; default 16384, 1..=1000000.
    pub streams: usize,
    /// Requests per second of all peers to all services; none by default.
    pub requests_per_second: Option<u32>,
    /// How many of them may come at once before the rate holds; default the rate itself.
    pub burst: Option<u32>,
    /// Bytes per second to all peers; none by default.
    pub upload: Option<u64>,
    /// Bytes per second from all peers; none by default.
    pub download: Option<u64>,
    /// Connections of this machine to one bridge at once; default 16384, 1..=65536.
    pub bridge_connections: usize,
}

impl Default for EngineLimitsConfig {
    fn default() -> Self {
        Self {
            connections: 1024,
            streams: 16_384,
            requests_per_second: None,
            burst: None,
            upload: None,
            download: None,
            bridge_connections: 16_384,
        }
    }
}
