//! Requests about who may use what: invites, allowed members, and what a link leads to.

use std::time::Duration;

use fastn_p2p::PublicKey;
use malai_api::{Failure, InviteRequest, LinkTarget, LogKind, Response, codes};

use super::{
    keeper::Keeper,
    peering::free_pet_name,
    sharing::{LONGEST_SHARE, argument},
};
use crate::{
    access::{AccessError, Pin, Secret, Terms},
    audit::Occurrence,
    causes::causes,
    config::{BridgeTarget, Member},
    link::ShareLink,
};

impl Keeper {
    /// What a link or a name leads to, as far as this engine knows by itself.
    pub(super) fn read_link(&self, link: &str) -> Result<Response, Failure> {
        let target = argument::<BridgeTarget>(link)?;
        self.check_peer(&target)?;
        let key = self.parts.peers.key_of(&target);
        let key = key.map_err(|error| Failure::new(codes::PEER_UNKNOWN, error.message))?;
        // Whoever asks for a domain has looked it up before.
        let unknown = || Failure::new(codes::PEER_UNKNOWN, "this names nobody yet");
        let peer = key.ok_or_else(unknown)?;
        let name = self.layers.file.pet_name(&peer).map(str::to_owned);
        let own = peer == self.parts.node.id();
        let suggested = link.parse::<ShareLink>().ok().and_then(|link| link.name);
        let suggested = suggested.filter(|_| name.is_none() && !own);
        Ok(Response::Link(LinkTarget {
            peer: peer.to_string(),
            name,
            suggested_name: suggested.and_then(|name| free_pet_name(&self.layers.file, &name)),
            bridged_as: self.bridge_to(&peer, &target.service),
            service: target.service,
            pin: target.invite.as_deref().is_some_and(Pin::is_wanted),
            invite: target.invite.is_some(),
            own,
            domain: None,
        }))
    }

    pub(super) async fn invite(&mut self, request: InviteRequest) -> Result<Response, Failure> {
        let InviteRequest {
            service,
            once,
            for_secs,
            pin,
        } = request;
        self.check_shared(&service)?;
        if for_secs == Some(0) {
            let message = "a link that ends at once lets nobody in; say a longer time";
            return Err(Failure::new(codes::ARGUMENT_INVALID, message));
        }
        let share = self.share_id(&service);
        let now = self.parts.clock.now();
        let is_standing = !once && for_secs.is_none() && !pin;
        if is_standing && let Some(secret) = self.guests.access.standing(&share) {
            return Ok(self.invited(service, &secret.clone(), None));
        }
        let secret = Secret::generate().map_err(no_randomness)?;
        let pin = pin.then(Pin::generate).transpose().map_err(no_randomness)?;
        let length = for_secs.map(|secs| Duration::from_secs(secs).min(LONGEST_SHARE));
        let terms = Terms {
            once,
            until: length.map(|length| now.after(length)),
            pin: pin.clone(),
        };
        let access = &mut self.guests.access;
        access
            .invite(&share, &secret, terms, now)
            .map_err(too_many)?;
        if let Err(failure) = self.save_guests().await {
            // A link that ends with the engine would be a promise not kept.
            self.guests.access.withdraw(&share, &secret);
            return Err(failure);
        }
        self.apply("").await;
        let id = secret.hash().id().to_string();
        let occurrence = Occurrence::of(LogKind::Invited).noting(&id);
        self.parts.audit.record(&Occurrence {
            service: Some(&service),
            ..occurrence
        });
        Ok(self.invited(service, &secret, pin.as_ref()))
    }

    fn invited(&self, service: String, secret: &Secret, pin: Option<&Pin>) -> Response {
        let in_link = match pin {
            Some(_) => Pin::wanted_by(secret.expose()),
            None => secret.expose().to_owned(),
        };
        Response::Invited {
            link: self.link_with(&service, Some(in_link)),
            id: secret.hash().id().to_string(),
            pin: pin.map(|pin| pin.expose().to_owned()),
            service,
        }
    }

    /// Replaces who may use a service: what was said before counts no more, be it by name or by
    /// link.
    pub(super) async fn allow(
        &mut self,
        service: String,
        allow: Vec<String>,
    ) -> Result<Response, Failure> {
        let allow = self.members(&allow)?;
        let share = self.share_id(&service);
        if let Some(temporary) = self.layers.services.get_mut(&service) {
            temporary.config.allow = allow;
        } else if let Some(kept) = self.layers.file.services.get(&service) {
            let mut kept = kept.clone();
            kept.allow = allow;
            self.edit(move |editor| editor.put_service(&service, &kept))
                .await?;
        } else {
            return Err(not_shared(&service));
        }
        // A link that went on letting people in would undo it.
        self.guests.access.close(&share);
        self.apply("its owner has changed who may use it").await;
        Ok(Response::Done)
    }

    /// Members as they were written, each once.
    pub(super) fn members(&self, texts: &[String]) -> Result<Vec<Member>, Failure> {
        let mut members = Vec::new();
        for text in texts {
            let member = argument::<Member>(text)?;
            self.check_known(&member)?;
            if !members.contains(&member) {
                members.push(member);
            }
        }
        Ok(members)
    }

    /// The bridge that leads to a service already.
    fn bridge_to(&self, peer: &PublicKey, service: &str) -> Option<String> {
        let peers = &self.parts.peers;
        let is_it = |target: &BridgeTarget| {
            target.service == service && peers.key_of(target).is_ok_and(|key| key == Some(*peer))
        };
        let bridges = self.layers.effective().bridges;
        let mut active = bridges.into_iter().filter(|(_, bridge)| bridge.active);
        let found = active.find(|(_, bridge)| bridge.to.first().is_some_and(is_it));
        found.map(|(name, _)| name)
    }

    pub(super) fn check_known_service(&self, service: &str) -> Result<(), Failure> {
        let is_known = self.layers.effective().services.contains_key(service);
        is_known.then_some(()).ok_or_else(|| not_shared(service))
    }

    pub(super) fn check_shared(&self, service: &str) -> Result<(), Failure> {
        let services = self.layers.effective().services;
        match services.get(service) {
            Some(config) if config.active => Ok(()),
            Some(_) => {
                let message = format!("`{service}` is not shared at the moment; share it first");
                Err(Failure::new(codes::NAME_UNKNOWN, message))
            }
            None => Err(not_shared(service)),
        }
    }
}

pub(super) fn not_shared(service: &str) -> Failure {
    let message = format!("no service here is called `{service}`; `malai ls` shows what there is");
    Failure::new(codes::NAME_UNKNOWN, message)
}

fn no_randomness(error: rand::rngs::SysError) -> Failure {
    let message = format!("this machine gives no random numbers: {}", causes(&error));
    Failure::new("internal", message)
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "the shape that `map_err` wants"
)]
fn too_many(error: AccessError) -> Failure {
    Failure::new(codes::BUSY, error.to_string())
}
