//! The other end's malai fails.

use std::{fs, time::Duration};

use anyhow::{Context, Result, ensure};
use e2e::{Home, Malai, Origin, client, fault::Fault, within};
use http_body_util::BodyExt;
use hyper::{Method, Request};
use nix::sys::signal::Signal;
use tokio::time::{Instant, sleep};

use crate::{
    ends::{self, Ends, event_after, peer_is},
    load::Load,
};

/// A peer that says nothing is gone after 15 s; twice that on a busy machine.
const SILENT: Duration = Duration::from_secs(30);

/// Where there is another one it takes two seconds at most; more than twice that on a busy machine.
const FAILOVER: Duration = Duration::from_secs(5);

#[tokio::test]
async fn killed_in_the_middle_of_an_answer() -> Result<()> {
    let what = "The only peer is killed (`kill -9`) in mid-answer and started again";
    let mut fault = Fault::new("peer-killed", what);
    let origin = Origin::start().await?;
    let mut ends = Ends::to(origin.address()).await?;
    let request = Request::get(ends.url("/gated")).body(client::empty())?;
    let mut response = client::open(request).await?;
    client::piece(response.body_mut()).await?;
    let known = ends.bridge.events().len();
    ends.share.signal(Signal::SIGKILL)?;
    ends.share.exit().await?;
    let began = Instant::now();
    let cut = tokio::time::timeout(SILENT, response.into_body().collect()).await;
    let cut = cut.context("the answer hangs")?;
    fault.noticed(began.elapsed());
    ensure!(cut.is_err(), "the answer looks complete");
    fault.sees("what is under way breaks off as an error");
    event_after(&ends.bridge, known, "offline", |it| peer_is(it, "offline")).await?;

    let asking = Instant::now();
    let reply = ends.get("/sized").await?;
    fault.sees_answer(&reply)?;
    ensure!(asking.elapsed() < SILENT, "{:?}", asking.elapsed());
    ends.restart_share().await?;
    let back = ends.works().await?;
    fault.back(back);
    ensure!(back < SILENT, "{back:?}");
    fault.held("the cut answer has no end; the port of the bridge stayed");
    fault.record()
}

#[tokio::test]
async fn killed_where_there_are_two() -> Result<()> {
    let what = "The first of two peers is killed (`kill -9`) while 4 clients GET";
    let mut fault = Fault::new("peer-killed-of-two", what);
    let origin = Origin::start().await?;
    let pair = Two::serve(&origin).await?;
    let load = Load::begin(pair.local, &Method::GET, 4);
    load.answers(100).await?;
    pair.shares[0].signal(Signal::SIGKILL)?;
    load.answers(100).await?;
    let tally = load.end().await?;
    fault.noticed(tally.longest);
    fault.back(tally.longest);
    fault.sees(match &tally.told {
        Some(reply) => format!("{} to what was under way", reply.status.as_u16()),
        None => "a pause, no failure".into(),
    });
    fault.held(format!(
        "{} answered, {} failed",
        tally.answered.len(),
        tally.failed.len()
    ));
    ensure!(tally.longest < FAILOVER, "{:?}", tally.longest);
    ensure!(tally.failed.len() <= 4, "{:?}", tally.kinds());
    fault.record()
}

/// Two engines that share the same service, and a bridge to both.
struct Two {
    shares: Vec<Malai>,
    local: std::net::SocketAddr,
    _bridge: Malai,
    _homes: Vec<Home>,
}

impl Two {
    async fn serve(origin: &Origin) -> Result<Self> {
        let visitor = Home::new()?;
        let id = visitor.id().await?;
        let mut bridges = ends::network(9);
        let (mut homes, mut shares) = (Vec::new(), Vec::new());
        for (number, name) in [(1, "alice"), (2, "bob")] {
            let home = Home::new()?;
            let text = format!(
                "{}[service.shop]\nupstream = \"{}\"\nallow = [\"{id}\"]\n",
                ends::network(number),
                origin.address()
            );
            home.configure(&text)?;
            let peer = home.id().await?;
            let place = ends::place(number);
            bridges += &format!("[peer.{name}]\nid = \"{peer}\"\naddresses = [\"{place}\"]\n\n");
            let share = ends::serve(&home)?;
            share.event("shared").await?;
            shares.push(share);
            homes.push(home);
        }
        bridges += "[bridge.shop]\nto = [\"alice/shop\", \"bob/shop\"]\n";
        visitor.configure(&bridges)?;
        let bridge = ends::serve(&visitor)?;
        let local = ends::local(&bridge).await?;
        homes.push(visitor);
        Ok(Self {
            shares,
            local,
            _bridge: bridge,
            _homes: homes,
        })
    }
}

