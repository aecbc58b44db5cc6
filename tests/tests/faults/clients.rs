//! Clients of a bridge that are slow, huge, many or not what they seem.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use anyhow::{Result, ensure};
use e2e::{Malai, Origin, RawOrigin, client, fault::Fault, read_head, wait_until};
use hyper::{Request, StatusCode};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
    time::Instant,
};

use crate::ends::Ends;

const MIB: u64 = 1024 * 1024;

/// What an engine may keep of one body that nobody takes: windows and buffers on the way.
const KEPT: u64 = 24 * MIB;

/// How long a count has to stand still before it is believed to.
const STILL: Duration = Duration::from_secs(1);

/// Waits until `count` stands still; what it then is.
async fn stands_still(count: &AtomicU64) -> Result<u64> {
    let mut seen = (0, Instant::now());
    wait_until("the bytes to stand still", || {
        let now = count.load(Ordering::Relaxed);
        if now != seen.0 {
            seen = (now, Instant::now());
        }
        let still = now > 0 && seen.1.elapsed() >= STILL;
        async move { Ok(still) }
    })
    .await?;
    Ok(seen.0)
}

#[tokio::test]
async fn a_download_that_nobody_reads() -> Result<()> {
    let what = "A client asks for an endless download and stops reading";
    let mut fault = Fault::new("stopped-reader", what);
    let sent = Arc::new(AtomicU64::new(0));
    let counter = Arc::clone(&sent);
    let origin = RawOrigin::start(move |mut stream, _| {
        let counter = Arc::clone(&counter);
        async move {
            read_head(&mut stream).await?;
            stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await?;
            while let Ok(written) = stream.write(&[b'x'; 16 * 1024]).await {
                counter.fetch_add(written as u64, Ordering::Relaxed);
            }
            Ok(())
        }
    })
    .await?;
    let ends = Ends::to(origin.address()).await?;
    let before = (ends.share.memory()?, ends.bridge.memory()?);
    let mut stream = TcpStream::connect(ends.local).await?;
    let head = format!("GET / HTTP/1.1\r\nHost: {}\r\n\r\n", ends.local);
    stream.write_all(head.as_bytes()).await?;
    let total = stands_still(&sent).await?;
    let more = (
        ends.share.memory()?.saturating_sub(before.0),
        ends.bridge.memory()?.saturating_sub(before.1),
    );
    ensure!(total < 2 * KEPT, "{total} bytes are on their way");
    ensure!(more.0 < KEPT && more.1 < KEPT, "{more:?}");
    // And whoever reads again gets the rest.
    let mut buffer = vec![0; 64 * 1024];
    let mut got = 0;
    while got < total + MIB {
        got += e2e::within("the rest", stream.read(&mut buffer)).await?? as u64;
    }
    fault.sees("nothing; the service is slowed down to the reader");
    fault.held(format!(
        "{} KiB on their way; memory {} and {} KiB more; goes on when it is read",
        total / 1024,
        more.0 / 1024,
        more.1 / 1024
    ));
    fault.record()
}

#[tokio::test]
async fn an_upload_that_nobody_takes() -> Result<()> {
    let what = "A client uploads without end to a service that does not read";
    let mut fault = Fault::new("stopped-service", what);
    let origin = RawOrigin::start(|mut stream, _| async move {
        read_head(&mut stream).await?;
        std::future::pending::<()>().await;
        Ok(())
    })
    .await?;
    let ends = Ends::to(origin.address()).await?;
    let before = (ends.share.memory()?, ends.bridge.memory()?);
    let stream = TcpStream::connect(ends.local).await?;
    let (_reader, mut writer) = stream.into_split();
    let head = format!(
        "POST / HTTP/1.1\r\nHost: {}\r\nContent-Length: 100000000000\r\n\r\n",
        ends.local
    );
    writer.write_all(head.as_bytes()).await?;
    let sent = Arc::new(AtomicU64::new(0));
    let counter = Arc::clone(&sent);
    let writing = tokio::spawn(async move {
        while let Ok(written) = writer.write(&[b'x'; 16 * 1024]).await {
            counter.fetch_add(written as u64, Ordering::Relaxed);
        }
    });
    let total = stands_still(&sent).await?;
    let more = (
        ends.share.memory()?.saturating_sub(before.0),
        ends.bridge.memory()?.saturating_sub(before.1),
    );
    writing.abort();
    ensure!(total < 2 * KEPT, "{total} bytes are on their way");
    ensure!(more.0 < KEPT && more.1 < KEPT, "{more:?}");
    fault.sees("nothing; the client is slowed down to the service");
    fault.held(format!(
        "{} KiB on their way; memory {} and {} KiB more",
        total / 1024,
        more.0 / 1024,
        more.1 / 1024
    ));
    fault.record()
}

/// Writes `head` and then `piece` again and again until it is answered or let go; the answer.
async fn heap(ends: &Ends, piece: &[u8], times: usize) -> Result<String> {
    let stream = TcpStream::connect(ends.local).await?;
    let (mut reader, mut writer) = stream.into_split();
    let head = format!("GET /huge HTTP/1.1\r\nHost: {}\r\n", ends.local);
    let piece = piece.to_vec();
    let writing = tokio::spawn(async move {
        writer.write_all(head.as_bytes()).await?;
        for _ in 0..times {
            writer.write_all(&piece).await?;
        }
        writer.write_all(b"\r\n\r\n").await
    });
    let mut answer = vec![0; 1024];
    let read = e2e::within("an answer", reader.read(&mut answer)).await?;
    writing.abort();
    Ok(String::from_utf8_lossy(&answer[..read.unwrap_or(0)]).into_owned())
}

