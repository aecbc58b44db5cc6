//! The services that a peer offers us.

use malai_api::{Failure, Response};

use super::Look;

impl Look {
    /// The services that a peer offers us.
    pub(in crate::engine) async fn services(&self, _peer: &str) -> Response {
        Failure::new("internal", "not there yet").into()
    }
}
