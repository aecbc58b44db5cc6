//! What is counted, as Prometheus reads it.

use anyhow::Result;
use e2e::{Home, Origin, Pair, client};

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
