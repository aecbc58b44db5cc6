//! People who may not, and what comes to the port that is no peer.

use std::{net::SocketAddr, time::Duration};

use anyhow::{Context, Result, ensure};
use e2e::{Home, Origin, Random, client, fault::Fault, within};
use http_body_util::BodyExt;
use hyper::{Request, StatusCode};
use iroh::{Endpoint, EndpointAddr, EndpointId, RelayMode, endpoint::presets};
use nix::sys::signal::Signal;
use tokio::{net::UdpSocket, time::Instant};

use crate::{
    ends::{self, Ends},
    load::Load,
};

/// Lines an engine may log of thousands of packets that make no sense.
const FEW_LINES: usize = 100;

#[tokio::test]
async fn revoked_while_it_streams() -> Result<()> {
    let what = "A guest is revoked in the middle of a download";
    let mut fault = Fault::new("revoked-while-streaming", what);
    let origin = Origin::start().await?;
    let ends = Ends::to(origin.address()).await?;
    let invited = ends
        .share_home
        .run(&["invite", "shop", "--json"])
        .await?
        .json()?;
    let link = invited["link"].as_str().context("no link")?;
    let home = Home::new()?;
    let bridge = home.start(&["bridge", link, "--json"])?;
    let url = format!("http://{}", ends::local(&bridge).await?);
    let request = Request::get(format!("{url}/chunked/100000000000")).body(client::empty())?;
    let mut response = client::open(request).await?;
    let mut got = 0_usize;
    while got < 1_000_000 {
        let frame = within("bytes", response.body_mut().frame())
            .await?
            .context("an end")??;
        got += frame.data_ref().map_or(0, |data| data.len());
    }
    let reading = tokio::spawn(async move {
        let mut last = Instant::now();
        loop {
            match response.body_mut().frame().await {
                Some(Ok(_)) => last = Instant::now(),
                Some(Err(_)) => return Ok((last, Instant::now())),
                None => return Err(anyhow::anyhow!("the download looks complete")),
            }
        }
    });
    let mut control = e2e::Control::connect(&ends.share_home).await?;
    let revoke = serde_json::json!({"request": "revoke", "invite": "shop"});
    let began = Instant::now();
    control.get(&revoke).await?;
    let (last, end) = within("the cut", reading).await???;
    fault.noticed(end.saturating_duration_since(began));
    ensure!(
        last.saturating_duration_since(began) < Duration::from_secs(1),
        "bytes came {:?} later",
        last.saturating_duration_since(began)
    );
    let reply = client::get(&format!("{url}/secret")).await?;
    assert_eq!(reply.status, StatusCode::FORBIDDEN);
    fault.sees("the download breaks off as an error");
    fault.sees_answer(&reply)?;
    ensure!(!origin.requests().iter().any(|it| it.contains("secret")));
    assert_eq!(ends.get("/sized").await?.status, StatusCode::OK);
    fault.held("cut within 1 s; 0 requests after it reached the service; others are not touched");
    fault.record()
}

#[tokio::test]
async fn garbage_at_the_port() -> Result<()> {
    let what = "20,000 packets of garbage come to the UDP port while 4 clients ask";
    let mut fault = Fault::new("garbage-udp", what);
    let origin = Origin::start().await?;
    let mut ends = Ends::to(origin.address()).await?;
    ends.works().await?;
    let (memory, lines) = (ends.share.memory()?, ends.share.stderr().lines().count());
    let load = Load::begin(ends.local, &hyper::Method::POST, 4);
    let socket = UdpSocket::bind("127.0.0.1:0").await?;
    let mut random = Random::new(20);
    for number in 0..20_000 {
        let length = usize::try_from(random.below(1400))?;
        let mut packet = random.bytes(length);
        // Half of them begin as QUIC's first packets do.
        if number % 2 == 0 && length > 6 {
            packet[0] |= 0xc0;
            packet[1..5].copy_from_slice(&1_u32.to_be_bytes());
        }
        // What does not fit into the socket's buffer is lost, as it is on a network.
        drop(socket.send_to(&packet, ends::place(1)).await);
        if number % 50 == 0 {
            tokio::task::yield_now().await;
        }
    }
    load.answers(50).await?;
    let tally = load.end().await?;
    ensure!(tally.failed.is_empty(), "{:?}", tally.kinds());
    ensure!(ends.share.is_running()?);
    let said = ends.share.stderr().lines().count() - lines;
    ensure!(said < FEW_LINES, "{said} lines");
    let more = ends.share.memory()?.saturating_sub(memory) / 1024;
    ensure!(more < 32 * 1024, "{more} KiB");
    fault.sees("nothing");
    fault.held(format!(
        "{}; {said} lines logged; {more} KiB more memory",
        tally.against(&origin.requests())?
    ));
    fault.record()
}

#[tokio::test]
async fn another_protocol() -> Result<()> {
    let what = "50 connections of strangers who speak QUIC and another protocol";
    let mut fault = Fault::new("unknown-alpn", what);
    let origin = Origin::start().await?;
    let mut ends = Ends::to(origin.address()).await?;
    ends.works().await?;
    let before = origin.requests().len();
    let lines = ends.share.stderr().lines().count();
    let endpoint = Endpoint::builder(presets::Minimal)
        .relay_mode(RelayMode::Disabled)
        .bind()
        .await?;
    let id = EndpointId::from_bytes(&e2e::key_bytes(&ends.share_id)?)?;
    let address: SocketAddr = ends::place(1);
    for number in 0..50 {
        let whole = EndpointAddr::new(id).with_ip_addr(address);
        let alpn = format!("/somebody/else/{number}");
        let connected = within("a refusal", endpoint.connect(whole, alpn.as_bytes())).await?;
        ensure!(connected.is_err(), "it was taken");
    }
    endpoint.close().await;
    assert_eq!(origin.requests().len(), before);
    assert_eq!(ends.get("/sized").await?.status, StatusCode::OK);
    ensure!(ends.share.is_running()?);
    let said = ends.share.stderr().lines().count() - lines;
    ensure!(said < FEW_LINES, "{said} lines");
    fault.sees("nothing; they are refused in the handshake");
    fault.held(format!(
        "50 refused, 0 requests to the service, {said} lines logged"
    ));
    fault.record()
}

#[tokio::test]
async fn tries_every_door() -> Result<()> {
    let what = "A stranger with the address asks for what there is and what there is not";
    let mut fault = Fault::new("stranger-denied", what);
    let origin = Origin::start().await?;
    let ends = Ends::to(origin.address()).await?;
    let home = Home::new()?;
    let mut answers = Vec::new();
    for service in ["shop", "nothing", "default", "a", "shop-2"] {
        let link = ends.link().replace("/shop", &format!("/{service}"));
        let mut bridge = home.start(&["bridge", &link, "--json"])?;
        let url = format!("http://{}/secret", ends::local(&bridge).await?);
        for _ in 0..20 {
            let reply = client::get(&url).await?;
            assert_eq!(reply.status, StatusCode::FORBIDDEN);
            answers.push(reply);
        }
        bridge.signal(Signal::SIGTERM)?;
        bridge.exit().await?;
    }
    ensure!(answers.iter().all(|reply| reply.body == answers[0].body));
    fault.sees_answer(&answers[0])?;
    assert_eq!(origin.requests(), Vec::<String>::new());
    assert_eq!(ends.get("/sized").await?.status, StatusCode::OK);
    fault.held(format!(
        "{} requests, all answered the same, 0 connections to the service",
        answers.len()
    ));
    fault.record()
}
