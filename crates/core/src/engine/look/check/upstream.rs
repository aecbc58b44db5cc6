//! What answers where a service's traffic goes.

use std::time::Duration;

use http::StatusCode;
use malai_api::Protocol;
use tokio::time::timeout;

use super::Found;
use crate::{
    config::{HostRule, ServiceConfig, UpstreamAddress},
    shutdown::Shutdown,
    upstream::Backend,
};

/// How long all addresses together may take: dev servers build a page when it is first asked for.
const DEADLINE: Duration = Duration::from_secs(10);

/// Addresses that are asked; the rest is taken on trust.
const MOST_ASKED: usize = 4;

/// Asks the addresses in turn, as requests would, until one answers.
pub(super) async fn check(service: &ServiceConfig) -> Found {
    let tasks = Shutdown::default();
    let asked = timeout(DEADLINE, ask_all(service, &tasks)).await;
    // Its connections end with the check.
    tasks.drain(Duration::ZERO).await;
    asked.unwrap_or_else(|_| {
        Found::bad(format!(
            "it took the connection and did not answer within {} seconds; look at its output",
            DEADLINE.as_secs()
        ))
    })
}

async fn ask_all(service: &ServiceConfig, tasks: &Shutdown) -> Found {
    let mut first = None;
    for address in service.upstream.iter().take(MOST_ASKED) {
        match ask(service, address, tasks).await {
            Ok(found) => return found,
            Err(found) => first = first.or(Some(found)),
        }
    }
    first.unwrap_or_else(|| Found::bad("it has no address"))
}

/// What one address answers; the error is that it does not.
async fn ask(
    service: &ServiceConfig,
    address: &UpstreamAddress,
    tasks: &Shutdown,
) -> Result<Found, Found> {
    let backend = Backend::new(address.clone(), service.timeouts.connect, tasks.clone());
    if service.protocol == Protocol::Tcp {
        return match backend.connect().await {
            Ok(_stream) => Ok(Found::good(format!("{address} takes connections"))),
            Err(error) => Err(Found::bad(error.owner_message().to_owned())),
        };
    }
    let path = service.health.as_ref().map_or("/", |health| &health.path);
    let host = match &service.host {
        HostRule::Fixed(host) => Some(host.as_str()),
        HostRule::Upstream | HostRule::Keep => None,
    };
    match backend.ask(path, host).await {
        Ok(status) => Ok(answered(status, address)),
        Err(error) => Err(Found::bad(error.owner_message().to_owned())),
    }
}

fn answered(status: StatusCode, address: &UpstreamAddress) -> Found {
    let code = status.as_u16();
    if status.is_server_error() {
        let message =
            format!("it answers with {code}; look at the output of what runs at {address}");
        return Found::bad(message);
    }
    Found::good(format!("it answers with {code}"))
}
