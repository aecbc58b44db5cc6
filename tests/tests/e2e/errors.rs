//! What people and programs are told when it does not work, and whose fault it is.

use std::net::SocketAddr;

use anyhow::{Context, Result};
use e2e::{
    Home, Malai, OFFLINE, Origin, Pair,
    client::{self, Reply},
    wait_until,
};
use hyper::{Request, StatusCode};
use tokio::net::TcpListener;

/// A bridge of somebody else to `link`.
async fn bridge_of(home: &Home, link: &str) -> Result<(Malai, SocketAddr)> {
    let bridge = home.start(&["bridge", link, "--json"])?;
    let event = bridge.event("bridged").await?;
    let local = event["local"].as_str().context("no address")?.parse()?;
    Ok((bridge, local))
}

async fn asked_for(url: &str, accept: &str) -> Result<Reply> {
    let request = Request::get(url).header("accept", accept);
    client::send(request.body(client::empty())?).await
}

/// Checks that an error is told as a page and as JSON, with the same code.
async fn is_told(url: &str, status: StatusCode) -> Result<String> {
    let page = asked_for(url, "text/html,*/*;q=0.8").await?;
    assert_eq!(page.status, status, "{page:?}");
    let code = page.header("malai-error").to_owned();
    assert!(!code.is_empty(), "{page:?}");
    assert!(
        page.header("content-type").starts_with("text/html"),
        "{page:?}"
    );
    assert!(page.text().len() > 100, "a page to read: {page:?}");

    let json = asked_for(url, "application/json").await?;
    assert_eq!(json.status, status);
    assert_eq!(json.header("malai-error"), code);
    assert!(
        json.header("content-type").starts_with("application/json"),
        "{json:?}"
    );
    let told = json.json()?.to_string();
    assert!(told.contains(&code), "{told}");
    Ok(code)
}

#[tokio::test]
async fn without_permission_it_is_403_and_says_nothing_more() -> Result<()> {
    let origin = Origin::start().await?;
    let pair = Pair::http(origin.address()).await?;
    let stranger = Home::new()?;
    let (_bridge, local) = bridge_of(&stranger, &pair.link).await?;
    let denied = is_told(&format!("http://{local}/"), StatusCode::FORBIDDEN).await?;

    let unknown = pair.link.replace("/shop", "/no-such-thing");
    let other = Home::new()?;
    let (_bridge, local) = bridge_of(&other, &unknown).await?;
    let missing = is_told(&format!("http://{local}/"), StatusCode::FORBIDDEN).await?;
    assert_eq!(
        denied, missing,
        "a stranger learns which services there are"
    );
    assert_eq!(origin.requests(), Vec::<String>::new());
    Ok(())
}

#[tokio::test]
async fn nothing_listening_at_the_service_is_502_and_heals() -> Result<()> {
    let address = e2e::dead_address().await?;
    let pair = Pair::http(address).await?;
    pair.share.says("nothing answers").await?;
    is_told(&pair.url("/"), StatusCode::BAD_GATEWAY).await?;

    let listener = TcpListener::bind(address).await?;
    let answering = tokio::spawn(async move {
        use tokio::io::AsyncWriteExt;
        let (mut stream, _) = listener.accept().await?;
        e2e::read_head(&mut stream).await?;
        let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok";
        anyhow::Ok(stream.write_all(answer).await?)
    });
    assert_eq!(client::get(&pair.url("/")).await?.text(), "ok");
    answering.await??;
    Ok(())
}

#[tokio::test]
async fn a_service_that_breaks_off_before_it_answers_is_502() -> Result<()> {
    let origin = e2e::RawOrigin::start(|mut stream, _| async move {
        e2e::read_head(&mut stream).await.map(drop)
    })
    .await?;
    let pair = Pair::http(origin.address()).await?;
    is_told(&pair.url("/"), StatusCode::BAD_GATEWAY).await?;
    Ok(())
}

