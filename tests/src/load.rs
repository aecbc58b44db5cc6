//! Clients that ask again and again, so that a gap shows.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use anyhow::Result;
use tokio::{
    task::JoinHandle,
    time::{Instant, sleep},
};

use crate::{client::Connection, wait_until};

/// The pause between two requests of one client: the machine is not to be kept busy by this.
const PAUSE: Duration = Duration::from_millis(5);

/// Several clients of one bridge, each with a kept connection.
#[derive(Debug)]
pub struct Load {
    stop: Arc<AtomicBool>,
    counted: Arc<Mutex<Counted>>,
    clients: Vec<JoinHandle<()>>,
}

/// What came of their requests.
#[derive(Debug, Clone, Default)]
pub struct Counted {
    /// Requests that were answered with 200.
    pub answered: usize,
    /// What went wrong with the others.
    pub failures: Vec<String>,
    /// The longest time without any answer.
    pub longest_gap: Duration,
    last: Option<Instant>,
}

impl Load {
    /// Begins: so many clients get `path` from `bridge`.
    #[must_use]
    pub fn begin(bridge: SocketAddr, path: &str, clients: usize) -> Self {
        let (stop, counted) = (Arc::new(AtomicBool::new(false)), Arc::default());
        let url = format!("http://{bridge}{path}");
        let client = |_| {
            let (stop, counted, url) = (Arc::clone(&stop), Arc::clone(&counted), url.clone());
            tokio::spawn(async move { ask(bridge, &url, &stop, &counted).await })
        };
        let clients = (0..clients).map(client).collect();
        Self {
            stop,
            counted,
            clients,
        }
    }

    /// So far.
    #[must_use]
    pub fn counted(&self) -> Counted {
        lock(&self.counted).clone()
    }

    /// Waits until so many more requests were answered.
    ///
    /// # Errors
    /// When that takes too long.
    pub async fn answers(&self, more: usize) -> Result<()> {
        let goal = self.counted().answered + more;
        wait_until("more answers", || async {
            Ok(self.counted().answered >= goal)
        })
        .await
    }

    /// Ends it.
    ///
    /// # Errors
    /// When a client has panicked.
    pub async fn end(self) -> Result<Counted> {
        self.stop.store(true, Ordering::Relaxed);
        for client in self.clients {
            client.await?;
        }
        let counted = lock(&self.counted).clone();
        eprintln!("---- load: {counted:?}");
        Ok(counted)
    }
}

async fn ask(bridge: SocketAddr, url: &str, stop: &AtomicBool, counted: &Mutex<Counted>) {
    let mut kept = None;
    while !stop.load(Ordering::Relaxed) {
        let outcome = async {
            let mut connection = match kept.take() {
                Some(connection) => connection,
                None => Connection::open(bridge).await?,
            };
            let reply = connection.get(url).await?;
            anyhow::Ok((connection, reply))
        };
        match outcome.await {
            Ok((connection, reply)) if reply.status == 200 => {
                kept = Some(connection);
                let mut counted = lock(counted);
                let now = Instant::now();
                let gap = counted
                    .last
                    .replace(now)
                    .map_or(Duration::ZERO, |last| now - last);
                counted.longest_gap = counted.longest_gap.max(gap);
                counted.answered += 1;
            }
            Ok((_, reply)) => lock(counted).failures.push(format!("{reply:?}")),
            Err(error) => lock(counted).failures.push(format!("{error:#}")),
        }
        sleep(PAUSE).await;
    }
}

fn lock(counted: &Mutex<Counted>) -> std::sync::MutexGuard<'_, Counted> {
    counted.lock().unwrap_or_else(PoisonError::into_inner)
}
