//! Bridges that are wanted: requests for them, opening by difference, and trying again.

use malai_api::{BridgeRequest, Event, Failure, Response, codes};

use super::{
    keeper::Keeper,
    operations::{Lease, Running},
    sharing::{argument, check_name},
};
use crate::{
    access::Pin,
    bridge::BridgeReport,
    causes::causes,
    config::{BridgeConfig, BridgeTarget, Config, ListenAddress, PeerConfig, PeerName},
    control::Owner,
};

/// Suffixes that are tried for a name that is taken.
const MOST_SUFFIXES: usize = 1000;

/// A bridge that is wanted, open or not.
#[derive(Debug)]
pub(super) struct Bridging {
    wanted: Wanted,
    pub(super) outcome: Result<BridgeReport, Failure>,
    _running: Running,
}

/// What a bridge is opened for; when it differs, the bridge is opened anew.
#[derive(Debug, Clone, PartialEq)]
struct Wanted {
    config: BridgeConfig,
    /// Whom its pet names mean.
    peers: Vec<Option<PeerConfig>>,
    generation: Option<u64>,
}

impl Keeper {
    pub(super) async fn bridge(
        &mut self,
        request: BridgeRequest,
        owner: Owner,
    ) -> Result<Response, Failure> {
        let target = argument::<BridgeTarget>(&request.to)?;
        self.check_peer(&target)?;
        if target.invite.as_deref().is_some_and(Pin::is_wanted) {
            let message =
                "a PIN goes with this link; ask who gave it to you, and tell it with the link";
            return Err(Failure::new("pin-wanted", message));
        }
        let name = match request.name {
            Some(name) => name,
            None => self.free_name(&target),
        };
        check_name(&name)?;
        if !self.layers.bridge_is_free(&name) {
            let message = format!(
                "a bridge called `{name}` is already open; choose another name with `--name`, or \
                 end it with `malai stop {name}`"
            );
            return Err(Failure::new(codes::NAME_TAKEN, message));
        }
        let mut config = BridgeConfig::new(request.protocol, target);
        if let Some(listen) = &request.listen {
            config.listen = argument::<ListenAddress>(listen)?;
        }
        if request.keep {
            let kept = name.clone();
            self.edit(move |editor| editor.put_bridge(&kept, &config))
                .await?;
            self.apply("").await;
        } else {
            self.refuse_when_full()?;
            let generation = self.layers.add_bridge(&name, config, owner);
            self.apply("").await;
            if let Some(Err(failure)) = self.bridges.get(&name).map(|it| &it.outcome) {
                let failure = failure.clone();
                self.layers.remove(&name, generation);
                self.apply("it cannot listen").await;
                return Err(failure);
            }
        }
        let config = self.layers.effective().bridges.remove(&name);
        let status = config.map(|config| self.bridge_status(&name, &config));
        let status = status.ok_or_else(|| Failure::new("internal", "the bridge was lost"))?;
        Ok(Response::Bridged(status))
    }

    pub(super) async fn apply_bridges(&mut self, config: &Config, reason: &str) {
        let wanted: Vec<(&String, Wanted)> = config
            .bridges
            .iter()
            .filter(|(_, bridge)| bridge.active)
            .map(|(name, bridge)| (name, self.wanted(name, bridge, config)))
            .collect();
        let is_wanted = |name: &String, bridging: &Bridging| {
            wanted
                .iter()
                .any(|(other, wanted)| *other == name && *wanted == bridging.wanted)
        };
        let over: Vec<String> = self
            .bridges
            .iter()
            .filter(|(name, bridging)| !is_wanted(name, bridging))
            .map(|(name, _)| name.clone())
            .collect();
        for name in over {
            self.bridges.remove(&name);
            if self.parts.bridges.close(&name).await {
                self.tell_stopped(&name, reason);
            }
        }
        for (name, wanted) in wanted {
            if !self.bridges.contains_key(name) {
                self.open_bridge(name, wanted).await;
            }
        }
        self.parts.bridges.forget_closed();
    }

    /// Opens a bridge anew where it is: whom it leads to has another key, and whoever uses its port
    /// is to find it there.
    pub(super) async fn reopen_bridge(
        &mut self,
        name: &str,
        bridge: &BridgeConfig,
        config: &Config,
    ) {
        let wanted = self.wanted(name, bridge, config);
        let Some(bridging) = self.bridges.get_mut(name) else {
            return;
        };
        bridging.wanted = wanted;
        let Ok(report) = &bridging.outcome else {
            // Tried again soon, with what is wanted then.
            return;
        };
        let mut here = bridge.clone();
        if let Ok(local) = report.local.parse() {
            here.listen = ListenAddress::Tcp(local);
        }
        match self.parts.bridges.open(name, &here).await {
            Ok(report) => {
                self.tell_bridged(&report);
                self.set_outcome(name, Ok(report));
            }
            Err(error) => {
                let failure = Failure::new(error.code(), causes(&error));
                self.error(&failure.code, &format!("bridge `{name}`: {failure}"));
                self.set_outcome(name, Err(failure));
            }
        }
    }

