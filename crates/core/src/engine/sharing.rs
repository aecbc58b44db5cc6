//! Requests to share something and to end it again.

use std::{str::FromStr, time::Duration};

use malai_api::{Failure, Protocol, Response, ShareRequest, codes};
use tokio::time::Instant;

use super::{inviting::not_shared, keeper::Keeper};
use crate::{
    access::ShareId,
    config::{self, Member, Place, ServiceConfig, UpstreamAddress},
    control::Owner,
    link::ShareLink,
};

/// The longest time a share may be asked for: a year, so that adding it to a clock is safe.
pub(super) const LONGEST_SHARE: Duration = Duration::from_secs(365 * 24 * 3600);

/// Addresses in a link; with more, its QR code is hard to scan.
const MAX_LINK_ADDRESSES: usize = 6;

impl Keeper {
    pub(super) async fn share(
        &mut self,
        request: ShareRequest,
        owner: Owner,
    ) -> Result<Response, Failure> {
        let service = self.service_config(&request)?;
        let name = match request.name {
            Some(name) => name,
            None => default_name(&service),
        };
        check_name(&name)?;
        if !self.layers.service_is_free(&name) {
            let message = format!(
                "`{name}` is already shared; choose another name with `--name`, or end it with \
                 `malai stop {name}`"
            );
            return Err(Failure::new(codes::NAME_TAKEN, message));
        }
        if request.keep {
            let (kept, config) = (name.clone(), service.clone());
            self.edit(move |editor| editor.put_service(&kept, &config))
                .await?;
            // A share of a name that was there before is a new one: nobody is let in to it yet.
            self.guests.access.close(&ShareId::kept(&name));
        } else {
            self.refuse_when_full()?;
            let length = request.for_secs.map(Duration::from_secs);
            let ends = length.map(|length| Instant::now() + length.min(LONGEST_SHARE));
            self.layers.add_service(&name, service.clone(), owner, ends);
        }
        self.apply("").await;
        Ok(Response::Shared {
            service: self.service_status(&name, &service),
            answers: false,
        })
    }

    /// Says what those who may use a service see of it besides its name.
    pub(super) async fn describe(
        &mut self,
        service: String,
        text: Option<String>,
    ) -> Result<Response, Failure> {
        let description = description(text)?;
        if let Some(temporary) = self.layers.services.get_mut(&service) {
            temporary.config.description = description;
        } else if let Some(kept) = self.layers.file.services.get(&service) {
            let mut kept = kept.clone();
            kept.description = description;
            self.edit(move |editor| editor.put_service(&service, &kept))
                .await?;
        } else {
            return Err(not_shared(&service));
        }
        self.apply("").await;
        Ok(Response::Done)
    }

    pub(super) async fn stop(&mut self, name: String, forget: bool) -> Result<Response, Failure> {
        let temporary_service = self.layers.services.remove(&name).is_some();
        if !temporary_service && self.layers.bridges.remove(&name).is_none() {
            self.stop_kept(&name, forget).await?;
        }
        self.apply("it was stopped").await;
        let file = &self.layers.file;
        let kept = file.services.contains_key(&name) || file.bridges.contains_key(&name);
        Ok(Response::Stopped { name, kept })
    }

    /// The link to a service of ours.
    pub(super) fn link(&self, service: &str) -> String {
        self.link_with(service, None)
    }

    /// The same with the secret of an invite.
    pub(super) fn link_with(&self, service: &str, invite: Option<String>) -> String {
        let mut addresses = self.parts.node.addresses();
        addresses.truncate(MAX_LINK_ADDRESSES);
        let link = ShareLink {
            peer: self.parts.node.id(),
            service: service.to_owned(),
            addresses,
            relay: self.relay(),
            name: self.layers.file.name.clone(),
            invite,
        };
        link.to_string()
    }

    pub(super) fn refuse_when_full(&self) -> Result<(), Failure> {
        if self.layers.is_full() {
            let message = "too many temporary shares and bridges; keep some with `--bg`";
            return Err(Failure::new(codes::BUSY, message));
        }
        Ok(())
    }

    async fn stop_kept(&mut self, name: &str, forget: bool) -> Result<(), Failure> {
        let owned = name.to_owned();
        let file = &self.layers.file;
        if let Some(service) = file.services.get(name).filter(|it| it.active || forget) {
            let inactive = ServiceConfig {
                active: false,
                ..service.clone()
            };
            return self
                .edit(move |editor| {
                    if forget {
                        editor.remove_service(&owned);
                    } else {
                        editor.put_service(&owned, &inactive);
                    }
                })
                .await;
        }
        if let Some(bridge) = file.bridges.get(name).filter(|it| it.active || forget) {
            let mut inactive = bridge.clone();
            inactive.active = false;
            return self
                .edit(move |editor| {
                    if forget {
                        editor.remove_bridge(&owned);
                    } else {
                        editor.put_bridge(&owned, &inactive);
                    }
                })
                .await;
        }
        let message = format!("nothing here is called `{name}`; `malai ls` shows what there is");
        Err(Failure::new(codes::NAME_UNKNOWN, message))
    }