#[tokio::test]
async fn a_service_that_does_not_speak_http_is_502() -> Result<()> {
    let origin = e2e::RawOrigin::start(|mut stream, _| async move {
        use tokio::io::AsyncWriteExt;
        Ok(stream.write_all(b"220 mail.example ESMTP\r\n").await?)
    })
    .await?;
    let pair = Pair::http(origin.address()).await?;
    is_told(&pair.url("/"), StatusCode::BAD_GATEWAY).await?;
    Ok(())
}

#[tokio::test]
async fn a_service_that_is_too_slow_is_504() -> Result<()> {
    let origin = Origin::start().await?;
    let pair =
        Pair::configured(origin.address(), "timeouts = { response_header = \"1s\" }").await?;
    is_told(&pair.url("/slow-head"), StatusCode::GATEWAY_TIMEOUT).await?;
    assert_eq!(
        client::get(&pair.url("/sized")).await?.status,
        StatusCode::OK
    );
    Ok(())
}

#[tokio::test]
async fn too_much_at_once_is_503_with_a_time_to_come_again() -> Result<()> {
    let origin = Origin::start().await?;
    let pair = Pair::configured(origin.address(), "limits = { connections = 1 }").await?;
    let request = Request::get(pair.url("/gated")).body(client::empty())?;
    let held = client::open(request).await?;
    is_told(&pair.url("/sized"), StatusCode::SERVICE_UNAVAILABLE).await?;
    let reply = client::get(&pair.url("/sized")).await?;
    let seconds: u64 = reply.header("retry-after").parse()?;
    assert!(seconds > 0);
    origin.gate().open();
    assert_eq!(client::read(held).await?.text(), "firstlast");
    wait_until("room again", || async {
        Ok(client::get(&pair.url("/sized")).await?.status == StatusCode::OK)
    })
    .await
}

#[tokio::test]
async fn a_body_beyond_the_limit_is_413() -> Result<()> {
    let origin = Origin::start().await?;
    let pair = Pair::configured(origin.address(), "limits = { body = \"1KiB\" }").await?;
    let big = client::full(vec![b'x'; 2000]);
    let reply = client::send(Request::post(pair.url("/echo")).body(big)?).await?;
    assert_eq!(reply.status, StatusCode::PAYLOAD_TOO_LARGE, "{reply:?}");
    let small = client::full(vec![b'x'; 1000]);
    let reply = client::send(Request::post(pair.url("/echo")).body(small)?).await?;
    assert_eq!(reply.json()?["length"], 1000);
    Ok(())
}

#[tokio::test]
async fn a_peer_that_is_away_is_504_and_the_bridge_comes_back_with_it() -> Result<()> {
    let origin = Origin::start().await?;
    let pair = Pair::configured(origin.address(), "").await?;
    let port = address_in(&pair.link)?.port();
    let waiting = Home::with_config(&format!(
        "{OFFLINE}\n[bridge.shop]\nto = \"{}\"\nlisten = \"127.0.0.1:0\"\n\
         connect_timeout = \"1s\"\n",
        pair.link
    ))?;
    std::fs::copy(
        pair.bridge_home.path("identity.key"),
        waiting.path("identity.key"),
    )?;
    let Pair {
        mut share,
        share_home,
        bridge,
        ..
    } = pair;
    drop(bridge);
    share.signal(nix::sys::signal::Signal::SIGTERM)?;
    share.exit().await?;

    let serve = waiting.start(&["serve", "--json"])?;
    let local = serve.event("bridged").await?["local"]
        .as_str()
        .context("no address")?
        .to_owned();
    is_told(
        &format!("http://{local}/sized"),
        StatusCode::GATEWAY_TIMEOUT,
    )
    .await?;

    let config = share_home.config()?;
    share_home.configure(&config.replace("127.0.0.1:0", &format!("127.0.0.1:{port}")))?;
    let share = share_home.start(&["serve", "--json"])?;
    share.event("shared").await?;
    wait_until("the bridge to work again", || async {
        let reply = client::get(&format!("http://{local}/sized")).await?;
        Ok(reply.status == StatusCode::OK)
    })
    .await
}

fn address_in(link: &str) -> Result<SocketAddr> {
    let (_, rest) = link.split_once("a=").context("no address in the link")?;
    let address = rest.split('&').next().unwrap_or_default();
    Ok(address.replace("%3A", ":").parse()?)
}
