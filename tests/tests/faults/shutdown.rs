//! malai ends, is there twice, or finds its place taken.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use e2e::{Home, Origin, client, fault::Fault, wait_until, within};
use hyper::{Method, Request, StatusCode};
use nix::sys::signal::Signal;
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::Instant,
};

use crate::{
    ends::{self, Ends, serve},
    load::Load,
};

/// Downloads that are under way.
const UNDER_WAY: usize = 50;

/// Engines that are started on one home at once.
const RACERS: usize = 6;

#[tokio::test]
async fn ends_with_fifty_downloads_under_way() -> Result<()> {
    let what = "malai is ended (SIGTERM) on either side with 50 downloads under way";
    let mut fault = Fault::new("sigterm-under-load", what);
    for side in ["share", "bridge"] {
        let origin = Origin::start().await?;
        let mut ends = Ends::to(origin.address()).await?;
        let mut downloads = Vec::new();
        for _ in 0..UNDER_WAY {
            let request = Request::get(ends.url("/gated")).body(client::empty())?;
            let mut response = client::open(request).await?;
            client::piece(response.body_mut()).await?;
            downloads.push(response);
        }
        let (url, local) = (ends.url("/sized"), ends.local);
        let process = if side == "share" {
            &mut ends.share
        } else {
            &mut ends.bridge
        };
        process.signal(Signal::SIGTERM)?;
        let began = Instant::now();
        wait_until("the end of new requests", || async {
            if TcpStream::connect(local).await.is_err() {
                return Ok(true);
            }
            Ok(!client::get(&url)
                .await
                .is_ok_and(|reply| reply.status == StatusCode::OK))
        })
        .await?;
        fault.noticed(began.elapsed());
        ensure!(process.is_running()?, "it did not wait");
        origin.gate().open();
        for response in downloads {
            let whole = within("a download", client::read(response)).await??;
            assert_eq!(whole.text(), "last");
        }
        assert_eq!(process.exit().await?, 0);
        ensure!(began.elapsed() < Duration::from_secs(20), "{began:?}");
        let drained = process.event("drained").await?;
        assert_eq!(drained["cut"], 0, "{drained}");
    }
    fault.sees("what is under way ends well; new requests are refused at once");
    fault.held("100 downloads, 100 whole; exit code 0");
    fault.record()
}

#[tokio::test]
async fn ends_under_load() -> Result<()> {
    let what = "malai is ended (SIGTERM) on the sharing side while 8 clients POST";
    let mut fault = Fault::new("sigterm-counted", what);
    let origin = Origin::start().await?;
    let mut ends = Ends::to(origin.address()).await?;
    let load = Load::begin(ends.local, &Method::POST, 8);
    load.answers(200).await?;
    ends.share.signal(Signal::SIGTERM)?;
    let began = Instant::now();
    assert_eq!(ends.share.exit().await?, 0);
    fault.noticed(began.elapsed());
    let tally = load.end().await?;
    fault.held(tally.against(&origin.requests())?);
    ensure!(
        !tally.kinds().contains_key("broken off"),
        "{:?}",
        tally.kinds()
    );
    match &tally.told {
        Some(reply) => fault.sees_answer(reply)?,
        None => fault.sees("requests wait for it to come back"),
    }
    fault.record()
}

#[tokio::test]
async fn two_at_once() -> Result<()> {
    let what = "6 engines are started on one home at once, 3 times; the one before is killed";
    let mut fault = Fault::new("two-instances", what);
    let home = Home::new()?;
    home.id().await?;
    let mut slowest = Duration::ZERO;
    for _ in 0..3 {
        let mut racers = (0..RACERS)
            .map(|_| serve(&home))
            .collect::<Result<Vec<_>>>()?;
        let began = Instant::now();
        let mut ended = JoinSet::new();
        let mut running = 0;
        wait_until("all but one to give up", || {
            running = 0;
            let mut failed = None;
            for racer in &mut racers {
                match racer.is_running() {
                    Ok(true) => running += 1,
                    Ok(false) => {}
                    Err(error) => failed = Some(error),
                }
            }
            async move { failed.map_or(Ok(running == 1), Err) }
        })
        .await?;
        slowest = slowest.max(began.elapsed());
        for mut racer in racers {
            ended.spawn(async move {
                if racer.is_running()? {
                    racer.event("identity").await?;
                    racer.signal(Signal::SIGKILL)?;
                    racer.exit().await?;
                    return anyhow::Ok(None);
                }
                let code = racer.exit().await?;
                ensure!(code != 0, "{}", racer.said());
                Ok(Some(racer.stderr()))
            });
        }
        let mut losers = 0;
        while let Some(one) = ended.join_next().await {
            if let Some(said) = one?? {
                losers += 1;
                let line = said.lines().next().context("no word")?;
                ensure!(line.contains("already runs here"), "{said}");
                let line = line.replace(&home.dir().display().to_string(), "HOME");
                let words = line.split(' ').map(|it| {
                    if it.chars().any(|it| it.is_ascii_digit()) {
                        "N"
                    } else {
                        it
                    }
                });
                fault.says(&words.collect::<Vec<_>>().join(" "));
            }
        }
        assert_eq!(losers, RACERS - 1);
    }
    fault.noticed(slowest);
    fault.held("3 races, 1 engine each; what a killed one left behind was no obstacle");
    fault.record()
}

#[tokio::test]
async fn the_port_of_a_bridge_is_taken() -> Result<()> {
    let what = "Another program has the port of one of two bridges, and lets go of it";
    let mut fault = Fault::new("port-in-use", what);
    let origin = Origin::start().await?;
    let taken = TcpListener::bind("127.0.0.1:0").await?;
    let address = taken.local_addr()?;
    let more = format!("\n[bridge.taken]\nto = \"alice/shop\"\nlisten = \"{address}\"\n");
    let ends = Ends::with(origin.address(), "", &more).await?;
    let error = ends.bridge.event("error").await?;
    assert_eq!(error["code"], "port-in-use", "{error}");
    let message = error["message"].as_str().unwrap_or_default();
    fault.sees(message.replace(&address.to_string(), "ADDRESS"));
    ends.works().await?;
    drop(taken);
    let began = Instant::now();
    ends::works(&format!("http://{address}/sized")).await?;
    fault.back(began.elapsed());
    ends.works().await?;
    fault.held("the other bridge worked all the time; the taken one opens by itself");
    fault.record()
}
