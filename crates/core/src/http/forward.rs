//! One request on its way from a server connection to a pooled client connection.

use std::pin::{Pin, pin};

use http::{
    HeaderValue, Request, Response, StatusCode, Uri, Version,
    header::{HOST, TRANSFER_ENCODING},
    uri::{self, PathAndQuery},
};
use http_body::Body as _;

use super::{
    Dial, Direction, Outgoing, Pool, ProxyBody, ProxyError, SentAt, headers,
    pool::{Lease, Unsent},
    sender::Answer,
    upgrade,
};
use crate::{meter::Meter, traces::Traced};

/// A request whose headers are clean, ready to be sent by [`forward`].
pub(crate) struct Forwarded {
    pub(crate) request: Outgoing,
    pub(super) upgrade: Option<hyper::upgrade::OnUpgrade>,
}

impl Forwarded {
    /// Takes over a request: what belonged to its connection goes, the body is wrapped by `wrap`
    /// unless it is empty.
    pub(crate) fn new(
        mut request: Box<Request<ProxyBody>>,
        wrap: impl FnOnce(ProxyBody) -> ProxyBody,
    ) -> Self {
        let upgrading = headers::is_upgrade(request.headers());
        let upgrade = upgrading.then(|| hyper::upgrade::on(&mut *request));
        headers::remove_hop_by_hop(request.headers_mut(), upgrading);
        let body = std::mem::take(request.body_mut());
        if !body.is_end_stream() {
            *request.body_mut() = wrap(body);
        }
        request.extensions_mut().clear();
        // HTTP/2 carries the host in the URI, HTTP/1.1 in a header; here it is always a header.
        if let Some(authority) = request.uri().authority()
            && let Ok(host) = HeaderValue::from_str(authority.as_str())
        {
            request.headers_mut().insert(HOST, host);
        }
        let request = Outgoing::new(*request);
        Self { request, upgrade }
    }

    /// The same once more, when it may be sent twice and has no body that would be gone.
    pub(crate) fn repeatable(&self) -> Option<Self> {
        let request = self.request.again()?;
        let upgrade = self.upgrade.clone();
        Some(Self { request, upgrade })
    }

    /// Writes the request as `version` wants it: the URI's form, and how a body of unknown length
    /// is framed.
    pub(crate) fn speak(&mut self, version: Version) {
        let request = self.request.get_mut();
        let path = request.uri().path_and_query().cloned();
        let path = path.unwrap_or_else(|| PathAndQuery::from_static("/"));
        *request.version_mut() = version;
        let mut uri = uri::Parts::default();
        if version != Version::HTTP_2 {
            headers::join_cookies(request.headers_mut());
        }
        if version == Version::HTTP_2 {
            let host = request.headers_mut().remove(HOST);
            uri.authority = host.and_then(|host| host.to_str().ok()?.parse().ok());
            uri.scheme = uri.authority.is_some().then_some(uri::Scheme::HTTP);
        } else if !request.body().is_end_stream() && request.body().size_hint().exact().is_none() {
            // Without it hyper drops the body of a GET that has one.
            request
                .headers_mut()
                .insert(TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
        }
        uri.path_and_query = Some(path);
        match Uri::from_parts(uri) {
            Ok(uri) => *request.uri_mut() = uri,
            Err(error) => tracing::debug!(%error, "the URI stays as the client wrote it"),
        }
    }
}

/// What is left to do for an upgraded connection once its `101` is passed back.
pub(crate) type Tunnel = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Sends `forwarded` through `pool`, and passes back the answer as it comes; an upgraded connection
/// is handed to `carry`. `again` is the same where it may be repeated; `sent_at` says since when an
/// answer is awaited.
///
/// # Errors
/// What went wrong, and the request once more when none of it was sent.
pub(crate) async fn forward<D: Dial>(
    pool: &Pool<D>,
    forwarded: Forwarded,
    again: Option<&Forwarded>,
    sent_at: &SentAt,
    meter: &Meter,
    carry: impl FnOnce(Tunnel),
) -> Result<Response<ProxyBody>, (ProxyError, Option<Forwarded>)> {
    let Forwarded { request, upgrade } = forwarded;
    let again = again.map(|again| &again.request);
    let (response, lease) = match pin!(pool.send(request, again, sent_at)).await {
        Ok(answered) => answered,
        Err(Unsent { error, request }) => {
            return Err((error, request.map(|request| Forwarded { request, upgrade })));
        }
    };
    Ok(match upgrade {
        Some(client) if response.status() == StatusCode::SWITCHING_PROTOCOLS => {
            switch(response, lease, client, meter, carry)
        }
        _ if response.status() == StatusCode::SWITCHING_PROTOCOLS => {
            lease.give_back(false);
            let error = ProxyError::upstream_down(
                "The service switched protocols without having been asked to.",
            );
            return Err((error, None));
        }
        _ => pass_back(response, lease, meter),
    })
}

/// Goes on with the trace of a request until its answer is gone; `error` is our code, if it is ours.
pub(crate) fn traced(
    response: Response<ProxyBody>,
    traced: Option<Box<Traced>>,
    error: Option<&'static str>,
) -> Response<ProxyBody> {
    let Some(mut traced) = traced else {
        return response;
    };
    traced.answered(response.status(), error);
    response.map(|body| body.traced(traced))
}

fn pass_back(response: Response<Answer>, lease: Lease, meter: &Meter) -> Response<ProxyBody> {
    let mut response = response.map(|body| {
        ProxyBody::answer(body)
            .counted(meter.clone(), Direction::Response)
            .lending(lease)
    });
    headers::remove_hop_by_hop(response.headers_mut(), false);
    response.extensions_mut().clear();
    *response.version_mut() = Version::HTTP_11;
    response
}

fn switch(
    mut response: Response<Answer>,
    lease: Lease,
    client: hyper::upgrade::OnUpgrade,
    meter: &Meter,
    carry: impl FnOnce(Tunnel),
) -> Response<ProxyBody> {
    let server = hyper::upgrade::on(&mut response);
    // The connection belongs to the upgrade from here on and leaves the pool.
    lease.give_back(false);
    carry(Box::pin(upgrade::tunnel(client, server, meter.clone())));
    headers::remove_hop_by_hop(response.headers_mut(), true);
    response.extensions_mut().clear();
    response.map(|_| ProxyBody::default())
}
