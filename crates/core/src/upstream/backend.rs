//! One backend: how to connect to it, and what a failure to do so means.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use http::{HeaderValue, Version};
use tokio::net::TcpStream;
#[cfg(unix)]
use tokio::net::UnixStream;

use super::{host_of, tls::Tls};
use crate::{
    config::{Place, Scheme, UpstreamAddress},
    http::{Dial, Lost, ProxyError, Sender, handshake},
    retries::Retries,
    shutdown::Shutdown,
    stream::{ResetOnDrop, Stream},
};

/// How peers are told of an address of ours, which is none of their business.
const SOMEWHERE: &str = "the shared service";

/// One address of a service.
#[derive(Debug, Clone)]
pub(crate) struct Backend {
    address: UpstreamAddress,
    host: Option<HeaderValue>,
    connect_timeout: Duration,
    tls: Tls,
    tasks: Shutdown,
    retries: Option<Arc<Retries>>,
    counts: Arc<[AtomicU64; 2]>,
}

/// Requests that broke off at a backend: how many were sent once more, and how many for want of
/// retries were not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RetryCounts {
    pub(crate) sent: u64,
    pub(crate) denied: u64,
}

impl Backend {
    pub(crate) fn new(address: UpstreamAddress, timeout: Duration, tasks: Shutdown) -> Self {
        Self {
            host: host_of(&address),
            address,
            connect_timeout: timeout,
            tls: Tls::default(),
            tasks,
            retries: None,
            counts: Arc::default(),
        }
    }

    /// The Host that it expects.
    pub(super) fn host(&self) -> Option<HeaderValue> {
        self.host.clone()
    }

    /// The same, which takes from `retries` when a request goes out once more.
    pub(super) fn retrying(mut self, retries: Arc<Retries>) -> Self {
        self.retries = Some(retries);
        self
    }

    pub(super) fn counts(&self) -> RetryCounts {
        let [sent, denied] = self.counts.each_ref().map(|count| count.load(Relaxed));
        RetryCounts { sent, denied }
    }

    /// Where it is.
    pub(crate) fn address(&self) -> &UpstreamAddress {
        &self.address
    }

    /// Connects, TLS included.
    pub(crate) async fn connect(&self) -> Result<Stream, ProxyError> {
        match tokio::time::timeout(self.connect_timeout, self.try_connect()).await {
            Ok(Ok(stream)) => Ok(stream),
            Ok(Err(error)) => Err(self.down(error)),
            Err(_) => {
                let after = self.connect_timeout;
                Err(self.told(ProxyError::upstream_slow, |it| {
                    format!(
                        "{it} did not accept a connection within {after:?}. Check that the service \
                         behind the share is running and not overloaded."
                    )
                }))
            }
        }
    }

    async fn try_connect(&self) -> io::Result<Stream> {
        match &self.address.place {
            Place::Tcp { host, port } => {
                let stream = TcpStream::connect((host.as_str(), *port)).await?;
                stream.set_nodelay(true)?;
                Ok(match self.address.scheme {
                    Scheme::Https => Stream::Tls(Box::new(self.tls.connect(host, stream).await?)),
                    Scheme::Plain | Scheme::H2c => Stream::Tcp(stream),
                })
            }
            #[cfg(unix)]
            Place::Unix(path) => Ok(Stream::Unix(UnixStream::connect(path).await?)),
            #[cfg(not(unix))]
            Place::Unix(_) => Err(io::ErrorKind::Unsupported.into()),
        }
    }

    fn down(&self, error: io::Error) -> ProxyError {
        let absent = [io::ErrorKind::ConnectionRefused, io::ErrorKind::NotFound];
        let say = |it: &str| {
            if absent.contains(&error.kind()) {
                return format!(
                    "Nothing answers at {it}. Start the service that is shared, then try again."
                );
            }
            let cause = error.get_ref();
            let tls = cause.and_then(|cause| cause.downcast_ref::<rustls::Error>());
            tls.and_then(|error| tls_trouble(it, error))
                .unwrap_or_else(|| format!("Cannot connect to {it}: {error}."))
        };
        self.told(ProxyError::upstream_down, say).because(error)
    }

    /// A failure that `say` says of a place: its owner is told the address, peers are not.
    fn told(
        &self,
        failure: impl Fn(String) -> ProxyError,
        say: impl Fn(&str) -> String,
    ) -> ProxyError {
        let message = say(SOMEWHERE);
        let message = match message.strip_prefix(SOMEWHERE) {
            Some(rest) => format!("The shared service{rest}"),
            None => message,
        };
        failure(message).with_owner_message(say(&self.address.to_string()))
    }
}

/// What is wrong with the TLS of an `https://` backend, when that can be said plainly.
fn tls_trouble(address: &str, error: &rustls::Error) -> Option<String> {
    use rustls::{CertificateError as Certificate, Error};
    if matches!(error, Error::InvalidMessage(_)) {
        return Some(format!(
            "{address} does not speak TLS. If it is a plain HTTP service, share it with `http://` \
             instead of `https://`."
        ));
    }
    let Error::InvalidCertificate(reason) = error else {
        return None;
    };
    let why = if matches!(
        reason,
        Certificate::NotValidForName | Certificate::NotValidForNameContext { .. }
    ) {
        "it is for another name. Share the service by the name that its certificate has, or give \
         it a certificate for this one."
    } else if matches!(
        reason,
        Certificate::Expired | Certificate::ExpiredContext { .. }
    ) {
        "it has expired. Renew it."
    } else {
        // An issuer nobody knows, one that only has a known name, a certificate that is its own.
        "the machine that shares it does not trust who issued it. Add the issuer's certificate \
         to those of that system, or to a file that SSL_CERT_FILE names, and start malai there \
         again."
    };
    Some(format!(
        "The certificate of {address} is not accepted: {why}"
    ))
}

impl Dial for Backend {
    async fn dial(&self, version: Version) -> Result<Sender, ProxyError> {
        let io = ResetOnDrop::new(self.connect().await?);
        handshake(io, version, &self.tasks).await.map_err(|error| {
            let say = |it: &str| format!("{it} does not speak HTTP.");
            self.told(ProxyError::upstream_down, say).because(error)
        })
    }

    fn may_repeat(&self, _was_kept: bool) -> bool {
        let may = self.retries.as_ref().is_some_and(|retries| retries.take());
        let [sent, denied] = &*self.counts;
        if may { sent } else { denied }.fetch_add(1, Relaxed);
        may
    }

    fn lost(&self, error: Lost) -> ProxyError {
        let say = |it: &str| {
            format!(
                "{it} closed the connection before it answered. It may have crashed or restarted: \
                 look at its output, then try again."
            )
        };
        self.told(ProxyError::upstream_down, say).because(error)
    }
}
