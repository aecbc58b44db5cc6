//! One stream of an HTTP service: requests, one after another, each checked for itself.

use std::{pin::pin, sync::Arc};

use fastn_p2p::{PublicKey, Session, Slot, reset};
use http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode, header::HOST};
use http_body::Body as _;
use malai_api::{Event, Protocol};
use tokio::time::Instant;

use super::{Expose, address::address_of, service::Service};
use crate::{
    config::TimeoutsConfig,
    http::{
        self as proxy, Direction, Forwarded, Late, Patience, ProxyBody, ProxyError, SentAt, Times,
        Tunnel, forward,
    },
    meter::{self, Refusal},
    policy::Allowed,
    traces::{Side, Traced},
    upstream::Turns,
    wire::Open,
};

const PEER: HeaderName = HeaderName::from_static("malai-peer");
const PEER_NAME: HeaderName = HeaderName::from_static("malai-peer-name");
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
/// These headers.
const TOLD: usize = 5;

/// Who is at the other end of a stream, and how that is told to upstreams.
struct Caller {
    expose: Expose,
    peer: PublicKey,
    service: String,
    id52: HeaderValue,
    address: HeaderValue,
}

/// What goes with a request on its way to backends.
struct Going<'a> {
    service: &'a Service,
    slot: &'a Arc<Slot>,
    traced: Option<&'a mut Traced>,
    patience: Patience,
}

pub(super) async fn serve(expose: Expose, mut session: Session, open: Open) {
    let peer = session.peer();
    let Some((allowed, shared)) = expose.find(&peer, &open.service, Protocol::Http) else {
        return session.cancel(reset::REVOKED);
    };
    let service = allowed.service().to_owned();
    let text = |text: String| HeaderValue::try_from(text);
    let (Ok(id52), Ok(address)) = (text(peer.to_string()), text(address_of(&peer).to_string()))
    else {
        return session.cancel(reset::ABORTED);
    };
    let entry = expose.0.sessions.enter(peer, &service);
    let caller = Arc::new(Caller {
        expose: expose.clone(),
        peer,
        service,
        id52,
        address,
    });
    shared.limit_bandwidth(&mut session);
    let heads = shared.heads();
    drop(shared);
    let hearing = session.hearing();
    let serving = proxy::serve(session, heads, &expose.0.shutdown, move |request| {
        hearing.question();
        Arc::clone(&caller).answer(request)
    });
    entry.run(Box::pin(serving)).await;
}

impl Caller {
    async fn answer(self: Arc<Self>, request: Box<Request<ProxyBody>>) -> Response<ProxyBody> {
        let started = Instant::now();
        let wants_json = proxy::prefers_json(request.headers());
        let heard = self.expose.0.events.wants_requests();
        let told = heard.then(|| {
            (
                request.method().to_string(),
                request.uri().path().to_owned(),
            )
        });
        let mut traced = self.expose.0.traces.begin(Side::Share, &request);
        if let Some(traced) = &mut traced {
            traced.concerns(&self.service, self.peer.short());
        }
        let answered = {
            let answering = pin!(self.try_answer(request, started, traced.as_deref_mut()));
            answering.await
        };
        let failed = answered.as_ref().err().map(|error| error.code);
        let response = match answered {
            Ok(response) => response,
            Err(error) => {
                let (peer, service) = (self.peer.short(), &self.service);
                let (code, error_chain) = (error.code, error.chain());
                tracing::debug!(%peer, service, code, error = error_chain, "not answered");
                proxy::respond(&error, wants_json)
            }
        };
        let response = proxy::traced(response, traced, failed);
        if let Some((method, path)) = told {
            self.expose.0.events.send(|| Event::Request {
                service: self.service.clone(),
                peer: self.peer.to_string(),
                method,
                path,
                status: response.status().as_u16(),
                ms: started.elapsed().as_secs_f64() * 1000.0,
            });
        }
        response
    }

    async fn try_answer(
        &self,
        request: Box<Request<ProxyBody>>,
        started: Instant,
        traced: Option<&mut Traced>,
    ) -> Result<Response<ProxyBody>, ProxyError> {
        let found = self.expose.find(&self.peer, &self.service, Protocol::Http);
        let (allowed, service) = found.ok_or_else(ProxyError::denied)?;
        if request.method() == Method::CONNECT {
            return Err(ProxyError::connect_refused());
        }
        if request.headers().get_all(HOST).iter().count() > 1 {
            return Err(ProxyError::client(
                "two-hosts",
                StatusCode::BAD_REQUEST,
                "The request names more than one Host.",
            ));
        }
        let slot = self.expose.admit(&service, &self.peer, started)?;
        if let Some(limit) = service.config.limits.body
            && request.body().size_hint().lower() > limit
        {
            service.meter.refused(Refusal::Body);
            return Err(ProxyError::too_large(limit));
        }
        let answer = {
            let sent = pin!(self.send(request, traced, &allowed, &service, &slot));
            sent.await
        };
        let answer = answer.map(|response| response.map(|body| body.keeping(slot)));
        let fault = answer.as_ref().err().map(|error| error.side.fault());
        service.meter.answered(started, Instant::now(), fault);
        answer
    }

