//! How much a peer may ask for.

use std::time::Duration;

use anyhow::{Context, Result};
use e2e::{Home, Origin, Pair, RawOrigin, client, wait_until};
use hyper::{Request, StatusCode};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::Instant,
};

#[tokio::test]
async fn a_peer_that_asks_too_fast_is_told_when_to_come_back_and_others_are_served() -> Result<()> {
    let origin = Origin::start().await?;
    let keys = "limits = { requests_per_second = 1, burst = 3 }";
    let pair = Pair::configured(origin.address(), keys).await?;
    let (other, config) = (Home::new()?, pair.share_home.config()?);
    let both = format!(
        "allow = [\"{}\", \"{}\"]",
        pair.bridge_id,
        other.id().await?
    );
    let only = format!("allow = [\"{}\"]", pair.bridge_id);
    pair.share_home.configure(&config.replace(&only, &both))?;

    let bridge = other.start(&["bridge", &pair.link, "--json"])?;
    let bridged = bridge.event("bridged").await?;
    let others = bridged["url"].as_str().context("no url")?;
    wait_until("the other peer to be let in", || async {
        Ok(client::get(others).await?.status == StatusCode::OK)
    })
    .await?;
    let before = origin.requests().len();

    let url = pair.url("/sized");
    for _ in 0..3 {
        assert_eq!(client::get(&url).await?.status, StatusCode::OK);
    }
    let refused = client::get(&url).await?;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(refused.header("malai-error"), "too-many-requests");
    assert_eq!(refused.header("retry-after"), "1");
    assert_eq!(origin.requests().len() - before, 3);

    wait_until("the other peer's turn", || async {
        Ok(client::get(others).await?.status == StatusCode::OK)
    })
    .await?;
    wait_until("the rate to allow more", || async {
        Ok(client::get(&url).await?.status == StatusCode::OK)
    })
    .await?;
    Ok(())
}

/// What the metrics of the one who shares say of this line.
async fn counted(home: &Home, line: &str) -> Result<u64> {
    let metrics = home.run(&["metrics"]).await?;
    let value = metrics.stdout.lines().find_map(|it| it.strip_prefix(line));
    Ok(value.context("no such line")?.trim().parse()?)
}

#[tokio::test]
async fn a_peer_has_no_more_at_once_than_each_may_and_refusals_are_counted() -> Result<()> {
    let origin = Origin::start().await?;
    let pair = Pair::configured(origin.address(), "limits = { per_peer = 2 }").await?;
    let request = || Request::get(pair.url("/gated")).body(client::empty());
    let held = [
        client::open(request()?).await?,
        client::open(request()?).await?,
    ];
    let refused = client::get(&pair.url("/sized")).await?;
    assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(refused.header("malai-error"), "busy");
    assert_eq!(refused.header("retry-after"), "1");
    let line = "malai_refused_total{side=\"share\",name=\"shop\",reason=\"share\"}";
    assert_eq!(counted(&pair.share_home, line).await?, 1);

    // Another number holds at once, for what is under way, too.
    let config = pair.share_home.config()?;
    let more = config.replace("per_peer = 2", "per_peer = 3");
    pair.share_home.configure(&more)?;
    wait_until("the new limit", || async {
        Ok(client::get(&pair.url("/sized")).await?.status == StatusCode::OK)
    })
    .await?;
    origin.gate().open();
    for held in held {
        assert_eq!(client::read(held).await?.text(), "firstlast");
    }
    Ok(())
}

