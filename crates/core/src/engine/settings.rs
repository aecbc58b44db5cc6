//! Requests about the engine's own settings: places, network, the identity's key.
//!
//! Network and identity are taken up at the start alone, so a change says that a restart is needed.
//! The secret key goes from file to store and back; nothing of it is in an answer or in the log.

use std::path::{Path, PathBuf};

use malai_api::{
    Event, Failure, NetworkSettings, Passphrase, RelaySetting, Response, Settings, codes,
};
use tokio::task::spawn_blocking;
use url::Url;

use super::{keeper::Keeper, network, sharing::argument};
use crate::{
    causes::causes,
    config::{
        self, GatewayConfig, ListenAddress, LookupConfig, NetworkConfig, RelayConfig, server_url,
    },
    identity::{self, IdentityError, KeyStore},
};

impl Keeper {
    pub(super) fn settings(&self) -> Settings {
        let home = &self.parts.home;
        let config = self.parts.file.as_deref().map(text).unwrap_or_default();
        Settings {
            home: text(home.dir()),
            config,
            logs: text(&home.logs()),
            name: self.layers.file.name.clone(),
            gateway: self.layers.file.gateway.listen.map(|it| it.to_string()),
            network: settings_of(&self.layers.file.network),
            restart_needed: self.restart_needed(),
        }
    }

    pub(super) async fn set_network(
        &mut self,
        network: NetworkSettings,
    ) -> Result<Response, Failure> {
        let relay = relay(&network.relay)?;
        let lookup = lookup(&network.lookup)?;
        let visible = network.visible;
        self.edit(move |editor| editor.put_network(&relay, &lookup, visible))
            .await?;
        self.apply("malai.toml has changed").await;
        if self.restart_needed() {
            self.tell_restart_needed("the network is used so once malai is started again");
        }
        Ok(Response::Done)
    }

    /// Turns the gateway on, off, or to another address; what cannot be had changes nothing.
    pub(super) async fn set_gateway(
        &mut self,
        listen: Option<String>,
        keep: bool,
    ) -> Result<Response, Failure> {
        let listen = match listen
            .as_deref()
            .map(argument::<ListenAddress>)
            .transpose()?
        {
            Some(ListenAddress::Tcp(address)) => Some(address),
            Some(ListenAddress::Unix(_)) => {
                return Err(invalid("the gateway listens at a port, not at a socket"));
            }
            None => None,
        };
        let opened = self.parts.bridges.gateway(listen).await;
        let opened = opened.map_err(|error| Failure::new(error.code(), causes(&error)));
        let changed = match opened {
            Ok(_) if keep => self.edit(move |editor| editor.put_gateway(listen)).await,
            Ok(_) => Ok(()),
            Err(failure) => Err(failure),
        };
        if changed.is_ok() {
            self.layers.gateway = (!keep).then_some(GatewayConfig { listen });
        }
        self.apply("").await;
        changed.map(|()| Response::Done)
    }

    /// Says what others may call us, from the next link on.
    pub(super) async fn set_name(&mut self, name: Option<String>) -> Result<Response, Failure> {
        if let Some(name) = &name {
            config::check_pet_name(name)
                .map_err(|error| Failure::new(codes::NAME_INVALID, error.to_string()))?;
        }
        self.edit(move |editor| editor.put_name(name.as_deref()))
            .await?;
        self.apply("").await;
        Ok(Response::Done)
    }

    pub(super) async fn export_identity(
        &mut self,
        path: String,
        passphrase: Option<Passphrase>,
    ) -> Result<Response, Failure> {
        self.refuse_in_memory()?;
        let path = absolute(&path)?;
        let secret = self.parts.secret.clone();
        blocking(move || match passphrase {
            Some(passphrase) => identity::backup(&secret, passphrase.expose(), &path),
            None => identity::export(&secret, &path),
        })
        .await?;
        Ok(Response::Done)
    }