    fn set_outcome(&mut self, name: &str, outcome: Result<BridgeReport, Failure>) {
        if let Some(bridging) = self.bridges.get_mut(name) {
            bridging.outcome = outcome;
        }
    }

    pub(super) fn has_failed_bridges(&self) -> bool {
        self.bridges
            .values()
            .any(|bridging| bridging.outcome.is_err())
    }

    pub(super) async fn retry_bridges(&mut self) {
        let failed = self
            .bridges
            .iter()
            .filter(|(_, bridging)| bridging.outcome.is_err());
        let failed: Vec<(String, BridgeConfig)> = failed
            .map(|(name, bridging)| (name.clone(), bridging.wanted.config.clone()))
            .collect();
        for (name, config) in failed {
            // The failure was told the first time; only a success is news.
            if let Ok(report) = self.parts.bridges.open(&name, &config).await {
                self.tell_bridged(&report);
                if let Some(bridging) = self.bridges.get_mut(&name) {
                    bridging.outcome = Ok(report);
                }
            }
        }
    }

    async fn open_bridge(&mut self, name: &str, wanted: Wanted) {
        let lease = self.layers.bridges.get(name).map(|temporary| Lease {
            name: name.to_owned(),
            generation: temporary.generation,
            owner: temporary.owner.clone(),
            ends: temporary.ends,
            inbox: self.inbox.clone(),
        });
        let is_temporary = lease.is_some();
        let outcome = match self.parts.bridges.open(name, &wanted.config).await {
            Ok(report) => {
                self.tell_bridged(&report);
                Ok(report)
            }
            Err(error) => {
                let failure = Failure::new(error.code(), causes(&error));
                if !is_temporary {
                    // Whoever wants a temporary one is told in the response.
                    self.error(&failure.code, &format!("bridge `{name}`: {failure}"));
                }
                Err(failure)
            }
        };
        let bridging = Bridging {
            wanted,
            outcome,
            _running: self
                .parts
                .operations
                .add(&format!("bridge {name}"), lease)
                .await,
        };
        self.bridges.insert(name.to_owned(), bridging);
    }

    fn tell_bridged(&self, report: &BridgeReport) {
        self.parts.events.send(|| Event::Bridged {
            service: report.service.clone(),
            peer: report.peer.map(|peer| peer.to_string()).unwrap_or_default(),
            local: report.local.clone(),
            url: report.url.clone(),
        });
    }

    fn wanted(&self, name: &str, bridge: &BridgeConfig, config: &Config) -> Wanted {
        let peer = |target: &BridgeTarget| match &target.peer {
            PeerName::Pet(name) => config.peers.get(name).cloned(),
            PeerName::Key(_) | PeerName::Domain(_) => None,
        };
        Wanted {
            config: bridge.clone(),
            peers: bridge.to.iter().map(peer).collect(),
            generation: self.layers.bridges.get(name).map(|it| it.generation),
        }
    }

    pub(super) fn check_peer(&self, target: &BridgeTarget) -> Result<(), Failure> {
        match &target.peer {
            PeerName::Pet(name) if !self.layers.file.peers.contains_key(name) => {
                let message = format!(
                    "nobody is called `{name}`; add the peer with `malai peer add {name} ID52`, \
                     or use the link you were given"
                );
                Err(Failure::new(codes::PEER_UNKNOWN, message))
            }
            PeerName::Pet(_) | PeerName::Key(_) | PeerName::Domain(_) => Ok(()),
        }
    }

    /// A name for a bridge that was given none: the service's, with a number when it is taken.
    fn free_name(&self, target: &BridgeTarget) -> String {
        let base = if check_name(&target.service).is_ok() {
            target.service.clone()
        } else {
            "bridge".to_owned()
        };
        free_name(&base, |name| self.layers.bridge_is_free(name)).unwrap_or(base)
    }
}

/// The name, or else the first that is free with a number at its end.
pub(super) fn free_name(base: &str, is_free: impl Fn(&str) -> bool) -> Option<String> {
    let numbered = (2..MOST_SUFFIXES).map(|number| {
        let room = 63 - number.to_string().len() - 1;
        let short: String = base.chars().take(room).collect();
        format!("{short}-{number}")
    });
    let mut names = std::iter::once(base.to_owned()).chain(numbered);
    names.find(|name| is_free(name))
}