#[tokio::test]
async fn all_peers_together_have_a_rate_of_a_service_and_of_all() -> Result<()> {
    let origin = Origin::start().await?;
    let limits = "limits = { total_requests_per_second = 4 }";
    let pair = Pair::configured(origin.address(), limits).await?;
    let flood = async |pair: &Pair| -> Result<usize> {
        let mut refused = 0;
        for _ in 0..12 {
            let reply = client::get(&pair.url("/sized")).await?;
            if reply.status == StatusCode::SERVICE_UNAVAILABLE {
                assert_eq!(reply.header("malai-error"), "busy");
                assert!(!reply.header("retry-after").is_empty());
                refused += 1;
            }
        }
        Ok(refused)
    };
    assert!(flood(&pair).await? > 0);
    let line = "malai_refused_total{side=\"share\",name=\"shop\",reason=\"rate\"}";
    assert!(counted(&pair.share_home, line).await? > 0);

    let config = pair.share_home.config()?.replace(limits, "");
    let config = format!("{config}\n[limits]\nrequests_per_second = 4\n");
    pair.share_home.configure(&config)?;
    let line = "malai_refused_total{side=\"share\",name=\"shop\",reason=\"engine-rate\"}";
    wait_until("the rate of all services", || async {
        flood(&pair).await?;
        Ok(counted(&pair.share_home, line).await? > 0)
    })
    .await
}

#[tokio::test]
async fn a_peer_has_so_much_bandwidth_and_a_new_one_holds_at_once() -> Result<()> {
    let origin = Origin::start().await?;
    let limits = "limits = { bandwidth = \"500KiB\" }";
    let pair = Pair::configured(origin.address(), limits).await?;
    let timed = async || -> Result<Duration> {
        let started = Instant::now();
        let reply = client::get(&pair.url("/download/1000000")).await?;
        assert_eq!(reply.body.len(), 1_000_000);
        Ok(started.elapsed())
    };
    let took = timed().await?;
    assert!(took >= Duration::from_millis(1300), "{took:?}");
    let config = pair.share_home.config()?;
    pair.share_home.configure(&config.replace(limits, ""))?;
    wait_until("no limit", || async {
        Ok(timed().await? < Duration::from_millis(1300))
    })
    .await?;
    let all = format!(
        "{}\n[limits]\nupload = \"500KiB\"\n",
        pair.share_home.config()?
    );
    pair.share_home.configure(&all)?;
    wait_until("the limit of all", || async {
        Ok(timed().await? >= Duration::from_millis(1300))
    })
    .await
}