    fn service_config(&self, request: &ShareRequest) -> Result<ServiceConfig, Failure> {
        let mut upstream = Vec::new();
        for text in &request.upstream {
            upstream.push(argument::<UpstreamAddress>(text)?);
        }
        let Some(first) = upstream.first().cloned() else {
            let message = "say what to share, for example `malai share 3000`";
            return Err(Failure::new(codes::ARGUMENT_INVALID, message));
        };
        if request.keep && request.for_secs.is_some() {
            let message =
                "a share that is kept does not end by itself; leave out `--for` or `--bg`";
            return Err(Failure::new(codes::ARGUMENT_INVALID, message));
        }
        let is_tcp = request.protocol == Protocol::Tcp;
        if request.proxy_protocol == Some(true) && !is_tcp {
            let message = "PROXY protocol is for TCP services; an HTTP service is told who asks by \
                           the header `malai-peer`";
            return Err(Failure::new(codes::ARGUMENT_INVALID, message));
        }
        let mut service = ServiceConfig::new(request.protocol, first);
        service.upstream = upstream;
        let kept = request.name.as_ref().filter(|_| request.keep);
        let kept = kept.and_then(|name| self.layers.file.services.get(name));
        let as_before = kept.is_some_and(|service| service.proxy_protocol);
        service.proxy_protocol = is_tcp && request.proxy_protocol.unwrap_or(as_before);
        service.allow = self.members(&request.allow)?;
        service.description = description(request.description.clone())?;
        Ok(service)
    }

    pub(super) fn check_known(&self, member: &Member) -> Result<(), Failure> {
        let file = &self.layers.file;
        let message = match member {
            Member::Peer(name) if !file.peers.contains_key(name) => format!(
                "nobody is called `{name}`; add the peer with `malai peer add {name} ID52`, or \
                 name the id52 itself"
            ),
            Member::Group(name) if !file.groups.contains_key(name) => {
                format!("there is no group `{name}`; add `[group.{name}]` to malai.toml")
            }
            Member::Peer(_) | Member::Group(_) | Member::Key(_) | Member::Anyone => return Ok(()),
        };
        Err(Failure::new(codes::PEER_UNKNOWN, message))
    }
}

/// Reads one argument of a request.
pub(super) fn argument<T>(text: &str) -> Result<T, Failure>
where
    T: FromStr,
    T::Err: std::error::Error,
{
    text.parse().map_err(|error: T::Err| {
        Failure::new(codes::ARGUMENT_INVALID, crate::causes::causes(&error))
    })
}

pub(super) fn check_name(name: &str) -> Result<(), Failure> {
    config::check_name(name).map_err(|error| Failure::new(codes::NAME_INVALID, error.to_string()))
}

/// A description that is one; an empty one is none.
fn description(text: Option<String>) -> Result<Option<String>, Failure> {
    let Some(text) = text.filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    config::check_description(&text)
        .map_err(|error| Failure::new(codes::ARGUMENT_INVALID, error.to_string()))?;
    Ok(Some(text))
}

/// Where a service's traffic goes, as events say it.
pub(super) fn upstream_text(service: &ServiceConfig) -> String {
    let texts: Vec<String> = service.upstream.iter().map(ToString::to_string).collect();
    texts.join(",")
}

/// `port-3000`, or the name of the socket's file.
fn default_name(service: &ServiceConfig) -> String {
    match service.upstream.first().map(|address| &address.place) {
        Some(Place::Tcp { port, .. }) => format!("port-{port}"),
        Some(Place::Unix(path)) => {
            let stem = path.file_stem().unwrap_or_default().to_string_lossy();
            let allowed = |c: &char| c.is_ascii_lowercase() || c.is_ascii_digit();
            let name: String = stem.to_ascii_lowercase().chars().filter(allowed).collect();
            if name.is_empty() {
                "socket".to_owned()
            } else {
                name
            }
        }
        None => "share".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name_of(upstream: &str) -> String {
        default_name(&ServiceConfig::new(
            Protocol::Http,
            upstream.parse().unwrap(),
        ))
    }

    #[test]
    fn a_share_is_named_for_its_port_or_socket() {
        assert_eq!(name_of("3000"), "port-3000");
        assert_eq!(name_of("https://example.org"), "port-443");
        assert_eq!(name_of("unix:/run/My App.sock"), "myapp");
        assert_eq!(name_of("unix:/run/_.sock"), "socket");
    }

    #[test]
    fn every_default_name_is_a_name() {
        for upstream in ["1", "65535", "unix:/x/ä.sock", "unix:/x/localhost2"] {
            assert_eq!(check_name(&name_of(upstream)), Ok(()), "{upstream}");
        }
    }
}
