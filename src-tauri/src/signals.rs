//! The signals that end the application: it drains, and a second one does not wait for it.

use tracing::{debug, info, warn};

use crate::controller::{Inbox, Input};

/// Passes signals on until the controller has ended.
#[cfg(unix)]
pub(crate) async fn listen(inbox: Inbox) {
    use tokio::signal::unix::{SignalKind, signal};
    let signals = [
        signal(SignalKind::terminate()),
        signal(SignalKind::interrupt()),
        signal(SignalKind::hangup()),
    ];
    let [Ok(mut terminate), Ok(mut interrupt), Ok(mut hangup)] = signals else {
        warn!("signals cannot be heard; they end malai at once");
        return;
    };
    loop {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
            _ = hangup.recv() => {}
        }
        info!("told to end");
        if inbox.send(Input::Quit).await.is_err() {
            return debug!("the controller has ended");
        }
    }
}

/// Passes Ctrl-C on until the controller has ended.
#[cfg(not(unix))]
pub(crate) async fn listen(inbox: Inbox) {
    while tokio::signal::ctrl_c().await.is_ok() {
        info!("told to end");
        if inbox.send(Input::Quit).await.is_err() {
            return debug!("the controller has ended");
        }
    }
    warn!("Ctrl-C cannot be heard");
}
