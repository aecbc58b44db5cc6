//! Which part of the keeper answers which request.

use malai_api::{Failure, Request, Response, codes};

use super::keeper::Keeper;
use crate::control::Owner;

impl Keeper {
    /// The answer to one request.
    pub(super) async fn answer(
        &mut self,
        request: Request,
        owner: Owner,
    ) -> Result<Response, Failure> {
        match request {
            Request::Identity => Ok(Response::Identity(self.parts.identity.clone())),
            Request::Status => Ok(Response::Status(Box::new(self.status()))),
            Request::Metrics => Ok(Response::Metrics {
                text: self.metrics(),
            }),
            Request::Share(share) => self.share(share, owner).await,
            Request::Bridge(bridge) => self.bridge(bridge, owner).await,
            Request::Stop { name, forget } => self.stop(name, forget).await,
            Request::Peers => Ok(Response::Peers {
                peers: self.pet_names(),
            }),
            Request::PeerAdd { name, id52 } => self.peer_add(name, &id52).await,
            Request::PeerRemove { name } => self.peer_remove(name).await,
            Request::Read { link } => self.read_link(&link),
            Request::Invite(invite) => self.invite(invite).await,
            Request::Allow { service, allow } => self.allow(service, allow).await,
            Request::Requests => Ok(Response::Requests {
                requests: self.requests(),
            }),
            Request::Admit {
                peer,
                service,
                admission,
            } => self.admit(&peer, service, admission).await,
            Request::Deny { peer, service } => self.deny(&peer, service).await,
            Request::Block { peer, blocked } => self.block(&peer, blocked).await,
            Request::Invites => Ok(Response::Invites {
                invites: self.guests.access.invites(self.parts.clock.now()),
            }),
            Request::Revoke { invite } => self.revoke(&invite).await,
            Request::EndIn { service, secs } => self.end_in(&service, secs).await,
            Request::Describe {
                service,
                description,
            } => self.describe(service, description).await,
            Request::GroupPut { name, members } => self.group_put(name, members).await,
            Request::GroupRemove { name } => self.group_remove(name).await,
            Request::Settings => Ok(Response::Settings(Box::new(self.settings()))),
            Request::SetNetwork(network) => self.set_network(network).await,
            Request::SetGateway { listen, keep } => self.set_gateway(listen, keep).await,
            Request::SetName { name } => self.set_name(name).await,
            Request::ExportIdentity { path, passphrase } => {
                self.export_identity(path, passphrase).await
            }
            Request::ImportIdentity { path, passphrase } => {
                self.import_identity(path, passphrase).await
            }
            Request::Rotate { forget_old } => self.rotate(forget_old).await,
            Request::Subscribe | Request::Watch => {
                let message = "events are subscribed to on a control connection";
                Err(Failure::new(codes::REQUEST_INVALID, message))
            }
            Request::Detect | Request::Services { .. } | Request::Check { .. } => Err(not_here()),
            Request::Qr { .. } | Request::Log(_) => Err(not_here()),
            Request::Domain { .. } | Request::Nearby | Request::Doctor { .. } => Err(not_here()),
        }
    }
}

/// What the handle answers without the keeper.
fn not_here() -> Failure {
    Failure::new("internal", "this request is not for the keeper")
}
