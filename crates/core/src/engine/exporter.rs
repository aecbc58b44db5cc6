//! The metrics over HTTP, for a Prometheus of this machine; off until `[metrics] listen` says where.
//!
//! It answers to the machine's own names alone, so that no web page reads along.

use std::net::SocketAddr;

use http::{HeaderValue, Method, Request, Response, StatusCode, header::CONTENT_TYPE};
use malai_api::{Request as Asked, Response as Answer};
use tokio::sync::{mpsc, oneshot};

use super::keeper::Command;
use crate::{
    bridge::{BridgeError, Hosts, Listener, Room},
    config::ListenAddress,
    control::Owner,
    http::{ProxyBody, ProxyError, prefers_json, respond},
    shutdown::Shutdown,
};

/// What the text is, as Prometheus wants to hear it.
const KIND: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Where metrics are to be had, if anywhere.
#[derive(Debug)]
pub(super) struct Exporter {
    keeper: mpsc::WeakSender<Command>,
    shutdown: Shutdown,
    listening: Option<(SocketAddr, Shutdown)>,
}

impl Exporter {
    pub(super) fn new(keeper: mpsc::WeakSender<Command>, shutdown: Shutdown) -> Self {
        Self {
            keeper,
            shutdown,
            listening: None,
        }
    }

    /// Listens at `wanted` from here on, and nowhere else.
    ///
    /// # Errors
    /// When that address cannot be had; nothing listens then.
    pub(super) async fn listen(&mut self, wanted: Option<SocketAddr>) -> Result<(), BridgeError> {
        if self.listening.as_ref().map(|(at, _)| *at) == wanted {
            return Ok(());
        }
        if let Some((_, part)) = self.listening.take() {
            part.drain(std::time::Duration::ZERO).await;
        }
        let Some(wanted) = wanted else {
            return Ok(());
        };
        let (listener, _) = Listener::bind(&ListenAddress::Tcp(wanted)).await?;
        let part = self.shutdown.part();
        let keeper = self.keeper.clone();
        let answer = move |request| answer(request, keeper.clone());
        listener.serve_http(&part, Room::default(), answer);
        self.listening = Some((wanted, part));
        Ok(())
    }
}

async fn answer(
    request: Box<Request<ProxyBody>>,
    keeper: mpsc::WeakSender<Command>,
) -> Response<ProxyBody> {
    let wants_json = prefers_json(request.headers());
    let answered = match Hosts::local().check(&request) {
        Ok(()) if request.uri().path() != "/metrics" => Err(ProxyError::client(
            "no-such-page",
            StatusCode::NOT_FOUND,
            "The metrics are at /metrics.",
        )),
        Ok(()) if request.method() != Method::GET => Err(ProxyError::client(
            "only-get",
            StatusCode::METHOD_NOT_ALLOWED,
            "The metrics can only be read.",
        )),
        Ok(()) => text(&keeper).await.ok_or_else(ProxyError::shutting_down),
        Err(error) => Err(error),
    };
    match answered {
        Ok(text) => {
            let mut response = Response::new(ProxyBody::full(text.into()));
            let kind = HeaderValue::from_static(KIND);
            response.headers_mut().insert(CONTENT_TYPE, kind);
            response
        }
        Err(error) => respond(&error, wants_json),
    }
}

/// `None` when the engine ends.
async fn text(keeper: &mpsc::WeakSender<Command>) -> Option<String> {
    let (reply, answer) = oneshot::channel();
    let ask = Command::Ask {
        request: Asked::Metrics,
        owner: Owner::engine(),
        reply,
    };
    keeper.upgrade()?.send(ask).await.ok()?;
    match answer.await {
        Ok(Answer::Metrics { text }) => Some(text),
        _ => None,
    }
}
