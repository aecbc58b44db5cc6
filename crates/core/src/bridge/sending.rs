//! One request on its way to the members of a bridge: which is asked, when the next one is, and how
//! long all of it may take.
//!
//! A request goes on to another member, or once more to the same, only when that is safe: none of it
//! was sent, or it may be repeated and has no body that would be gone.

use std::{
    sync::{Arc, atomic::AtomicU64},
    time::Duration,
};

use http::{Request, Response, Version, header::CONTENT_TYPE};
use hyper::body::Incoming;
use tokio::{
    sync::oneshot,
    time::{Instant, sleep},
};

use super::{http_bridge::HttpBridge, peer_dial::PeerDial};
use crate::{
    http::{Direction, Forwarded, ProxyBody, ProxyError, error_code, forward, while_moving},
    shutdown::Shutdown,
    traces::Traced,
};

/// The pause before all members are asked once more; doubled each time up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(50);
/// The longest of these pauses.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// Codes of answers that another member may give otherwise: the peer's malai has made them, and the
/// service has carried nothing out that may not be repeated.
const ELSEWHERE: [&str; 3] = ["upstream-down", "busy", "shutting-down"];

/// What came of asking one member.
#[expect(
    clippy::large_enum_variant,
    reason = "one for each request, gone at once: a box would cost more"
)]
enum Asked {
    Answered(Response<ProxyBody>),
    /// With the request, when it may be sent once more.
    Failed(ProxyError, Option<Forwarded>),
}

impl HttpBridge {
    /// Sends `request` to the first member that takes it; also tells which was asked last.
    pub(super) async fn send(
        &self,
        request: Request<Incoming>,
        version: Version,
        traced: Option<&mut Traced>,
        tasks: &Shutdown,
    ) -> (Option<&PeerDial>, Result<Response<ProxyBody>, ProxyError>) {
        let begun = Instant::now();
        let timeouts = self.timeouts;
        let open = self.meter.begin();
        // The body is dropped when all of it is sent: from then on the answer's head is awaited.
        let (body_lives, body_sent) = oneshot::channel();
        let progress = Arc::new(AtomicU64::new(0));
        let mut forwarded = Forwarded::new(request, |body| {
            body.cut_when_idle(timeouts.idle)
                .counted(self.meter.clone(), Direction::Request)
                .telling_its_end(body_lives)
                .showing_progress(Arc::clone(&progress))
        });
        if let Some(traced) = traced {
            traced.call(forwarded.request.headers_mut());
        }
        forwarded.speak(version);
        let mut asked = None;
        let too_late = async {
            if !while_moving(body_sent, &progress, timeouts.idle).await {
                let idle = timeouts.idle;
                return format!("The peer took nothing more of the request for {idle:?}.");
            }
            let after = timeouts.response_header;
            sleep(after).await;
            format!("The peer did not begin to answer within {after:?}.")
        };
        let over = async {
            match timeouts.total {
                Some(total) => sleep(total).await,
                None => std::future::pending().await,
            }
        };
        let answered = tokio::select! {
            biased;
            answered = self.ask_members(forwarded, &mut asked, tasks) => answered,
            why = too_late => Err(ProxyError::peer_slow(why)),
            () = over => Err(ProxyError::peer_slow("There was no answer in the time that the bridge gives a request.")),
        };
        let answered = answered.map(|response| {
            // Events may be far apart: a stream of them is open until one of its ends is gone.
            let is_events = response
                .headers()
                .get(CONTENT_TYPE)
                .is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream"));
            response.map(|body| {
                let body = body.holding(open);
                let body = body.cut_after(timeouts.total, begun);
                if is_events {
                    body
                } else {
                    body.cut_when_idle(timeouts.idle)
                }
            })
        });
        (asked, answered)
    }

    /// Asks one member after the other, and all of them again while there is time and hope.
    async fn ask_members<'a>(
        &'a self,
        forwarded: Forwarded,
        asked: &mut Option<&'a PeerDial>,
        tasks: &Shutdown,
    ) -> Result<Response<ProxyBody>, ProxyError> {
        let deadline = Instant::now() + self.connect_timeout;
        self.members.begin();
        let mut pause = FIRST_PAUSE;
        let mut left = Some(forwarded);
        let mut before = None;
        loop {
            let mut failure = None;
            let mut may_work_later = false;
            for place in self.members.plan() {
                let Some(forwarded) = left.take() else { break };
                if before.replace(place).is_some_and(|before| before != place) {
                    self.members.moved();
                }
                *asked = self.pools.get(place).map(|pool| &pool.dial);
                match self.ask(place, forwarded, tasks).await {
                    Asked::Answered(response) => return Ok(response),
                    Asked::Failed(error, again) => {
                        may_work_later |= matches!(error.code, "peer-offline" | "peer-failed");
                        (failure, left) = (Some(error), again);
                    }
                }
            }
            let failure =
                failure.unwrap_or_else(|| ProxyError::peer_failed("This bridge leads nowhere."));
            if left.is_none() || !may_work_later || Instant::now() + pause >= deadline {
                return Err(failure);
            }
            sleep(pause).await;
            pause = LONGEST_PAUSE.min(pause * 2);
        }
    }

    /// Asks the member at `place`.
    async fn ask(&self, place: usize, forwarded: Forwarded, tasks: &Shutdown) -> Asked {
        let (Some(member), Some(pool)) = (self.members.list().get(place), self.pools.get(place))
        else {
            return Asked::Failed(ProxyError::peer_failed("This bridge leads nowhere."), None);
        };
        let naming = &member.naming;
        naming.refresh();
        let generation = naming.generation();
        let (turn, load, attending) = (member.turn(), member.take(), member.attend());
        let again = forwarded.repeatable();
        let may_leave = again.is_some() && self.members.are_several() && member.works();
        let silent = async {
            match &attending {
                Some(attending) if may_leave => attending.silent().await,
                _ => std::future::pending().await,
            }
        };
        let answered = tokio::select! {
            biased;
            answered = forward(pool, forwarded, &self.meter, |tunnel| tasks.spawn(tunnel)) => answered,
            () = silent => {
                let error = ProxyError::peer_failed("The peer has fallen silent.");
                turn.failed(&error);
                self.members.repeated();
                return Asked::Failed(error, again);
            }
        };
        match answered {
            Ok(response) => {
                let told = error_code(&response).unwrap_or_default();
                let elsewhere = ELSEWHERE.into_iter().find(|code| *code == told);
                let Some(code) = elsewhere.filter(|_| self.members.are_several()) else {
                    turn.worked();
                    return Asked::Answered(response.map(|body| body.loading(load)));
                };
                let error = ProxyError::told_by_peer(code, response.status());
                turn.failed(&error);
                if self.may_repeat(again.is_some()) {
                    return Asked::Failed(error, again);
                }
                Asked::Answered(response.map(|body| body.loading(load)))
            }
            Err((error, Some(unsent))) => {
                turn.failed(&error);
                Asked::Failed(error, Some(unsent))
            }
            Err((error, None)) => {
                turn.failed(&error);
                // What died with its connection is no more than would have been sent without that.
                let is_gone = || naming.generation() != generation || !naming.is_connected();
                let is_lost = error.code == "peer-failed" && again.is_some();
                if is_lost && is_gone() {
                    self.members.repeated();
                    return Asked::Failed(error, again);
                }
                let again = again.filter(|_| is_lost && self.may_repeat(true));
                Asked::Failed(error, again)
            }
        }
    }

    fn may_repeat(&self, is_safe: bool) -> bool {
        let may = is_safe && self.members.may_repeat();
        if may {
            self.members.repeated();
        }
        may
    }
}
