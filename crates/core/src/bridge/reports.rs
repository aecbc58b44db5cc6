//! What is known of the open bridges at one moment.

use fastn_p2p::PublicKey;
use malai_api::{Measured, Protocol, Traffic};

use super::{Bridges, MemberReport};
use crate::{config::BridgeConfig, meter::Figures};

/// What is known of a bridge at one moment.
#[derive(Debug, Clone)]
pub struct BridgeReport {
    /// Its name.
    pub name: String,
    /// How it is carried.
    pub protocol: Protocol,
    /// Where it listens: `ip:port`, or `unix:/path`.
    pub local: String,
    /// The same as a URL, or `tcp://ip:port`.
    pub url: String,
    /// The peer it leads to first, once known.
    pub peer: Option<PublicKey>,
    /// That peer's name of the service; empty for its only or default one.
    pub service: String,
    /// Whether something waits for the peer's owner to let us in.
    pub waiting: bool,
    /// The places that it may lead to.
    pub members: Vec<MemberReport>,
    /// What went through it.
    pub traffic: Traffic,
}

impl Bridges {
    /// Every open bridge, by name.
    #[must_use]
    pub fn reports(&self) -> Vec<BridgeReport> {
        let running = self.running();
        running
            .values()
            .map(|bridge| BridgeReport {
                waiting: bridge.waiting.any(),
                members: bridge.members.reports(),
                traffic: bridge.meter.reading(),
                peer: self.peer_of(&bridge.config).or(bridge.report.peer),
                ..bridge.report.clone()
            })
            .collect()
    }

    /// All that was counted of each open bridge.
    pub(crate) fn figures(&self) -> Vec<(String, Figures)> {
        let running = self.running();
        let figures = running.iter();
        figures
            .map(|(name, bridge)| (name.clone(), bridge.meter.figures()))
            .collect()
    }

    /// How requests went through the bridge `name`.
    pub(crate) fn measured(&self, name: &str) -> Measured {
        let running = self.running();
        let bridge = running.get(name);
        bridge.map(|it| it.meter.measured()).unwrap_or_default()
    }

    /// All that was counted of the gateway, while there is one.
    pub(crate) fn gateway_figures(&self) -> Option<Figures> {
        let is_open = self.lock_gateway().is_some();
        is_open.then(|| self.0.gateway_meter.figures())
    }

    /// Requests of each open bridge that went on to another member, and those sent once more.
    pub(crate) fn repeats(&self) -> Vec<(String, (u64, u64))> {
        let running = self.running();
        let repeats = running.iter();
        repeats
            .map(|(name, bridge)| (name.clone(), bridge.members.counts()))
            .collect()
    }

    /// As it is known now: a domain may have come to name somebody since.
    fn peer_of(&self, config: &BridgeConfig) -> Option<PublicKey> {
        self.0.peers.key_of(config.to.first()?).ok().flatten()
    }
}
