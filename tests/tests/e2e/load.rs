//! Many clients at once, idle or stopped, and floods: what they cost, and that all others go on.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use e2e::{Malai, Origin, Pair, RawOrigin, client, read_head, wait_until};
use hyper::{Request, StatusCode};
use tokio::{io::AsyncWriteExt, net::TcpStream, sync::watch, task::JoinSet, time::Instant};

use crate::strangers::{ALPN, stranger};

/// Kept connections that do nothing; `bench/hold` has 10,000.
const IDLE: usize = 500;
/// Requests under way at once; `bench/hold` has 1,000.
const STREAMS: usize = 100;
/// What a body of any size may cost in memory when nobody reads it: windows of the stream on both
/// sides, and buffers.
const STOPPED_BYTES: u64 = 16 * 1024 * 1024;
/// A write that waits for so long has met a reader that has stopped.
const STALLED: Duration = Duration::from_secs(2);
/// How long strangers flood.
const FLOOD: Duration = Duration::from_secs(5);

/// Memory, in bytes, and open files of both ends.
fn costs(pair: &Pair) -> Result<[(u64, usize); 2]> {
    let cost = |malai: &Malai| anyhow::Ok((malai.memory()?, malai.open_files()?));
    Ok([cost(&pair.share)?, cost(&pair.bridge)?])
}

fn kib(bytes: u64, of: usize) -> u64 {
    bytes / 1024 / u64::try_from(of).unwrap_or(1)
}

#[tokio::test]
async fn idle_connections_and_streams_are_held_answer_and_leave_nothing_behind() -> Result<()> {
    let origin = Origin::start().await?;
    let pair = Pair::http(origin.address()).await?;
    let url = pair.url("/sized");
    client::get(&url).await?;
    let before = costs(&pair)?;

    let mut idle = Vec::new();
    for _ in 0..IDLE {
        let mut connection = client::Connection::open(pair.local).await?;
        connection.get(&url).await?;
        idle.push(connection);
    }
    let held = costs(&pair)?;
    let mut streams = JoinSet::new();
    for _ in 0..STREAMS {
        let request = Request::get(pair.url("/gated")).body(client::empty())?;
        streams.spawn(client::open(request));
    }
    let mut open = Vec::new();
    while let Some(response) = streams.join_next().await {
        let response = response??;
        ensure!(response.status() == StatusCode::OK, "{response:?}");
        open.push(response);
    }
    let busy = costs(&pair)?;
    for ((name, before), (held, busy)) in ["share", "bridge"]
        .iter()
        .zip(before)
        .zip(held.iter().zip(busy))
    {
        println!(
            "{name}: {} KiB for each of {IDLE} idle connections, {} KiB for each of {STREAMS} streams",
            kib(held.0.saturating_sub(before.0), IDLE),
            kib(busy.0.saturating_sub(held.0), STREAMS),
        );
    }

    for connection in &mut idle {
        let reply = connection.get(&url).await?;
        ensure!(reply.status == StatusCode::OK, "{reply:?}");
    }
    origin.gate().open();
    for response in open {
        assert_eq!(client::read(response).await?.text(), "firstlast");
    }
    drop(idle);
    // Kept connections to the service are let go after a while, too; so these are the bridge's.
    let least = before[1].1;
    wait_until("the files of the bridge to be as before", || async {
        Ok(costs(&pair)?[1].1 <= least + 8)
    })
    .await
}

#[tokio::test]
async fn a_reader_that_stops_costs_little_whatever_is_sent_to_it() -> Result<()> {
    let (stalled, mut sent) = watch::channel(0_u64);
    let origin = RawOrigin::start(move |mut stream, _| {
        let stalled = stalled.clone();
        async move {
            read_head(&mut stream).await?;
            let head = format!(
                "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n",
                10_u64 << 30
            );
            stream.write_all(head.as_bytes()).await?;
            stalled.send_replace(write_until_stalled(&mut stream).await);
            std::future::pending::<Result<()>>().await
        }
    })
    .await?;
    let pair = Pair::http(origin.address()).await?;
    let before = costs(&pair)?;
    let mut client = TcpStream::connect(pair.local).await?;
    client
        .write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .await?;
    read_head(&mut client).await?;
    let sent = *e2e::within("the service to stall", sent.wait_for(|sent| *sent > 0)).await??;
    cost_little("a download", sent, before, &pair)
}

#[tokio::test]
async fn a_service_that_stops_reading_costs_little_whatever_is_sent_to_it() -> Result<()> {
    let origin = RawOrigin::start(|mut stream, _| async move {
        read_head(&mut stream).await?;
        std::future::pending::<Result<()>>().await
    })
    .await?;
    let pair = Pair::http(origin.address()).await?;
    let before = costs(&pair)?;
    let mut client = TcpStream::connect(pair.local).await?;
    let head = format!(
        "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n",
        10_u64 << 30
    );
    client.write_all(head.as_bytes()).await?;
    let sent = write_until_stalled(&mut client).await;
    cost_little("an upload", sent, before, &pair)
}

