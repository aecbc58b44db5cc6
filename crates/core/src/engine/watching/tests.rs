use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use malai_api::{EngineStatus, IdentityStatus, Measured, Reach, ServiceStatus, Traffic};
use tokio::time::timeout;

use super::*;
use crate::watching::{StatusFeed, StatusWatch};

/// A keeper whose status the test sets.
struct Kept {
    status: Arc<std::sync::Mutex<Status>>,
    looks: Arc<AtomicUsize>,
    events: EventFeed,
    feed: StatusFeed,
    shutdown: Shutdown,
    /// The keeper's inbox is open for as long as this is there.
    _inbox: mpsc::Sender<Command>,
}

impl Kept {
    fn start() -> Self {
        let (sender, mut inbox) = mpsc::channel(1);
        let (feed, source) = StatusFeed::new();
        let kept = Self {
            status: Arc::new(std::sync::Mutex::new(nothing())),
            looks: Arc::default(),
            events: EventFeed::default(),
            feed,
            shutdown: Shutdown::default(),
            _inbox: sender.clone(),
        };
        let looking = Looking {
            source,
            keeper: sender.downgrade(),
            events: kept.events.clone(),
            answers: Answers::start(Arc::default(), &kept.shutdown),
            shutdown: kept.shutdown.clone(),
        };
        kept.shutdown.spawn(looking.run());
        let (status, looks) = (Arc::clone(&kept.status), Arc::clone(&kept.looks));
        kept.shutdown.spawn(async move {
            while let Some(Command::Ask { reply, .. }) = inbox.recv().await {
                looks.fetch_add(1, Ordering::Relaxed);
                let status = status.lock().unwrap().clone();
                reply.send(Response::Status(Box::new(status))).unwrap();
            }
        });
        kept
    }

    fn change(&self, change: impl FnOnce(&mut Status)) {
        change(&mut self.status.lock().unwrap());
    }

    fn looks(&self) -> usize {
        self.looks.load(Ordering::Relaxed)
    }
}

fn nothing() -> Status {
    Status {
        identity: IdentityStatus {
            id52: "id52".to_owned(),
            store: "memory".to_owned(),
            notice: None,
        },
        version: String::new(),
        pid: 1,
        uptime_secs: 0,
        reach: Reach::Machine,
        relay: None,
        addresses: Vec::new(),
        services: Vec::new(),
        bridges: Vec::new(),
        peers: Vec::new(),
        groups: Vec::new(),
        requests: Vec::new(),
        blocked: Vec::new(),
        gateway: None,
        engine: EngineStatus::default(),
        operations: Operation {
            name: "malai".to_owned(),
            age_secs: 0,
            children: Vec::new(),
        },
    }
}

fn service() -> ServiceStatus {
    ServiceStatus {
        name: "shop".to_owned(),
        protocol: malai_api::Protocol::Http,
        upstream: Vec::new(),
        description: None,
        allow: Vec::new(),
        active: true,
        kept: false,
        link: String::new(),
        ends_in_secs: Some(60),
        answers: None,
        backends: Vec::new(),
        guests: Vec::new(),
        invites: false,
        traffic: Traffic::default(),
        measured: Measured::default(),
    }
}

fn stopped() -> Event {
    Event::Stopped {
        service: "shop".to_owned(),
        reason: "asked".to_owned(),
    }
}

/// Whether nothing is shown for a minute.
async fn is_quiet(watch: &mut StatusWatch) -> bool {
    timeout(Duration::from_secs(60), watch.next())
        .await
        .is_err()
}

#[tokio::test(start_paused = true)]
async fn shows_the_status_at_once_and_what_happened_soon() {
    let kept = Kept::start();
    let mut watch = kept.feed.watch();
    let began = Instant::now();
    assert!(watch.next().await.unwrap().services.is_empty());
    kept.change(|status| status.services.push(service()));
    kept.events.send(stopped);
    assert_eq!(watch.next().await.unwrap().services.len(), 1);
    assert!(began.elapsed() < Duration::from_millis(100));
}

#[tokio::test(start_paused = true)]
async fn shows_what_moves_without_a_word_within_a_second() {
    let kept = Kept::start();
    let mut watch = kept.feed.watch();
    watch.next().await.unwrap();
    for requests in 1..4 {
        kept.change(|status| status.services = vec![service()]);
        kept.change(|status| status.services[0].traffic.requests = requests);
        let before = Instant::now();
        let shown = watch.next().await.unwrap();
        assert_eq!(shown.services[0].traffic.requests, requests);
        assert!(before.elapsed() <= NUMBERS);
    }
}

#[tokio::test(start_paused = true)]
async fn requests_alone_are_not_looked_at_more_than_once_a_second() {
    let kept = Kept::start();
    let mut watch = kept.feed.watch();
    watch.next().await.unwrap();
    let looks = kept.looks();
    for _ in 0..500 {
        kept.events.send(|| Event::Request {
            service: "shop".to_owned(),
            peer: String::new(),
            method: "GET".to_owned(),
            path: "/".to_owned(),
            status: 200,
            ms: 1.0,
        });
    }
    assert!(timeout(NUMBERS / 2, watch.next()).await.is_err());
    assert_eq!(kept.looks(), looks);
}

#[tokio::test(start_paused = true)]
async fn time_that_passes_is_no_change() {
    let kept = Kept::start();
    kept.change(|status| status.services.push(service()));
    let mut watch = kept.feed.watch();
    watch.next().await.unwrap();
    kept.change(|status| {
        status.uptime_secs = 7;
        status.operations.age_secs = 7;
        status.services[0].ends_in_secs = Some(53);
    });
    assert!(is_quiet(&mut watch).await);
}

#[tokio::test(start_paused = true)]
async fn looks_at_nothing_while_nobody_watches() {
    let kept = Kept::start();
    let mut watch = kept.feed.watch();
    watch.next().await.unwrap();
    drop(watch);
    tokio::time::sleep(NUMBERS * 2).await;
    let looks = kept.looks();
    kept.events.send(stopped);
    kept.feed.hint();
    tokio::time::sleep(NUMBERS * 60).await;
    assert_eq!(kept.looks(), looks);
}

#[tokio::test(start_paused = true)]
async fn who_watches_again_sees_nothing_old() {
    let kept = Kept::start();
    let mut watch = kept.feed.watch();
    watch.next().await.unwrap();
    drop(watch);
    tokio::time::sleep(NUMBERS * 2).await;
    kept.change(|status| status.services.push(service()));
    let mut watch = kept.feed.watch();
    assert_eq!(watch.next().await.unwrap().services.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_second_watcher_is_shown_it_at_once() {
    let kept = Kept::start();
    let mut first = kept.feed.watch();
    first.next().await.unwrap();
    let mut second = kept.feed.watch();
    assert!(timeout(SOON, second.next()).await.is_ok());
    assert!(is_quiet(&mut first).await);
}

#[tokio::test(start_paused = true)]
async fn is_over_when_the_engine_drains() {
    let kept = Kept::start();
    let mut watch = kept.feed.watch();
    watch.next().await.unwrap();
    kept.shutdown.drain(Duration::ZERO).await;
    assert!(watch.next().await.is_none());
    assert!(watch.next().await.is_none());
}
