//! Requests about who is let in: those who ask, and what their owner says to it.

use std::time::Duration;

use fastn_p2p::{Path, PublicKey};
use malai_api::{
    AccessDecision, AccessRequest, Admission, Event, Failure, LogKind, Response, codes,
};
use tokio::time::Instant;

use super::{guests::LONGEST_SLEEP, keeper::Keeper, sharing::LONGEST_SHARE};
use crate::{
    access::{AccessError, ShareId, Stay},
    asking::Question,
    audit::Occurrence,
    config::Member,
    expose::Wish,
};

/// Characters of an id52 that say which of those who ask is meant.
const LEAST_PREFIX: usize = 4;

impl Keeper {
    /// Puts it to the owner that somebody wants to use a service.
    pub(super) fn wish(&mut self, wish: &Wish) {
        let Wish {
            peer,
            service,
            wait,
        } = wish;
        let now = self.parts.clock.now();
        let share = self.share_id(service);
        let is_stranger = self.layers.file.pet_name(peer).is_none();
        let until = now.after(*wait);
        let is_new = self.asking.ask(*peer, &share, is_stranger, until, now);
        if !is_new {
            return;
        }
        tracing::info!(service, "somebody asks to be let in");
        self.record(LogKind::Asked, peer, service, None);
        self.tell_access(peer, service, AccessDecision::Pending);
        self.status.hint();
    }

    /// Those who have asked and were not answered.
    pub(super) fn requests(&self) -> Vec<AccessRequest> {
        let now = self.parts.clock.now();
        let shown = self.asking.shown();
        shown.map(|it| self.request(it, it.waits(now))).collect()
    }

    fn request(&self, question: &Question, waits: Option<Duration>) -> AccessRequest {
        let name = self.layers.file.pet_name(&question.peer);
        AccessRequest {
            peer: question.peer.to_string(),
            name: name.map(str::to_owned),
            service: question.share.service.clone(),
            asked: question.asked.as_secs(),
            known_since: name.and_then(|_| self.parts.peers.first_seen(&question.peer)),
            waits_secs: waits.map(|waits| waits.as_secs()),
        }
    }

    /// Lets a peer in.
    pub(super) async fn admit(
        &mut self,
        peer: &str,
        service: Option<String>,
        admission: Admission,
    ) -> Result<Response, Failure> {
        let key = self.peer_meant(peer)?;
        let services = match service {
            Some(service) => vec![service],
            None => self.asked_by(&key),
        };
        if services.is_empty() {
            let name = self.name_of(&key);
            let message = format!("{name} has not asked for anything; name a service");
            return Err(Failure::new(codes::NAME_UNKNOWN, message));
        }
        for service in &services {
            self.check_shared(service)?;
            if self.parts.expose.is_blocked(&key, service) {
                let name = self.name_of(&key);
                let message =
                    format!("{name} is blocked; `malai unblock {name}` lets it ask again");
                return Err(Failure::new("peer-blocked", message));
            }
        }
        let now = self.parts.clock.now();
        let (stay, note) = match admission {
            Admission::Once => (Stay::Connection, "once".to_owned()),
            Admission::Always => (Stay::Always, "always".to_owned()),
            Admission::For { secs: 0 } => {
                let message = "that would end at once; say a longer time";
                return Err(Failure::new(codes::ARGUMENT_INVALID, message));
            }
            Admission::For { secs } => {
                let length = Duration::from_secs(secs).min(LONGEST_SHARE);
                let text = humantime::format_duration(length);
                (Stay::Until(now.after(length)), format!("for {text}"))
            }
        };
        let before = self.guests.access.clone();
        let shares: Vec<ShareId> = services.iter().map(|it| self.share_id(it)).collect();
        let access = &mut self.guests.access;
        let mut admitting = shares.iter().map(|it| access.admit(it, &key, stay, now));
        let admitted: Result<(), AccessError> = admitting.try_for_each(|admitted| admitted);
        let kept = match admitted {
            Ok(()) => self.save_guests().await,
            Err(error) => Err(Failure::new(codes::BUSY, error.to_string())),
        };
        if let Err(failure) = kept {
            self.guests.access = before;
            return Err(failure);
        }
        self.asking
            .answered(|it| it.peer == key && shares.contains(&it.share));
        for service in &services {
            self.record(LogKind::Admitted, &key, service, Some(&note));
        }
        self.apply("").await;
        for service in &services {
            self.tell_access(&key, service, AccessDecision::Allowed);
        }
        Ok(Response::Access {
            peer: key.to_string(),
            services,
            still_allowed: Vec::new(),
        })
    }

