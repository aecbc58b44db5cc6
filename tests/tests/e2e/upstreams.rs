//! What a share speaks to the service behind it.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use anyhow::Result;
use e2e::{Home, Origin, Pair, RawOrigin, client, read_head, wait_until};
use hyper::{Request, StatusCode};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, UnixListener},
};

const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

#[tokio::test]
async fn connections_to_the_service_are_kept() -> Result<()> {
    let origin = RawOrigin::start(|mut stream, _| async move {
        while read_head(&mut stream).await.is_ok() {
            stream.write_all(OK).await?;
        }
        Ok(())
    })
    .await?;
    let pair = Pair::http(origin.address()).await?;
    // `share` itself has looked whether anything answers.
    let before = origin.connections();
    for _ in 0..20 {
        assert_eq!(client::get(&pair.url("/")).await?.text(), "ok");
    }
    assert_eq!(origin.connections() - before, 1);
    Ok(())
}

#[tokio::test]
async fn a_kept_connection_that_has_just_closed_is_not_the_clients_problem() -> Result<()> {
    let origin = RawOrigin::start(|mut stream, _| async move {
        read_head(&mut stream).await?;
        // It says that it stays, and goes.
        Ok(stream.write_all(OK).await?)
    })
    .await?;
    let pair = Pair::http(origin.address()).await?;
    let before = origin.connections();
    for _ in 0..20 {
        let reply = client::get(&pair.url("/")).await?;
        assert_eq!(
            (reply.status, reply.text().as_str()),
            (StatusCode::OK, "ok")
        );
    }
    assert_eq!(origin.connections() - before, 20);
    Ok(())
}

#[tokio::test]
async fn a_post_that_reached_the_service_is_never_sent_twice() -> Result<()> {
    let posts = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&posts);
    let origin = RawOrigin::start(move |mut stream, _| {
        let count = Arc::clone(&count);
        async move {
            while let Ok(head) = read_head(&mut stream).await {
                if head.starts_with("POST") {
                    let mut body = [0; 4];
                    stream.read_exact(&mut body).await?;
                    count.fetch_add(1, Ordering::SeqCst);
                    return Ok(());
                }
                stream.write_all(OK).await?;
            }
            Ok(())
        }
    })
    .await?;
    let pair = Pair::http(origin.address()).await?;
    client::get(&pair.url("/")).await?;
    let request = Request::post(pair.url("/pay")).body(client::full("once"))?;
    let reply = client::send(request).await?;
    assert_eq!(reply.status, StatusCode::BAD_GATEWAY);
    assert_eq!(posts.load(Ordering::SeqCst), 1);
    Ok(())
}

#[tokio::test]
async fn a_service_at_a_unix_socket() -> Result<()> {
    let directory = tempfile::tempdir()?;
    let socket = directory.path().join("app.sock");
    let listener = UnixListener::bind(&socket)?;
    let serving = tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await?;
            // `share` itself looks whether anything answers, and says nothing.
            let Ok(head) = read_head(&mut stream).await else {
                continue;
            };
            stream.write_all(OK).await?;
            return anyhow::Ok(head);
        }
    });
    let pair = Pair::http(format!("unix:{}", socket.display())).await?;
    assert_eq!(client::get(&pair.url("/")).await?.text(), "ok");
    let head = serving.await??.to_lowercase();
    assert!(head.contains("host: localhost\r\n"), "{head}");
    Ok(())
}

#[tokio::test]
async fn a_service_that_speaks_h2c() -> Result<()> {
    let origin = Origin::start().await?;
    let pair = Pair::http(format!("h2c://{}", origin.address())).await?;
    let request = Request::post(pair.url("/echo")).body(client::full("two"))?;
    let seen = client::send(request).await?.json()?;
    assert_eq!(seen["version"], "HTTP/2.0");
    assert_eq!(seen["body"], "two");
    Ok(())
}

