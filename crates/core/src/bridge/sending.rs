//! One request on its way to the members of a bridge: which is asked, when the next one is, and how
//! long all of it may take.
//!
//! A request goes on to another member, or once more to the same, only when that is safe: none of it
//! was sent, or it may be repeated and has no body that would be gone.

use std::{pin::pin, time::Duration};

use fastn_p2p::Attending;
use http::{Request, Response, Version};
use http_body::Body as _;
use tokio::time::{Instant, sleep};

use super::{http_bridge::HttpBridge, peer_dial::PeerDial};
use crate::{
    http::{
        Direction, Forwarded, Late, Patience, ProxyBody, ProxyError, SentAt, Times, error_code,
        forward,
    },
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
enum Asked {
    Answered(Response<ProxyBody>),
    /// Nothing came on its connection, and there is another one to the same member.
    Replaced(ProxyError, Option<Forwarded>),
    /// With the request, when it may be sent once more.
    Failed(ProxyError, Option<Forwarded>),
}

impl HttpBridge {
    /// Sends `request` to the first member that takes it; also tells which was asked last.
    pub(super) async fn send(
        &self,
        request: Box<Request<ProxyBody>>,
        version: Version,
        traced: Option<&mut Traced>,
        tasks: &Shutdown,
    ) -> (Option<&PeerDial>, Result<Response<ProxyBody>, ProxyError>) {
        let begun = Instant::now();
        let timeouts = self.timeouts;
        let open = self.meter.begin(begun);
        let times = Times {
            response_header: timeouts.response_header,
            idle: timeouts.idle,
            total: timeouts.total,
        };
        let (patience, watch) = Patience::new(times, begun, request.body().is_end_stream());
        let mut forwarded = Forwarded::new(request, |body| {
            let body = body
                .cut_when_idle(timeouts.idle)
                .counted(self.meter.clone(), Direction::Request);
            watch.on(body)
        });
        if let Some(traced) = traced {
            traced.call(forwarded.request.get_mut().headers_mut());
        }
        forwarded.speak(version);
        let mut asked = None;
        let sent_at = SentAt::new();
        let answered = {
            let mut asking = pin!(self.ask_members(forwarded, begun, &mut asked, &sent_at, tasks));
            let mut too_late = pin!(patience.over(&sent_at));
            tokio::select! {
                biased;
                answered = &mut asking => answered,
                late = &mut too_late => Err(ProxyError::peer_slow(words(late))),
            }
        };
        let answered = answered.map(|response| {
            let response = response.map(|body| body.holding(open));
            ProxyBody::bounded(response, timeouts.idle, timeouts.total, begun)
        });
        (asked, answered)
    }

    /// Asks one member after the other, and all of them again while there is time and hope.
    async fn ask_members<'a>(
        &'a self,
        forwarded: Forwarded,
        begun: Instant,
        asked: &mut Option<&'a PeerDial>,
        sent_at: &SentAt,
        tasks: &Shutdown,
    ) -> Result<Response<ProxyBody>, ProxyError> {
        let deadline = begun + self.connect_timeout;
        self.members.begin(begun);
        let mut pause = FIRST_PAUSE;
        let mut left = Some(forwarded);
        let mut before = None;
        loop {
            let mut failure = None;
            let (mut may_work_later, mut works_now) = (false, false);
            for place in self.members.plan() {
                let Some(forwarded) = left.take() else { break };
                if before.replace(place).is_some_and(|before| before != place) {
                    self.members.moved();
                }
                *asked = self.pools.get(place).map(|pool| &pool.dial);
                match pin!(self.ask(place, forwarded, sent_at, tasks)).await {
                    Asked::Answered(response) => return Ok(response),
                    Asked::Replaced(error, again) => {
                        (may_work_later, works_now) = (true, true);
                        (failure, left) = (Some(error), again);
                    }
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
            if works_now {
                continue;
            }
            sleep(pause).await;
            pause = LONGEST_PAUSE.min(pause * 2);
        }
    }

    /// Asks the member at `place`.
    async fn ask(
        &self,
        place: usize,
        forwarded: Forwarded,
        sent_at: &SentAt,
        tasks: &Shutdown,
    ) -> Asked {
        let (Some(member), Some(pool)) = (self.members.list().get(place), self.pools.get(place))
        else {
            return Asked::Failed(ProxyError::peer_failed("This bridge leads nowhere."), None);
        };
        let naming = &member.naming;
        naming.refresh();
        let (turn, load, attending) = (member.turn(Instant::now()), member.take(), member.attend());
        let again = forwarded.repeatable();
        let may_leave = again.is_some() && self.members.are_several() && member.works();
        let answered = {
            let mut silent = pin!(async {
                match &attending {
                    Some(attending) if may_leave => attending.silent().await,
                    // There is nobody else to ask, but the same peer may be there again.
                    Some(attending) if again.is_some() => attending.replaced().await,
                    _ => std::future::pending().await,
                }
            });
            let carry = |tunnel| tasks.spawn(tunnel);
            let (again, meter) = (again.as_ref(), &self.meter);
            let mut sending = pin!(forward(pool, forwarded, again, sent_at, meter, carry));
            tokio::select! {
                biased;
                answered = &mut sending => Some(answered),
                () = &mut silent => None,
            }
        };
        let Some(answered) = answered else {
            let error = ProxyError::peer_failed("The peer has fallen silent.");
            turn.failed(&error);
            self.members.repeated();
            return if may_leave {
                Asked::Failed(error, again)
            } else {
                Asked::Replaced(error, again)
            };
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
                let is_outdated = || attending.as_ref().is_none_or(Attending::is_outdated);
                let is_gone = || is_outdated() || !naming.is_connected();
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

/// What is said of a peer that took too long.
fn words(late: Late) -> String {
    match late {
        Late::Head(after) => format!("The peer did not begin to answer within {after:?}."),
        Late::Taking(after) => format!("The peer took nothing more of the request for {after:?}."),
        Late::Total(..) => {
            "There was no answer in the time that the bridge gives a request.".to_owned()
        }
    }
}
