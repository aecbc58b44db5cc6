//! Clients that take a place and do nothing with it.

use std::{net::SocketAddr, time::Duration};

use anyhow::{Context, Result, ensure};
use e2e::{Origin, fault::Fault};
use hyper::StatusCode;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
    time::{Instant, interval},
};

use crate::ends::Ends;

/// Clients of each kind.
const EACH: usize = 50;

/// What a busy machine may be late by.
const LATE: Duration = Duration::from_secs(10);

/// A way to be slow, and how long malai puts up with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Silent,
    Header,
    Body,
    Idle,
}

const KINDS: [(Kind, &str, u64); 4] = [
    (Kind::Silent, "without a byte", 60),
    (Kind::Header, "in a header, a byte a second", 30),
    (Kind::Body, "in a body that stops", 2),
    (Kind::Idle, "after an answer", 90),
];

/// The one scenario that takes more than a minute: it waits for the longest of malai's patience.
#[tokio::test]
async fn slow_in_every_way() -> Result<()> {
    let what = "50 clients of each kind: silent, a header bit by bit, a body that stops, a kept \
                connection without a request";
    let mut fault = Fault::new("slow-clients", what);
    let origin = Origin::start().await?;
    let ends = Ends::with(origin.address(), "timeouts = { idle = \"2s\" }", "").await?;
    ends.works().await?;
    let before = ends.bridge.open_files()?;
    let mut clients = JoinSet::new();
    for (kind, ..) in KINDS {
        for _ in 0..EACH {
            clients.spawn(slow(kind, ends.local));
        }
    }
    let asked = Instant::now();
    assert_eq!(ends.get("/sized").await?.status, StatusCode::OK);
    let others = asked.elapsed();
    let mut longest = [Duration::ZERO; KINDS.len()];
    let mut closed = 0;
    while let Some(one) = clients.join_next().await {
        let (kind, took, answer) = one??;
        let place = KINDS.iter().position(|it| it.0 == kind);
        let place = place.context("an unknown kind")?;
        longest[place] = longest[place].max(took);
        closed += 1;
        if let Some(line) = answer {
            fault.sees(line);
        }
    }
    for ((_, words, limit), took) in KINDS.iter().zip(longest) {
        ensure!(
            took < Duration::from_secs(*limit) + LATE,
            "{words}: {took:?}"
        );
        fault.held(format!("{words}: closed after {:.0} s", took.as_secs_f64()));
    }
    assert_eq!(closed, KINDS.len() * EACH);
    e2e::wait_until("the descriptors to be given back", || async {
        Ok(ends.bridge.open_files()? <= before + 8)
    })
    .await?;
    ensure!(others < Duration::from_secs(5), "{others:?}");
    fault.held(format!("others are answered in {} ms", others.as_millis()));
    fault.record()
}

/// Is slow until malai ends the connection; how long that took, and what it said.
async fn slow(kind: Kind, local: SocketAddr) -> Result<(Kind, Duration, Option<String>)> {
    let stream = TcpStream::connect(local).await?;
    let (mut reader, mut writer) = stream.into_split();
    let head = match kind {
        Kind::Silent => String::new(),
        Kind::Header => format!("GET / HTTP/1.1\r\nHost: {local}\r\nX-A: "),
        Kind::Body => {
            format!("POST /echo HTTP/1.1\r\nHost: {local}\r\nContent-Length: 1000\r\n\r\nabc")
        }
        Kind::Idle => format!("GET /status/204 HTTP/1.1\r\nHost: {local}\r\n\r\n"),
    };
    writer.write_all(head.as_bytes()).await?;
    if kind == Kind::Idle {
        let mut answer = [0; 1024];
        let read = e2e::within("an answer", reader.read(&mut answer)).await??;
        ensure!(answer[..read].starts_with(b"HTTP/1.1 204"));
    }
    let began = Instant::now();
    let mut said = Vec::new();
    let dripping = async {
        let mut again = interval(Duration::from_secs(1));
        loop {
            again.tick().await;
            if kind == Kind::Header && writer.write_all(b"a").await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    };
    tokio::select! {
        // A reset is an end, too.
        _ = reader.read_to_end(&mut said) => {}
        () = dripping => {}
    }
    let said = String::from_utf8_lossy(&said).into_owned();
    let line = said
        .lines()
        .next()
        .map(|line| line.replace("HTTP/1.1 ", ""));
    Ok((kind, began.elapsed(), line))
}
