//! What comes after `101 Switching Protocols`: bytes both ways, such as WebSocket.

use fastn_p2p::copy_both;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::time::Instant;

use crate::meter::Meter;

/// Joins the two upgraded connections until both directions have ended.
///
/// An error on one side drops both, which resets them: the end of a cut connection never looks
/// like a clean one.
pub(super) async fn tunnel(client: OnUpgrade, server: OnUpgrade, meter: Meter) {
    let open = meter.begin(Instant::now());
    let (client, server) = match tokio::try_join!(client, server) {
        Ok(upgraded) => upgraded,
        Err(error) => {
            tracing::debug!(%error, "an upgrade did not happen");
            return;
        }
    };
    let end = copy_both(
        TokioIo::new(client),
        TokioIo::new(server),
        |received, sent| {
            meter.received(received);
            meter.sent(sent);
        },
    )
    .await;
    drop(open);
    if let Some(error) = end.error {
        tracing::debug!(%error, "an upgraded connection was cut");
    }
}
