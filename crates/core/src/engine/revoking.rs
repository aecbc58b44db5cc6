//! Requests about invites that are there, and about when a share ends.

use std::time::Duration;

use malai_api::{Failure, LogKind, Response, codes};
use tokio::time::Instant;

use super::{keeper::Keeper, sharing::LONGEST_SHARE};
use crate::audit::Occurrence;

impl Keeper {
    /// Takes back an invite, or all of a service, and what they have granted.
    pub(super) async fn revoke(&mut self, invite: &str) -> Result<Response, Failure> {
        let is_service = self.layers.effective().services.contains_key(invite);
        let current = is_service.then(|| self.share_id(invite));
        let before = self.guests.access.clone();
        let listed = before.invites(self.parts.clock.now());
        let named = listed.iter().find(|it| it.id == invite);
        let service = named.map_or(invite, |it| &it.service);
        let (invites, guests) = self.guests.access.revoke(|share, id| match &current {
            Some(current) => share == current,
            None => id.to_string() == invite,
        });
        if invites == 0 && !is_service {
            let message = format!("no link is called `{invite}`; `malai invites` shows all");
            return Err(Failure::new(codes::NAME_UNKNOWN, message));
        }
        if let Err(failure) = self.save_guests().await {
            self.guests.access = before;
            return Err(failure);
        }
        let occurrence = Occurrence::of(LogKind::Revoked);
        let occurrence = Occurrence {
            service: Some(service),
            ..occurrence
        };
        self.parts.audit.record(&occurrence.noting(invite));
        self.apply("its owner has taken the link back").await;
        Ok(Response::Revoked { invites, guests })
    }

    /// Lets a share end by itself at another time, or not at all.
    pub(super) async fn end_in(
        &mut self,
        service: &str,
        secs: Option<u64>,
    ) -> Result<Response, Failure> {
        if secs == Some(0) {
            let message = "that is now; use `malai stop` to end it at once";
            return Err(Failure::new(codes::ARGUMENT_INVALID, message));
        }
        self.check_known_service(service)?;
        let Some(temporary) = self.layers.services.get_mut(service) else {
            let message = format!(
                "`{service}` is kept in malai.toml and does not end by itself; stop it, or share \
                 it again with `--for`"
            );
            return Err(Failure::new(codes::ARGUMENT_INVALID, message));
        };
        let length = secs.map(Duration::from_secs);
        temporary.ends = length.map(|length| Instant::now() + length.min(LONGEST_SHARE));
        self.apply("").await;
        Ok(Response::Done)
    }
}
