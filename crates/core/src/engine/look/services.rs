//! The services that a peer offers us: asked of the peer itself, which tells only those.

use std::time::Duration;

use fastn_p2p::{CallError, ConnectError, PublicKey, RejectCode, Rejection, call};
use malai_api::{Failure, OfferedService, Response, codes};

use super::Look;
use crate::{
    causes::causes,
    config::{BridgeTarget, PeerName, check_description, check_name},
    engine::sharing::argument,
    wire::{Offer, Open, Services},
};

/// How long a peer may take, its dial included; a relayed dial takes several round trips.
const ASK_WAIT: Duration = Duration::from_secs(10);

impl Look {
    /// The services that a peer offers us.
    pub(in crate::engine) async fn services(&self, peer: &str) -> Response {
        match self.ask_for_services(peer).await {
            Ok(response) => response,
            Err(failure) => failure.into(),
        }
    }

    async fn ask_for_services(&self, text: &str) -> Result<Response, Failure> {
        let target = argument::<BridgeTarget>(text)?;
        let peer = match &target.peer {
            PeerName::Domain(domain) => self.key_of_domain(domain).await?,
            PeerName::Key(_) | PeerName::Pet(_) => {
                let key = self.peers.resolve(&target).await;
                key.map_err(|error| Failure::new(codes::PEER_UNKNOWN, error.message))?
            }
        };
        let config = self.effective.load();
        let name = config.pet_name(&peer);
        let name = name.map_or_else(|| peer.short(), str::to_owned);
        let Offer { services } = self.offer(peer, &target, &name).await?;
        // What a peer says is held against the rules that hold for our own.
        let named = services
            .into_iter()
            .filter(|it| check_name(&it.name).is_ok());
        let is_text = |text: &String| !text.is_empty() && check_description(text).is_ok();
        let services = named.map(|offered| OfferedService {
            name: offered.name,
            protocol: offered.protocol,
            description: offered.description.filter(is_text),
            up: offered.up,
        });
        Ok(Response::Services {
            peer: peer.to_string(),
            services: services.collect(),
        })
    }

    async fn offer(
        &self,
        peer: PublicKey,
        target: &BridgeTarget,
        name: &str,
    ) -> Result<Offer, Failure> {
        let open = Open::to(target);
        let asking = call(&self.node, peer, Services, &open);
        match tokio::time::timeout(ASK_WAIT, asking).await {
            Ok(Ok(offer)) => Ok(offer),
            Ok(Err(error)) => Err(failure(&error, name)),
            Err(_) => Err(unreachable(name)),
        }
    }
}

fn failure(error: &CallError, name: &str) -> Failure {
    tracing::debug!(error = causes(error), "a peer did not say what it offers");
    match error {
        CallError::Rejected(rejection) => refusal(rejection, name),
        CallError::Connect(ConnectError::Ourselves) => {
            let message = "this is your own id52; `malai ls` shows what you share";
            Failure::new(codes::ARGUMENT_INVALID, message)
        }
        CallError::Connect(ConnectError::Closing) => {
            Failure::new(codes::STOPPING, "malai is stopping")
        }
        CallError::Connect(ConnectError::VersionMismatch { .. }) => outdated(name),
        CallError::Connect(_) | CallError::Timeout(_) => unreachable(name),
        CallError::Broken(_) | _ => {
            let message = format!("the connection to {name} broke off; try again");
            Failure::new(codes::PEER_UNREACHABLE, message)
        }
    }
}

fn refusal(rejection: &Rejection, name: &str) -> Failure {
    match rejection.code {
        // Nothing for us and nothing at all look the same, and are meant to.
        RejectCode::Unauthorized => {
            let message = format!(
                "{name} offers you nothing; ask its owner for a link, or to let you in by your \
                 id52, which `malai id` prints"
            );
            Failure::new(codes::NOT_PERMITTED, message)
        }
        RejectCode::Busy | RejectCode::ShuttingDown => {
            let message = format!("{name} cannot answer at the moment; try again");
            Failure::new(codes::BUSY, message)
        }
        RejectCode::UnknownProtocol | RejectCode::BadRequest | RejectCode::Other(_) | _ => {
            outdated(name)
        }
    }
}

fn unreachable(name: &str) -> Failure {
    let message = format!(
        "{name} cannot be reached; ask whether malai is running there and online, or use a link \
         that was made just now"
    );
    Failure::new(codes::PEER_UNREACHABLE, message)
}

fn outdated(name: &str) -> Failure {
    let message = format!("{name} runs a version of malai that does not list services");
    Failure::new("peer-outdated", message)
}
