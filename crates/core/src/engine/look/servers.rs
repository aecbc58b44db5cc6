//! Local servers that listen and could be shared.

use std::{sync::Arc, time::Duration};

use malai_api::{Failure, Response, codes};
use tokio::{task::spawn_blocking, time::timeout};

use super::Look;

/// How long a look at the machine may take: some milliseconds, unless a directory is on a disk
/// that does not answer.
const DEADLINE: Duration = Duration::from_secs(3);

impl Look {
    /// Local servers that listen and could be shared.
    pub(in crate::engine) async fn servers(&self) -> Response {
        let looked = timeout(DEADLINE, self.look_for_servers()).await;
        looked.unwrap_or_else(|_| {
            let message = "looking for local servers takes too long; type the port instead";
            Failure::new(codes::BUSY, message).into()
        })
    }

    async fn look_for_servers(&self) -> Response {
        // One look at a time, so that looks which hang do not pile up.
        let mut detector = Arc::clone(&self.detector).lock_owned().await;
        let config = self.effective.load_full();
        let looked = spawn_blocking(move || detector.servers(&config));
        match looked.await {
            Ok(Ok(servers)) => Response::Detected { servers },
            Ok(Err(error)) => {
                let message = format!("this system does not tell what listens: {error}");
                Failure::new("detect-failed", message).into()
            }
            Err(error) => Failure::new("internal", error.to_string()).into(),
        }
    }
}
