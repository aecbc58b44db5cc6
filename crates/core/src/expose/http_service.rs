//! One stream of an HTTP service: requests, one after another, each checked for itself.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use fastn_p2p::{PublicKey, Session, Slot, reset};
use http::{
    HeaderName, HeaderValue, Method, Request, Response, StatusCode,
    header::{CONTENT_TYPE, HOST},
};
use http_body::Body as _;
use hyper::body::Incoming;
use malai_api::{Event, Protocol};
use tokio::{sync::oneshot, time::Instant};

use super::{Expose, address::address_of, service::Service};
use crate::{
    http::{self as proxy, Direction, Forwarded, ProxyBody, ProxyError, Tunnel, forward},
    meter::Refusal,
    policy::Allowed,
    wire::Open,
};

const PEER: HeaderName = HeaderName::from_static("malai-peer");
const PEER_NAME: HeaderName = HeaderName::from_static("malai-peer-name");
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// Who is at the other end of a stream, and how that is told to upstreams.
struct Caller {
    expose: Expose,
    peer: PublicKey,
    service: String,
    id52: HeaderValue,
    address: HeaderValue,
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
    let serving = proxy::serve(session, heads, &expose.0.shutdown, move |request| {
        Arc::clone(&caller).answer(request)
    });
    entry.run(serving).await;
}

impl Caller {
    async fn answer(self: Arc<Self>, request: Request<Incoming>) -> Response<ProxyBody> {
        let started = Instant::now();
        let wants_json = proxy::prefers_json(request.headers());
        let heard = self.expose.0.events.wants_requests();
        let told = heard.then(|| {
            (
                request.method().to_string(),
                request.uri().path().to_owned(),
            )
        });
        let response = match self.try_answer(request).await {
            Ok(response) => response,
            Err(error) => {
                let (peer, service) = (self.peer.short(), &self.service);
                let (code, error_chain) = (error.code, error.chain());
                tracing::debug!(%peer, service, code, error = error_chain, "not answered");
                proxy::respond(&error, wants_json)
            }
        };
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
        request: Request<Incoming>,
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
        let slot = self.expose.admit(&service, &self.peer)?;
        if let Some(limit) = service.config.limits.body
            && request.body().size_hint().lower() > limit
        {
            service.meter.refused(Refusal::Body);
            return Err(ProxyError::too_large(limit));
        }
        let started = Instant::now();
        let answer = self.send(request, &allowed, &service, &slot).await;
        let answer = answer.map(|response| response.map(|body| body.keeping(slot)));
        let fault = answer.as_ref().err().map(|error| error.side.fault());
        service.meter.answered(started.elapsed(), fault);
        answer
    }

    async fn send(
        &self,
        request: Request<Incoming>,
        allowed: &Allowed,
        service: &Service,
        slot: &Arc<Slot>,
    ) -> Result<Response<ProxyBody>, ProxyError> {
        let upstream = service.upstream(request.uri().path());
        let timeouts = service.config.timeouts;
        // The body is dropped when all of it is sent: from then on the answer's head is awaited.
        let (body_lives, body_sent) = oneshot::channel();
        let progress = Arc::new(AtomicU64::new(0));
        let mut forwarded = Forwarded::new(request, |body| {
            body.limited(service.config.limits.body)
                .cut_when_idle(timeouts.idle)
                .counted(service.meter.clone(), Direction::Request)
                .telling_its_end(body_lives)
                .showing_progress(Arc::clone(&progress))
        });
        let open = service.meter.begin();
        self.introduce(&mut forwarded, service.host(upstream));
        forwarded.speak(upstream.version());
        let sending = async {
            let mut failure = None;
            let mut left = Some(forwarded);
            for turn in upstream.turns(allowed) {
                let Some(forwarded) = left.take() else { break };
                let pool = turn.pool();
                let carry = |tunnel| self.carry(tunnel, Arc::clone(slot));
                match forward(pool, forwarded, &service.meter, carry).await {
                    Ok(response) => {
                        turn.worked();
                        return Ok(response);
                    }
                    Err((error, again)) => {
                        turn.failed(&error);
                        (failure, left) = (Some(error), again);
                    }
                }
            }
            Err(failure.unwrap_or_else(|| upstream.none_left()))
        };
        let too_late = async {
            let taken = while_moving(body_sent, &progress, timeouts.idle).await;
            if taken {
                tokio::time::sleep(timeouts.response_header).await;
            }
            taken
        };
        let response = tokio::select! {
            biased;
            response = sending => response?,
            taken = too_late => return Err(ProxyError::upstream_slow(if taken {
                let after = timeouts.response_header;
                format!("The service did not begin to answer within {after:?}.")
            } else {
                format!("The service took nothing more of the request for {:?}.", timeouts.idle)
            })),
        };
        // Events may be far apart: a stream of them is open until one of its ends is gone.
        let is_events = response
            .headers()
            .get(CONTENT_TYPE)
            .is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream"));
        let mut response = response.map(|body| {
            let body = body.holding(open);
            if is_events {
                body
            } else {
                body.cut_when_idle(timeouts.idle)
            }
        });
        response.headers_mut().remove(proxy::ERROR_HEADER);
        Ok(response)
    }

    /// Carries an upgraded connection for as long as its peer may use the service.
    fn carry(&self, tunnel: Tunnel, slot: Arc<Slot>) {
        let (expose, peer, name) = (self.expose.clone(), self.peer, self.service.clone());
        self.expose.0.shutdown.spawn(async move {
            let entry = expose.0.sessions.enter(peer, &name);
            if expose.find(&peer, &name, Protocol::Http).is_some() {
                entry.run(tunnel).await;
            }
            drop(slot);
        });
    }

    /// Tells the upstream who is asking, and nothing that the request itself claims of it.
    fn introduce(&self, forwarded: &mut Forwarded, host: Option<HeaderValue>) {
        let headers = forwarded.request.headers_mut();
        proxy::forget_sender(headers);
        if let Some(asked) = headers.get(HOST).cloned() {
            headers.insert(FORWARDED_HOST, asked);
        }
        if let Some(host) = host {
            headers.insert(HOST, host);
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

/// Waits until the body is done with; false when nothing of it was taken for as long as `idle`.
async fn while_moving(
    mut done: oneshot::Receiver<()>,
    progress: &AtomicU64,
    idle: Duration,
) -> bool {
    loop {
        let before = progress.load(Ordering::Relaxed);
        // An error is what is awaited: the sender is dropped together with the body.
        if tokio::time::timeout(idle, &mut done).await.is_ok() {
            return true;
        }
        if progress.load(Ordering::Relaxed) == before {
            return false;
        }
    }
}
