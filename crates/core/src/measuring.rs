//! What the micro-benchmarks in `benches/` reach of the hot path, and nothing else.

use std::{io, time::Duration};

use http::{Request, Response, Version};
use http_body_util::BodyExt as _;
use tokio::{
    io::duplex,
    runtime::{Builder, Runtime},
};

use crate::{
    http::{
        Dial, Heads, Lost, Outgoing, Pool, PoolLimits, ProxyBody, ProxyError, Sender, SentAt,
        handshake, serve,
    },
    shutdown::Shutdown,
};

/// As QUIC's window for one stream.
const PIPE_BYTES: usize = 1_250_000;
const LIMITS: PoolLimits = PoolLimits {
    size: 16,
    idle: Duration::from_secs(30),
    wait: Duration::from_secs(5),
};

/// One kept connection between a pool and a server of ours, in memory: what a request costs beside
/// the network.
#[derive(Debug)]
pub struct Requests {
    runtime: Runtime,
    pool: Pool<Memory>,
}

/// Leads to a server in this process that answers with so many bytes.
#[derive(Debug)]
struct Memory {
    bytes: usize,
    tasks: Shutdown,
}

impl Requests {
    /// Requests that are answered with so many bytes.
    ///
    /// # Errors
    /// The system gives no runtime.
    pub fn new(bytes: usize) -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_time().build()?;
        let dial = Memory {
            bytes,
            tasks: Shutdown::default(),
        };
        let pool = runtime.block_on(async { Pool::new(dial, LIMITS) });
        Ok(Self { runtime, pool })
    }

    /// Sends one and reads its answer; returns the bytes of that, or nothing when there was none.
    #[must_use]
    pub fn one(&self) -> Option<usize> {
        self.runtime.block_on(async {
            let mut request = Request::new(ProxyBody::default());
            let host = http::HeaderValue::from_static("localhost");
            request.headers_mut().insert(http::header::HOST, host);
            let sent_at = SentAt::new();
            let sent = self.pool.send(Outgoing::new(request), None, &sent_at).await;
            let (response, lease) = sent.ok()?;
            let body = ProxyBody::answer(response.into_body()).lending(lease);
            Some(body.collect().await.ok()?.to_bytes().len())
        })
    }
}

impl Dial for Memory {
    async fn dial(&self, version: Version) -> Result<Sender, ProxyError> {
        let (near, far) = duplex(PIPE_BYTES);
        let (bytes, tasks) = (self.bytes, self.tasks.clone());
        self.tasks.spawn(async move {
            let body = bytes::Bytes::from(vec![b'x'; bytes]);
            let answer = |_| {
                let response = Response::new(ProxyBody::full(body.clone()));
                async move { response }
            };
            serve(far, Heads::default(), &tasks, answer).await;
        });
        let lost = |error| self.lost(error);
        let begun = handshake(near, version, &self.tasks).await;
        begun.map_err(lost)
    }

    fn lost(&self, error: Lost) -> ProxyError {
        ProxyError::upstream_down("The server in memory is gone.").because(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_answered_over_the_same_connection_each_time() {
        let requests = Requests::new(1024).unwrap();
        for _ in 0..3 {
            assert_eq!(requests.one(), Some(1024));
        }
        assert_eq!(requests.pool.reading().idle, 1);
    }
}
