//! What is wanted: what `malai.toml` keeps, and above it what somebody asked for just for now.
//!
//! Pure: it decides which configuration follows from both.
//! A temporary share or bridge hides one of the same name in the file while it lives, so an edit
//! of the file cannot change what its owner sees running.

use std::{collections::BTreeMap, time::Duration};

use tokio::time::Instant;

use crate::{
    config::{BridgeConfig, Config, GatewayConfig, ServiceConfig},
    control::Owner,
};

/// Temporary shares and bridges at once; whoever wants more keeps them in the file.
const MAX_TEMPORARY: usize = 256;

/// Something that ends with its owner.
#[derive(Debug)]
pub(super) struct Temporary<T> {
    pub(super) config: T,
    /// Tells it from a later one of the same name.
    pub(super) generation: u64,
    /// With whom it ends.
    pub(super) owner: Owner,
    /// When it ends by itself.
    pub(super) ends: Option<Instant>,
}

/// Both layers.
#[derive(Debug)]
pub(super) struct Layers {
    pub(super) file: Config,
    pub(super) services: BTreeMap<String, Temporary<ServiceConfig>>,
    pub(super) bridges: BTreeMap<String, Temporary<BridgeConfig>>,
    /// In place of what the file says, from the command line.
    pub(super) ask_timeout: Option<Duration>,
    /// The gateway in place of that of the file.
    pub(super) gateway: Option<GatewayConfig>,
    generation: u64,
}

impl Layers {
    pub(super) fn new(file: Config) -> Self {
        Self {
            file,
            services: BTreeMap::new(),
            bridges: BTreeMap::new(),
            ask_timeout: None,
            gateway: None,
            generation: 0,
        }
    }

    /// The configuration that both layers together say.
    pub(super) fn effective(&self) -> Config {
        let mut config = self.file.clone();
        if let Some(timeout) = self.ask_timeout {
            config.policy.ask_timeout = timeout;
        }
        for (name, service) in &self.services {
            config.services.insert(name.clone(), service.config.clone());
        }
        for (name, bridge) in &self.bridges {
            config.bridges.insert(name.clone(), bridge.config.clone());
        }
        if let Some(gateway) = &self.gateway {
            config.gateway = gateway.clone();
        }
        config
    }

    /// Whether a share can have this name: an inactive one of the file gives way.
    pub(super) fn service_is_free(&self, name: &str) -> bool {
        let kept = self.file.services.get(name);
        !self.services.contains_key(name) && kept.is_none_or(|service| !service.active)
    }

    /// Whether a bridge can have this name.
    pub(super) fn bridge_is_free(&self, name: &str) -> bool {
        let kept = self.file.bridges.get(name);
        !self.bridges.contains_key(name) && kept.is_none_or(|bridge| !bridge.active)
    }

    pub(super) fn is_full(&self) -> bool {
        self.services.len() + self.bridges.len() >= MAX_TEMPORARY
    }

    /// Adds a temporary share and returns its generation.
    pub(super) fn add_service(
        &mut self,
        name: &str,
        config: ServiceConfig,
        owner: Owner,
        ends: Option<Instant>,
    ) -> u64 {
        let service = self.temporary(config, owner, ends);
        let generation = service.generation;
        self.services.insert(name.to_owned(), service);
        generation
    }

    /// Adds a temporary bridge and returns its generation.
    pub(super) fn add_bridge(&mut self, name: &str, config: BridgeConfig, owner: Owner) -> u64 {
        let bridge = self.temporary(config, owner, None);
        let generation = bridge.generation;
        self.bridges.insert(name.to_owned(), bridge);
        generation
    }

    /// Removes the temporary share or bridge of this generation; false when it has gone already.
    pub(super) fn remove(&mut self, name: &str, generation: u64) -> bool {
        if self
            .services
            .get(name)
            .is_some_and(|it| it.generation == generation)
        {
            return self.services.remove(name).is_some();
        }
        if self
            .bridges
            .get(name)
            .is_some_and(|it| it.generation == generation)
        {
            return self.bridges.remove(name).is_some();
        }
        false
    }

    fn temporary<T>(&mut self, config: T, owner: Owner, ends: Option<Instant>) -> Temporary<T> {
        self.generation += 1;
        Temporary {
            config,
            generation: self.generation,
            owner,
            ends,
        }
    }
}

#[cfg(test)]
mod tests {
    use malai_api::Protocol;

    use super::*;

    fn service(port: &str) -> ServiceConfig {
        ServiceConfig::new(Protocol::Http, port.parse().unwrap())
    }

    #[test]
    fn a_temporary_share_hides_the_kept_one_and_gives_it_back() {
        let mut file = Config::default();
        file.services.insert("shop".to_owned(), service("3000"));
        let mut layers = Layers::new(file.clone());
        let generation = layers.add_service("shop", service("4000"), Owner::engine(), None);
        assert_eq!(layers.effective().services["shop"], service("4000"));
        assert!(layers.remove("shop", generation));
        assert_eq!(layers.effective(), file);
    }

    #[test]
    fn a_late_end_does_not_touch_a_newer_share_of_the_same_name() {
        let mut layers = Layers::new(Config::default());
        let first = layers.add_service("shop", service("3000"), Owner::engine(), None);
        assert!(layers.remove("shop", first));
        layers.add_service("shop", service("4000"), Owner::engine(), None);
        assert!(!layers.remove("shop", first));
        assert!(layers.effective().services.contains_key("shop"));
    }

    #[test]
    fn an_inactive_kept_name_is_free() {
        let mut file = Config::default();
        let mut inactive = service("3000");
        inactive.active = false;
        file.services.insert("shop".to_owned(), inactive);
        let mut layers = Layers::new(file);
        assert!(layers.service_is_free("shop"));
        layers.add_service("shop", service("3000"), Owner::engine(), None);
        assert!(!layers.service_is_free("shop"));
    }
}
