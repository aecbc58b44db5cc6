//! Local servers that listen and could be shared.

use malai_api::{Failure, Response};

use super::Look;

impl Look {
    /// Local servers that listen and could be shared.
    pub(in crate::engine) async fn servers(&self) -> Response {
        Failure::new("internal", "not there yet").into()
    }
}
