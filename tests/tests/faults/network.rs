//! The network between two machines fails.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use anyhow::{Result, ensure};
use e2e::{fault::Fault, pattern::Checker, wait_until, within};
use http_body_util::BodyExt;
use hyper::{Request, StatusCode};
use tokio::{
    io::AsyncWriteExt,
    task::JoinSet,
    time::{Instant, sleep, timeout},
};

use crate::road::{Road, says_again};

/// Bytes of a body that has a length.
const SIZED: u64 = 12_345;

#[tokio::test]
async fn cut_for_a_moment() -> Result<()> {
    let what = "The cable is pulled for 5 s; a TCP connection and a download are open";
    let mut fault = Fault::new("network-cut-5s", what);
    let road = Road::open().await?;
    let mut pipe = road.pipe().await?;
    says_again(&mut pipe, b"before").await?;
    let mut client = road.client().await?;
    let request = Request::get("http://localhost/gated").body(e2e::client::empty())?;
    let mut response = client.open_request(request).await?;
    e2e::client::piece(response.body_mut()).await?;

    road.lab.shell("wan", "ip link set road-b down").await?;
    pipe.write_all(b"during").await?;
    // As long as the cut lasts, and not a wait for something.
    sleep(Duration::from_secs(5)).await;
    road.lab.shell("wan", "ip link set road-b up").await?;
    let began = Instant::now();
    let mut heard = [0; 6];
    within(
        "the connection",
        tokio::io::AsyncReadExt::read_exact(&mut pipe, &mut heard),
    )
    .await??;
    assert_eq!(&heard, b"during");
    fault.back(began.elapsed());
    ensure!(began.elapsed() < Duration::from_secs(10), "{began:?}");
    says_again(&mut pipe, b"after").await?;
    road.origin.gate().open();
    assert_eq!(e2e::client::read(response).await?.text(), "last");
    fault.sees("a pause; connections and downloads go on where they were");
    fault.held("1 TCP connection and 1 download went on; every byte came once and in order");
    fault.record()
}

#[tokio::test]
async fn cut_for_long() -> Result<()> {
    let mut fault = Fault::new("network-cut-30s", "The cable is pulled for 30 s");
    let road = Road::open().await?;
    let mut pipe = road.pipe().await?;
    says_again(&mut pipe, b"before").await?;
    road.lab.shell("wan", "ip link set road-b down").await?;
    let began = Instant::now();
    let reply = road.get("/sized").await?;
    fault.noticed(began.elapsed());
    fault.sees_answer(&reply)?;
    sleep(Duration::from_secs(30).saturating_sub(began.elapsed())).await;
    road.lab.shell("wan", "ip link set road-b up").await?;
    let began = Instant::now();
    let back = road.works().await?;
    fault.back(back);
    ensure!(back < Duration::from_secs(5), "{back:?}");
    // The connection of before has survived, or has ended once and for all.
    let survived = says_again(&mut pipe, b"after").await.is_ok();
    ensure!(began.elapsed() < Duration::from_secs(30), "it hangs");
    let then = if survived {
        "survived"
    } else {
        "ended with an error, once"
    };
    fault.sees(format!("an open TCP connection has {then}"));
    let mut again = road.pipe().await?;
    says_again(&mut again, b"again").await?;
    fault.held("requests and new TCP connections work again");
    fault.record()
}

