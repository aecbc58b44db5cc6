//! Requests from a local client on their way to a service of a peer.

use std::{pin::pin, sync::Arc, time::Duration};

use fastn_p2p::Waiting;
use http::{Method, Request, Response, Version};
use malai_api::Event;
use tokio::time::Instant;

use super::{
    knock::{Knock, Knocking},
    members::Members,
    peer_dial::PeerDial,
};
use crate::{
    config::{BridgeConfig, BridgeTimeouts},
    events::EventFeed,
    http::{self as proxy, Pool, PoolLimits, ProxyBody, ProxyError},
    meter::Meter,
    shutdown::Shutdown,
    traces::{Side, Traced, Traces},
};

/// Streams kept to one service of one peer: enough that every client connection of a busy bridge
/// has one, and unused ones end before the peer's side gives them up.
const STREAMS: PoolLimits = PoolLimits {
    size: 1024,
    idle: Duration::from_secs(30),
    wait: Duration::from_secs(5),
};

/// Where requests of one bridge go.
#[derive(Debug)]
pub(super) struct HttpBridge {
    pub(super) members: Arc<Members>,
    /// Kept streams to each member, at its place.
    pub(super) pools: Vec<Pool<PeerDial>>,
    pub(super) timeouts: BridgeTimeouts,
    /// How long a request waits for any of the members.
    pub(super) connect_timeout: Duration,
    knock: Knock,
    pub(super) meter: Meter,
    events: EventFeed,
    traces: Traces,
}

impl HttpBridge {
    pub(super) fn new(
        members: Arc<Members>,
        config: &BridgeConfig,
        meter: Meter,
        waiting: &Waiting,
        tasks: &Shutdown,
        events: EventFeed,
    ) -> Self {
        let pools = members.list().iter().map(|member| {
            let dial = PeerDial {
                naming: Arc::clone(&member.naming),
                wait: members.wait,
                is_one_of_several: members.are_several(),
                waiting: waiting.clone(),
                tasks: tasks.clone(),
            };
            Pool::new(dial, STREAMS)
        });
        Self {
            pools: pools.collect(),
            members,
            timeouts: config.timeouts,
            connect_timeout: config.connect_timeout,
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
        request: Box<Request<ProxyBody>>,
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
            Ok(()) if proxy::wants_page(&request) => {
                pin!(self.send_or_wait(request, trace, tasks)).await
            }
            Ok(()) => pin!(self.take(request, trace, tasks)).await,
            Err(error) => (None, Err(error)),
        };
        let fault = answered.as_ref().err().map(|error| error.side.fault());
        self.meter.answered(started, Instant::now(), fault);
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
        request: Box<Request<ProxyBody>>,
        traced: Option<&mut Traced>,
        tasks: &Shutdown,
    ) -> (Option<&PeerDial>, Result<Response<ProxyBody>, ProxyError>) {
        let first = self.pools.first().map(|pool| &pool.dial);
        match self.knock.state() {
            Knocking::Waits => return (first, Ok(proxy::waiting_page())),
            Knocking::Refused(error, _) => return (first, Err(error)),
            Knocking::Idle => {}
        }
        let mut sending = pin!(self.take(request, traced, tasks));
        tokio::select! {
            biased;
            sent = &mut sending => sent,
            () = self.knock.must_wait() => {
                if let Some(dial) = first {
                    let dial = dial.clone();
                    self.knock.begin(async move { dial.knock().await }, tasks);
                }
                (first, Ok(proxy::waiting_page()))
            }
        }
    }

    /// Sends `request` on, unless it is one that no bridge takes; also tells which member was asked
    /// last.
    async fn take(
        &self,
        mut request: Box<Request<ProxyBody>>,
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
        pin!(self.send(request, version, traced, tasks)).await
    }
}

/// As a key is called where few may read it whole.
fn short(id52: &str) -> String {
    id52.chars().take(7).collect()
}
