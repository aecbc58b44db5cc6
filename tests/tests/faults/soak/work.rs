//! The mixed load: workers that each do one kind of thing, and check every byte of it.

use std::{
    future::Future,
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use e2e::{Random, client, pattern::Checker, websocket};
use futures_util::{SinkExt, StreamExt};
use http_body_util::BodyExt;
use hyper::{Request, Response, StatusCode, body::Incoming};
use tokio::{
    net::TcpStream,
    task::JoinHandle,
    time::{Instant, sleep},
};
use tokio_tungstenite::tungstenite::Message;

use super::plant::Plant;
use crate::road::says_again;

/// The pause of a worker after each thing done: mixed load, not all that fits.
const PAUSE: Duration = Duration::from_millis(50);

/// The longest that one thing may take before it hangs.
const HANGS: Duration = Duration::from_secs(60);

/// How often is looked whether all go on.
const LOOK: Duration = Duration::from_millis(50);

const SMALL: u64 = 64 << 10;
const LARGE: u64 = 4 << 20;

/// All workers.
pub(super) struct Work {
    workers: Vec<Worker>,
    ends: Arc<AtomicBool>,
    failures: Arc<Mutex<Vec<String>>>,
}

struct Worker {
    what: &'static str,
    done: Arc<AtomicU64>,
    bytes: u64,
    running: JoinHandle<Result<()>>,
}

impl Work {
    pub(super) fn begin(plant: &Plant) -> Self {
        let mut work = Self {
            workers: Vec::new(),
            ends: Arc::default(),
            failures: Arc::default(),
        };
        let (alone, other, pipe) = (plant.alone, plant.other, plant.pipe);
        work.add("10 GETs on a kept connection", 10 * SMALL, move || {
            kept(alone)
        });
        work.add("GET, a connection each", SMALL, move || single(other));
        work.add("download", LARGE, move || download(alone));
        work.add("upload", LARGE / 2, move || upload(other));
        work.add("WebSocket messages", 20 * 1024, move || messages(alone));
        work.add("TCP echo", 20 * 8192, move || echo(pipe));
        work
    }

    #[expect(
        clippy::print_stderr,
        reason = "it runs for long, and people look at it"
    )]
    fn add<F, Fut>(&mut self, what: &'static str, bytes: u64, act: F)
    where
        F: Fn() -> Fut + Send + 'static,
        Fut: Future<Output = Result<()>> + Send,
    {
        let done = Arc::new(AtomicU64::new(0));
        let (ends, counter) = (Arc::clone(&self.ends), Arc::clone(&done));
        let failures = Arc::clone(&self.failures);
        let running = tokio::spawn(async move {
            while !ends.load(Ordering::Relaxed) {
                let acted = tokio::time::timeout(HANGS, act()).await;
                match acted.with_context(|| format!("{what} hangs"))? {
                    Ok(()) => {
                        counter.fetch_add(1, Ordering::Relaxed);
                    }
                    Err(error) => {
                        let kind = kind(&error)?;
                        eprintln!("         {what}: {kind}: {error:#}");
                        let mut all = failures.lock().unwrap_or_else(PoisonError::into_inner);
                        all.push(kind);
                    }
                }
                sleep(PAUSE).await;
            }
            Ok(())
        });
        self.workers.push(Worker {
            what,
            done,
            bytes,
            running,
        });
    }

    /// The failures so far, each by its kind.
    pub(super) fn failures(&self) -> Vec<String> {
        let all = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        all.clone()
    }

    /// Waits until each worker has begun and done two more things.
    pub(super) async fn all_go_on(&self, limit: Duration) -> Result<()> {
        let count = |worker: &Worker| worker.done.load(Ordering::Relaxed);
        let before: Vec<u64> = self.workers.iter().map(count).collect();
        let began = Instant::now();
        loop {
            let mut late = Vec::new();
            for (worker, before) in self.workers.iter().zip(&before) {
                ensure!(
                    !worker.running.is_finished(),
                    "{} has given up",
                    worker.what
                );
                if count(worker) < before + 2 {
                    late.push(worker.what);
                }
            }
            if late.is_empty() {
                return Ok(());
            }
            ensure!(began.elapsed() < limit, "{late:?} do not go on");
            sleep(LOOK).await;
        }
    }

    /// Ends it; what was done how often, and the bytes that were checked.
    pub(super) async fn end(self) -> Result<Vec<(&'static str, u64, u64)>> {
        self.ends.store(true, Ordering::Relaxed);
        let mut done = Vec::new();
        for worker in self.workers {
            worker.running.await?.context(worker.what)?;
            let times = worker.done.load(Ordering::Relaxed);
            done.push((worker.what, times, times * worker.bytes));
        }
        Ok(done)
    }
}

