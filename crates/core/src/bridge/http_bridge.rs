//! Requests from a local client on their way to a service of a peer.

use std::{sync::Arc, time::Duration};

use fastn_p2p::{RejectCode, Rejection, Session, Waiting};
use http::{Method, Request, Response, Version};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use malai_api::Event;
use tokio::time::Instant;

use super::knock::{Knock, Knocking};
use crate::{
    config::BridgeTarget,
    events::EventFeed,
    http::{
        self as proxy, Dial, Direction, Forwarded, Pool, PoolLimits, ProxyBody, ProxyError, Sender,
        forward, handshake,
    },
    meter::Meter,
    peers::{Naming, Peers},
    shutdown::Shutdown,
    traces::{Side, Traced, Traces},
    wire::HttpStream,
};

/// Streams kept to one service of one peer: enough that every client connection of a busy bridge
/// has one, and unused ones end before the peer's side gives them up.
const STREAMS: PoolLimits = PoolLimits {
    size: 1024,
    idle: Duration::from_secs(30),
    wait: Duration::from_secs(5),
};

/// How long a page waits at most for a person at the other end: as long as a peer may let anybody
/// wait.
const LONGEST_KNOCK: Duration = Duration::from_mins(11);

/// Where requests of one bridge go, in the order in which targets are tried.
#[derive(Debug)]
pub(super) struct HttpBridge {
    pools: Vec<Pool<PeerDial>>,
    knock: Knock,
    meter: Meter,
    events: EventFeed,
    traces: Traces,
}

impl HttpBridge {
    pub(super) fn new(
        peers: &Peers,
        targets: impl Iterator<Item = (BridgeTarget, Duration)>,
        meter: Meter,
        waiting: &Waiting,
        tasks: &Shutdown,
        events: EventFeed,
    ) -> Self {
        let targets: Vec<_> = targets.collect();
        let is_one_of_several = targets.len() > 1;
        let pools = targets.into_iter().map(|(target, wait)| {
            let dial = PeerDial {
                naming: Arc::new(Naming::new(peers, target)),
                wait,
                is_one_of_several,
                waiting: waiting.clone(),
                tasks: tasks.clone(),
            };
            Pool::new(dial, STREAMS)
        });
        Self {
            pools: pools.collect(),
            knock: Knock::new(waiting.clone()),
            meter,
            events,
            traces: Traces::default(),
        }
    }

    /// The same, whose requests are traced when `traces` are on.
    pub(super) fn with_traces(mut self, traces: Traces) -> Self {
        self.traces = traces;
        self
    }

    /// Answers `request` when it is `allowed` here; upgraded connections are left to `tasks`.
    pub(super) async fn answer(
        &self,
        request: Request<Incoming>,
        allowed: Result<(), ProxyError>,
        tasks: &Shutdown,
    ) -> Response<ProxyBody> {
        let started = Instant::now();
        let wants_json = proxy::prefers_json(request.headers());
        let asked = self.events.wants_requests().then(|| {
            (
                request.method().to_string(),
                request.uri().path().to_owned(),
            )
        });
        let mut traced = self.traces.begin(Side::Bridge, &request);
        let trace = traced.as_deref_mut();
        let (target, answered) = match allowed {
            Ok(()) if proxy::wants_page(&request) => self.send_or_wait(request, trace, tasks).await,
            Ok(()) => self.send(request, trace, tasks).await,
            Err(error) => (None, Err(error)),
        };
        let fault = answered.as_ref().err().map(|error| error.side.fault());
        self.meter.answered(started.elapsed(), fault);
        let code = answered.as_ref().err().map(|error| error.code);
        let response = answered.unwrap_or_else(|error| {
            tracing::debug!(code = error.code, error = error.chain(), "not answered");
            proxy::respond(&error, wants_json)
        });
        if let (Some(traced), Some(dial)) = (&mut traced, target) {
            traced.concerns(&dial.naming.target.service, short(&dial.peer()));
            traced.calls(|| short(&dial.peer()));
        }
        let response = proxy::traced(response, traced, code);
        if let (Some((method, path)), Some(dial)) = (asked, target) {
            self.events.send(|| Event::Request {
                service: dial.naming.target.service.clone(),
                peer: dial.peer(),
                method,
                path,
                status: response.status().as_u16(),
                ms: started.elapsed().as_secs_f64() * 1000.0,
            });
        }
        response
    }

    /// The same for a browser's page: it is not kept waiting for a person, but told that it has to.
    async fn send_or_wait(
        &self,
        request: Request<Incoming>,
        traced: Option<&mut Traced>,
        tasks: &Shutdown,
    ) -> (Option<&PeerDial>, Result<Response<ProxyBody>, ProxyError>) {
        let first = self.pools.first().map(|pool| &pool.dial);
        match self.knock.state() {
            Knocking::Waits => return (first, Ok(proxy::waiting_page())),
            Knocking::Refused(error, _) => return (first, Err(error)),
            Knocking::Idle => {}
        }
        tokio::select! {
            biased;
            sent = self.send(request, traced, tasks) => sent,
            () = self.knock.must_wait() => {
                if let Some(dial) = first {
                    let dial = dial.clone();
                    self.knock.begin(async move { dial.knock().await }, tasks);
                }
                (first, Ok(proxy::waiting_page()))
            }
        }
    }

