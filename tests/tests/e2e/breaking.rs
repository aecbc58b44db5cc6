//! Backends that fail or are slow are left alone for a while, and are back by themselves.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use anyhow::{Context, Result};
use e2e::{Home, Malai, Origin, Pair, RawOrigin, binary, client, read_head, wait_until};
use hyper::StatusCode;
use nix::sys::signal::Signal;
use serde_json::{Value, json};
use tokio::{io::AsyncWriteExt, process::Command, sync::watch, task::JoinSet, time::sleep};

const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// What `malai status` says of the backends of `shop`.
async fn backends(home: &Home) -> Result<Value> {
    let status = home.run(&["status", "--json"]).await?.json()?;
    let services = status["services"].as_array().context("no services")?;
    let shop = services.iter().find(|it| it["name"] == "shop");
    Ok(shop.context("no shop")?["backends"].clone())
}

/// What a service does while it is unwell.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Unwell {
    /// It breaks off before it answers.
    BreaksOff,
    /// It takes so long for each answer.
    Slow(Duration),
}

/// A service that is unwell for as long as the flag says, which does at first, and the requests that
/// have reached it.
pub(crate) async fn unwell(how: Unwell) -> Result<(RawOrigin, Arc<AtomicBool>, Arc<AtomicUsize>)> {
    let (flag, heads) = (
        Arc::new(AtomicBool::new(true)),
        Arc::new(AtomicUsize::new(0)),
    );
    let (is_unwell, count) = (Arc::clone(&flag), Arc::clone(&heads));
    let origin = RawOrigin::start(move |mut stream, _| {
        let (is_unwell, count) = (Arc::clone(&is_unwell), Arc::clone(&count));
        async move {
            while read_head(&mut stream).await.is_ok() {
                count.fetch_add(1, SeqCst);
                match how {
                    _ if !is_unwell.load(SeqCst) => {}
                    Unwell::BreaksOff => return Ok(()),
                    Unwell::Slow(time) => sleep(time).await,
                }
                stream.write_all(OK).await?;
            }
            Ok(())
        }
    })
    .await?;
    Ok((origin, flag, heads))
}

#[tokio::test]
async fn a_backend_that_breaks_off_is_left_alone_and_tried_by_one_request_at_a_time() -> Result<()>
{
    let (origin, broken, heads) = unwell(Unwell::BreaksOff).await?;
    let pair = Pair::configured(origin.address(), "breaker = { failures = 2 }").await?;
    for _ in 0..2 {
        let reply = client::get(&pair.url("/")).await?;
        assert_eq!(reply.status, StatusCode::BAD_GATEWAY);
        assert!(reply.text().contains("before it answered"), "{reply:?}");
    }
    // Rests double from half a second on, so that few of many requests are probes.
    let before = heads.load(SeqCst);
    let mut refused = 0;
    for _ in 0..30 {
        let reply = client::get(&pair.url("/")).await?;
        assert_eq!(reply.status, StatusCode::BAD_GATEWAY);
        if reply.text().contains("left alone") {
            assert!(!reply.header("retry-after").is_empty(), "{reply:?}");
            refused += 1;
        }
    }
    let probes = heads.load(SeqCst) - before;
    assert_eq!(refused + probes, 30, "{probes} probes");
    assert!(probes <= 6, "{probes} probes");
    let found = backends(&pair.share_home).await?;
    assert_eq!(found[0]["up"], json!(false));
    assert_ne!(found[0]["breaker"], "closed", "{found}");
    let args = ["services", &pair.share_id, "--json"];
    let services = pair.bridge_home.run(&args).await?.json()?;
    assert_eq!(services["services"][0]["up"], json!(false));

    broken.store(false, SeqCst);
    wait_until("it to be used again", || async {
        Ok(client::get(&pair.url("/")).await?.status == StatusCode::OK)
    })
    .await?;
    let found = backends(&pair.share_home).await?;
    assert_eq!(found[0]["breaker"], "closed", "{found}");
    let metrics = pair.share_home.run(&["metrics"]).await?.stdout;
    let closed = format!("backend=\"{}\",state=\"closed\"}} 1", origin.address());
    assert!(metrics.contains(&closed), "{metrics}");
    Ok(())
}