/// An answer of malai's in place of the service's.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Told(String);

/// A byte that is not the one that was sent; never permitted.
#[derive(Debug, thiserror::Error)]
#[error("wrong: {0}")]
struct Wrong(String);

/// The kind of a failure; what can never be one is an error.
fn kind(error: &anyhow::Error) -> Result<String> {
    if let Some(wrong) = error.downcast_ref::<Wrong>() {
        anyhow::bail!("{wrong}");
    }
    ensure!(
        !format!("{error:#}").contains("still waiting"),
        "it hangs: {error:#}"
    );
    match error.downcast_ref::<Told>() {
        Some(told) => Ok(told.0.clone()),
        None => Ok("broken off".into()),
    }
}

fn answered(status: StatusCode, headers: &hyper::HeaderMap) -> Result<()> {
    if status == StatusCode::OK {
        return Ok(());
    }
    let code = headers
        .get("malai-error")
        .map(|it| it.to_str().unwrap_or_default().to_owned());
    Err(Told(code.unwrap_or_else(|| status.to_string())).into())
}

async fn whole(mut response: Response<Incoming>, length: u64) -> Result<()> {
    answered(response.status(), response.headers())?;
    let mut checker = Checker::default();
    while let Some(frame) = response.body_mut().frame().await {
        checker.take(frame?.data_ref().map_or(&[], |data| data));
    }
    if (checker.length(), checker.first_wrong()) != (length, None) {
        return Err(Wrong(format!("{checker:?} of {length}")).into());
    }
    Ok(())
}

async fn kept(local: SocketAddr) -> Result<()> {
    let mut connection = client::Connection::open(local).await?;
    for _ in 0..10 {
        let request = Request::get(format!("http://{local}/download/{SMALL}"));
        let response = connection.begin(request.body(client::empty())?)?.await?;
        whole(response, SMALL).await?;
    }
    Ok(())
}

async fn single(local: SocketAddr) -> Result<()> {
    let mut connection = client::Connection::open(local).await?;
    let request = Request::get(format!("http://{local}/download/{SMALL}"));
    whole(
        connection.begin(request.body(client::empty())?)?.await?,
        SMALL,
    )
    .await
}

async fn download(local: SocketAddr) -> Result<()> {
    let mut connection = client::Connection::open(local).await?;
    let request = Request::get(format!("http://{local}/chunked/{LARGE}"));
    whole(
        connection.begin(request.body(client::empty())?)?.await?,
        LARGE,
    )
    .await
}

async fn upload(local: SocketAddr) -> Result<()> {
    let mut connection = client::Connection::open(local).await?;
    let request = Request::post(format!("http://{local}/upload"));
    let request = request.body(client::pattern(LARGE / 2))?;
    let response = connection.begin(request)?.await?;
    answered(response.status(), response.headers())?;
    let told = client::read(response).await?.json()?;
    if told["length"] != LARGE / 2 || !told["first_wrong"].is_null() {
        return Err(Wrong(told.to_string()).into());
    }
    Ok(())
}

async fn messages(local: SocketAddr) -> Result<()> {
    let mut socket = websocket::open(local, "/websocket").await?;
    let mut random = Random::new(1);
    for _ in 0..20 {
        let message = Message::binary(random.bytes(1024));
        socket.send(message.clone()).await?;
        let heard = socket.next().await.context("the end")??;
        if heard != message {
            return Err(Wrong("a message".into()).into());
        }
    }
    Ok(socket.close(None).await?)
}

async fn echo(local: SocketAddr) -> Result<()> {
    let mut stream = TcpStream::connect(local).await?;
    let mut random = Random::new(2);
    for _ in 0..20 {
        says_again(&mut stream, &random.bytes(8192)).await?;
    }
    Ok(())
}
