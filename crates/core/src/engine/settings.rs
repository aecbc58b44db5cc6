//! Requests about the engine's own settings: places, network, the identity's key.

use malai_api::{Failure, NetworkSettings, RelaySetting, Response, Settings};

use super::keeper::Keeper;

impl Keeper {
    pub(super) fn settings(&self) -> Settings {
        Settings {
            home: String::new(),
            config: String::new(),
            logs: String::new(),
            network: NetworkSettings {
                relay: RelaySetting::Default,
                lookup: Vec::new(),
            },
            restart_needed: false,
        }
    }

    pub(super) async fn set_network(
        &mut self,
        _network: NetworkSettings,
    ) -> Result<Response, Failure> {
        Err(Failure::new("internal", "not there yet"))
    }

    pub(super) async fn export_identity(&mut self, _path: String) -> Result<Response, Failure> {
        Err(Failure::new("internal", "not there yet"))
    }

    pub(super) async fn import_identity(&mut self, _path: String) -> Result<Response, Failure> {
        Err(Failure::new("internal", "not there yet"))
    }
}
