//! A bridge that may lead to several peers, while they die, stop and come back.

use std::time::Duration;

use anyhow::Result;
use e2e::{Counted, Load, Several, client, wait_until, within};
use hyper::{Method, Request};
use nix::sys::signal::Signal;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::Instant,
};

/// Less than 2 s on a machine of one's own; the tests share one with others.
const GAP: Duration = Duration::from_secs(4);

/// An answer that is whole or not there: one that breaks off in its body is never asked for again.
pub(crate) const WITHOUT_BODY: &str = "/status/200";

fn is_unbroken(counted: &Counted) {
    assert!(counted.failures.is_empty(), "{counted:?}");
    assert!(counted.longest_gap < GAP, "{counted:?}");
}

/// Waits until the member at `place` is shown as `state`.
async fn is_shown(several: &Several, place: usize, state: &str) -> Result<()> {
    wait_until(&format!("member {place} is {state}"), || async {
        Ok(several.status().await?["members"][place]["state"] == state)
    })
    .await
}

#[tokio::test]
async fn a_killed_peer_loses_nothing_and_is_used_again_when_it_returns() -> Result<()> {
    let mut several = Several::open(2, "http", "").await?;
    let load = Load::begin(several.local, WITHOUT_BODY, 8);
    load.answers(100).await?;
    assert_eq!(several.requests()[1], 0, "the first is preferred");
    several.sharers[0].kill().await?;
    load.answers(300).await?;
    assert!(several.requests()[1] >= 250, "{:?}", several.requests());
    is_shown(&several, 0, "out").await?;
    is_shown(&several, 1, "in-use").await?;

    several.sharers[0].start().await?;
    let (before, returned) = (several.requests()[0], Instant::now());
    wait_until("the preferred one is used again", || async {
        Ok(several.requests()[0] > before)
    })
    .await?;
    println!("used again after {:?}", returned.elapsed());
    load.answers(100).await?;
    is_shown(&several, 0, "in-use").await?;
    is_unbroken(&load.end().await?);
    let metrics = several.home.run(&["metrics"]).await?.stdout;
    for expected in [
        "malai_member_breaker{name=\"shop\",member=\"1\",state=\"closed\"} 1",
        "malai_failovers_total{name=\"shop\"}",
    ] {
        assert!(metrics.contains(expected), "{expected} in {metrics}");
    }
    Ok(())
}

#[tokio::test]
async fn a_peer_that_stops_answering_is_left_and_used_again() -> Result<()> {
    let several = Several::open(2, "http", "").await?;
    let load = Load::begin(several.local, WITHOUT_BODY, 4);
    load.answers(50).await?;
    several.sharers[0].signal(Signal::SIGSTOP)?;
    load.answers(100).await?;
    is_shown(&several, 0, "out").await?;
    several.sharers[0].signal(Signal::SIGCONT)?;
    is_shown(&several, 0, "in-use").await?;
    is_unbroken(&load.end().await?);
    Ok(())
}

#[tokio::test]
async fn what_may_not_be_repeated_is_told_of_and_not_repeated() -> Result<()> {
    let mut several = Several::open(2, "http", "").await?;
    let url = format!("http://{}/slow-head", several.local);
    let post = Request::builder().method(Method::POST).uri(url);
    let asked = tokio::spawn(client::send(post.body(client::empty())?));
    several.sharers[0].origin.reached("/slow-head").await?;
    several.sharers[0].kill().await?;
    let reply = within("an answer", asked).await???;
    assert_eq!(reply.header("malai-error"), "peer-failed", "{reply:?}");
    assert_eq!(several.requests()[1], 0);
    Ok(())
}

#[tokio::test]
async fn the_one_with_the_least_to_do_is_asked() -> Result<()> {
    let several = Several::open(3, "http", "balance = \"least-loaded\"").await?;
    let url = format!("http://{}/slow-head", several.local);
    let asked: Vec<_> = (0..9)
        .map(|_| {
            let url = url.clone();
            tokio::spawn(async move { client::get(&url).await })
        })
        .collect();
    wait_until("all are under way", || async {
        Ok(several.requests().iter().sum::<usize>() == 9)
    })
    .await?;
    assert_eq!(several.requests(), [3, 3, 3]);
    for sharer in &several.sharers {
        sharer.origin.gate().open();
    }
    for asked in asked {
        within("an answer", asked).await???;
    }
    Ok(())
}

/// One request over a connection of its own.
async fn greeted(several: &Several) -> Result<Duration> {
    let begun = Instant::now();
    let mut stream = TcpStream::connect(several.local).await?;
    let request = b"GET /status/204 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    stream.write_all(request).await?;
    let mut answer = String::new();
    within("an answer", stream.read_to_string(&mut answer)).await??;
    assert!(answer.starts_with("HTTP/1.1 204"), "{answer}");
    Ok(begun.elapsed())
}

#[tokio::test]
async fn a_new_tcp_connection_finds_the_only_peer_again() -> Result<()> {
    let mut several = Several::open(1, "tcp", "").await?;
    greeted(&several).await?;
    several.sharers[0].kill().await?;
    several.sharers[0].start().await?;
    let took = greeted(&several).await?;
    println!("the first connection after it took {took:?}");
    // Long before QUIC gives the old connection up.
    assert!(took < Duration::from_secs(8), "{took:?}");
    Ok(())
}

#[tokio::test]
async fn new_tcp_connections_go_to_a_peer_that_lives() -> Result<()> {
    let mut several = Several::open(2, "tcp", "").await?;
    greeted(&several).await?;
    assert_eq!(several.requests(), [1, 0]);
    several.sharers[0].kill().await?;
    let took = greeted(&several).await?;
    println!("the first connection after it took {took:?}");
    assert!(took < GAP, "{took:?}");
    assert!(greeted(&several).await? < GAP);
    several.sharers[0].start().await?;
    wait_until("the preferred one is used again", || async {
        greeted(&several).await?;
        Ok(several.requests()[0] > 1)
    })
    .await
}