async fn write_until_stalled(stream: &mut TcpStream) -> u64 {
    let chunk = vec![b'x'; 64 * 1024];
    let mut sent = 0;
    while let Ok(Ok(count)) = tokio::time::timeout(STALLED, stream.write(&chunk)).await {
        sent += count as u64;
    }
    sent
}

fn cost_little(what: &str, sent: u64, before: [(u64, usize); 2], pair: &Pair) -> Result<()> {
    let after = costs(pair)?;
    for ((name, before), after) in ["share", "bridge"].iter().zip(before).zip(after) {
        let rise = after.0.saturating_sub(before.0);
        println!(
            "{what}: {} KiB sent, {name} has {} KiB more",
            sent / 1024,
            rise / 1024
        );
        ensure!(
            rise <= STOPPED_BYTES,
            "{name}: {rise} bytes more for {what}"
        );
    }
    Ok(())
}

/// The slowest but one of a hundred of requests made one after another for `long`.
async fn slowest(pair: &Pair, long: Duration) -> Result<(Duration, usize)> {
    let mut connection = client::Connection::open(pair.local).await?;
    let (mut took, until) = (Vec::new(), Instant::now() + long);
    while Instant::now() < until {
        let started = Instant::now();
        let reply = connection.get(&pair.url("/sized")).await?;
        ensure!(reply.status == StatusCode::OK, "{reply:?}");
        took.push(started.elapsed());
    }
    took.sort_unstable();
    let p99 = took.get(took.len() * 99 / 100).or(took.last());
    Ok((*p99.context("no request")?, took.len()))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_strangers_is_turned_away_and_a_permitted_peer_is_served() -> Result<()> {
    let origin = Origin::start().await?;
    let pair = Pair::http(origin.address()).await?;
    let (calm, requests_before) = slowest(&pair, Duration::from_secs(2)).await?;
    let ticks = pair.share.cpu_ticks()?;
    let idle = pair.share.memory()?;
    let flood = async {
        let until = Instant::now() + FLOOD;
        let mut tries = 0;
        let mut kept = Vec::new();
        while Instant::now() < until {
            tries += 1;
            let dialled =
                tokio::time::timeout(Duration::from_millis(200), stranger(&pair, ALPN)).await;
            let Ok(Ok((endpoint, connection))) = dialled else {
                continue;
            };
            // What it says makes no sense, again and again.
            for _ in 0..40 {
                let Ok((mut send, _)) = connection.open_bi().await else {
                    break;
                };
                drop(send.write_all(&[0, 0, 0, 2, b'n', b'o']).await);
            }
            kept.push((endpoint, connection));
        }
        (tries, kept)
    };
    let ((tries, kept), flooded) = tokio::join!(flood, slowest(&pair, FLOOD));
    let (flooded, requests) = flooded?;
    let cpu = pair.share.cpu_ticks()? - ticks;
    let rise = pair.share.memory()?.saturating_sub(idle);
    let metrics = pair.share_home.run(&["metrics"]).await?.stdout;
    let turned_away: Vec<_> = metrics
        .lines()
        .filter(|it| it.starts_with("malai_turned_away"))
        .collect();
    println!(
        "p99 {calm:?} of {requests_before} calm, {flooded:?} of {requests} while {tries} strangers \
         came ({} connected); CPU of the share {cpu}0 ms in {FLOOD:?}, {} KiB more; {turned_away:?}",
        kept.len(),
        rise / 1024
    );
    assert!(flooded < Duration::from_secs(1), "{flooded:?}");
    assert!(rise < 64 * 1024 * 1024, "{rise}");
    assert_eq!(
        client::get(&pair.url("/sized")).await?.status,
        StatusCode::OK
    );
    Ok(())
}

#[tokio::test]
async fn clients_that_say_nothing_or_little_keep_nobody_out() -> Result<()> {
    let origin = Origin::start().await?;
    let pair = Pair::http(origin.address()).await?;
    let mut silent = Vec::new();
    for number in 0..300 {
        let mut stream = TcpStream::connect(pair.local).await?;
        match number % 3 {
            0 => {}
            1 => {
                stream
                    .write_all(b"GET /echo HTTP/1.1\r\nHost: local")
                    .await?
            }
            _ => {
                let head =
                    b"POST /upload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nab";
                stream.write_all(head).await?;
            }
        }
        silent.push(stream);
    }
    let started = Instant::now();
    let reply = client::get(&pair.url("/sized")).await?;
    assert_eq!(reply.body.len(), 12_345);
    assert!(
        started.elapsed() < Duration::from_secs(5),
        "{:?}",
        started.elapsed()
    );
    assert!(pair.bridge.memory()? < 128 * 1024 * 1024);
    // None of them was answered; they are let go when their time is over, each by a test of its own.
    let mut byte = [0; 1];
    for stream in &mut silent {
        assert!(stream.try_read(&mut byte).is_err());
    }
    drop(silent);
    Ok(())
}
