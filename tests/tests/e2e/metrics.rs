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

#[tokio::test]
async fn the_status_has_the_same_figures() -> Result<()> {
    let origin = Origin::start().await?;
    let pair = Pair::http(origin.address()).await?;
    for _ in 0..20 {
        client::get(&pair.url("/sized")).await?;
    }
    let url = pair.url("/slow-head");
    let answered = tokio::join!(client::get(&url), async {
        origin.reached("/slow-head").await?;
        origin.gate().open();
        anyhow::Ok(())
    });
    answered.0?;
    for (home, list) in [
        (&pair.share_home, "services"),
        (&pair.bridge_home, "bridges"),
    ] {
        let status = home.run(&["status", "--json"]).await?.json()?;
        let it = &status[list][0];
        assert_eq!(it["traffic"]["requests"], 21, "{it:#}");
        assert_eq!(it["measured"]["failures"]["service"], 0);
        let quantile = |name: &str| it["measured"]["latency"][name].as_f64().unwrap_or(-1.0);
        let (p50, p95, p99) = (quantile("p50_ms"), quantile("p95_ms"), quantile("p99_ms"));
        assert!(0.0 < p50 && p50 <= p95 && p95 <= p99, "{it:#}");
        let engine = &status["engine"];
        assert_eq!(engine["peers_direct"], 1, "{engine:#}");
        if cfg!(target_os = "linux") {
            assert!(
                engine["memory_bytes"].as_u64() > Some(1 << 20),
                "{engine:#}"
            );
            assert!(engine["open_files"].as_u64() > Some(3), "{engine:#}");
            has(
                &metrics(home).await?,
                "# TYPE process_cpu_seconds_total counter",
            );
        }
        let page = home.run(&["status"]).await?.stdout;
        assert!(
            page.contains(", p95 ") && !page.contains("failed:"),
            "{page}"
        );
    }
    Ok(())
}

#[tokio::test]
async fn the_last_minutes_are_there_and_counts_survive_a_change() -> Result<()> {
    let origin = Origin::start().await?;
    let pair = Pair::configured(origin.address(), "").await?;
    client::get(&pair.url("/sized")).await?;
    let config = pair.share_home.config()?;
    pair.share_home
        .configure(&config.replace("[service.shop]", "[service.shop]\nhost = \"keep\""))?;
    wait_until("the change, and a step of five seconds", || async {
        let status = pair.share_home.run(&["status", "--json"]).await?.json()?;
        let recent = &status["services"][0]["measured"]["recent"];
        let requests = recent["requests"].as_array().into_iter().flatten();
        Ok(requests.filter_map(serde_json::Value::as_u64).sum::<u64>() == 1)
    })
    .await?;
    client::get(&pair.url("/sized")).await?;
    has(
        &metrics(&pair.share_home).await?,
        "malai_requests_total{side=\"share\",name=\"shop\"} 2",
    );
    Ok(())
}

#[tokio::test]
async fn counts_of_a_bridge_survive_a_change_of_its_settings() -> Result<()> {
    let origin = Origin::start().await?;
    let pair = Pair::http(origin.address()).await?;
    let (home, link) = (&pair.bridge_home, &pair.link);
    for _ in 0..2 {
        let port = std::net::TcpListener::bind("127.0.0.1:0")?
            .local_addr()?
            .port();
        let kept = format!("[bridge.kept]\nto = \"{link}\"\nlisten = {port}\n");
        home.configure(&format!("{OFFLINE}\n{kept}"))?;
        let url = format!("http://127.0.0.1:{port}/sized");
        wait_until("the bridge", || async {
            let reply = client::get(&url).await;
            Ok(reply.is_ok_and(|reply| reply.status == StatusCode::OK))
        })
        .await?;
    }
    let text = metrics(home).await?;
    let count = text
        .lines()
        .find_map(|line| line.strip_prefix("malai_requests_total{side=\"bridge\",name=\"kept\"} "));
    let count: u64 = count.unwrap_or_default().parse()?;
    assert!(count >= 2, "{text}");
    Ok(())
}
