//! Several backends: who gets what, and what stays where it was.

use anyhow::{Context, Result};
use e2e::{Origin, Pair, client, wait_until};
use futures_util::future::try_join_all;
use hyper::{Request, StatusCode, header::COOKIE};

/// Two services behind one share, with `keys` (TOML lines) and a weight for each.
async fn two(weights: [u32; 2], keys: &str) -> Result<(Pair, [Origin; 2])> {
    let origins = [Origin::start().await?, Origin::start().await?];
    let [one, two] = [0, 1].map(|it| format!("{} weight={}", origins[it].address(), weights[it]));
    let pair = Pair::several(&[one, two], keys).await?;
    Ok((pair, origins))
}

/// How many requests each has had.
fn counts(origins: &[Origin; 2]) -> [usize; 2] {
    origins.each_ref().map(|origin| origin.requests().len())
}

#[tokio::test]
async fn by_default_the_first_that_works_takes_everything() -> Result<()> {
    let (pair, origins) = two([1, 1], "").await?;
    for _ in 0..5 {
        client::get(&pair.url("/sized")).await?;
    }
    assert_eq!(counts(&origins), [5, 0]);
    Ok(())
}

#[tokio::test]
async fn turns_follow_the_weights() -> Result<()> {
    let (pair, origins) = two([3, 1], "balance = \"round-robin\"").await?;
    for _ in 0..40 {
        client::get(&pair.url("/sized")).await?;
    }
    let [heavy, light] = counts(&origins);
    assert_eq!(heavy + light, 40);
    assert!((28..=32).contains(&heavy), "{heavy} of 40");
    Ok(())
}

#[tokio::test]
async fn a_backend_that_a_route_has_too_is_one_backend() -> Result<()> {
    let origins = [Origin::start().await?, Origin::start().await?];
    let addresses = origins.each_ref().map(|it| it.address().to_string());
    let keys = format!(
        "balance = \"round-robin\"\nroute = [{{ header = \"x-canary\", upstream = \"{}\" }}]",
        addresses[1]
    );
    let pair = Pair::several(&addresses, &keys).await?;
    for canary in [false, false, true] {
        let mut request = Request::get(pair.url("/sized"));
        if canary {
            request = request.header("x-canary", "1");
        }
        client::send(request.body(client::empty())?).await?;
    }
    assert_eq!(counts(&origins), [1, 2]);
    let metrics = pair.share_home.run(&["metrics"]).await?.stdout;
    for (address, count) in addresses.iter().zip([1, 2]) {
        let lines = metrics.lines().filter(|it| {
            it.starts_with("malai_backend_requests_total") && it.contains(address.as_str())
        });
        let lines: Vec<_> = lines.collect();
        assert!(
            lines.len() == 1 && lines[0].ends_with(&format!(" {count}")),
            "{lines:?}"
        );
    }
    Ok(())
}

#[tokio::test]
async fn what_is_under_way_is_spread_over_both() -> Result<()> {
    let (pair, origins) = two([1, 1], "balance = \"least-loaded\"").await?;
    let held = (0..12).map(|_| async {
        client::open(Request::get(pair.url("/gated")).body(client::empty())?).await
    });
    let held = try_join_all(held).await?;
    let [one, two] = counts(&origins);
    assert_eq!(one + two, 12);
    assert!(one.abs_diff(two) <= 2, "{one} and {two}");
    origins.iter().for_each(|origin| origin.gate().open());
    for response in held {
        assert_eq!(client::read(response).await?.text(), "firstlast");
    }
    Ok(())
}

#[tokio::test]
async fn a_browser_keeps_to_the_backend_that_its_cookie_draws() -> Result<()> {
    let keys = "balance = \"round-robin\"\nsticky = \"cookie\"";
    let (pair, origins) = two([1, 1], keys).await?;
    let first = client::get(&pair.url("/sized")).await?;
    let told = first.header("set-cookie").to_owned();
    assert!(told.ends_with("; Path=/; HttpOnly; SameSite=Lax"), "{told}");
    let cookie = told.split(';').next().context("a cookie")?;
    assert!(cookie.starts_with("malai-backend="), "{told}");
    for _ in 0..10 {
        let request = Request::get(pair.url("/echo")).header(COOKIE, format!("a=1; {cookie}"));
        let reply = client::send(request.body(client::empty())?).await?;
        assert_eq!(reply.header("set-cookie"), "");
        let seen = reply.json()?["headers"].to_string();
        assert!(
            seen.contains("a=1") && !seen.contains("malai-backend"),
            "{seen}"
        );
    }
    let [one, two] = counts(&origins);
    assert_eq!(one.min(two), 0, "it moved: {one} and {two}");
    // Others are spread: that all forty draw one backend does not happen.
    for _ in 0..40 {
        client::get(&pair.url("/sized")).await?;
    }
    let [one, two] = counts(&origins);
    assert!(one > 0 && two > 0, "{one} and {two}");
    Ok(())
}

#[tokio::test]
async fn a_peer_keeps_to_one_backend_and_moves_only_when_that_is_gone() -> Result<()> {
    let keys = "balance = \"round-robin\"\nsticky = \"peer\"";
    let (pair, origins) = two([1, 1], keys).await?;
    for _ in 0..10 {
        client::get(&pair.url("/sized")).await?;
    }
    let [one, two] = counts(&origins);
    assert_eq!(one.min(two), 0, "it moved: {one} and {two}");
    // The other one alone, as if this one were gone.
    let kept = usize::from(two > 0);
    let other = &origins[1 - kept];
    let dead = e2e::dead_address().await?;
    let config = pair.share_home.config()?;
    let gone = config.replace(&origins[kept].address().to_string(), &dead.to_string());
    pair.share_home.configure(&gone)?;
    wait_until("the other to be used", || async {
        let reply = client::get(&pair.url("/sized")).await?;
        assert_eq!(reply.status, StatusCode::OK);
        Ok(!other.requests().is_empty())
    })
    .await
}