#[tokio::test]
async fn headers_of_a_hundred_megabytes() -> Result<()> {
    let what = "A header of 100 MB; 100,000 headers";
    let mut fault = Fault::new("huge-headers", what);
    let origin = Origin::start().await?;
    let ends = Ends::to(origin.address()).await?;
    ends.works().await?;
    let (before, known) = (ends.bridge.memory()?, origin.requests().len());
    let one = [b"X-A: ".to_vec(), vec![b'a'; 1 << 20]].concat();
    for (piece, times) in [(one, 100), (b"X-A: b\r\n".repeat(1000), 100)] {
        let answer = heap(&ends, &piece, times).await?;
        let status = answer.split("\r\n").next().unwrap_or_default();
        ensure!(status.is_empty() || status.contains("431"), "{answer}");
        fault.sees(match status {
            "" => "the connection is reset",
            _ => "431",
        });
    }
    let more = ends.bridge.memory()?.saturating_sub(before);
    ensure!(more < 8 * MIB, "{more}");
    assert_eq!(origin.requests().len(), known);
    ends.works().await?;
    fault.held(format!(
        "0 requests to the service; {} KiB more memory",
        more / 1024
    ));
    fault.record()
}

#[tokio::test]
async fn ten_thousand_connections() -> Result<()> {
    const MANY: usize = 10_000;
    let what = "10,000 connections that have asked once are held open at a bridge";
    let mut fault = Fault::new("many-connections", what);
    open_many_files()?;
    let origin = Origin::start().await?;
    let ends = Ends::to(origin.address()).await?;
    ends.works().await?;
    let before = cost(&ends.bridge)?;
    let mut held = Vec::new();
    for _ in 0..MANY {
        let mut connection = client::Connection::open(ends.local).await?;
        let reply = connection.get(&ends.url("/status/204")).await?;
        assert_eq!(reply.status, StatusCode::NO_CONTENT);
        held.push(connection);
    }
    let most = cost(&ends.bridge)?;
    ensure!(most.1 - before.1 < 512 * MIB, "{most:?}");
    let began = Instant::now();
    assert_eq!(ends.get("/sized").await?.status, StatusCode::OK);
    fault.sees(format!(
        "nothing; one more request took {} ms",
        began.elapsed().as_millis()
    ));
    ensure!(began.elapsed() < Duration::from_secs(2), "{began:?}");
    drop(held);
    let began = Instant::now();
    wait_until("the descriptors to be given back", || async {
        Ok(ends.bridge.open_files()? <= before.0 + 8)
    })
    .await?;
    fault.back(began.elapsed());
    fault.held(format!(
        "{} KiB for each; all descriptors are given back",
        (most.1 - before.1) / 1024 / MANY as u64
    ));
    fault.record()
}

#[tokio::test]
async fn a_thousand_requests_at_once() -> Result<()> {
    const MANY: usize = 1000;
    let what = "1,000 requests are under way at once through a bridge, with half of an answer each";
    let mut fault = Fault::new("many-requests", what);
    open_many_files()?;
    let origin = Origin::start().await?;
    let keys = "limits = { connections = 2048 }\npool = { size = 2048 }";
    let ends = Ends::with(origin.address(), keys, "").await?;
    ends.works().await?;
    let before = (cost(&ends.share)?, cost(&ends.bridge)?);
    let mut asking = JoinSet::new();
    for _ in 0..MANY {
        let request = Request::get(ends.url("/gated")).body(client::empty())?;
        asking.spawn(client::open(request));
    }
    let mut open = Vec::new();
    while let Some(response) = asking.join_next().await {
        let response = response??;
        ensure!(response.status() == StatusCode::OK, "{response:?}");
        open.push(response);
    }
    let most = (cost(&ends.share)?, cost(&ends.bridge)?);
    let began = Instant::now();
    assert_eq!(ends.get("/sized").await?.status, StatusCode::OK);
    fault.sees(format!(
        "nothing; one more request took {} ms",
        began.elapsed().as_millis()
    ));
    origin.gate().open();
    for response in open {
        assert_eq!(client::read(response).await?.text(), "firstlast");
    }
    let each = |most: u64, before: u64| (most - before) / 1024 / MANY as u64;
    fault.held(format!(
        "{MANY} answers, all whole; {} KiB for each at the share, {} KiB at the bridge",
        each(most.0.1, before.0.1),
        each(most.1.1, before.1.1)
    ));
    fault.record()
}

/// Lets this process have as many files open as the system allows: each client is one.
fn open_many_files() -> Result<()> {
    let (_, most) = getrlimit(Resource::RLIMIT_NOFILE)?;
    setrlimit(Resource::RLIMIT_NOFILE, most, most)?;
    Ok(())
}

/// Descriptors and memory.
fn cost(process: &Malai) -> Result<(usize, u64)> {
    Ok((process.open_files()?, process.memory()?))
}