    pub(super) async fn import_identity(
        &mut self,
        path: String,
        passphrase: Option<Passphrase>,
    ) -> Result<Response, Failure> {
        self.refuse_in_memory()?;
        let path = absolute(&path)?;
        let secret = blocking(move || match passphrase {
            Some(passphrase) => identity::restore(&path, passphrase.expose()),
            None => identity::read_key(&path),
        })
        .await?;
        // Kept where the key of this home is, whatever the store.
        let imported = identity::import(&self.parts.home, None, secret, true).await;
        let imported = imported.map_err(|error| failed(&error))?;
        self.imported = Some(imported.public());
        if self.restart_needed() {
            let notice = imported.notice().map(|notice| format!("; {notice}"));
            let notice = notice.unwrap_or_default();
            self.tell_restart_needed(&format!(
                "the imported identity is used once malai is started again{notice}"
            ));
        }
        Ok(Response::Done)
    }

    /// Whether the next start would be with another network or identity.
    fn restart_needed(&self) -> bool {
        let is_another = |imported| imported != self.parts.node.id();
        self.needs_restart(&self.layers.file.network) || self.imported.is_some_and(is_another)
    }

    /// Whether the network is used so only from the next start on.
    pub(super) fn needs_restart(&self, network: &NetworkConfig) -> bool {
        network::needs_another(&self.parts.network, network)
    }

    pub(super) fn refuse_in_memory(&self) -> Result<(), Failure> {
        if self.parts.identity.store != KeyStore::Memory.to_string() {
            return Ok(());
        }
        let message = "this identity is in memory only and ends with malai; start malai with \
                       another key store to keep one";
        Err(Failure::new(codes::NOT_KEPT, message))
    }

    /// Not logged: a notice tells keys of ours and places of them.
    pub(super) fn tell_restart_needed(&self, message: &str) {
        self.parts.events.send(|| Event::Error {
            code: codes::RESTART_NEEDED.to_owned(),
            message: message.to_owned(),
        });
    }
}

fn settings_of(network: &NetworkConfig) -> NetworkSettings {
    let relay = match &network.relay {
        RelayConfig::Default => RelaySetting::Default,
        RelayConfig::None => RelaySetting::None,
        RelayConfig::Own(urls) => RelaySetting::Own {
            urls: urls.iter().map(Url::to_string).collect(),
        },
    };
    let lookup = network.lookup.iter().map(|it| it.name().to_owned());
    NetworkSettings {
        relay,
        lookup: lookup.collect(),
        visible: network.visible,
    }
}

fn relay(setting: &RelaySetting) -> Result<RelayConfig, Failure> {
    let urls = match setting {
        RelaySetting::Default => return Ok(RelayConfig::Default),
        RelaySetting::None => return Ok(RelayConfig::None),
        RelaySetting::Own { urls } => urls,
    };
    if urls.is_empty() {
        return Err(invalid("name at least one relay, or choose none"));
    }
    let url = |text: &String| {
        let wrong = || {
            let message =
                format!("`{text}` is no relay; write for example https://relay.example.org");
            invalid(&message)
        };
        server_url(text.trim()).ok_or_else(wrong)
    };
    Ok(RelayConfig::Own(
        urls.iter().map(url).collect::<Result<_, _>>()?,
    ))
}

/// In the order given, each once.
fn lookup(names: &[String]) -> Result<Vec<LookupConfig>, Failure> {
    let mut lookup = Vec::new();
    for name in names {
        let Some(known) = LookupConfig::from_name(name) else {
            let message =
                format!("`{name}` is no way to look up peers; there are dns, mdns and dht");
            return Err(invalid(&message));
        };
        if !lookup.contains(&known) {
            lookup.push(known);
        }
    }
    Ok(lookup)
}

fn absolute(path: &str) -> Result<PathBuf, Failure> {
    let absolute = PathBuf::from(path);
    if absolute.is_absolute() {
        return Ok(absolute);
    }
    let message = format!("`{path}` does not say which directory; give the whole path of the file");
    Err(invalid(&message))
}

/// Runs what reads or writes files where it holds up nobody.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, IdentityError> + Send + 'static,
) -> Result<T, Failure> {
    match spawn_blocking(work).await {
        Ok(done) => done.map_err(|error| failed(&error)),
        Err(error) => Err(Failure::new("internal", error.to_string())),
    }
}

fn failed(error: &IdentityError) -> Failure {
    Failure::new(error.code(), causes(error))
}

fn invalid(message: &str) -> Failure {
    Failure::new(codes::ARGUMENT_INVALID, message)
}

fn text(path: &Path) -> String {
    path.display().to_string()
}