#[tokio::test]
async fn a_slow_backend_is_avoided() -> Result<()> {
    let fast = Origin::start().await?;
    let slow = RawOrigin::start(|mut stream, _| async move {
        while read_head(&mut stream).await.is_ok() {
            sleep(Duration::from_secs(1)).await;
            stream.write_all(OK).await?;
        }
        Ok(())
    })
    .await?;
    let addresses = [slow.address().to_string(), fast.address().to_string()];
    let keys = "balance = \"round-robin\"\nbreaker = { slow = \"600ms\", requests = 3 }";
    let pair = Pair::several(&addresses, keys).await?;
    wait_until("the slow one to be left alone", || async {
        client::get(&pair.url("/sized")).await?;
        Ok(backends(&pair.share_home).await?[0]["up"] == json!(false))
    })
    .await?;
    let before = fast.requests().len();
    for _ in 0..30 {
        client::get(&pair.url("/sized")).await?;
    }
    let avoided = fast.requests().len() - before;
    assert!(avoided >= 24, "{avoided} of 30 went to the fast one");
    Ok(())
}

#[tokio::test]
async fn answers_that_say_that_it_is_unwell_are_passed_on_as_they_are() -> Result<()> {
    let origin = Origin::start().await?;
    let pair = Pair::configured(origin.address(), "breaker = { failures = 1 }").await?;
    for status in [503, 500, 503, 404] {
        let reply = client::get(&pair.url(&format!("/status/{status}"))).await?;
        assert_eq!(
            (reply.status.as_u16(), reply.header("malai-error")),
            (status, "")
        );
    }
    assert_eq!(origin.requests().len(), 4);
    assert_eq!(backends(&pair.share_home).await?[0]["up"], json!(true));
    Ok(())
}

/// A service in a process of its own.
async fn origin_at(port: u16) -> Result<Malai> {
    let mut command = Command::new(binary("lab-origin")?);
    command.arg(port.to_string());
    let origin = Malai::start(command, "lab-origin")?;
    origin.prints("ready").await?;
    Ok(origin)
}

fn free_port() -> Result<u16> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?
        .local_addr()?
        .port())
}

#[tokio::test]
async fn no_request_is_lost_when_one_of_two_backends_is_killed_under_load() -> Result<()> {
    let ports = [free_port()?, free_port()?];
    let (one, _two) = (origin_at(ports[0]).await?, origin_at(ports[1]).await?);
    let addresses = ports.map(|port| format!("127.0.0.1:{port}"));
    let pair = Pair::several(&addresses, "balance = \"least-loaded\"").await?;
    let (done, mut progress) = watch::channel(0_usize);
    let (ends, ending) = watch::channel(false);
    let mut workers = JoinSet::new();
    for _ in 0..8 {
        let (url, done, ending) = (pair.url("/status/200"), done.clone(), ending.clone());
        workers.spawn(async move {
            let mut lost = Vec::new();
            while !*ending.borrow() {
                match client::get(&url).await {
                    Ok(reply) if reply.status == StatusCode::OK => {}
                    Ok(reply) => lost.push(format!("{} {}", reply.status, reply.text())),
                    Err(error) => lost.push(format!("{error:#}")),
                }
                done.send_modify(|count| *count += 1);
            }
            lost
        });
    }
    let mut until = async |more: usize| {
        let wanted = *progress.borrow() + more;
        e2e::within("requests", progress.wait_for(|count| *count >= wanted)).await??;
        anyhow::Ok(())
    };
    until(200).await?;
    one.signal(Signal::SIGKILL)?;
    until(200).await?;
    assert_eq!(backends(&pair.share_home).await?[0]["up"], json!(false));
    let _one = origin_at(ports[0]).await?;
    wait_until("the killed one to be used again", || async {
        Ok(backends(&pair.share_home).await?[0]["up"] == json!(true))
    })
    .await?;
    until(100).await?;
    ends.send_replace(true);
    while let Some(lost) = workers.join_next().await {
        assert_eq!(lost?, Vec::<String>::new());
    }
    Ok(())
}
