//! What is sent once more, how often at most, and that nothing waits without an end.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::SeqCst},
};

use anyhow::Result;
use e2e::{Origin, Pair, RawOrigin, client, read_head};
use hyper::{Request, StatusCode};

/// A service that takes each request and breaks off; all of them count what they get together.
async fn breaking(heads: &Arc<AtomicUsize>) -> Result<String> {
    let count = Arc::clone(heads);
    let origin = RawOrigin::start(move |mut stream, _| {
        let count = Arc::clone(&count);
        async move {
            if read_head(&mut stream).await.is_ok() {
                count.fetch_add(1, SeqCst);
            }
            Ok(())
        }
    })
    .await?;
    Ok(origin.address().to_string())
}

#[tokio::test]
async fn requests_that_break_off_are_sent_again_within_the_budget() -> Result<()> {
    let heads = Arc::default();
    let addresses = [breaking(&heads).await?, breaking(&heads).await?];
    let keys = "breaker = { active = false }\nretry = { budget = 0.2, floor = 0 }";
    let pair = Pair::several(&addresses, keys).await?;
    for _ in 0..40 {
        let reply = client::get(&pair.url("/")).await?;
        assert_eq!(reply.status, StatusCode::BAD_GATEWAY);
    }
    let sent = heads.load(SeqCst);
    assert!((41..=48).contains(&sent), "{sent} for 40 requests");
    let metrics = pair.share_home.run(&["metrics"]).await?.stdout;
    let outcome = |outcome: &str| {
        let of = format!("outcome=\"{outcome}\"}} ");
        let lines = metrics
            .lines()
            .filter(|it| it.starts_with("malai_backend_retries_total"));
        let counts = lines.filter_map(|it| it.split_once(&of)?.1.parse::<usize>().ok());
        counts.sum::<usize>()
    };
    assert_eq!(outcome("sent"), sent - 40, "{metrics}");
    assert!(outcome("denied") >= 32, "{metrics}");
    Ok(())
}

#[tokio::test]
async fn a_get_that_broke_off_is_answered_by_the_other_backend_and_a_post_is_not_repeated()
-> Result<()> {
    let heads = Arc::default();
    let origin = Origin::start().await?;
    let addresses = [breaking(&heads).await?, origin.address().to_string()];
    let pair = Pair::several(&addresses, "breaker = { active = false }").await?;
    assert_eq!(
        client::get(&pair.url("/sized")).await?.status,
        StatusCode::OK
    );
    assert_eq!((heads.load(SeqCst), origin.requests().len()), (1, 1));
    let post = Request::post(pair.url("/echo")).body(client::full("once"))?;
    assert_eq!(client::send(post).await?.status, StatusCode::BAD_GATEWAY);
    assert_eq!((heads.load(SeqCst), origin.requests().len()), (2, 1));
    Ok(())
}

#[tokio::test]
async fn what_takes_longer_than_all_of_its_time_is_504_or_cut() -> Result<()> {
    let origin = Origin::start().await?;
    let pair = Pair::configured(origin.address(), "timeouts = { total = \"1s\" }").await?;
    let reply = client::get(&pair.url("/slow-head")).await?;
    assert_eq!(reply.status, StatusCode::GATEWAY_TIMEOUT, "{reply:?}");
    assert_eq!(reply.header("malai-error"), "upstream-slow");
    // An answer that has begun cannot become another one; it must not look complete.
    let begun = client::open(Request::get(pair.url("/gated")).body(client::empty())?).await?;
    assert_eq!(begun.status(), StatusCode::OK);
    let cut = e2e::within("the end of it", client::read(begun)).await?;
    assert!(cut.is_err(), "{cut:?}");
    // One whose client is slow to send it is no failure of the backend.
    let (pieces, body) = client::streamed();
    let slow = client::send(Request::post(pair.url("/echo")).body(body)?).await?;
    assert_eq!(slow.status, StatusCode::GATEWAY_TIMEOUT, "{slow:?}");
    drop(pieces);
    assert_eq!(
        client::get(&pair.url("/sized")).await?.status,
        StatusCode::OK
    );
    Ok(())
}
