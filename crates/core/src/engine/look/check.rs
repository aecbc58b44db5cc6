//! How a service of ours can be reached: its upstream, the local network, the relay.
//!
//! Nothing is concluded from settings where it can be tried: the upstream is really asked, and a
//! stranger, a node with a key of its own that is gone afterwards, really dials us by the way that
//! is looked at and by no other.
//! What cannot be seen from this machine, such as a firewall between others and us, is said to be
//! so.

mod upstream;
mod ways;

use std::{sync::Arc, time::Duration};

use malai_api::{Check, CheckOutcome, CheckSubject, Failure, Response, codes};
use tokio::time::timeout;

use super::Look;

/// How long the whole of a check may take, those that it waits for included; what is tried in it
/// has shorter deadlines of its own.
const DEADLINE: Duration = Duration::from_secs(30);

impl Look {
    /// How a service of ours can be reached: its upstream, the local network, the relay.
    pub(in crate::engine) async fn check(&self, service: &str) -> Response {
        match timeout(DEADLINE, self.checks(service)).await {
            Ok(Ok(checks)) => Response::Checked { checks },
            Ok(Err(failure)) => failure.into(),
            Err(_) => {
                let message = "other checks take too long; try again in a moment";
                Failure::new(codes::BUSY, message).into()
            }
        }
    }

    async fn checks(&self, name: &str) -> Result<Vec<Check>, Failure> {
        let config = self.effective.load_full();
        let Some(service) = config.services.get(name) else {
            let message = format!("no service is called `{name}`; `malai ls` shows what there is");
            return Err(Failure::new(codes::NAME_UNKNOWN, message));
        };
        let turn = Arc::clone(&self.checking).acquire_owned().await;
        let (upstream, lan, relay) = tokio::join!(
            upstream::check(service),
            self.lan(),
            self.relay(&config.network)
        );
        drop(turn);
        Ok(vec![
            upstream.of(CheckSubject::Upstream),
            lan.of(CheckSubject::Lan),
            relay.of(CheckSubject::Relay),
        ])
    }
}

/// How something was found.
#[derive(Debug)]
struct Found {
    outcome: CheckOutcome,
    message: String,
}

impl Found {
    fn good(message: impl Into<String>) -> Self {
        Self::new(CheckOutcome::Good, message)
    }

    fn bad(message: impl Into<String>) -> Self {
        Self::new(CheckOutcome::Bad, message)
    }

    fn off(message: impl Into<String>) -> Self {
        Self::new(CheckOutcome::Off, message)
    }

    fn new(outcome: CheckOutcome, message: impl Into<String>) -> Self {
        Self {
            outcome,
            message: message.into(),
        }
    }

    fn of(self, what: CheckSubject) -> Check {
        Check {
            what,
            outcome: self.outcome,
            message: self.message,
        }
    }
}

#[cfg(test)]
mod tests;
