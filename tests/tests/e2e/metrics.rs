//! What is counted, as Prometheus reads it.

use anyhow::Result;
use e2e::{Home, OFFLINE, Origin, Pair, client, wait_until};
use hyper::{Request, StatusCode, header::HOST};

/// What `malai metrics` prints.
async fn metrics(home: &Home) -> Result<String> {
    Ok(home.run(&["metrics"]).await?.stdout)
}

fn has(text: &str, line: &str) {
    assert!(text.lines().any(|it| it == line), "no `{line}` in\n{text}");
}

#[tokio::test]
async fn both_ends_count_requests_and_name_nobody() -> Result<()> {
    let origin = Origin::start().await?;
    let pair = Pair::http(origin.address()).await?;
    for _ in 0..2 {
        client::get(&pair.url("/sized")).await?;
    }
    let share = metrics(&pair.share_home).await?;
    let bridge = metrics(&pair.bridge_home).await?;
    for (text, side) in [(&share, "share"), (&bridge, "bridge")] {
        let labels = format!("side=\"{side}\",name=\"shop\"");
        has(text, &format!("malai_requests_total{{{labels}}} 2"));
        has(text, &format!("malai_sent_bytes_total{{{labels}}} 24690"));
        has(
            text,
            &format!("malai_response_seconds_bucket{{{labels},le=\"+Inf\"}} 2"),
        );
        has(
            text,
            &format!("malai_failures_total{{{labels},fault=\"service\"}} 0"),
        );
        has(text, "malai_peers{way=\"direct\"} 1");
        assert!(!text.contains(&pair.share_id) && !text.contains(&pair.bridge_id));
    }
    let address = origin.address();
    has(
        &share,
        &format!("malai_backend_up{{name=\"shop\",backend=\"{address}\"}} 1"),
    );
    Ok(())
}

#[tokio::test]
async fn a_service_that_does_not_answer_is_counted_as_its_own_fault() -> Result<()> {
    let port = std::net::TcpListener::bind("127.0.0.1:0")?
        .local_addr()?
        .port();
    let pair = Pair::http(format!("127.0.0.1:{port}")).await?;
    client::get(&pair.url("/")).await?;
    let share = metrics(&pair.share_home).await?;
    let labels = "side=\"share\",name=\"shop\"";
    has(
        &share,
        &format!("malai_failures_total{{{labels},fault=\"service\"}} 1"),
    );
    has(
        &share,
        &format!("malai_failures_total{{{labels},fault=\"peer\"}} 0"),
    );
    Ok(())
}

#[tokio::test]
async fn they_are_read_over_http_where_the_file_says_and_by_no_page() -> Result<()> {
    let port = std::net::TcpListener::bind("127.0.0.1:0")?
        .local_addr()?
        .port();
    let home = Home::with_config(&format!("{OFFLINE}\n[metrics]\nlisten = {port}\n"))?;
    let engine = home.start(&["serve", "--json"])?;
    engine.event("identity").await?;
    let url = format!("http://127.0.0.1:{port}/metrics");
    wait_until("the metrics", || async {
        Ok(client::get(&url).await.is_ok())
    })
    .await?;
    let reply = client::get(&url).await?;
    assert_eq!(reply.status, StatusCode::OK, "{reply:?}");
    assert!(
        reply
            .header("content-type")
            .starts_with("text/plain; version=0.0.4")
    );
    assert!(reply.text().contains("malai_uptime_seconds "), "{reply:?}");
    let page = Request::get(&url).header(HOST, "rebound.example");
    let page = client::send(page.body(client::empty())?).await?;
    assert_eq!(page.status, StatusCode::MISDIRECTED_REQUEST);
    let elsewhere = client::get(&format!("http://127.0.0.1:{port}/")).await?;
    assert_eq!(elsewhere.status, StatusCode::NOT_FOUND);

    home.configure(OFFLINE)?;
    wait_until("the end of it", || async {
        Ok(client::get(&url).await.is_err())
    })
    .await?;
    home.configure(&format!(
        "{OFFLINE}\n[metrics]\nlisten = \"0.0.0.0:{port}\"\n"
    ))?;
    let checked = home.run(&["config", "check"]).await?;
    assert_eq!(checked.code, 6, "{checked:?}");
    Ok(())
}
