//! A bridge that may lead to several peers, while they die, stop and come back.

use std::{net::SocketAddr, sync::atomic::Ordering::SeqCst, time::Duration};

use anyhow::Result;
use e2e::{Counted, Load, Several, client, wait_until, within};
use hyper::{Method, Request, StatusCode};
use nix::sys::signal::Signal;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::Instant,
};

use crate::breaking::{Unwell, unwell};

/// How long a slow service takes.
const SLOW: Duration = Duration::from_millis(600);

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

/// Gives the preferred one another service.
fn leads_to(several: &Several, old: SocketAddr, new: SocketAddr) -> Result<()> {
    let home = &several.sharers[0].home;
    let config = home.config()?;
    home.configure(&config.replace(&old.to_string(), &new.to_string()))
}

/// What the bridge answers.
async fn status(several: &Several) -> Result<StatusCode> {
    let reply = client::get(&format!("http://{}{WITHOUT_BODY}", several.local)).await?;
    Ok(reply.status)
}

#[tokio::test]
async fn a_peer_that_is_slow_is_left_and_one_request_at_a_time_tries_it() -> Result<()> {
    let keys = "breaker = { slow = \"300ms\", slow_rate = 0.9, requests = 5, window = \"1s\" }";
    let several = Several::open(2, "http", keys).await?;
    let (origin, slow, heads) = unwell(Unwell::Slow(SLOW)).await?;
    slow.store(false, SeqCst);
    leads_to(
        &several,
        several.sharers[0].origin.address(),
        origin.address(),
    )?;
    wait_until("the other service", || async {
        assert_eq!(status(&several).await?, StatusCode::OK);
        Ok(heads.load(SeqCst) > 0)
    })
    .await?;
    slow.store(true, SeqCst);
    let load = Load::begin(several.local, WITHOUT_BODY, 8);
    is_shown(&several, 0, "out").await?;
    is_shown(&several, 1, "in-use").await?;
    // The peer can be reached, which says nothing of how slow it is.
    let (asked, others) = (heads.load(SeqCst), several.requests()[1]);
    load.answers(500).await?;
    assert!(several.requests()[1] - others > 400, "{asked}");
    let tried = heads.load(SeqCst) - asked;
    assert!(tried <= 8 + 5, "{tried} were tried");
    slow.store(false, SeqCst);
    is_shown(&several, 0, "in-use").await?;
    let asked = heads.load(SeqCst);
    load.answers(100).await?;
    assert!(heads.load(SeqCst) > asked + 50, "used again");
    is_unbroken(&load.end().await?);
    Ok(())
}

#[tokio::test]
async fn a_peer_whose_service_fails_too_often_is_left_and_one_request_tries_it() -> Result<()> {
    let keys = "breaker = { failures = 1000, error_rate = 0.5, requests = 10, window = \"1m\" }";
    let several = Several::open(2, "http", keys).await?;
    for _ in 0..5 {
        assert_eq!(status(&several).await?, StatusCode::OK);
    }
    let upstream = several.sharers[0].origin.address();
    // Whose port it was is gone.
    let nobody = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    leads_to(&several, upstream, nobody)?;
    wait_until("the first to be left", || async {
        assert_eq!(status(&several).await?, StatusCode::OK, "another answers");
        Ok(several.status().await?["members"][0]["state"] == "out")
    })
    .await?;
    let answers = several.requests()[1];
    assert!(
        answers >= 5,
        "half of them are failures, at least: {answers}"
    );
    leads_to(&several, nobody, upstream)?;
    let before = several.requests()[0];
    wait_until("the first to be used again", || async {
        assert_eq!(status(&several).await?, StatusCode::OK, "another answers");
        Ok(several.requests()[0] > before)
    })
    .await?;
    is_shown(&several, 0, "in-use").await
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

/// Kills and starts the only peer, and asks it before and after.
async fn ask_around_a_restart(protocol: &str) -> Result<Several> {
    let mut several = Several::open(1, protocol, "").await?;
    greeted(&several).await?;
    several.sharers[0].kill().await?;
    several.sharers[0].start().await?;
    let took = greeted(&several).await?;
    println!("the first answer after it took {took:?}");
    // Long before QUIC gives the old connection up.
    assert!(took < Duration::from_secs(8), "{took:?}");
    Ok(several)
}

#[tokio::test]
async fn a_new_tcp_connection_finds_the_only_peer_again() -> Result<()> {
    ask_around_a_restart("tcp").await.map(drop)
}

#[tokio::test]
async fn a_request_finds_the_only_peer_again() -> Result<()> {
    // It goes out over the dead connection, and over the one that takes its place.
    let several = ask_around_a_restart("http").await?;
    assert_eq!(several.requests(), [2]);
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
