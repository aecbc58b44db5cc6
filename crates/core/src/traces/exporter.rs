//! Sends spans to a collector: in bundles, and never at anybody's expense.
//!
//! While the collector is away, what there is to send is lost and counted, and that is said once.

use std::{sync::Arc, sync::atomic::Ordering::Relaxed, time::Duration};

use http::{
    Request, Version,
    header::{CONTENT_TYPE, HOST, USER_AGENT},
};
use tokio::{
    sync::mpsc,
    time::{Instant, timeout, timeout_at},
};
use url::Url;

use super::{Context, Counts, Span, id, otlp};
use crate::{
    config::{TracesConfig, UpstreamAddress},
    http::{Dial as _, ProxyBody},
    shutdown::Shutdown,
    upstream::Backend,
};

/// Spans of one bundle.
const BUNDLE: usize = 512;

/// How long the first of a bundle waits for others.
const GATHERING: Duration = Duration::from_secs(1);

/// How long the collector may take for a bundle, connecting included.
const PATIENCE: Duration = Duration::from_secs(5);

const AGENT: &str = concat!("malai/", env!("CARGO_PKG_VERSION"));

/// Sends to one place.
#[derive(Debug)]
pub(super) struct Exporter {
    /// Nothing where there is no such place.
    collector: Option<Backend>,
    authority: String,
    path: String,
    instance: String,
    counts: Arc<Counts>,
    is_failing: bool,
}

/// Why a bundle was not taken.
#[derive(Debug, thiserror::Error)]
enum NotTaken {
    #[error("{0}")]
    Unreachable(String),
    #[error("it does not take them: status {0}")]
    Refused(u16),
    #[error("it does not answer")]
    Silent,
}

impl Exporter {
    pub(super) fn new(
        config: &TracesConfig,
        instance: &str,
        counts: Arc<Counts>,
        tasks: &Shutdown,
    ) -> Self {
        let endpoint = &config.endpoint;
        let collector = address(endpoint);
        Self {
            collector: collector.map(|it| Backend::new(it, PATIENCE, tasks.clone())),
            authority: authority(endpoint),
            path: format!("{}/v1/traces", endpoint.path().trim_end_matches('/')),
            instance: instance.to_owned(),
            counts,
            is_failing: false,
        }
    }

    /// Until nobody makes spans any more, or `shutdown` drains: then what is there goes out.
    pub(super) async fn run(mut self, mut spans: mpsc::Receiver<Span>, shutdown: Shutdown) {
        let mut bundle = Vec::with_capacity(BUNDLE);
        loop {
            // Cancel safe: spans that are taken are in the bundle.
            let got = tokio::select! {
                biased;
                got = spans.recv_many(&mut bundle, BUNDLE) => got,
                () = shutdown.draining() => 0,
            };
            if got == 0 {
                return;
            }
            let until = Instant::now() + GATHERING;
            while bundle.len() < BUNDLE && !shutdown.is_draining() {
                let room = BUNDLE - bundle.len();
                let more = timeout_at(until, spans.recv_many(&mut bundle, room));
                tokio::select! {
                    biased;
                    more = more => if !more.is_ok_and(|more| more > 0) { break },
                    () = shutdown.draining() => break,
                }
            }
            self.send(&bundle).await;
            bundle.clear();
        }
    }

    async fn send(&mut self, bundle: &[Span]) {
        let count = u64::try_from(bundle.len()).unwrap_or(u64::MAX);
        let sent = timeout(PATIENCE, self.try_send(bundle)).await;
        match sent.unwrap_or(Err(NotTaken::Silent)) {
            Ok(()) => {
                self.counts.sent.fetch_add(count, Relaxed);
                if std::mem::take(&mut self.is_failing) {
                    tracing::info!("the collector takes traces again");
                }
            }
            Err(error) => {
                self.counts.lost.fetch_add(count, Relaxed);
                if !std::mem::replace(&mut self.is_failing, true) {
                    tracing::warn!(%error, "traces are lost until the collector takes them; check `traces.endpoint`");
                }
            }
        }
    }

    async fn try_send(&self, bundle: &[Span]) -> Result<(), NotTaken> {
        let unreachable = |error: String| NotTaken::Unreachable(error);
        let none = || unreachable("there is no such place".to_owned());
        let collector = self.collector.as_ref().ok_or_else(none)?;
        let body = otlp::document(bundle, &self.instance).to_string();
        let mut request = Request::post(&self.path)
            .header(HOST, &self.authority)
            .header(USER_AGENT, AGENT)
            .header(CONTENT_TYPE, "application/json")
            .body(ProxyBody::full(body.into()))
            .map_err(|error| unreachable(error.to_string()))?;
        // Whoever is on the way makes no traces of traces.
        let untraced = Context {
            trace: id().into(),
            span: id(),
            sampled: false,
        };
        untraced.write(request.headers_mut(), false);
        let dialled = collector.dial(Version::HTTP_11).await;
        let mut sender = dialled.map_err(|error| unreachable(error.message))?;
        let answered = sender.status(request).await;
        let status = answered.map_err(|error| unreachable(error.to_string()))?;
        if status.is_success() {
            Ok(())
        } else {
            Err(NotTaken::Refused(status.as_u16()))
        }
    }
}

fn address(endpoint: &Url) -> Option<UpstreamAddress> {
    let (scheme, port) = (endpoint.scheme(), endpoint.port_or_known_default()?);
    let host = endpoint.host_str()?;
    format!("{scheme}://{host}:{port}").parse().ok()
}

fn authority(endpoint: &Url) -> String {
    let host = endpoint.host_str().unwrap_or_default();
    match endpoint.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_collector_is_where_its_url_says() {
        for (url, wanted, host) in [
            ("http://127.0.0.1:4318", "127.0.0.1:4318", "127.0.0.1:4318"),
            (
                "https://otel.example.org/a/",
                "https://otel.example.org:443",
                "otel.example.org",
            ),
            ("http://[::1]:4318", "[::1]:4318", "[::1]:4318"),
        ] {
            let url = url.parse().unwrap();
            assert_eq!(address(&url), Some(wanted.parse().unwrap()));
            assert_eq!(authority(&url), host);
        }
    }
}
