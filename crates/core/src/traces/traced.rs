//! One request under way, and the two spans that become of it.

use std::sync::{Arc, atomic::Ordering::Relaxed};

use http::{HeaderMap, StatusCode};
use tokio::time::Instant;

use super::{
    Active, Side,
    context::Context,
    id,
    span::{Kind, Span, Value},
};

/// A request that is traced, from its coming in until it is dropped: then its spans are told.
#[derive(Debug)]
pub(crate) struct Traced {
    pub(super) active: Arc<Active>,
    pub(super) side: Side,
    /// Whether somebody asked before us, and who.
    pub(super) parent: Option<u64>,
    pub(super) trace: u128,
    pub(super) sampled: bool,
    pub(super) began: Instant,
    /// The same moment, as clocks on walls show it.
    pub(super) began_at: u128,
    pub(super) method: Option<&'static str>,
    pub(super) path: String,
    pub(super) service: String,
    pub(super) peer: String,
    pub(super) call: Option<Call>,
    pub(super) status: Option<u16>,
    pub(super) error: Option<&'static str>,
}

/// What was asked on.
#[derive(Debug)]
pub(super) struct Call {
    span: u64,
    began: Instant,
    server: String,
}

impl Traced {
    /// Which service it is for, and the short id of the peer who asks or is asked.
    pub(crate) fn concerns(&mut self, service: &str, peer: String) {
        if self.sampled {
            (self.service, self.peer) = (service.to_owned(), peer);
        }
    }

    /// It goes on with these headers: they name the trace from here on.
    pub(crate) fn call(&mut self, headers: &mut HeaderMap) {
        let span = match self.parent {
            Some(parent) if !self.sampled => parent,
            _ => id(),
        };
        self.call = Some(Call {
            span,
            began: Instant::now(),
            server: String::new(),
        });
        let context = Context {
            trace: self.trace,
            span,
            sampled: self.sampled,
        };
        context.write(headers, self.parent.is_some());
    }

    /// Who is asked, as far as it goes on.
    pub(crate) fn calls(&mut self, server: impl FnOnce() -> String) {
        if let Some(call) = &mut self.call
            && self.sampled
        {
            call.server = server();
        }
    }

    /// It was answered so, by the service or by us with `error`, our code.
    pub(crate) fn answered(&mut self, status: StatusCode, error: Option<&'static str>) {
        (self.status, self.error) = (Some(status.as_u16()), error);
    }

    /// Its body broke off.
    pub(crate) fn broke_off(&mut self) {
        self.error = self.error.or(Some("broken-off"));
    }

    fn spans(&mut self) -> [Option<Span>; 2] {
        let server = id();
        let name = self.method.unwrap_or("HTTP");
        let method = self.method.unwrap_or("_OTHER");
        let end = self.began_at + self.began.elapsed().as_nanos();
        let error = |least: u16| {
            let bad = self.status.filter(|status| *status >= least);
            match (self.error, bad, self.status) {
                (Some(code), ..) => Some(code.to_owned()),
                (None, Some(status), _) => Some(status.to_string()),
                (None, None, None) => Some("cancelled".to_owned()),
                (None, None, Some(_)) => None,
            }
        };
        let span = |span, parent, kind, began, error: Option<String>| {
            let mut attributes = vec![("http.request.method", Value::Text(method.to_owned()))];
            if let Some(status) = self.status {
                attributes.push(("http.response.status_code", Value::Number(status.into())));
            }
            let is_error = error.is_some();
            attributes.extend(error.map(|error| ("error.type", Value::Text(error))));
            Span {
                trace: self.trace,
                span,
                parent,
                name,
                kind,
                began,
                ended: end,
                attributes,
                is_error,
            }
        };
        let texts = |span: &mut Span, all: &[(&'static str, &str)]| {
            let some = all.iter().filter(|(_, text)| !text.is_empty());
            let some = some.map(|(key, text)| (*key, Value::Text((*text).to_owned())));
            span.attributes.extend(some);
        };
        // What a client did wrong is no error of a server.
        let our_error = error(500);
        let mut asked = span(server, self.parent, Kind::Server, self.began_at, our_error);
        let ours = [
            ("url.scheme", "http"),
            ("url.path", self.path.as_str()),
            ("malai.side", self.side.name()),
            ("malai.service", self.service.as_str()),
            ("malai.peer", self.peer.as_str()),
        ];
        texts(&mut asked, &ours);
        let asked_on = self.call.as_ref().map(|call| {
            let began = self.began_at + (call.began - self.began).as_nanos();
            let mut span = span(call.span, Some(server), Kind::Client, began, error(400));
            let (host, port) = match call.server.rsplit_once(':') {
                Some((host, port)) if !call.server.starts_with("unix:") => (host, port),
                _ => (call.server.as_str(), ""),
            };
            texts(&mut span, &[("server.address", host)]);
            let port = port.parse().map(Value::Number);
            span.attributes
                .extend(port.ok().map(|port| ("server.port", port)));
            span
        });
        [Some(asked), asked_on]
    }
}

impl Drop for Traced {
    fn drop(&mut self) {
        if !self.sampled {
            return;
        }
        for span in self.spans().into_iter().flatten() {
            if self.active.spans.try_send(span).is_err() {
                self.active.counts.lost.fetch_add(1, Relaxed);
            }
        }
    }
}
