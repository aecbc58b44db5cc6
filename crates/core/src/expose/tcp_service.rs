//! One stream of a TCP service: the bytes of one connection.
//!
//! A stream that says nothing is left open, as a shell may be; a peer that is gone ends it, since
//! QUIC notices.

use fastn_p2p::{Session, copy_both, reset};
use malai_api::Protocol;
use tokio::{
    io::AsyncWriteExt,
    time::{Instant, timeout},
};

use super::{Expose, proxy_header, service::Service};
use crate::{http::ProxyError, meter, policy::Allowed, stream::ResetOnDrop, wire::Open};

pub(super) async fn serve(expose: Expose, mut session: Session, open: Open) {
    let peer = session.peer();
    let Some((allowed, service)) = expose.find(&peer, &open.service, Protocol::Tcp) else {
        return session.cancel(reset::REVOKED);
    };
    let begun = Instant::now();
    let slot = match expose.admit(&service, &peer, begun) {
        Ok(slot) => slot,
        Err(refused) => {
            let (service, reason) = (allowed.service(), refused.reason.name());
            tracing::debug!(service, reason, "a connection was refused");
            return session.cancel(reset::ABORTED);
        }
    };
    service.limit_bandwidth(&mut session);
    let counted = service.meter.begin(begun);
    let entry = expose.0.sessions.enter(peer, allowed.service());
    // Asked again: a permission that went away before the entry could not cut this stream.
    if expose
        .find(&peer, allowed.service(), Protocol::Tcp)
        .is_none()
    {
        return session.cancel(reset::REVOKED);
    }
    let work = async {
        let (upstream, at_backend) = match expose.connect(&service, &allowed).await {
            Ok(connected) => connected,
            Err(error) => {
                service.meter.failed(error.side.fault());
                let error = error.chain();
                tracing::warn!(
                    service = allowed.service(),
                    error,
                    "the upstream is not there"
                );
                return session.cancel(reset::ABORTED);
            }
        };
        let started = Instant::now();
        let end = copy_both(session, upstream, |received, sent| {
            service.meter.received(received);
            service.meter.sent(sent);
        })
        .await;
        tracing::debug!(
            peer = %peer.short(),
            service = allowed.service(),
            bytes_in = end.forward_bytes,
            bytes_out = end.backward_bytes,
            elapsed_ms = started.elapsed().as_millis(),
            error = end.error.map(|error| error.to_string()),
            "connection ended"
        );
        drop(at_backend);
    };
    entry.run(Box::pin(work)).await;
    drop((counted, slot));
}

impl Expose {
    /// Connects to the upstream and, where that is wanted, tells it first who comes.
    async fn connect(
        &self,
        service: &Service,
        allowed: &Allowed,
    ) -> Result<(ResetOnDrop, meter::Open), ProxyError> {
        let (stream, open) = service.whole().connect(allowed).await?;
        let address = service.config.proxy_protocol.then(|| stream.peer_address());
        let mut upstream = ResetOnDrop::new(stream);
        if let Some(address) = address {
            let name = self.pet_name(allowed.peer());
            let header = proxy_header::encode(allowed.peer(), name.as_deref(), address);
            let after = service.config.timeouts.connect;
            match timeout(after, upstream.write_all(&header)).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => {
                    let message = "The service closed the connection before it was told who comes.";
                    return Err(ProxyError::upstream_down(message).because(error));
                }
                Err(_) => {
                    let message = "The service does not take what tells it who comes.";
                    return Err(ProxyError::upstream_slow(message));
                }
            }
        }
        Ok((upstream, open))
    }
}
