//! Clients that ask all the time, each request with a number of its own, so that what was lost or
//! done twice can be counted.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use e2e::client::{self, Reply};
use hyper::{Method, Request, StatusCode};
use tokio::{
    task::JoinHandle,
    time::{Instant, sleep},
};

/// The pause of a client after a request that failed: a person does not ask thousands of times.
const AFTER_FAILURE: Duration = Duration::from_millis(20);

/// Running clients.
#[derive(Debug)]
pub(crate) struct Load {
    ends: Arc<AtomicBool>,
    clients: Vec<JoinHandle<Tally>>,
    answered: Arc<AtomicU64>,
}

/// What they saw.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// The requests that the service answered, as `METHOD /path`.
    pub(crate) answered: BTreeSet<String>,
    /// Those that were answered by malai, or broke off, with what was seen and when.
    pub(crate) failed: Vec<Failed>,
    /// The longest time without an answer of the service.
    pub(crate) longest: Duration,
    /// The first answer of malai's.
    pub(crate) told: Option<Reply>,
}

/// A request that was not answered by the service.
#[derive(Debug)]
pub(crate) struct Failed {
    pub(crate) request: String,
    pub(crate) why: String,
    pub(crate) took: Duration,
}

impl Load {
    /// Begins `clients` that send `method` requests to the bridge at `local`, one after another.
    pub(crate) fn begin(local: SocketAddr, method: &Method, clients: usize) -> Self {
        let ends = Arc::new(AtomicBool::new(false));
        let answered = Arc::new(AtomicU64::new(0));
        let clients = (0..clients)
            .map(|client| {
                let (ends, method) = (Arc::clone(&ends), method.clone());
                let answered = Arc::clone(&answered);
                tokio::spawn(ask(local, method, client, ends, answered))
            })
            .collect();
        Self {
            ends,
            clients,
            answered,
        }
    }

    /// Waits until `count` more requests have been answered by the service.
    pub(crate) async fn answers(&self, count: u64) -> Result<()> {
        let before = self.answered.load(Ordering::Relaxed);
        e2e::wait_until("answers under load", || async {
            Ok(self.answered.load(Ordering::Relaxed) >= before + count)
        })
        .await
    }

    /// Ends them.
    pub(crate) async fn end(self) -> Result<Tally> {
        self.ends.store(true, Ordering::Relaxed);
        let mut all = Tally::default();
        for client in self.clients {
            let one = e2e::within("a client's end", client).await??;
            all.answered.extend(one.answered);
            all.failed.extend(one.failed);
            all.longest = all.longest.max(one.longest);
            all.told = all.told.or(one.told);
        }
        Ok(all)
    }
}

impl Tally {
    /// Compares it with what reached the service: nothing that was answered is missing there, and
    /// nothing was done twice.
    pub(crate) fn against(&self, served: &[String]) -> Result<String> {
        let mut times = BTreeMap::new();
        for request in served {
            *times.entry(request.as_str()).or_insert(0_u32) += 1;
        }
        let doubled: Vec<_> = times.iter().filter(|(_, times)| **times > 1).collect();
        ensure!(doubled.is_empty(), "done twice: {doubled:?}");
        let lost: Vec<_> = self
            .answered
            .iter()
            .filter(|request| !times.contains_key(request.as_str()))
            .collect();
        ensure!(lost.is_empty(), "answered by nobody: {lost:?}");
        let failed = self.failed.iter();
        let reached = failed.filter(|failed| times.contains_key(failed.request.as_str()));
        Ok(format!(
            "{} answered, {} failed and told, of which {} had reached the service; 0 lost, \
             0 doubled",
            self.answered.len(),
            self.failed.len(),
            reached.count()
        ))
    }

    /// How often each kind of failure was seen.
    pub(crate) fn kinds(&self) -> BTreeMap<&str, usize> {
        let mut kinds = BTreeMap::new();
        for failed in &self.failed {
            *kinds.entry(failed.why.as_str()).or_default() += 1;
        }
        kinds
    }
}

async fn ask(
    local: SocketAddr,
    method: Method,
    client: usize,
    ends: Arc<AtomicBool>,
    answered: Arc<AtomicU64>,
) -> Tally {
    let mut tally = Tally::default();
    let mut last = Instant::now();
    let mut number = 0;
    while !ends.load(Ordering::Relaxed) {
        let path = format!("/echo/{client}-{number}");
        number += 1;
        let began = Instant::now();
        let why = match one(local, &method, &path).await {
            Ok(reply) if reply.status == StatusCode::OK => {
                tally.answered.insert(format!("{method} {path}"));
                tally.longest = tally.longest.max(last.elapsed());
                last = Instant::now();
                answered.fetch_add(1, Ordering::Relaxed);
                continue;
            }
            Ok(reply) => {
                let code = reply.header("malai-error").to_owned();
                tally.told.get_or_insert(reply);
                code
            }
            Err(_) => "broken off".to_owned(),
        };
        tally.failed.push(Failed {
            request: format!("{method} {path}"),
            why,
            took: began.elapsed(),
        });
        sleep(AFTER_FAILURE).await;
    }
    tally.longest = tally.longest.max(last.elapsed());
    tally
}

/// One request; an answer of the service must be the answer to this one.
async fn one(local: SocketAddr, method: &Method, path: &str) -> Result<Reply> {
    let request = Request::builder()
        .method(method)
        .uri(format!("http://{local}{path}"));
    // What has no body can be sent again, where that is safe.
    let body = match *method {
        Method::GET => client::empty(),
        _ => client::full("x"),
    };
    let reply = client::send(request.body(body)?).await?;
    if reply.status == StatusCode::OK {
        let echoed = reply.json()?["path"].clone();
        let echoed = echoed.as_str().context("no path")?;
        assert_eq!(echoed, path, "the answer to another request");
    }
    Ok(reply)
}
