//! How the endpoint of a node is made: the first one, and one that takes its place.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use iroh::{
    Endpoint, RelayMode, RelayUrl,
    address_lookup::MemoryLookup,
    endpoint::{AckFrequencyConfig, IdleTimeout, QuicTransportConfig, VarInt, presets},
};

use crate::{
    BindError, NodeConfig, RelayChoice, SecretKey, congestion::OpenCubicConfig, lan::Lan, lookup,
    node::ALPN,
};

/// Bytes a peer may send on one stream before we have read them.
/// At 5 MB the whole connection died under load ("too many gaps in stream buffer", noq 1.4 allows
/// 1024 gaps of a datagram each, so the window must stay under 2.4 MB); this is QUIC's default.
const STREAM_WINDOW_BYTES: u32 = 1_250_000;
/// Streams that a peer may have open before one of them was accepted, and the bytes on their way in
/// all of them: headers, whose cap is 64 KiB each. Whoever may use something gets more.
const STRANGER_STREAMS: u32 = 64;
const STRANGER_WINDOW_BYTES: u32 = 2 * 1024 * 1024;
/// Packets of ours that a peer may have before it acknowledges the next one, and how long it may wait
/// with that. An answer carries no acknowledgement of its question, and each one by itself is a system
/// call at both ends, in the way of what is to be answered: fewer of them make an eighth
/// more requests at one connection. With ten, downloads over a lossy way are 5 % slower.
const UNACKNOWLEDGED: u32 = 4;
const ACKNOWLEDGED_WITHIN: Duration = Duration::from_millis(5);
/// How long an answer takes as far as nothing is known: the first packet of a handshake goes out again
/// after three times that, where QUIC's 333 ms make a whole second of it for a packet that was lost, or
/// that came while the peer was about to start.
const FIRST_ROUND_TRIP: Duration = Duration::from_millis(100);
/// Datagrams only ask whether we are there, with a byte each, and nobody needs to read them.
const DATAGRAM_BUFFER_BYTES: usize = 1024;
/// A peer that is silent for this long is gone; keep-alives come every 5 s. Who waits for one hears
/// of its silence much earlier, from [`crate::vigil`].
const CONNECTION_IDLE: Duration = Duration::from_secs(15);

/// All that an endpoint is made of; what was learned of peers stays here.
#[derive(Debug)]
pub(crate) struct Recipe {
    secret: SecretKey,
    config: NodeConfig,
    lan: Option<Lan>,
    /// Where peers may be found.
    pub(crate) hints: MemoryLookup,
}

impl Recipe {
    pub(crate) fn new(secret: &SecretKey, config: &NodeConfig, lan: Option<Lan>) -> Self {
        Self {
            secret: secret.clone(),
            config: config.clone(),
            lan,
            hints: MemoryLookup::with_provenance("link"),
        }
    }

    /// The UDP address that was asked for; port 0 for a free one.
    pub(crate) fn address(&self) -> SocketAddr {
        self.config.bind
    }

    /// The relays that are used.
    pub(crate) fn relays(&self) -> Vec<RelayUrl> {
        let mode = relay_mode(&self.config.relay);
        mode.map_or_else(|_| Vec::new(), |mode| mode.relay_map().urls())
    }

    /// An endpoint that listens at `address`.
    pub(crate) async fn bind(&self, address: SocketAddr) -> Result<Endpoint, BindError> {
        let bind_error =
            |error: Box<dyn std::error::Error + Send + Sync>| BindError::Address(address, error);
        let builder = Endpoint::builder(presets::Minimal)
            .secret_key(self.secret.to_iroh())
            .alpns(vec![ALPN.to_vec()])
            .transport_config(transport())
            .relay_mode(relay_mode(&self.config.relay)?)
            .address_lookup(self.hints.clone())
            .clear_ip_transports()
            .bind_addr(address)
            .map_err(|error| bind_error(error.into()))?;
        let builder = lookup::configure(builder, &self.config.lookup, self.lan.as_ref());
        Box::pin(builder.bind())
            .await
            .map_err(|error| bind_error(error.into()))
    }
}

fn transport() -> QuicTransportConfig {
    let mut acknowledging = AckFrequencyConfig::default();
    acknowledging
        .ack_eliciting_threshold(VarInt::from_u32(UNACKNOWLEDGED))
        .max_ack_delay(Some(ACKNOWLEDGED_WITHIN));
    let mut builder = QuicTransportConfig::builder()
        .max_concurrent_bidi_streams(VarInt::from_u32(STRANGER_STREAMS))
        .receive_window(VarInt::from_u32(STRANGER_WINDOW_BYTES))
        .max_concurrent_uni_streams(VarInt::from_u32(0))
        .stream_receive_window(VarInt::from_u32(STREAM_WINDOW_BYTES))
        .initial_rtt(FIRST_ROUND_TRIP)
        .ack_frequency_config(Some(acknowledging))
        .congestion_controller_factory(Arc::new(OpenCubicConfig::default()))
        .datagram_receive_buffer_size(Some(DATAGRAM_BUFFER_BYTES));
    if let Ok(idle) = IdleTimeout::try_from(CONNECTION_IDLE) {
        builder = builder.max_idle_timeout(Some(idle));
    }
    builder.build()
}

fn relay_mode(choice: &RelayChoice) -> Result<RelayMode, BindError> {
    match choice {
        RelayChoice::Default => Ok(RelayMode::Default),
        RelayChoice::None => Ok(RelayMode::Disabled),
        RelayChoice::Own(relays) => {
            for relay in relays {
                if relay.host_str().is_none() {
                    return Err(BindError::Server(relay.to_string()));
                }
            }
            Ok(RelayMode::custom(
                relays.iter().cloned().map(RelayUrl::from),
            ))
        }
    }
}