#[tokio::test]
async fn another_address() -> Result<()> {
    let what = "Our machine gets another address, as by another Wi-Fi, during a download";
    let mut fault = Fault::new("address-changes", what);
    let road = Road::open().await?;
    let mut client = road.client().await?;
    let request = Request::get("http://localhost/gated").body(e2e::client::empty())?;
    let mut response = client.open_request(request).await?;
    e2e::client::piece(response.body_mut()).await?;
    let change = "ip address add 10.2.0.77/24 dev lan; ip address del 10.2.0.2/24 dev lan; \
                  ip address show dev lan | grep -q 10.2.0.77 || ip address add 10.2.0.77/24 dev lan; \
                  ip route replace default via 10.2.0.1";
    road.lab.shell("host-b", change).await?;
    let began = Instant::now();
    let back = road.works().await?;
    fault.back(back);
    ensure!(back < Duration::from_secs(20), "{back:?}");
    road.origin.gate().open();
    let end = within("the end of the download", e2e::client::read(response)).await?;
    match end {
        Ok(reply) => {
            assert_eq!(reply.text(), "last");
            fault.sees("a pause; the download goes on");
        }
        Err(_) => fault.sees("the download breaks off; the next request is answered"),
    }
    fault.noticed(began.elapsed());
    fault.held("the download ended well or as an error, never short and complete");
    fault.record()
}

/// Downloads and uploads `bytes`, and checks every one of them.
async fn transfers(fault: &mut Fault, road: &Road, bytes: u64, seconds: u64) -> Result<()> {
    let began = Instant::now();
    let both = async {
        let mut client = road.client().await?;
        let url = format!("http://localhost/download/{bytes}");
        let request = Request::get(url).body(e2e::client::empty())?;
        let mut response = client.open_request(request).await?;
        assert_eq!(response.status(), StatusCode::OK);
        let mut checker = Checker::default();
        while let Some(frame) = response.body_mut().frame().await {
            checker.take(frame?.data_ref().map_or(&[], |data| data));
        }
        assert_eq!((checker.length(), checker.first_wrong()), (bytes, None));
        let body = e2e::client::pattern(bytes);
        let request = Request::post("http://localhost/upload").body(body)?;
        let reply = e2e::client::read(client.begin(request)?.await?)
            .await?
            .json()?;
        assert_eq!(reply["length"], bytes, "{reply}");
        assert!(reply["first_wrong"].is_null(), "{reply}");
        anyhow::Ok(())
    };
    timeout(Duration::from_secs(seconds), both).await??;
    let took = began.elapsed();
    let rate = 2.0 * bytes as f64 / 1024.0 / took.as_secs_f64();
    fault.sees(format!("{rate:.0} KiB/s, no failure"));
    fault.held(format!(
        "{} KiB each way, every byte compared: 0 wrong, 0 missing",
        bytes / 1024
    ));
    for _ in 0..5 {
        assert_eq!(road.get("/sized").await?.body.len() as u64, SIZED);
    }
    Ok(())
}

#[tokio::test]
async fn one_packet_in_a_hundred_is_lost() -> Result<()> {
    let what = "1 % of packets is lost each way, 50 ms delay";
    let mut fault = Fault::new("loss-1-percent", what);
    let road = Road::rough(&["loss=10", "delay=25", "seed=1"]).await?;
    transfers(&mut fault, &road, 2 << 20, 50).await?;
    fault.record()
}

#[tokio::test]
async fn one_packet_in_twenty_is_lost() -> Result<()> {
    let what = "5 % of packets is lost each way, 50 ms delay";
    let mut fault = Fault::new("loss-5-percent", what);
    let road = Road::rough(&["loss=50", "delay=25", "seed=2"]).await?;
    transfers(&mut fault, &road, 512 << 10, 50).await?;
    fault.record()
}

#[tokio::test]
async fn one_packet_in_five_is_lost() -> Result<()> {
    let what = "20 % of packets is dropped by `nft`, on a working connection";
    let mut fault = Fault::new("loss-20-percent", what);
    let road = Road::open().await?;
    let lose = "nft add rule ip road passing meta l4proto udp numgen random mod 100 '<' 20 drop";
    road.lab.shell("wan", lose).await?;
    transfers(&mut fault, &road, 256 << 10, 50).await?;
    let began = Instant::now();
    road.lab
        .shell("wan", "nft flush chain ip road passing")
        .await?;
    road.works().await?;
    fault.back(began.elapsed());
    fault.record()
}