    /// Sends `request` to the first target that takes it; also tells which was asked last.
    async fn send(
        &self,
        mut request: Request<Incoming>,
        traced: Option<&mut Traced>,
        tasks: &Shutdown,
    ) -> (Option<&PeerDial>, Result<Response<ProxyBody>, ProxyError>) {
        if request.method() == Method::CONNECT {
            return (None, Err(ProxyError::connect_refused()));
        }
        proxy::forget_ui_sessions(request.headers_mut());
        let version = match request.version() {
            Version::HTTP_2 => Version::HTTP_2,
            _ => Version::HTTP_11,
        };
        let open = self.meter.begin();
        let mut forwarded = Forwarded::new(request, |body| {
            body.counted(self.meter.clone(), Direction::Request)
        });
        if let Some(traced) = traced {
            traced.call(forwarded.request.headers_mut());
        }
        forwarded.speak(version);
        let mut asked = None;
        let mut failure = None;
        let mut left = Some(forwarded);
        for pool in &self.pools {
            let Some(forwarded) = left.take() else { break };
            asked = Some(&pool.dial);
            pool.dial.naming.refresh();
            match forward(pool, forwarded, &self.meter, |tunnel| tasks.spawn(tunnel)).await {
                Ok(response) => return (asked, Ok(response.map(|body| body.holding(open)))),
                Err((error, again)) => (failure, left) = (Some(error), again),
            }
        }
        let error =
            failure.unwrap_or_else(|| ProxyError::peer_failed("This bridge leads nowhere."));
        (asked, Err(error))
    }
}

/// Opens streams to one service of one peer.
#[derive(Debug, Clone)]
struct PeerDial {
    naming: Arc<Naming>,
    wait: Duration,
    is_one_of_several: bool,
    waiting: Waiting,
    tasks: Shutdown,
}

impl PeerDial {
    /// Waits at the peer's door until it is opened, or is not.
    async fn knock(&self) -> Result<(), ProxyError> {
        let mut session = self.open().await?;
        answered(&mut session, LONGEST_KNOCK).await
    }

    async fn open(&self) -> Result<Session, ProxyError> {
        let peer = self.naming.key().await?;
        let Naming { peers, target, .. } = &*self.naming;
        let mut session = peers.open(peer, HttpStream, target, self.wait).await?;
        session.count_waiting(&self.waiting);
        Ok(session)
    }

    /// The peer's id52, or nothing while its name means nobody.
    fn peer(&self) -> String {
        let Naming { peers, target, .. } = &*self.naming;
        let key = peers.key_of(target).ok().flatten();
        key.map(|key| key.to_string()).unwrap_or_default()
    }
}

impl Dial for PeerDial {
    async fn dial(&self, version: Version) -> Result<Sender, ProxyError> {
        let mut session = self.open().await?;
        if self.is_one_of_several || version == Version::HTTP_2 {
            // The next target is asked only with a request of which nothing was sent; and HTTP/2
            // keeps the words of a refusal to itself.
            let waited = answered(&mut session, self.wait).await;
            if !self.is_one_of_several && session.is_waiting() {
                answered(&mut session, LONGEST_KNOCK).await?;
            } else {
                waited?;
            }
        }
        let lost = |error| self.lost(error);
        handshake(TokioIo::new(session), version, &self.tasks)
            .await
            .map_err(lost)
    }

    fn generation(&self) -> u64 {
        self.naming.generation()
    }

    fn lost(&self, error: hyper::Error) -> ProxyError {
        refusal(&error)
            .unwrap_or_else(|| {
                ProxyError::peer_failed(
                    "The connection to the peer broke off before there was an answer. Try again.",
                )
            })
            .because(error)
    }
}

/// As a key is called where few may read it whole.
fn short(id52: &str) -> String {
    id52.chars().take(7).collect()
}

/// Waits until the peer has accepted the stream.
pub(super) async fn answered(session: &mut Session, wait: Duration) -> Result<(), ProxyError> {
    let broken = || ProxyError::peer_failed("The peer did not answer to a stream. Try again.");
    match tokio::time::timeout(wait, session.answered()).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(refusal(&error).unwrap_or_else(broken).because(error)),
        // A person is asked, and that may take longer.
        Err(_) if session.is_waiting() => Err(ProxyError::not_admitted()),
        Err(_) => Err(broken()),
    }
}

/// What a refusal means to the client, if `error` is one.
fn refusal(error: &(dyn std::error::Error + 'static)) -> Option<ProxyError> {
    let code = &Rejection::of(error)?.code;
    Some(if *code == RejectCode::NotAdmitted {
        ProxyError::not_admitted()
    } else if matches!(code, RejectCode::Unauthorized | RejectCode::BadRequest) {
        ProxyError::denied()
    } else if matches!(code, RejectCode::ShuttingDown | RejectCode::Busy) {
        ProxyError::busy("The peer takes no requests at the moment. Try again in a moment.")
    } else {
        ProxyError::peer_failed(
            "The peer runs a version of malai that this one does not understand.",
        )
    })
}
