//! The relay fails.

use std::time::Duration;

use anyhow::{Result, ensure};
use e2e::fault::Fault;
use hyper::StatusCode;
use serde_json::Value;
use tokio::time::Instant;

use crate::{
    ends::{event_after, peer_is},
    road::Road,
};

#[tokio::test]
async fn killed_while_there_is_a_direct_way() -> Result<()> {
    let what = "The relay is killed while two peers are connected directly";
    let mut fault = Fault::new("relay-killed-direct-way", what);
    let mut road = Road::with_relay(true).await?;
    event_after(&road.bridge, 0, "a direct way", |it| peer_is(it, "direct")).await?;
    road.lab.kill_relay().await?;
    let began = Instant::now();
    let mut client = road.client().await?;
    let (mut done, mut longest) = (0_u32, Duration::ZERO);
    while began.elapsed() < Duration::from_secs(10) {
        let asking = Instant::now();
        let reply = client
            .get(&format!("http://localhost/sized/{done}"))
            .await?;
        assert_eq!(reply.status, StatusCode::OK, "{reply:?}");
        longest = longest.max(asking.elapsed());
        done += 1;
    }
    fault.sees(format!(
        "nothing; the slowest answer took {} ms",
        longest.as_millis()
    ));
    fault.held(format!("{done} requests in 10 s after it, 0 failed"));
    fault.record()
}

#[tokio::test]
async fn killed_where_it_is_the_only_way() -> Result<()> {
    let what = "The relay is killed where it is the only way, and started again";
    let mut fault = Fault::new("relay-restarts", what);
    let mut road = Road::with_relay(false).await?;
    event_after(&road.bridge, 0, "a way by relay", |it| {
        peer_is(it, "relayed")
    })
    .await?;
    let known = [&road.bridge, &road.share].map(|end| end.events().len());
    road.lab.kill_relay().await?;
    let began = Instant::now();
    let reply = road.get("/sized").await?;
    fault.noticed(began.elapsed());
    fault.sees_answer(&reply)?;
    let offline = |event: &Value| peer_is(event, "offline");
    let says = "offline in the status";
    event_after(&road.bridge, known[0], says, offline).await?;
    event_after(&road.share, known[1], says, offline).await?;
    road.lab.start_relay().await?;
    let back = road.works().await?;
    fault.back(back);
    ensure!(back < Duration::from_secs(10), "{back:?}");
    fault.held("the state says offline while it is; the bridge works again by itself");
    fault.record()
}
