//! Big bodies, both ways, in little memory.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use anyhow::Result;
use e2e::{
    Origin, Pair, RawOrigin, client,
    pattern::{self, Checker},
    read_head,
};
use http_body_util::BodyExt;
use hyper::Request;
use tokio::io::AsyncWriteExt;

const MIB: u64 = 1024 * 1024;

/// Each way; far more than any process may hold.
const BIG: u64 = 1024 * MIB;

/// Memory that neither process may reach.
const MEMORY: u64 = 64 * MIB;

/// Bytes that may be on their way when nobody reads: windows and socket buffers.
const ON_THE_WAY: u64 = 48 * MIB;

fn assert_little_memory(pair: &Pair) -> Result<()> {
    let (share, bridge) = (pair.share.peak_memory()?, pair.bridge.peak_memory()?);
    assert!(share < MEMORY, "share: {share} bytes");
    assert!(bridge < MEMORY, "bridge: {bridge} bytes");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gibibyte_comes_down_whole_in_flat_memory() -> Result<()> {
    let origin = Origin::start().await?;
    let pair = Pair::http(origin.address()).await?;
    let request = Request::get(pair.url(&format!("/download/{BIG}"))).body(client::empty())?;
    let mut response = client::open(request).await?;
    let mut checker = Checker::default();
    while let Some(frame) = response.frame().await {
        checker.take(frame?.data_ref().map_or(&[], |data| data));
    }
    assert_eq!((checker.length(), checker.first_wrong()), (BIG, None));
    assert_little_memory(&pair)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gibibyte_of_unknown_length_goes_up_whole_in_flat_memory() -> Result<()> {
    let origin = Origin::start().await?;
    let pair = Pair::http(origin.address()).await?;
    let request = Request::put(pair.url("/upload")).body(client::pattern(BIG))?;
    let mut connection = client::Connection::open(pair.local).await?;
    let reply = client::read(connection.begin(request)?.await?).await?;
    let seen = reply.json()?;
    assert_eq!(seen["length"], BIG);
    assert!(seen["first_wrong"].is_null(), "{seen}");
    assert_little_memory(&pair)
}

#[tokio::test]
async fn sized_and_unsized_bodies_arrive_whole() -> Result<()> {
    let origin = Origin::start().await?;
    let pair = Pair::http(origin.address()).await?;
    for length in [0, 1, 16 * 1024, 65_537, 3 * MIB + 7] {
        for kind in ["download", "chunked"] {
            let reply = client::get(&pair.url(&format!("/{kind}/{length}"))).await?;
            let mut checker = Checker::default();
            checker.take(&reply.body);
            assert_eq!((checker.length(), checker.first_wrong()), (length, None));
            let length = length.to_string();
            let expected = if kind == "download" { &length } else { "" };
            assert_eq!(reply.header("content-length"), expected, "{kind}");
        }
        let up = Request::post(pair.url("/upload")).body(client::pattern(length))?;
        assert_eq!(client::send(up).await?.json()?["length"], length);
    }
    let known = pattern::bytes_at(0, 50_000);
    let up = Request::post(pair.url("/echo")).body(client::full(known))?;
    let headers = client::send(up).await?.json()?["headers"].to_string();
    assert!(
        headers.contains(r#"["content-length","50000"]"#),
        "{headers}"
    );
    Ok(())
}

#[tokio::test]
async fn a_reader_that_stops_stops_the_service() -> Result<()> {
    let written = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&written);
    let origin = RawOrigin::start(move |mut stream, _| {
        let count = Arc::clone(&count);
        async move {
            read_head(&mut stream).await?;
            stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await?;
            // Until the connection breaks, which is how the test ends.
            while stream.write_all(&[b'x'; 64 * 1024]).await.is_ok() {
                count.fetch_add(64 * 1024, Ordering::SeqCst);
            }
            Ok(())
        }
    })
    .await?;
    let pair = Pair::http(origin.address()).await?;
    let request = Request::get(pair.url("/")).body(client::empty())?;
    let response = client::open(request).await?;

    // It has stopped when it has not moved for a while.
    let mut still = 0;
    let mut before = 0;
    let mut ticks = tokio::time::interval(Duration::from_millis(100));
    e2e::within("the service to stop", async {
        while still < 10 {
            ticks.tick().await;
            let now = written.load(Ordering::SeqCst);
            still = if now == before && now > 0 {
                still + 1
            } else {
                0
            };
            before = now;
        }
    })
    .await?;
    assert!(
        before < ON_THE_WAY,
        "{before} bytes were taken and not read"
    );
    assert_little_memory(&pair)?;
    drop(response);
    Ok(())
}
