//! Listening: an authoriser, and a handler for each protocol.

use std::{
    collections::{HashMap, HashSet},
    fmt,
    future::Future,
    sync::{Arc, PoisonError},
    time::Duration,
};

use futures_util::future::BoxFuture;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::value::RawValue;
use tokio::io::AsyncWriteExt;

use crate::{Node, PublicKey, RejectCode, Rejection, Session, frame};

/// What a stream carries.
pub trait Protocol: Send + 'static {
    /// Its name on the wire, such as `malai/http/1`.
    const NAME: &'static str;
    /// What the opener says first; part of the header, so at most 64 KiB of JSON.
    type Open: Serialize + DeserializeOwned + Send;
}

/// A protocol of one question and one answer: the opening message is the question.
pub trait Call: Protocol {
    /// The answer, at most 64 KiB of JSON.
    type Response: Serialize + DeserializeOwned + Send;
}

/// Who wants what: all that is known of a stream before its handler runs.
#[derive(Debug)]
pub struct Asked {
    /// The key that QUIC has authenticated.
    pub peer: PublicKey,
    /// The protocol's name.
    pub protocol: String,
    /// The opening message, as the peer wrote it.
    pub open: Box<RawValue>,
}

/// Begins to describe what `node` serves; nothing is until [`Listener::serve`].
pub fn listen(node: &Node) -> Listener {
    Listener {
        node: node.clone(),
        handlers: Handlers::default(),
    }
}

/// What a node will serve.
#[derive(Debug)]
#[must_use = "nothing is served until `serve`"]
pub struct Listener {
    node: Node,
    handlers: Handlers,
}

/// Ends serving when told to.
#[derive(Debug)]
pub struct ServerHandle(Node);

/// What an authoriser says about a stream.
pub enum Authorization {
    /// At once.
    Now(Result<(), Rejection>),
    /// Somebody has to be asked first: the peer is told that it waits. Dropped when it leaves.
    Later(BoxFuture<'static, Result<(), Rejection>>),
}

impl fmt::Debug for Authorization {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Now(answer) => formatter.debug_tuple("Now").field(answer).finish(),
            Self::Later(_) => formatter.write_str("Later"),
        }
    }
}

impl From<Result<(), Rejection>> for Authorization {
    fn from(answer: Result<(), Rejection>) -> Self {
        Self::Now(answer)
    }
}

type Authorizer = dyn Fn(Asked) -> BoxFuture<'static, Authorization> + Send + Sync;
type Known = dyn Fn(&PublicKey) -> bool + Send + Sync;
type Handler = dyn Fn(Session, Box<RawValue>) -> BoxFuture<'static, ()> + Send + Sync;

/// What one node serves; without an authoriser everything is refused.
#[derive(Default)]
pub(crate) struct Handlers {
    authorizer: Option<Box<Authorizer>>,
    /// Who is no stranger before anything was asked for.
    known: Option<Box<Known>>,
    by_protocol: HashMap<&'static str, Box<Handler>>,
    /// Those about which the authoriser is not asked.
    for_everybody: HashSet<&'static str>,
}

impl fmt::Debug for Handlers {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_set()
            .entries(self.by_protocol.keys())
            .finish()
    }
}

impl Listener {
    /// Asks `authorizer` about every stream before its handler sees it.
    pub fn authorize<F, R>(mut self, authorizer: F) -> Self
    where
        F: Fn(Asked) -> R + Send + Sync + 'static,
        R: Future<Output: Into<Authorization>> + Send + 'static,
    {
        self.handlers.authorizer = Some(Box::new(move |asked| {
            let answer = authorizer(asked);
            Box::pin(async { answer.await.into() })
        }));
        self
    }

    /// Keeps room for the connections of those whom `knows` knows. Whoever is let in to anything is
    /// no stranger from then on; nobody else is known without it.
    pub fn know(mut self, knows: impl Fn(&PublicKey) -> bool + Send + Sync + 'static) -> Self {
        self.handlers.known = Some(Box::new(knows));
        self
    }