#[tokio::test]
async fn late_doubled_and_out_of_order() -> Result<()> {
    let what = "200 ms delay; 10 % of packets is overtaken by others, 5 % comes twice, 1 % never";
    let mut fault = Fault::new("delay-reorder-double", what);
    let road = Road::rough(&[
        "delay=100",
        "jitter=4",
        "reorder=100",
        "overtake=30",
        "double=50",
        "loss=10",
        "seed=3",
    ])
    .await?;
    transfers(&mut fault, &road, 512 << 10, 50).await?;
    fault.record()
}

#[tokio::test]
async fn a_narrow_way_full_of_downloads() -> Result<()> {
    let what = "10 Mbit/s with a queue of 250 ms, 20 ms there and back, full of 8 downloads";
    let mut fault = Fault::new("narrow-link", what);
    let road = Road::rough(&["delay=10", "rate=1250", "queue=250"]).await?;
    let came = Arc::new(AtomicU64::new(0));
    let mut downloads = JoinSet::new();
    for _ in 0..8 {
        let mut client = road.client().await?;
        let request = Request::get(format!("http://localhost/download/{}", 1 << 30));
        let mut response = client
            .open_request(request.body(e2e::client::empty())?)
            .await?;
        let came = Arc::clone(&came);
        downloads.spawn(async move {
            let _client = client;
            while let Some(Ok(frame)) = response.body_mut().frame().await {
                let bytes = frame.data_ref().map_or(0, |data| data.len() as u64);
                came.fetch_add(bytes, Ordering::Relaxed);
            }
        });
    }
    wait_until("the queue to be full", || async {
        Ok(came.load(Ordering::Relaxed) > 4 << 20)
    })
    .await?;
    // As many as make much of little together.
    let mut client = road.client().await?;
    let (mut most, began) = (0, Instant::now());
    for _ in 0..20 {
        let before = came.load(Ordering::Relaxed);
        let reply = client.get("http://localhost/sized").await?;
        assert_eq!(reply.body.len() as u64, SIZED);
        most = most.max(came.load(Ordering::Relaxed) - before);
    }
    let each = began.elapsed().as_millis() / 20;
    fault.sees(format!(
        "answers of 12 KB after {each} ms, which is the queue"
    ));
    let kib = most / 1024;
    fault.held(format!(
        "{kib} KiB of downloads at most went ahead of an answer"
    ));
    ensure!(
        most < 768 << 10,
        "{kib} KiB of downloads went ahead of an answer"
    );
    ensure!(downloads.try_join_next().is_none(), "a download ended");
    fault.record()
}

#[tokio::test]
async fn all_udp_is_dropped_and_comes_back() -> Result<()> {
    let what = "A firewall drops all UDP for 20 s and then lets it pass again; no relay";
    let mut fault = Fault::new("udp-blocked", what);
    let road = Road::open().await?;
    let known = road.bridge.events().len();
    road.lab
        .shell("wan", "nft add rule ip road passing meta l4proto udp drop")
        .await?;
    let began = Instant::now();
    let reply = road.get("/sized").await?;
    fault.noticed(began.elapsed());
    fault.sees_answer(&reply)?;
    let offline = |event: &serde_json::Value| crate::ends::peer_is(event, "offline");
    crate::ends::event_after(&road.bridge, known, "offline in the status", offline).await?;
    sleep(Duration::from_secs(20).saturating_sub(began.elapsed())).await;
    road.lab
        .shell("wan", "nft flush chain ip road passing")
        .await?;
    let back = road.works().await?;
    fault.back(back);
    ensure!(back < Duration::from_secs(10), "{back:?}");
    let requests = road.origin.requests().len();
    wait_until("a request to arrive once", || async {
        road.get("/echo/once").await?;
        Ok(road.origin.requests().len() == requests + 1)
    })
    .await?;
    fault.held("the state says offline while it is; nothing came twice");
    fault.record()
}
