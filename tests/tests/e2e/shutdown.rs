//! How engines end.

use std::{
    ops::RangeInclusive,
    sync::atomic::{AtomicU64, Ordering},
};

use anyhow::{Context, Result};
use e2e::{Malai, Origin, Pair, client, wait_until, within};
use hyper::{Request, Response, body::Incoming};
use nix::sys::signal::Signal;
use tokio::net::TcpStream;

/// Code of a command that Ctrl-C has ended.
const INTERRUPTED: i32 = 130;

/// A request whose answer has begun and waits for the gate.
async fn in_flight(pair: &Pair) -> Result<Response<Incoming>> {
    let request = Request::get(pair.url("/gated")).body(client::empty())?;
    let mut response = client::open(request).await?;
    let first = client::piece(response.body_mut()).await?;
    assert_eq!(first.as_deref(), Some("first"));
    Ok(response)
}

/// Waits until new requests are not served any more; how many were served until then, of which
/// the last may have been under way when the end began.
async fn closed_to_new_ones(pair: &Pair) -> Result<u64> {
    let served = AtomicU64::new(0);
    wait_until("the end of new requests", || async {
        if TcpStream::connect(pair.local).await.is_err() {
            return Ok(true);
        }
        let asked = client::get(&pair.url("/sized")).await;
        let is_served = asked.is_ok_and(|reply| reply.status.is_success());
        served.fetch_add(is_served.into(), Ordering::Relaxed);
        Ok(!is_served)
    })
    .await?;
    Ok(served.into_inner())
}

/// Checks that it ends with `code` and says how many requests were let finish and were cut.
async fn reports(
    process: &mut Malai,
    code: i32,
    finished: RangeInclusive<u64>,
    cut: u64,
) -> Result<()> {
    assert_eq!(process.exit().await?, code, "{}", process.said());
    let drained = process.event("drained").await?;
    let told = drained["finished"].as_u64().context("no number")?;
    assert!(finished.contains(&told), "{}", process.said());
    assert_eq!(drained["cut"], cut, "{}", process.said());
    Ok(())
}

#[tokio::test]
async fn a_share_lets_a_request_in_flight_finish() -> Result<()> {
    for (signal, code) in [(Signal::SIGTERM, 0), (Signal::SIGINT, INTERRUPTED)] {
        let origin = Origin::start().await?;
        let mut pair = Pair::http(origin.address()).await?;
        let response = in_flight(&pair).await?;
        pair.share.signal(signal)?;
        let served = closed_to_new_ones(&pair).await?;
        assert!(pair.share.is_running()?, "{}", pair.said());
        origin.gate().open();
        assert_eq!(client::read(response).await?.text(), "last");
        reports(&mut pair.share, code, 1..=1 + served.min(1), 0).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_bridge_lets_a_request_in_flight_finish() -> Result<()> {
    for (signal, code) in [(Signal::SIGTERM, 0), (Signal::SIGINT, INTERRUPTED)] {
        let origin = Origin::start().await?;
        let mut pair = Pair::http(origin.address()).await?;
        let response = in_flight(&pair).await?;
        pair.bridge.signal(signal)?;
        let served = closed_to_new_ones(&pair).await?;
        assert!(pair.bridge.is_running()?, "{}", pair.said());
        origin.gate().open();
        assert_eq!(client::read(response).await?.text(), "last");
        reports(&mut pair.bridge, code, 1..=1 + served.min(1), 0).await?;
    }
    Ok(())
}

#[tokio::test]
async fn what_does_not_finish_by_the_deadline_is_cut_and_counted() -> Result<()> {
    let origin = Origin::start().await?;
    let keys = "\n[engine]\ndrain_timeout = \"1s\"\n";
    let mut pair = Pair::configured(origin.address(), keys).await?;
    let response = in_flight(&pair).await?;
    pair.share.signal(Signal::SIGTERM)?;
    reports(&mut pair.share, 0, 0..=0, 1).await?;
    let rest = within("the cut", client::read(response)).await?;
    rest.err().context("the body looks complete")?;
    Ok(())
}

#[tokio::test]
async fn a_second_interrupt_ends_at_once() -> Result<()> {
    let origin = Origin::start().await?;
    let mut pair = Pair::http(origin.address()).await?;
    let response = in_flight(&pair).await?;
    pair.share.signal(Signal::SIGINT)?;
    closed_to_new_ones(&pair).await?;
    let asked = tokio::time::Instant::now();
    pair.share.signal(Signal::SIGINT)?;
    assert_eq!(pair.share.exit().await?, INTERRUPTED);
    let took = asked.elapsed();
    assert!(
        took.as_secs() < 5,
        "it took {took:?}, which is waiting for the drain"
    );
    let rest = within("the cut", client::read(response)).await?;
    rest.err().context("the body looks complete")?;
    Ok(())
}

#[tokio::test]
async fn nothing_in_flight_ends_quickly_and_tells_the_other_end() -> Result<()> {
    let origin = Origin::start().await?;
    let mut pair = Pair::http(origin.address()).await?;
    client::get(&pair.url("/sized")).await?;
    let asked = tokio::time::Instant::now();
    pair.share.signal(Signal::SIGTERM)?;
    reports(&mut pair.share, 0, 0..=0, 0).await?;
    let took = asked.elapsed();
    assert!(took.as_secs() < 5, "it took {took:?}");
    let told = pair
        .bridge
        .event_where("peer", |event| event["state"] == "offline")
        .await?;
    assert_eq!(told["peer"], pair.share_id.as_str());
    Ok(())
}