#[tokio::test]
async fn routes_send_some_paths_elsewhere() -> Result<()> {
    let (pages, api) = (Origin::start().await?, Origin::start().await?);
    let keys = format!(
        "route = [{{ path = \"/api/\", upstream = [\"{}\"] }}]",
        api.address()
    );
    let pair = Pair::configured(pages.address(), &keys).await?;
    for path in ["/api/list", "/sized", "/apiary"] {
        client::get(&pair.url(path)).await?;
    }
    assert_eq!(api.requests(), ["GET /api/list"]);
    assert_eq!(pages.requests(), ["GET /sized", "GET /apiary"]);
    Ok(())
}

#[tokio::test]
async fn routes_go_by_method_and_header_too_and_the_most_special_wins() -> Result<()> {
    let origins = [
        Origin::start().await?,
        Origin::start().await?,
        Origin::start().await?,
        Origin::start().await?,
    ];
    let [pages, api, writes, canary] = origins.each_ref().map(Origin::address);
    let keys = format!(
        "route = [{{ method = \"POST\", upstream = \"{writes}\" }}, \
         {{ path = \"/api/\", upstream = \"{api}\" }}, \
         {{ path = \"/api/\", header = \"x-canary: yes\", upstream = \"{canary}\" }}]"
    );
    let pair = Pair::configured(pages, &keys).await?;
    for (method, path, header) in [
        ("GET", "/sized", "yes"),
        ("GET", "/api/a", "no"),
        ("POST", "/api/b", "no"),
        ("POST", "/other", "no"),
        ("GET", "/api/c", "yes"),
    ] {
        let request = Request::builder()
            .method(method)
            .uri(pair.url(path))
            .header("x-canary", header);
        client::send(request.body(client::empty())?).await?;
    }
    let [pages, api, writes, canary] = origins.each_ref().map(Origin::requests);
    assert_eq!(pages, ["GET /sized"]);
    assert_eq!(api, ["GET /api/a", "POST /api/b"]);
    assert_eq!(writes, ["POST /other"]);
    assert_eq!(canary, ["GET /api/c"]);
    Ok(())
}

#[tokio::test]
async fn the_next_upstream_takes_over_while_the_first_is_away() -> Result<()> {
    let (first, second) = (e2e::dead_address().await?, Origin::start().await?);
    let home = Home::new()?;
    let (one, two) = (first.to_string(), second.address().to_string());
    let pair = Pair::between(home, Home::new()?, &one, &[&two]).await?;
    // Even what is not repeatable: nothing of it has reached anybody.
    let request = Request::post(pair.url("/echo")).body(client::full("once"))?;
    let reply = client::send(request).await?;
    assert_eq!(reply.json()?["body"], "once");
    assert_eq!(second.requests(), ["POST /echo"]);

    let listener = TcpListener::bind(first).await?;
    let back = tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await?;
            if read_head(&mut stream).await.is_ok() {
                stream.write_all(OK).await?;
                return anyhow::Ok(());
            }
        }
    });
    wait_until("the first to be used again", || async {
        Ok(client::get(&pair.url("/sized")).await?.text() == "ok")
    })
    .await?;
    back.await?
}

#[tokio::test]
async fn bytes_go_to_the_next_upstream_too() -> Result<()> {
    let dead = e2e::dead_address().await?;
    let origin = RawOrigin::start(|mut stream, _| async move {
        stream.write_all(b"hello").await?;
        Ok(stream.shutdown().await?)
    })
    .await?;
    let (one, two) = (dead.to_string(), origin.address().to_string());
    let pair = Pair::between(Home::new()?, Home::new()?, &one, &[&two, "--tcp"]).await?;
    assert_eq!(client::exchange(pair.local, b"", false).await?, "hello");
    Ok(())
}

#[tokio::test]
async fn interim_answers_before_the_real_one_do_no_harm() -> Result<()> {
    let origin = RawOrigin::start(|mut stream, _| async move {
        while read_head(&mut stream).await.is_ok() {
            let hints = b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n";
            stream.write_all(hints).await?;
            stream.write_all(OK).await?;
        }
        Ok(())
    })
    .await?;
    let pair = Pair::http(origin.address()).await?;
    for _ in 0..3 {
        assert_eq!(client::get(&pair.url("/")).await?.text(), "ok");
    }
    Ok(())
}
