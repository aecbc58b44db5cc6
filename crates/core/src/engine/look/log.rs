//! The record of who used what, as far as it is wanted.

use std::path::Path;

use malai_api::{Failure, LogRequest, Response};
use tokio::task::spawn_blocking;

use super::Look;
use crate::{
    audit::{self, Filter},
    causes::causes,
    config::Config,
};

impl Look {
    /// The lines that `request` asks for.
    pub(in crate::engine) async fn log(&self, request: LogRequest) -> Response {
        let Some(path) = self.audit.path().map(Path::to_owned) else {
            let entries = Vec::new();
            return Response::Log { entries };
        };
        let config = self.effective.load_full();
        let read = spawn_blocking(move || entries(&path, &config, &request)).await;
        let failed = |error| Failure::new("internal", causes(&error));
        let answer = read.map_err(failed).and_then(|read| read);
        answer.unwrap_or_else(Response::Error)
    }
}

/// The same without an engine. Blocks for disk reads.
pub(in crate::engine) fn entries(
    path: &Path,
    config: &Config,
    request: &LogRequest,
) -> Result<Response, Failure> {
    let peer = request.peer.as_deref().and_then(|text| config.key_of(text));
    match audit::read(path, &Filter::new(request, peer)) {
        Ok(entries) => Ok(Response::Log { entries }),
        Err(error) => {
            let cause = causes(&error);
            let message = format!("{} cannot be read: {cause}", path.display());
            Err(Failure::new("log-unreadable", message))
        }
    }
}
