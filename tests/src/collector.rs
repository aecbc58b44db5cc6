//! A collector of OpenTelemetry: takes spans as OTLP in JSON, and keeps them.

use std::{convert::Infallible, net::SocketAddr};

use anyhow::{Context, Result};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{
    Request, Response, StatusCode, body::Incoming, server::conn::http1, service::service_fn,
};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::{net::TcpListener, sync::watch};

/// A running collector; it ends with the test's runtime.
#[derive(Debug, Clone)]
pub struct Collector {
    address: SocketAddr,
    spans: watch::Sender<Vec<Value>>,
}

impl Collector {
    /// Starts one on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let collector = Self {
            address: listener.local_addr()?,
            spans: watch::Sender::default(),
        };
        tokio::spawn(collector.clone().accept(listener));
        Ok(collector)
    }

    /// `[traces]` that sends to it, and begins to trace this part of the requests.
    #[must_use]
    pub fn config(&self, sample: f64) -> String {
        let address = self.address;
        format!("\n[traces]\nendpoint = \"http://{address}\"\nsample = {sample}\n")
    }

    /// All spans, once there are so many; each with the attributes of its resource, as `resource`.
    ///
    /// # Errors
    /// When they do not come in time.
    pub async fn spans(&self, count: usize) -> Result<Vec<Value>> {
        let mut spans = self.spans.subscribe();
        let there = crate::within("spans", spans.wait_for(|spans| spans.len() >= count)).await;
        let there = there.with_context(|| format!("{:#?}", self.spans.borrow()))??;
        Ok(there.clone())
    }

    async fn accept(self, listener: TcpListener) {
        while let Ok((stream, _)) = listener.accept().await {
            let this = self.clone();
            let service = service_fn(move |request| this.clone().take(request));
            let serving = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
            tokio::spawn(serving);
        }
    }

    async fn take(self, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
        let is_right = request.uri().path() == "/v1/traces"
            && request.headers()["content-type"] == "application/json"
            && request.headers()["traceparent"]
                .as_bytes()
                .ends_with(b"-00");
        let taken = match request.into_body().collect().await {
            Ok(body) if is_right => serde_json::from_slice(&body.to_bytes()).ok(),
            _ => None,
        };
        let mut response = Response::new(Full::new("{}".into()));
        match taken {
            Some(document) => self
                .spans
                .send_modify(|spans| spans.extend(read(&document))),
            None => *response.status_mut() = StatusCode::BAD_REQUEST,
        }
        Ok(response)
    }
}

/// An attribute of a span, as text; empty when it is missing.
#[must_use]
pub fn attribute(span: &Value, key: &str) -> String {
    let all = span["attributes"].as_array().into_iter().flatten();
    let mut found = all.filter(|it| it["key"] == key).map(|it| {
        let value = &it["value"];
        let text = value["stringValue"].as_str();
        text.or(value["intValue"].as_str()).unwrap_or_default()
    });
    found.next().unwrap_or_default().to_owned()
}

fn read(document: &Value) -> Vec<Value> {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let mut all = Vec::new();
    for resource in list(&document["resourceSpans"]) {
        for scope in list(&resource["scopeSpans"]) {
            all.extend(list(&scope["spans"]).into_iter().map(|mut span| {
                span["resource"] = resource["resource"].clone();
                span
            }));
        }
    }
    all
}
