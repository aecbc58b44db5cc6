//! The service behind the share fails.

use std::{sync::Arc, time::Duration};

use anyhow::{Context, Result, ensure};
use e2e::{Origin, RawOrigin, client, fault::Fault, read_head, wait_until, within};
use http_body_util::BodyExt;
use hyper::{Method, Request, StatusCode};
use nix::sys::signal::Signal;
use tokio::{io::AsyncReadExt, sync::Notify, time::Instant};

use crate::{
    ends::{Ends, served, service},
    load::Load,
};

/// Long enough for a busy machine, and far below any time-out of malai's.
const SOON: Duration = Duration::from_secs(5);

#[tokio::test]
async fn killed_in_the_middle_of_an_answer() -> Result<()> {
    let mut fault = Fault::new("service-killed", "The service is killed in mid-answer");
    let (process, address) = service(0).await?;
    let ends = Ends::to(address).await?;
    let request = Request::get(ends.url("/chunked/10000000000")).body(client::empty())?;
    let mut response = client::open(request).await?;
    let mut got = client_bytes(&mut response, 1_000_000).await?;
    process.signal(Signal::SIGKILL)?;
    let began = Instant::now();
    while let Ok(frame) = within("the end of the answer", response.body_mut().frame())
        .await?
        .context("the answer looks complete")?
    {
        got += frame.data_ref().map_or(0, |data| data.len() as u64);
    }
    fault.noticed(began.elapsed());
    ensure!(began.elapsed() < SOON, "{:?}", began.elapsed());
    fault.sees("the download breaks off as an error, never as a complete file");

    let began = Instant::now();
    let (_again, _) = service(address.port()).await?;
    ends.works().await?;
    fault.back(began.elapsed());
    fault.held(format!(
        "{got} bytes came, and no end; the next request is answered"
    ));
    fault.record()
}

/// Reads at least `least` bytes of a body that goes on.
async fn client_bytes(
    response: &mut hyper::Response<hyper::body::Incoming>,
    least: u64,
) -> Result<u64> {
    let mut got = 0;
    while got < least {
        let frame = within("bytes", response.body_mut().frame()).await?;
        let frame = frame.context("it ended")??;
        got += frame.data_ref().map_or(0, |data| data.len() as u64);
    }
    Ok(got)
}

#[tokio::test]
async fn not_there() -> Result<()> {
    let mut fault = Fault::new(
        "service-down",
        "Nothing listens where the service should be",
    );
    let (process, address) = service(0).await?;
    let ends = Ends::to(address).await?;
    ends.works().await?;
    drop(process);
    wait_until("the port to be free", || async {
        Ok(tokio::net::TcpStream::connect(address).await.is_err())
    })
    .await?;
    for _ in 0..20 {
        let began = Instant::now();
        let reply = ends.get("/sized").await?;
        ensure!(began.elapsed() < SOON, "{:?}", began.elapsed());
        assert_eq!(reply.status, StatusCode::BAD_GATEWAY);
        assert_eq!(reply.header("malai-error"), "upstream-down");
        ensure!(!reply.text().contains(&address.to_string()), "{reply:?}");
        fault.noticed(began.elapsed());
        fault.sees_answer(&reply)?;
    }
    let (_again, _) = service(address.port()).await?;
    let began = Instant::now();
    ends.works().await?;
    fault.back(began.elapsed());
    fault.held("20 requests, 20 answers; the address of the service is in none");
    fault.record()
}

/// A service that takes a request and never answers; also tells when it was let go of.
async fn silent_origin() -> Result<(RawOrigin, Arc<Notify>)> {
    let gone = Arc::new(Notify::new());
    let tell = Arc::clone(&gone);
    let origin = RawOrigin::start(move |mut stream, _| {
        let tell = Arc::clone(&tell);
        async move {
            read_head(&mut stream).await?;
            // Ends when malai lets go of the connection.
            stream.read_to_end(&mut Vec::new()).await.ok();
            tell.notify_one();
            Ok(())
        }
    })
    .await?;
    Ok((origin, gone))
}

