//! How much a peer may ask for.

use anyhow::{Context, Result};
use e2e::{Home, Origin, Pair, client, wait_until};
use hyper::StatusCode;

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

    let url = pair.url("/sized");
    for _ in 0..3 {
        assert_eq!(client::get(&url).await?.status, StatusCode::OK);
    }
    let refused = client::get(&url).await?;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(refused.header("malai-error"), "too-many-requests");
    assert_eq!(refused.header("retry-after"), "1");
    assert_eq!(origin.requests().len(), 3);

    let bridge = other.start(&["bridge", &pair.link, "--json"])?;
    let bridged = bridge.event("bridged").await?;
    let others = bridged["url"].as_str().context("no url")?;
    wait_until("the other peer to be let in", || async {
        Ok(client::get(others).await?.status == StatusCode::OK)
    })
    .await?;
    wait_until("the rate to allow more", || async {
        Ok(client::get(&url).await?.status == StatusCode::OK)
    })
    .await?;
    Ok(())
}
