//! Asking for a domain: at most once at a time, and not before its last answer is over.

use std::sync::{Arc, PoisonError};

use tokio::time::Instant;

use super::{Domains, answer::Answer, query};

impl Domains {
    /// Asks for `domain` again in the background, when it is in use and the time of its last
    /// answer is over.
    pub(crate) fn refresh(&self, domain: &str) {
        {
            let mut state = self.state();
            let is_due = state.cache.fresh(domain, Instant::now()).is_none();
            let is_in_use = state.cache.last(domain).is_some();
            if !is_due || !is_in_use || !state.refreshing.insert(domain.to_owned()) {
                return;
            }
        }
        let (domains, domain) = (self.clone(), domain.to_owned());
        self.0.shutdown.spawn(async move {
            tokio::select! {
                biased;
                () = domains.0.shutdown.draining() => {}
                _ = domains.answer(&domain) => {}
            }
            domains.state().refreshing.remove(&domain);
        });
    }

    /// The last answer while its time is not over, else a new one.
    pub(super) async fn answer(&self, domain: &str) -> Answer {
        if let Some(answer) = self.fresh(domain) {
            return answer;
        }
        let turn = {
            let mut turns = self.0.turns.lock().unwrap_or_else(PoisonError::into_inner);
            turns.retain(|_, turn| Arc::strong_count(turn) > 1);
            Arc::clone(turns.entry(domain.to_owned()).or_default())
        };
        // Whoever waits for the same finds the answer, which is kept for a while even when there
        // was none.
        let _turn = turn.lock().await;
        match self.fresh(domain) {
            Some(answer) => answer,
            None => self.ask(domain).await,
        }
    }

    /// A new answer.
    pub(super) async fn ask(&self, domain: &str) -> Answer {
        let servers = self.0.servers.load_full();
        // Never closed; and if it were, nothing would wait for its turn.
        let turn = self.0.lookups.acquire().await.ok();
        let (answer, ttl) = query::ask(&servers, domain).await;
        drop(turn);
        let changed = {
            let mut state = self.state();
            // An answer of servers that are no longer to be asked is used once.
            if Arc::ptr_eq(&servers, &self.0.servers.load()) {
                state.cache.put(domain, answer.clone(), ttl, Instant::now());
            }
            state.news(domain, &answer)
        };
        if let Some(error) = changed {
            self.tell(error.code(), &error.to_string());
        }
        answer
    }

    fn fresh(&self, domain: &str) -> Option<Answer> {
        self.state().cache.fresh(domain, Instant::now()).cloned()
    }
}
