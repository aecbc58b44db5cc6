//! Whether something answers where the traffic of each share goes, while somebody wants to know.
//!
//! Nothing is connected to while nobody watches: then there is no answer either, since an old one
//! may be wrong.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use futures_util::{StreamExt, stream};
use tokio::{
    sync::{Notify, watch},
    time::sleep,
};

use super::probe;
use crate::{
    config::{Config, UpstreamAddress},
    shutdown::Shutdown,
};

/// Between two looks: soon enough for a person who has just started something, and nothing to a
/// server, which sees a connection that is closed again.
const EVERY: Duration = Duration::from_secs(3);

/// Services looked at together, so that many of them do not take many sockets.
const AT_ONCE: usize = 16;

/// What was found, by service: the upstream that was looked at, and whether it answers.
type Known = BTreeMap<String, (Vec<UpstreamAddress>, bool)>;

/// Looks at the upstreams of all active services; clones are the same one.
#[derive(Debug, Clone)]
pub(super) struct Answers(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    effective: Arc<ArcSwap<Config>>,
    /// How many want to know.
    watchers: watch::Sender<usize>,
    known: watch::Sender<Known>,
    again: Notify,
}

/// Somebody wants to know for as long as this lives.
#[derive(Debug)]
pub(super) struct AnswersWatched {
    inner: Arc<Inner>,
    known: watch::Receiver<Known>,
}

impl Answers {
    /// Begins to wait for somebody who wants to know.
    pub(super) fn start(effective: Arc<ArcSwap<Config>>, shutdown: &Shutdown) -> Self {
        let inner = Inner {
            effective,
            watchers: watch::Sender::new(0),
            known: watch::Sender::default(),
            again: Notify::new(),
        };
        let answers = Self(Arc::new(inner));
        shutdown.spawn(answers.clone().run(shutdown.clone()));
        answers
    }

    /// Looks from here on, until the result is dropped.
    pub(super) fn watch(&self) -> AnswersWatched {
        self.0.watchers.send_modify(|watchers| *watchers += 1);
        AnswersWatched {
            inner: Arc::clone(&self.0),
            known: self.0.known.subscribe(),
        }
    }

    /// Looks at once, if somebody wants to know: something is shared from now on.
    pub(super) fn look_again(&self) {
        self.0.again.notify_one();
    }

    /// Whether something answered when `service`, with this upstream, was last looked at.
    pub(super) fn of(&self, service: &str, upstream: &[UpstreamAddress]) -> Option<bool> {
        let known = self.0.known.borrow();
        let (looked_at, answers) = known.get(service)?;
        (looked_at == upstream).then_some(*answers)
    }

    async fn run(self, shutdown: Shutdown) {
        tokio::select! {
            biased;
            () = shutdown.draining() => {}
            () = self.look_while_watched() => {}
        }
    }

    async fn look_while_watched(&self) {
        let mut watchers = self.0.watchers.subscribe();
        loop {
            if watchers.wait_for(|watchers| *watchers > 0).await.is_err() {
                return;
            }
            self.look().await;
            let is_over = tokio::select! {
                biased;
                over = watchers.wait_for(|watchers| *watchers == 0) => over.is_ok(),
                () = self.0.again.notified() => false,
                () = sleep(EVERY) => false,
            };
            if is_over {
                self.tell(Known::new());
            }
        }
    }

    async fn look(&self) {
        let config = self.0.effective.load_full();
        let active = config.services.iter().filter(|(_, it)| it.active);
        let wanted: Vec<_> = active
            .map(|(name, it)| (name.clone(), it.upstream.clone()))
            .collect();
        let looks = stream::iter(wanted).map(|(name, upstream)| async {
            let answers = probe::answers(&upstream).await;
            (name, (upstream, answers))
        });
        self.tell(looks.buffer_unordered(AT_ONCE).collect().await);
    }

    fn tell(&self, found: Known) {
        self.0.known.send_if_modified(|known| {
            let differs = *known != found;
            *known = found;
            differs
        });
    }
}

impl AnswersWatched {
    /// Resolves when an answer has changed since the last call, or since the beginning. Cancel
    /// safe.
    pub(super) async fn changed(&mut self) {
        if self.known.changed().await.is_err() {
            // The sender is in `self`, so it is there.
            std::future::pending().await
        }
    }
}

impl Drop for AnswersWatched {
    fn drop(&mut self) {
        self.inner.watchers.send_modify(|watchers| *watchers -= 1);
    }
}

#[cfg(test)]
mod tests {
    use malai_api::Protocol;
    use tokio::time::timeout;

    use super::*;
    use crate::config::ServiceConfig;

    /// How long anything that is waited for may take.
    const DEADLINE: Duration = Duration::from_secs(20);

    struct Place {
        answers: Answers,
        upstream: Vec<UpstreamAddress>,
        effective: Arc<ArcSwap<Config>>,
        shutdown: Shutdown,
    }

    impl Place {
        fn new(upstream: &str) -> Self {
            let mut config = Config::default();
            let service = ServiceConfig::new(Protocol::Http, upstream.parse().unwrap());
            let upstream = service.upstream.clone();
            config.services.insert("shop".to_owned(), service);
            let effective = Arc::new(ArcSwap::from_pointee(config));
            let shutdown = Shutdown::default();
            Self {
                answers: Answers::start(Arc::clone(&effective), &shutdown),
                upstream,
                effective,
                shutdown,
            }
        }

        async fn becomes(&self, wanted: Option<bool>) {
            let mut known = self.answers.0.known.subscribe();
            let is_so = |_: &Known| self.answers.of("shop", &self.upstream) == wanted;
            let found = timeout(DEADLINE, async {
                while !is_so(&known.borrow_and_update().clone()) {
                    known.changed().await.unwrap();
                }
            });
            found.await.unwrap();
        }
    }

    #[tokio::test]
    async fn tells_while_somebody_watches_and_forgets_afterwards() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let place = Place::new(&listener.local_addr().unwrap().to_string());
        assert_eq!(place.answers.of("shop", &place.upstream), None);
        let watched = place.answers.watch();
        place.becomes(Some(true)).await;
        drop(listener);
        place.becomes(Some(false)).await;
        drop(watched);
        place.becomes(None).await;
        assert_eq!(place.shutdown.drain(DEADLINE).await, 0);
    }

    #[tokio::test]
    async fn connects_to_nothing_while_nobody_watches() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let place = Place::new(&listener.local_addr().unwrap().to_string());
        drop(place.answers.watch());
        place.answers.look_again();
        place.becomes(None).await;
        // Whoever watched for a moment only may have been looked for once, and never again.
        let more = async {
            loop {
                listener.accept().await.unwrap();
                timeout(EVERY * 2, listener.accept()).await.unwrap_err();
            }
        };
        assert!(timeout(EVERY * 2, more).await.is_err());
        place.shutdown.drain(DEADLINE).await;
    }

    #[tokio::test]
    async fn an_answer_is_not_taken_for_that_of_another_upstream() {
        let place = Place::new("127.0.0.77:1");
        let _watched = place.answers.watch();
        place.becomes(Some(false)).await;
        let other = ["127.0.0.1:2".parse().unwrap()];
        assert_eq!(place.answers.of("shop", &other), None);
        place.effective.store(Arc::default());
        place.answers.look_again();
        place.becomes(None).await;
        place.shutdown.drain(DEADLINE).await;
    }
}