#[tokio::test]
async fn ends_and_starts_again() -> Result<()> {
    let what = "The only peer is ended (SIGTERM) and started again while 4 clients POST";
    let mut fault = Fault::new("peer-restarts", what);
    let origin = Origin::start().await?;
    let mut ends = Ends::to(origin.address()).await?;
    let load = Load::begin(ends.local, &Method::POST, 4);
    load.answers(100).await?;
    ends.share.signal(Signal::SIGTERM)?;
    assert_eq!(ends.share.exit().await?, 0);
    ends.restart_share().await?;
    let began = Instant::now();
    load.answers(4).await?;
    fault.back(began.elapsed());
    ensure!(began.elapsed() < SILENT, "{:?}", began.elapsed());
    load.answers(100).await?;
    let tally = load.end().await?;
    fault.held(tally.against(&origin.requests())?);
    fault.noticed(tally.longest);
    match &tally.told {
        Some(reply) => fault.sees_answer(reply)?,
        None => fault.sees("requests wait until it is back"),
    }
    fault.record()
}

#[tokio::test]
async fn sleeps() -> Result<()> {
    let what = "The sharing machine sleeps (SIGSTOP) for 20 s, longer than a connection lives";
    let mut fault = Fault::new("peer-sleeps", what);
    let origin = Origin::start().await?;
    let ends = Ends::to(origin.address()).await?;
    ends.works().await?;
    let known = ends.bridge.events().len();
    ends.share.signal(Signal::SIGSTOP)?;
    let began = Instant::now();
    let reply = ends.get("/sized").await?;
    fault.noticed(began.elapsed());
    fault.sees_answer(&reply)?;
    event_after(&ends.bridge, known, "offline", |it| peer_is(it, "offline")).await?;
    sleep(Duration::from_secs(20).saturating_sub(began.elapsed())).await;
    ends.share.signal(Signal::SIGCONT)?;
    let back = ends.works().await?;
    ensure!(back < Duration::from_secs(10), "{back:?}");
    fault.back(back);
    fault.held("usable within 10 s of waking");
    fault.record()
}

#[tokio::test]
async fn sleeps_on_our_side() -> Result<()> {
    let what = "Our own machine sleeps (SIGSTOP) for 20 s, longer than a connection lives";
    let mut fault = Fault::new("bridge-sleeps", what);
    let origin = Origin::start().await?;
    let ends = Ends::to(origin.address()).await?;
    ends.works().await?;
    ends.bridge.signal(Signal::SIGSTOP)?;
    let url = ends.url("/sized");
    let asking = tokio::spawn(async move { client::get(&url).await });
    let known = ends.share.events().len();
    event_after(&ends.share, known, "offline", |it| peer_is(it, "offline")).await?;
    ends.bridge.signal(Signal::SIGCONT)?;
    let began = Instant::now();
    let reply = within("the request of before", asking).await??;
    fault.sees(match reply {
        Ok(reply) if reply.status.is_success() => "the request of before is answered".to_owned(),
        Ok(reply) => format!("{} to the request of before", reply.status.as_u16()),
        Err(_) => "the request of before breaks off".to_owned(),
    });
    ends.works().await?;
    ensure!(began.elapsed() < Duration::from_secs(10), "{began:?}");
    fault.back(began.elapsed());
    fault.held("usable within 10 s of waking; the port stayed");
    fault.record()
}

#[tokio::test]
async fn killed_on_our_side() -> Result<()> {
    let mut fault = Fault::new(
        "bridge-killed",
        "Our own malai is killed (`kill -9`) and started",
    );
    let origin = Origin::start().await?;
    let mut ends = Ends::to(origin.address()).await?;
    ends.works().await?;
    ends.bridge.signal(Signal::SIGKILL)?;
    ends.bridge.exit().await?;
    let refused = client::get(&ends.url("/sized")).await;
    ensure!(refused.is_err(), "something answers");
    fault.sees("connection refused until it is started");
    ensure!(
        fs::exists(ends.bridge_home.path("control.sock"))?,
        "its socket is left"
    );
    let began = Instant::now();
    ends.bridge = ends::serve(&ends.bridge_home)?;
    let local = ends::local(&ends.bridge).await?;
    assert_eq!(local, ends.local, "another port");
    ends.works().await?;
    fault.back(began.elapsed());
    ensure!(began.elapsed() < SILENT, "{began:?}");
    fault.held("the same port; the socket left behind is no obstacle");
    fault.record()
}