    /// Does not let a peer in, and takes back what it was granted.
    pub(super) async fn deny(
        &mut self,
        peer: &str,
        service: Option<String>,
    ) -> Result<Response, Failure> {
        let key = self.peer_meant(peer)?;
        if let Some(service) = &service {
            self.check_known_service(service)?;
        }
        let is_meant = |name: &str| service.as_deref().is_none_or(|service| service == name);
        let asked = self.asked_by(&key);
        let shares = self.guests.access.shares_of(&key).cloned();
        let shares: Vec<ShareId> = shares.filter(|it| is_meant(&it.service)).collect();
        let mut services: Vec<String> = asked.into_iter().filter(|it| is_meant(it)).collect();
        for share in &shares {
            self.guests.access.expel(share, &key);
            if !services.contains(&share.service) {
                services.push(share.service.clone());
            }
        }
        let now = self.parts.clock.now();
        self.asking
            .denied(now, |it| it.peer == key && is_meant(&it.share.service));
        for service in &services {
            self.record(LogKind::Denied, &key, service, None);
        }
        self.apply("its owner denies it").await;
        // What was granted is gone, so what is left is the file's doing.
        let allowed = self.parts.expose.usable_by(&key).into_iter();
        let still_allowed = allowed.filter(|name| is_meant(name));
        Ok(Response::Access {
            peer: key.to_string(),
            still_allowed: still_allowed.collect(),
            services,
        })
    }

    /// Refuses a peer everything, or no more.
    pub(super) async fn block(&mut self, peer: &str, blocked: bool) -> Result<Response, Failure> {
        let key = self.peer_meant(peer)?;
        let pet_name = self.layers.file.pet_name(&key).map(str::to_owned);
        let named = pet_name.clone().map(Member::Peer);
        let mut policy = self.layers.file.policy.clone();
        let is_it = |member: &Member| *member == Member::Key(key) || Some(member) == named.as_ref();
        if !blocked {
            policy.block.retain(|member| !is_it(member));
        } else if !policy.block.iter().any(is_it) {
            policy.block.push(named.clone().unwrap_or(Member::Key(key)));
        }
        self.edit(move |editor| editor.put_policy(&policy)).await?;
        if blocked {
            let now = self.parts.clock.now();
            self.asking.denied(now, |it| it.peer == key);
        } else {
            // Whoever is blocked no more may ask at once.
            self.asking.answered(|it| it.peer == key);
        }
        let note = if blocked {
            "blocked"
        } else {
            "no longer blocked"
        };
        self.record(LogKind::Blocked, &key, "", Some(note));
        self.apply("its owner has blocked the peer").await;
        if !blocked && self.parts.expose.is_blocked(&key, "") {
            let name = self.name_of(&key);
            let message = format!("{name} is still blocked by a group; see `[policy] block`");
            return Err(Failure::new("peer-blocked", message));
        }
        Ok(Response::Done)
    }

    /// When the next one who asks is sent away.
    pub(super) fn next_end_of_asking(&self) -> Option<Instant> {
        let left = self.asking.next_end()?.since(self.parts.clock.now());
        Some(Instant::now() + left.min(LONGEST_SLEEP))
    }

    pub(super) fn end_asking(&mut self) {
        if self.asking.advance(self.parts.clock.now()) {
            self.status.hint();
        }
    }

    /// Ends what was for a connection that is gone.
    pub(super) async fn end_visits(&mut self) {
        let node = self.parts.node.clone();
        let is_connected = |peer: &PublicKey| node.path(peer) != Path::Offline;
        if self.guests.access.end_visits(is_connected) {
            self.apply("the peer has gone").await;
        }
    }

    /// The key that is meant by a pet name, an id52, or the beginning of that of one who asks.
    pub(super) fn peer_meant(&self, text: &str) -> Result<PublicKey, Failure> {
        if let Some(key) = self.layers.file.key_of(text) {
            return Ok(key);
        }
        let mut meant: Vec<PublicKey> = self.asking.shown().map(|it| it.peer).collect();
        meant.retain(|key| text.len() >= LEAST_PREFIX && key.to_string().starts_with(text));
        meant.dedup();
        match meant.as_slice() {
            [only] => Ok(*only),
            [] => {
                let message = format!(
                    "nobody is called `{text}`, and nobody who asks has an id52 that begins so; \
                     `malai requests` and `malai peers` show who there is"
                );
                Err(Failure::new(codes::PEER_UNKNOWN, message))
            }
            _ => {
                let message =
                    format!("several who ask begin with `{text}`; write more of the id52");
                Err(Failure::new(codes::PEER_UNKNOWN, message))
            }
        }
    }

    /// The services that a peer has asked for and that are still there.
    fn asked_by(&self, key: &PublicKey) -> Vec<String> {
        let shown = self.asking.shown().filter(|it| it.peer == *key);
        shown.map(|it| it.share.service.clone()).collect()
    }

    pub(super) fn name_of(&self, key: &PublicKey) -> String {
        let name = self.layers.file.pet_name(key);
        name.map_or_else(|| key.short(), str::to_owned)
    }

    pub(super) fn record(
        &self,
        what: LogKind,
        peer: &PublicKey,
        service: &str,
        note: Option<&str>,
    ) {
        let occurrence = Occurrence {
            note,
            ..Occurrence::of(what)
        };
        let name = self.layers.file.pet_name(peer);
        self.parts
            .audit
            .record(&occurrence.by(*peer, name, service));
    }

    fn tell_access(&self, peer: &PublicKey, service: &str, decision: AccessDecision) {
        self.parts.events.send(|| Event::Access {
            peer: peer.to_string(),
            service: service.to_owned(),
            decision,
            name: self.layers.file.pet_name(peer).map(str::to_owned),
        });
    }
}
