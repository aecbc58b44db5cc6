//! Asking a backend itself, to see whether it answers: not for anybody's request.

use http::{
    HeaderValue, Request, StatusCode, Uri, Version,
    header::{ACCEPT, HOST, USER_AGENT},
};

use super::{Backend, host_of};
use crate::{
    config::{Scheme, UpstreamAddress},
    http::{Dial, ProxyBody, ProxyError},
};

/// Who we say we are, so that the owner of a log knows where the request came from.
const AGENT: &str = concat!("malai/", env!("CARGO_PKG_VERSION"), " (check)");

impl Backend {
    /// Asks for `path` over a connection of its own and returns the status; the body is not read.
    ///
    /// `host` takes the place of the backend's own name.
    pub(crate) async fn ask(
        &self,
        path: &str,
        host: Option<&str>,
    ) -> Result<StatusCode, ProxyError> {
        let version = version_of(self.address());
        let mut sender = self.dial(version).await?;
        let request = request(self.address(), version, path, host)
            .map_err(|error| ProxyError::upstream_down("It cannot be asked.").because(error))?;
        let answered = sender.status(request).await;
        answered.map_err(|error| self.lost(error))
    }
}

/// HTTP/2 for `h2c://`, else HTTP/1.1.
pub(super) fn version_of(address: &UpstreamAddress) -> Version {
    match address.scheme {
        Scheme::H2c => Version::HTTP_2,
        Scheme::Plain | Scheme::Https => Version::HTTP_11,
    }
}

fn request(
    address: &UpstreamAddress,
    version: Version,
    path: &str,
    host: Option<&str>,
) -> Result<Request<ProxyBody>, http::Error> {
    let host = match host {
        Some(host) => HeaderValue::from_str(host)?,
        None => host_of(address).unwrap_or_else(|| HeaderValue::from_static("localhost")),
    };
    let request = Request::get(path)
        .version(version)
        .header(USER_AGENT, AGENT)
        .header(ACCEPT, "*/*");
    if version != Version::HTTP_2 {
        return request.header(HOST, host).body(ProxyBody::default());
    }
    // HTTP/2 has the host in the URI.
    let uri = Uri::builder()
        .scheme("http")
        .authority(host.as_bytes())
        .path_and_query(path);
    request.uri(uri.build()?).body(ProxyBody::default())
}
