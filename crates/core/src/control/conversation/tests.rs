use std::time::Duration;

use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, DuplexStream},
    sync::mpsc,
};

use super::*;
use crate::{
    control::MAX_LINE_BYTES,
    events::{EventFeed, Events},
    watching::{StatusFeed, StatusSource, StatusWatch},
};

/// Answers everything with `Done` and tells when an owner has gone.
#[derive(Clone)]
struct Stub {
    feed: EventFeed,
    status: StatusFeed,
    gone: mpsc::Sender<()>,
    shutdown: Shutdown,
}

impl Dispatch for Stub {
    async fn dispatch(&self, _request: Request, owner: &Owner) -> Response {
        let (owner, gone) = (owner.clone(), self.gone.clone());
        self.shutdown.spawn(async move {
            owner.gone().await;
            gone.send(()).await.unwrap();
        });
        Response::Done
    }

    fn events(&self) -> Events {
        self.feed.subscribe()
    }

    fn watch(&self) -> StatusWatch {
        self.status.watch()
    }
}

struct Talk {
    stream: BufReader<DuplexStream>,
    feed: EventFeed,
    source: StatusSource,
    gone: mpsc::Receiver<()>,
    shutdown: Shutdown,
}

impl Talk {
    fn start() -> Self {
        let (ours, theirs) = tokio::io::duplex(4 * MAX_LINE_BYTES);
        let (sender, gone) = mpsc::channel(1);
        let shutdown = Shutdown::default();
        let (status, source) = StatusFeed::new();
        let stub = Stub {
            feed: EventFeed::default(),
            status,
            gone: sender,
            shutdown: shutdown.clone(),
        };
        let feed = stub.feed.clone();
        shutdown.spawn(converse(theirs, stub, shutdown.clone()));
        Self {
            stream: BufReader::new(ours),
            feed,
            source,
            gone,
            shutdown,
        }
    }

    async fn ask(&mut self, line: &[u8]) -> String {
        self.stream.write_all(line).await.unwrap();
        self.stream.write_all(b"\n").await.unwrap();
        self.line().await
    }

    async fn line(&mut self) -> String {
        let mut line = String::new();
        self.stream.read_line(&mut line).await.unwrap();
        line.trim_end().to_owned()
    }
}

fn stopped(service: &str) -> Event {
    Event::Stopped {
        service: service.to_owned(),
        reason: "asked".to_owned(),
    }
}

#[tokio::test]
async fn answers_several_requests_on_one_connection() {
    let mut talk = Talk::start();
    for _ in 0..3 {
        assert_eq!(
            talk.ask(br#"{"request":"status"}"#).await,
            r#"{"response":"done"}"#
        );
    }
}

#[tokio::test]
async fn refuses_garbage_and_goes_on() {
    let mut talk = Talk::start();
    let answer = talk.ask(b"\xff\x00 not json").await;
    assert!(
        answer.starts_with(r#"{"response":"error","code":"request-invalid""#),
        "{answer}"
    );
    assert_eq!(
        talk.ask(br#"{"request":"status"}"#).await,
        r#"{"response":"done"}"#
    );
}

#[tokio::test]
async fn refuses_a_line_over_the_cap_and_hangs_up() {
    let mut talk = Talk::start();
    let answer = talk.ask(&vec![b'x'; MAX_LINE_BYTES + 1]).await;
    assert!(answer.contains("request-invalid"), "{answer}");
    assert_eq!(talk.line().await, "");
}

#[tokio::test]
async fn sends_events_after_a_subscription() {
    let mut talk = Talk::start();
    talk.ask(br#"{"request":"subscribe"}"#).await;
    talk.feed.send(|| stopped("shop"));
    assert_eq!(
        talk.line().await,
        r#"{"event":"stopped","service":"shop","reason":"asked"}"#
    );
}

#[tokio::test]
async fn an_owner_goes_with_its_connection() {
    let mut talk = Talk::start();
    talk.ask(br#"{"request":"status"}"#).await;
    drop(talk.stream);
    talk.gone.recv().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn hangs_up_on_silence() {
    let mut talk = Talk::start();
    assert_eq!(talk.line().await, "");
}

#[tokio::test]
async fn the_last_events_arrive_when_the_engine_ends() {
    let mut talk = Talk::start();
    talk.ask(br#"{"request":"subscribe"}"#).await;
    talk.feed.send(|| stopped("last"));
    talk.shutdown.drain(Duration::from_secs(5)).await;
    assert!(talk.line().await.contains("last"));
    assert_eq!(talk.line().await, "");
}

#[tokio::test]
async fn a_watcher_is_told_the_status_and_events() {
    let mut talk = Talk::start();
    let answer = talk.ask(br#"{"request":"watch"}"#).await;
    assert_eq!(answer, r#"{"response":"done"}"#);
    talk.source.show(crate::control::golden::status());
    let line = talk.line().await;
    assert!(line.starts_with(r#"{"event":"status","#), "{line}");
    talk.feed.send(|| stopped("shop"));
    assert!(talk.line().await.contains("stopped"));
}