#[tokio::test]
async fn a_head_that_is_too_long_or_too_slow_is_told_so() -> Result<()> {
    let origin = Origin::start().await?;
    let limits = "limits = { header_size = \"8KiB\", header_time = \"1s\" }";
    let pair = Pair::configured(origin.address(), limits).await?;
    let long = Request::get(pair.url("/echo")).header("x-long", "a".repeat(20_000));
    let reply = client::send(long.body(client::empty())?).await?;
    assert_eq!(reply.status, StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
    let short = Request::get(pair.url("/echo")).header("x-short", "a".repeat(4000));
    let reply = client::send(short.body(client::empty())?).await?;
    assert_eq!(reply.status, StatusCode::OK);

    // Through a stream of our own, since a bridge sends whole heads.
    let (endpoint, mut send, mut receive) = super::smuggling::raw_stream(&pair).await?;
    send.write_all(b"GET /echo HTTP/1.1\r\nHost: shop\r\n")
        .await?;
    let slowly = async {
        for _ in 0..100 {
            send.write_all(b"X-A: b\r\n").await?;
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        anyhow::Ok(())
    };
    let answer = tokio::select! {
        answer = receive.read_to_end(100_000) => String::from_utf8(answer?)?,
        slow = slowly => anyhow::bail!("still read after 10 s: {slow:?}"),
    };
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert_eq!(origin.requests(), ["GET /echo"]);
    endpoint.close().await;
    Ok(())
}

#[tokio::test]
async fn a_bridge_with_all_its_connections_says_so_and_closes() -> Result<()> {
    let origin = Origin::start().await?;
    let pair = Pair::http(origin.address()).await?;
    let config = pair.bridge_home.config()?;
    let few = format!("{config}\n[limits]\nbridge_connections = 3\n");
    pair.bridge_home.configure(&few)?;
    let open = || async {
        let mut connection = client::Connection::open(pair.local).await?;
        let reply = connection.get(&pair.url("/sized")).await?;
        anyhow::Ok((connection, reply))
    };
    // Until the new file is in use a fourth is served, too; from then on one that was just closed
    // may still count.
    let (mut held, mut refused) = (Vec::new(), None);
    let ends = Instant::now() + Duration::from_secs(10);
    while held.len() < 3 || refused.is_none() {
        assert!(Instant::now() < ends, "{} are held", held.len());
        match open().await? {
            (_, reply) if reply.status != StatusCode::OK => refused = Some(reply),
            (connection, _) if held.len() < 3 => held.push(connection),
            _ => {}
        }
    }
    let refused = refused.context("none was refused")?;
    assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(refused.header("malai-error"), "busy");
    assert_eq!(refused.header("connection"), "close");
    assert!(!refused.header("retry-after").is_empty());
    // Those who are there go on.
    for connection in &mut held {
        let reply = connection.get(&pair.url("/sized")).await?;
        assert_eq!(reply.status, StatusCode::OK);
    }
    let line = "malai_refused_total{side=\"bridge\",name=\"shop\",reason=\"connections\"}";
    assert!(counted(&pair.bridge_home, line).await? >= 1);
    drop(held);
    wait_until("room again", || async {
        Ok(client::get(&pair.url("/sized")).await?.status == StatusCode::OK)
    })
    .await
}

#[tokio::test]
async fn connections_of_a_tcp_service_beyond_the_limit_are_reset() -> Result<()> {
    let origin = RawOrigin::start(|mut stream, _| async move {
        let mut buffer = [0; 1024];
        loop {
            let count = stream.read(&mut buffer).await?;
            if count == 0 {
                return Ok(());
            }
            stream.write_all(&buffer[..count]).await?;
        }
    })
    .await?;
    let keys = "protocol = \"tcp\"\nlimits = { per_peer = 1 }";
    let pair = Pair::configured(origin.address(), keys).await?;
    let mut first = TcpStream::connect(pair.local).await?;
    let mut byte = [0; 1];
    first.write_all(b"a").await?;
    first.read_exact(&mut byte).await?;
    let mut second = TcpStream::connect(pair.local).await?;
    second.write_all(b"b").await?;
    let cut = e2e::within("a reset", second.read(&mut byte)).await?;
    assert!(cut.is_err(), "{cut:?}");
    first.write_all(b"c").await?;
    first.read_exact(&mut byte).await?;
    assert_eq!(&byte, b"c");
    assert_eq!(origin.connections(), 1);
    Ok(())
}

#[tokio::test]
async fn a_peer_that_takes_all_it_gets_leaves_room_for_another() -> Result<()> {
    let origin = Origin::start().await?;
    let pair = Pair::configured(origin.address(), "limits = { connections = 8 }").await?;
    let (other, config) = (Home::new()?, pair.share_home.config()?);
    let both = format!(
        "allow = [\"{}\", \"{}\"]",
        pair.bridge_id,
        other.id().await?
    );
    let only = format!("allow = [\"{}\"]", pair.bridge_id);
    pair.share_home.configure(&config.replace(&only, &both))?;
    let mut held = Vec::new();
    loop {
        let request = Request::get(pair.url("/gated")).body(client::empty())?;
        let response = client::open(request).await?;
        if response.status() == StatusCode::SERVICE_UNAVAILABLE {
            break;
        }
        held.push(response);
        anyhow::ensure!(held.len() < 8, "it got all of them");
    }
    assert_eq!(held.len(), 6);
    let bridge = other.start(&["bridge", &pair.link, "--json"])?;
    let bridged = bridge.event("bridged").await?;
    let others = bridged["url"].as_str().context("no url")?;
    wait_until("the other peer to be served", || async {
        Ok(client::get(others).await?.status == StatusCode::OK)
    })
    .await?;
    let hog = client::get(&pair.url("/sized")).await?;
    assert_eq!(hog.status, StatusCode::SERVICE_UNAVAILABLE);
    origin.gate().open();
    for response in held {
        assert_eq!(client::read(response).await?.text(), "firstlast");
    }
    Ok(())
}