    async fn send(
        &self,
        request: Box<Request<ProxyBody>>,
        mut traced: Option<&mut Traced>,
        allowed: &Allowed,
        service: &Service,
        slot: &Arc<Slot>,
    ) -> Result<Response<ProxyBody>, ProxyError> {
        let upstream = service.upstream(request.method(), request.uri().path(), request.headers());
        let (timeouts, began) = (service.config.timeouts, Instant::now());
        let is_empty = request.body().is_end_stream();
        let (patience, watch) = Patience::new(times(timeouts), began, is_empty);
        let mut forwarded = Forwarded::new(request, |body| {
            let body = body
                .limited(service.config.limits.body)
                .cut_when_idle(timeouts.idle)
                .counted(service.meter.clone(), Direction::Request);
            watch.on(body)
        });
        let open = service.meter.begin(began);
        service.retries.request(began);
        let kept = upstream.kept(allowed, forwarded.request.get_mut().headers_mut());
        self.introduce(&mut forwarded);
        if let Some(traced) = &mut traced {
            traced.call(forwarded.request.get_mut().headers_mut());
        }
        let turns = upstream.turns(allowed, kept);
        let going = Going {
            service,
            slot,
            traced,
            patience,
        };
        let sent = pin!(self.try_each(turns, forwarded, going)).await?;
        let (response, at_backend) = sent.ok_or_else(|| upstream.none_left())?;
        let response = response.map(|body| body.holding(open).holding(at_backend));
        let mut response = ProxyBody::bounded(response, timeouts.idle, timeouts.total, began);
        proxy::remove(response.headers_mut(), &proxy::ERROR_HEADER);
        kept.tell(response.headers_mut());
        Ok(response)
    }

    /// Sends the request to one backend after the other for as long as that does no harm, and
    /// returns the first answer and what counts it at its backend; nothing when none may be tried.
    async fn try_each(
        &self,
        turns: Turns<'_>,
        forwarded: Forwarded,
        going: Going<'_>,
    ) -> Result<Option<(Response<ProxyBody>, meter::Open)>, ProxyError> {
        let Going {
            service,
            slot,
            mut traced,
            patience,
        } = going;
        let asked = forwarded.request.headers().get(HOST).cloned();
        let sent_at = SentAt::new();
        let mut too_late = pin!(patience.over(&sent_at));
        let (mut failure, mut left) = (None, Some(forwarded));
        for turn in turns {
            let Some(mut forwarded) = left.take() else {
                break;
            };
            let host = service.host(turn.host()).or_else(|| asked.clone());
            if let Some(host) = host {
                forwarded.request.get_mut().headers_mut().insert(HOST, host);
            }
            forwarded.speak(turn.version());
            if let Some(traced) = &mut traced {
                traced.calls(|| turn.pool().dial.address().to_string());
            }
            let open = turn.begin();
            let again = forwarded.repeatable();
            let answer = {
                let carry = |tunnel| self.carry(tunnel, turn.begin(), Arc::clone(slot));
                let (pool, meter) = (turn.pool(), &service.meter);
                let again = again.as_ref();
                let mut sending = pin!(forward(pool, forwarded, again, &sent_at, meter, carry));
                tokio::select! {
                    biased;
                    answer = &mut sending => Ok(answer),
                    late = &mut too_late => Err(late),
                }
            };
            let answer = match answer {
                Ok(answer) => answer,
                Err(late) => {
                    let error = ProxyError::upstream_slow(words(late));
                    if late.is_the_others() {
                        turn.failed(&error);
                    }
                    return Err(error);
                }
            };
            match answer {
                Ok(response) => {
                    turn.answered(response.status(), sent_at.get().copied());
                    return Ok(Some((response, open)));
                }
                Err((error, again)) => {
                    turn.failed(&error);
                    (failure, left) = (Some(error), again);
                }
            }
        }
        failure.map_or(Ok(None), Err)
    }

    /// Carries an upgraded connection, which `at_backend` counts, for as long as its peer may use
    /// the service.
    fn carry(&self, tunnel: Tunnel, at_backend: meter::Open, slot: Arc<Slot>) {
        let (expose, peer, name) = (self.expose.clone(), self.peer, self.service.clone());
        self.expose.0.shutdown.spawn(async move {
            let entry = expose.0.sessions.enter(peer, &name);
            if expose.find(&peer, &name, Protocol::Http).is_some() {
                entry.run(tunnel).await;
            }
            drop((at_backend, slot));
        });
    }

    /// Tells the upstream who is asking, and nothing that the request itself claims of it.
    fn introduce(&self, forwarded: &mut Forwarded) {
        let headers = forwarded.request.get_mut().headers_mut();
        headers.reserve(TOLD);
        proxy::forget_sender(headers);
        if let Some(asked) = headers.get(HOST).cloned() {
            headers.insert(FORWARDED_HOST, asked);
        }
        headers.insert(FORWARDED_PROTO, HeaderValue::from_static("http"));
        headers.insert(FORWARDED_FOR, self.address.clone());
        headers.insert(PEER, self.id52.clone());
        if let Some(name) = self.expose.pet_name(&self.peer)
            && let Ok(name) = HeaderValue::try_from(name)
        {
            headers.insert(PEER_NAME, name);
        }
    }
}

fn times(timeouts: TimeoutsConfig) -> Times {
    Times {
        response_header: timeouts.response_header,
        idle: timeouts.idle,
        total: timeouts.total,
    }
}

/// What is said of a service that took too long.
fn words(late: Late) -> String {
    match late {
        Late::Head(after) => format!("The service did not begin to answer within {after:?}."),
        Late::Taking(after) => {
            format!("The service took nothing more of the request for {after:?}.")
        }
        Late::Total(after, _) => {
            format!("There was no answer within {after:?}, which is all that a request may take.")
        }
    }
}