#[tokio::test]
async fn takes_the_request_and_says_nothing() -> Result<()> {
    const LIMIT: Duration = Duration::from_secs(1);
    let mut fault = Fault::new(
        "service-hangs",
        "The service takes requests and never answers",
    );
    let (origin, gone) = silent_origin().await?;
    let limit = "timeouts = { response_header = \"1s\" }";
    let ends = Ends::with(origin.address(), limit, "").await?;
    let began = Instant::now();
    let request = Request::post(ends.url("/")).body(client::full("once"))?;
    let reply = client::send(request).await?;
    let took = began.elapsed();
    assert_eq!(reply.status, StatusCode::GATEWAY_TIMEOUT, "{reply:?}");
    ensure!(took >= LIMIT && took < LIMIT + SOON, "{took:?}");
    fault.noticed(took);
    fault.sees_answer(&reply)?;
    within("malai to let go of the service", gone.notified()).await?;
    assert_eq!(origin.connections(), 1, "a POST was sent again");
    fault.held("the limit was 1 s; its connection to the service is closed; the POST came once");
    fault.record()
}

#[tokio::test]
async fn works_for_a_client_that_has_left() -> Result<()> {
    let mut fault = Fault::new(
        "client-leaves",
        "The client goes away while the service works",
    );
    let (origin, gone) = silent_origin().await?;
    let ends = Ends::to(origin.address()).await?;
    let url = ends.url("/long");
    let asking = tokio::spawn(async move { client::get(&url).await });
    wait_until("the request to arrive", || async {
        Ok(origin.connections() == 1)
    })
    .await?;
    asking.abort();
    let began = Instant::now();
    within("the service to be told", gone.notified()).await?;
    ensure!(began.elapsed() < SOON, "{:?}", began.elapsed());
    fault.noticed(began.elapsed());
    fault.sees("nothing; the service is told by the end of its connection");
    fault.held("1 request, cancelled at the service");
    fault.record()
}

#[tokio::test]
async fn killed_and_started_anew_under_load() -> Result<()> {
    let what = "The service is killed and started anew 3 times while 8 clients POST";
    let mut fault = Fault::new("service-restarts", what);
    let (mut process, address) = service(0).await?;
    let ends = Ends::to(address).await?;
    let load = Load::begin(ends.local, &Method::POST, 8);
    let mut done = Vec::new();
    let mut longest = Duration::ZERO;
    for _ in 0..3 {
        load.answers(100).await?;
        process.signal(Signal::SIGKILL)?;
        process.exit().await?;
        done.extend(served(&process));
        (process, _) = service(address.port()).await?;
        let began = Instant::now();
        load.answers(1).await?;
        longest = longest.max(began.elapsed());
    }
    load.answers(100).await?;
    let tally = load.end().await?;
    done.extend(served(&process));
    fault.held(tally.against(&done)?);
    for kind in tally.kinds().keys() {
        ensure!(
            ["upstream-down", "broken off"].contains(kind),
            "{:?}",
            tally.kinds()
        );
    }
    let slowest = tally.failed.iter().map(|failed| failed.took).max();
    fault.noticed(slowest.unwrap_or_default());
    ensure!(slowest.unwrap_or_default() < SOON, "{slowest:?}");
    fault.back(longest);
    ensure!(longest < SOON, "{longest:?}");
    fault.sees_answer(&tally.told.context("nobody was told")?)?;
    fault.record()
}

#[tokio::test]
async fn one_of_two_is_killed_under_load() -> Result<()> {
    let what = "One of two backends is killed while 8 clients GET";
    let mut fault = Fault::new("backend-killed", what);
    let (process, address) = service(0).await?;
    let second = Origin::start().await?;
    let upstream = format!("{address}\", \"{}", second.address());
    let ends = Ends::to(upstream).await?;
    let load = Load::begin(ends.local, &Method::GET, 8);
    load.answers(200).await?;
    process.signal(Signal::SIGKILL)?;
    load.answers(200).await?;
    let tally = load.end().await?;
    fault.held(format!(
        "{} GETs, {} failed",
        tally.answered.len() + tally.failed.len(),
        tally.failed.len()
    ));
    // A GET that had reached the one that died is safe to repeat, and is repeated.
    ensure!(tally.failed.is_empty(), "{:?}", tally.kinds());
    ensure!(tally.longest < SOON, "{:?}", tally.longest);
    fault.noticed(tally.longest);
    fault.back(Duration::ZERO);
    fault.sees("nothing: the other backend answers");
    fault.record()
}
