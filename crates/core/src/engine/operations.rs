//! The few long-lived operations, as fastn-context names and cancels them: malai → identity →
//! each share and bridge.
//!
//! `malai status --tree` shows them.
//! fastn-context never lets go of a finished child (some 0.5 KiB each, measured), so only what a
//! person starts is one; connections, streams and draining belong to
//! [`Shutdown`](crate::shutdown::Shutdown).

use std::{fmt, sync::Arc};

use fastn_context::{Context, ContextStatus};
use malai_api::Operation;
use tokio::{
    sync::{mpsc, oneshot},
    time::Instant,
};

use super::keeper::{Command, at};
use crate::control::Owner;

/// The tree of one engine; clones are the same tree.
#[derive(Clone)]
pub(super) struct Operations {
    root: Arc<Context>,
    identity: Arc<Context>,
}

/// One share or bridge in the tree; it leaves the tree when this is dropped.
pub(super) struct Running(Option<Arc<Context>>);

/// What ends a temporary share or bridge, and whom to tell.
#[derive(Debug)]
pub(super) struct Lease {
    pub(super) name: String,
    pub(super) generation: u64,
    pub(super) owner: Owner,
    pub(super) ends: Option<Instant>,
    pub(super) inbox: mpsc::WeakSender<Command>,
}

impl Operations {
    /// Begins the tree with the identity in it.
    pub(super) async fn begin(id52: &str) -> Self {
        let root = Context::new("malai");
        let identity = child(&root, &format!("identity {id52}"), None).await;
        let identity = identity.unwrap_or_else(|| Arc::clone(&root));
        Self { root, identity }
    }

    /// Adds a share or bridge, which ends by its lease, if it has one.
    pub(super) async fn add(&self, name: &str, lease: Option<Lease>) -> Running {
        Running(child(&self.identity, name, lease).await)
    }

    /// Ends all of them.
    pub(super) fn end(&self) {
        self.root.cancel();
    }

    /// The tree as it is.
    pub(super) fn tree(&self) -> Operation {
        operation(&self.root.status())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(context) = &self.0 {
            context.cancel();
        }
    }
}

impl fmt::Debug for Operations {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Operations").finish()
    }
}

impl fmt::Debug for Running {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Running").finish()
    }
}

/// `None` only while the runtime ends: the task sends its context before anything else.
async fn child(parent: &Context, name: &str, lease: Option<Lease>) -> Option<Arc<Context>> {
    let (started, context) = oneshot::channel();
    parent.child(name).spawn(|context| async move {
        if started.send(Arc::clone(&context)).is_err() {
            return;
        }
        match lease {
            None => context.cancelled().await,
            Some(lease) => lease.run_out(&context).await,
        }
    });
    context.await.ok()
}

impl Lease {
    /// Waits for the end of the operation, of its owner or of its time; tells of the latter two.
    async fn run_out(self, context: &Context) {
        let reason = tokio::select! {
            biased;
            () = context.cancelled() => return,
            () = self.owner.gone() => "whoever asked for it has gone",
            () = at(self.ends) => "its time is over",
        };
        let Some(inbox) = self.inbox.upgrade() else {
            return;
        };
        let end = Command::End {
            name: self.name,
            generation: self.generation,
            reason,
        };
        if inbox.send(end).await.is_err() {
            tracing::trace!("the engine has ended already");
        }
    }
}

fn operation(status: &ContextStatus) -> Operation {
    // Ended children stay listed in the context for ever; they are of no interest.
    let running = status.children.iter().filter(|child| !child.is_cancelled);
    Operation {
        name: status.name.clone(),
        age_secs: status.duration.as_secs(),
        children: running.map(operation).collect(),
    }
}