    /// Serves every stream of `protocol` with `handler`, in a task of its own.
    pub fn handle_streams<P, S, H, R>(mut self, protocol: P, state: S, handler: H) -> Self
    where
        P: Protocol,
        S: Clone + Send + Sync + 'static,
        H: Fn(S, Session, P::Open) -> R + Clone + Send + Sync + 'static,
        R: Future<Output = ()> + Send + 'static,
    {
        drop(protocol);
        let handle = move |mut session: Session, open: Box<RawValue>| -> BoxFuture<'static, ()> {
            let (state, handler) = (state.clone(), handler.clone());
            Box::pin(async move {
                let open = match parse::<P>(&open) {
                    Ok(open) => open,
                    Err(rejection) => return session.reject(&rejection).await,
                };
                match session.write_all(&[frame::ACCEPT]).await {
                    Ok(()) => handler(state, session, open).await,
                    Err(error) => tracing::debug!(%error, "the peer left before our answer"),
                }
            })
        };
        self.handlers.by_protocol.insert(P::NAME, Box::new(handle));
        self
    }

    /// Answers every call of `protocol` with what `handler` returns.
    pub fn handle_requests<P, S, H, R>(mut self, protocol: P, state: S, handler: H) -> Self
    where
        P: Call,
        S: Clone + Send + Sync + 'static,
        H: Fn(S, PublicKey, P::Open) -> R + Clone + Send + Sync + 'static,
        R: Future<Output = Result<P::Response, Rejection>> + Send + 'static,
    {
        drop(protocol);
        let handle = move |mut session: Session, open: Box<RawValue>| -> BoxFuture<'static, ()> {
            let (state, handler) = (state.clone(), handler.clone());
            Box::pin(async move {
                let response = match parse::<P>(&open) {
                    Ok(open) => handler(state, session.peer(), open).await,
                    Err(rejection) => Err(rejection),
                };
                let response = response.and_then(|response| {
                    frame::encode(&response)
                        .map_err(|_| Rejection::new(RejectCode::Busy, "the response is too long"))
                });
                let bytes = match response {
                    Ok(bytes) => [vec![frame::ACCEPT], bytes].concat(),
                    Err(rejection) => return session.reject(&rejection).await,
                };
                let sent = async {
                    session.write_all(&bytes).await?;
                    session.shutdown().await
                };
                if let Err(error) = sent.await {
                    tracing::debug!(%error, "the peer left before our response");
                }
            })
        };
        self.handlers.by_protocol.insert(P::NAME, Box::new(handle));
        self
    }

    /// The same for whoever asks, without a word of the authoriser; it opens nothing else to them.
    pub fn handle_requests_of_everybody<P, S, H, R>(
        mut self,
        protocol: P,
        state: S,
        handler: H,
    ) -> Self
    where
        P: Call,
        S: Clone + Send + Sync + 'static,
        H: Fn(S, PublicKey, P::Open) -> R + Clone + Send + Sync + 'static,
        R: Future<Output = Result<P::Response, Rejection>> + Send + 'static,
    {
        self.handlers.for_everybody.insert(P::NAME);
        self.handle_requests(protocol, state, handler)
    }

    /// From here on streams are answered, also on connections that exist already.
    /// A second call on the same node replaces the first.
    pub fn serve(self) -> ServerHandle {
        let handlers = Some(Arc::new(self.handlers));
        *self
            .node
            .0
            .handlers
            .write()
            .unwrap_or_else(PoisonError::into_inner) = handlers;
        ServerHandle(self.node)
    }
}

impl ServerHandle {
    /// Refuses new streams, and closes the node as [`Node::close`] does.
    pub async fn stop(self, deadline: Duration) -> usize {
        self.0.close(deadline).await
    }
}

impl Handlers {
    pub(crate) fn knows(&self, peer: &PublicKey) -> bool {
        self.known.as_ref().is_some_and(|known| known(peer))
    }

    /// Answers a stream; `trust` is called when its peer may use what it asked for.
    pub(crate) async fn handle(
        &self,
        mut session: Session,
        header: frame::Header,
        trust: impl FnOnce(),
    ) {
        let frame::Header { protocol, open } = header;
        let Some(handler) = self.by_protocol.get(protocol.as_str()) else {
            let rejection = Rejection::new(RejectCode::UnknownProtocol, "no such protocol here");
            return session.reject(&rejection).await;
        };
        if self.for_everybody.contains(protocol.as_str()) {
            return handler(session, open).await;
        }
        let asked = Asked {
            peer: session.peer(),
            protocol,
            open: open.clone(),
        };
        let allowed = match &self.authorizer {
            Some(authorizer) => authorizer(asked).await,
            None => Authorization::Now(Err(Rejection::new(
                RejectCode::Unauthorized,
                "nobody is allowed here",
            ))),
        };
        let allowed = match allowed {
            Authorization::Now(allowed) => allowed,
            Authorization::Later(answer) => match session.wait_for(answer).await {
                Some(allowed) => allowed,
                None => return tracing::debug!("the peer did not wait for the answer"),
            },
        };
        match allowed {
            Ok(()) => {
                trust();
                handler(session, open).await;
            }
            Err(rejection) => session.reject(&rejection).await,
        }
    }
}

fn parse<P: Protocol>(open: &RawValue) -> Result<P::Open, Rejection> {
    serde_json::from_str(open.get()).map_err(|error| {
        tracing::debug!(%error, protocol = P::NAME, "an opening message that is none");
        Rejection::new(
            RejectCode::BadRequest,
            "the opening message is not one of this protocol",
        )
    })
}
