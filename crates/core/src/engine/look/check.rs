//! How a service of ours can be reached: its upstream, the local network, the relay.

use malai_api::{Failure, Response};

use super::Look;

impl Look {
    /// How a service of ours can be reached: its upstream, the local network, the relay.
    pub(in crate::engine) async fn check(&self, _service: &str) -> Response {
        Failure::new("internal", "not there yet").into()
    }
}
